import type { PropertyDiff } from "../protocol/provider";
import { ROOT_STACK_TYPE } from "../protocol/urn";
import { serializeResource } from "../state/deployment";
import type { Json } from "../state/deployment";
import { compact, omitEmpty } from "../objects";
import { redactConfig, showStates } from "./redaction";
import type { Diagnostic, RunOptions, RunResult, Step } from "./types";

/** One step of `pulumi preview --json`. */
export interface DigestStep {
  readonly op: string;
  readonly urn: string;
  readonly provider?: string;
  /** States as Pulumi's `ResourceV3`, with `[secret]` in the place of every secret. */
  readonly oldState?: Json;
  readonly newState?: Json;
  /** Changed top-level properties. */
  readonly diffReasons?: readonly string[];
  /** Properties that force a replacement. */
  readonly replaceReasons?: readonly string[];
  readonly detailedDiff: Readonly<Record<string, PropertyDiff>> | null;
}

/** The document that `pulumi preview --json` prints (sdk/go/common/display: PreviewDigest). */
export interface PreviewDigest {
  readonly config?: Readonly<Record<string, string>>;
  readonly steps: readonly DigestStep[];
  readonly diagnostics?: readonly Diagnostic[];
  readonly changeSummary: RunResult["changes"];
}

/**
 * Draws a run up as `pulumi preview --json` does: what stays the same is left out but for the stack itself. Unlike there,
 * the old value of a property that is secret now is hidden too (https://github.com/pulumi/pulumi/issues/9330).
 */
export function previewDigest(
  result: RunResult,
  options: Pick<RunOptions, "config" | "secretConfigKeys"> = {},
): PreviewDigest {
  const shown = result.steps.filter(
    (step) =>
      step.type === ROOT_STACK_TYPE || (step.operation !== "same" && step.operation !== "remove-pending-replace"),
  );
  const config = redactConfig(options);
  return compact({
    config: Object.keys(config).length > 0 ? config : undefined,
    steps: shown.map(digestStep),
    diagnostics: result.diagnostics.length > 0 ? result.diagnostics : undefined,
    changeSummary: result.changes,
  });
}

function digestStep(step: Step): DigestStep {
  const { old, new: next } = showStates(step);
  return {
    op: step.operation,
    urn: step.urn,
    ...omitEmpty({
      provider: (next ?? old)?.provider,
      oldState: old && serializeResource(old),
      newState: next && serializeResource(next),
      diffReasons: step.diffs,
      replaceReasons: step.replaceKeys,
    }),
    detailedDiff: Object.keys(step.detailedDiff).length > 0 ? step.detailedDiff : null,
  };
}
