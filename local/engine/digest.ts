import { ROOT_STACK_TYPE } from "../protocol/urn";
import { serializeResource } from "../state/deployment";
import { omitEmpty } from "../objects";
import { redactConfig, showStates } from "./redaction";
import type { RunOptions, RunResult, Step } from "./types";

/**
 * Draws a run up as `pulumi preview --json` does (sdk/go/common/display: PreviewDigest): what stays the same is left out but
 * for the stack itself, and `[secret]` stands in the place of every secret. Unlike there, the old value of a property that is
 * secret now is hidden too (https://github.com/pulumi/pulumi/issues/9330).
 */
export function previewDigest(result: RunResult, options: Pick<RunOptions, "config" | "secretConfigKeys"> = {}) {
  const shown = result.steps.filter(
    ({ type, operation }) =>
      type === ROOT_STACK_TYPE || (operation !== "same" && operation !== "remove-pending-replace"),
  );
  return {
    ...omitEmpty({ config: redactConfig(options) }),
    steps: shown.map(digestStep),
    ...omitEmpty({ diagnostics: result.diagnostics }),
    changeSummary: result.changes,
  };
}

function digestStep(step: Step) {
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
