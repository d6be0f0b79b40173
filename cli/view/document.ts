import { encodeShown, type RunResult } from "../../local/engine";
import type { Timeline } from "../../local/timeline";

/** A run as one JSON document: what was done, what stands, how long it would take on the real clouds. No secrets. */
export function resultDocument(result: RunResult, clock: Timeline) {
  return {
    result: result.succeeded ? "succeeded" : "failed",
    changeSummary: result.changes,
    steps: result.steps
      .filter(({ operation }) => operation !== "same")
      .map(({ operation, urn, type, replaceKeys, detailedDiff }) => ({
        op: operation,
        urn,
        type,
        replaceReasons: replaceKeys,
        detailedDiff,
      })),
    outputs: encodeShown(result.outputs),
    virtual: {
      seconds: clock.seconds,
      criticalPath: clock.criticalPath.map(({ step, start, end }) => ({
        op: step.operation,
        urn: step.urn,
        start,
        end,
      })),
    },
    diagnostics: result.diagnostics,
    policyViolations: result.policyViolations,
  };
}
