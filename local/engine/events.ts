import { compact, omitEmpty } from "../objects";
import { showStates } from "./redaction";
import type { EngineEvent, ResourceState, Step } from "./types";

/** One of Pulumi's engine events (sdk/go/common/apitype/events.go): one JSON object a line. */
export type PulumiEvent = Readonly<Record<string, unknown>>;

/**
 * The event as Pulumi's streaming JSON has it. Secrets are shown as `[secret]`, and `timestamp` is always zero, so that the
 * same run gives the same lines. `sequence` numbers the events of a run.
 */
export function toPulumiEvent(event: EngineEvent, sequence = 0): PulumiEvent {
  return { sequence, timestamp: 0, ...payloadOf(event) };
}

function payloadOf(event: EngineEvent): PulumiEvent {
  switch (event.kind) {
    case "prelude":
      return { preludeEvent: { config: event.config } };
    case "step-started":
      return { resourcePreEvent: { metadata: metadataOf(event.step), planning: event.planning || undefined } };
    case "step-finished":
      return { resOutputsEvent: { metadata: metadataOf(event.step), planning: event.planning || undefined } };
    case "step-failed":
      return { resOpFailedEvent: { metadata: metadataOf(event.step), status: 0, steps: 0 } };
    case "diagnostic": {
      const { severity, urn, message } = event.diagnostic;
      const prefix = severity === "info" ? undefined : `${severity}: `;
      return {
        diagnosticEvent: compact({
          urn: urn || undefined,
          prefix,
          message: `${message}\n`,
          color: "never",
          // What is printed without a prefix has a name of its own.
          severity: severity === "info" ? "info#err" : severity,
        }),
      };
    }
    case "policy": {
      const { policy, level, outcome, message } = event.violation;
      const undetermined = outcome === "undetermined";
      return {
        policyEvent: {
          resourceUrn: event.urn,
          message: undetermined ? `undetermined: ${message}` : message,
          color: "never",
          policyName: policy,
          policyPackName: event.pack,
          policyPackVersion: "",
          policyPackVersionTag: "",
          enforcementLevel: undetermined ? "advisory" : level,
        },
      };
    }
    case "summary":
      return {
        summaryEvent: {
          maybeCorrupt: false,
          durationSeconds: 0,
          resourceChanges: event.changes,
          PolicyPacks: {},
          isPreview: event.planning,
          result: event.succeeded ? "succeeded" : "failed",
        },
      };
  }
}

function metadataOf(step: Step): PulumiEvent {
  const { old, new: next } = showStates(step);
  const logical = ["replace", "create-replacement", "create", "update", "same", "delete", "read"].includes(
    step.operation,
  );
  return compact({
    op: step.operation,
    urn: step.urn,
    type: step.type,
    old: old === undefined ? null : stateOf(old),
    new: next === undefined ? null : stateOf(next),
    ...omitEmpty({ keys: step.replaceKeys, diffs: step.diffs }),
    detailedDiff: detailsOf(step),
    logical: logical || undefined,
    provider: (next ?? old)?.provider ?? "",
  });
}

/** Here the kind of a change is called `diffKind`; in the digest of a preview it is `kind`. */
function detailsOf({ detailedDiff }: Step): PulumiEvent | null {
  const entries = Object.entries(detailedDiff);
  if (entries.length === 0) return null;
  return Object.fromEntries(
    entries.map(([path, { kind, inputDiff }]) => [path, compact({ diffKind: kind, inputDiff })]),
  );
}

function stateOf(state: ResourceState): PulumiEvent {
  return compact({
    type: state.type,
    urn: state.urn,
    custom: state.custom || undefined,
    delete: state.delete,
    id: state.id ?? "",
    parent: state.parent ?? "",
    protect: state.protect,
    external: state.external,
    retainOnDelete: state.retainOnDelete,
    inputs: state.inputs,
    outputs: state.outputs,
    provider: state.provider ?? "",
    initErrors: state.initErrors,
  });
}
