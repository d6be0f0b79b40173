import type { EngineEvent, Step } from "../../local/engine/types";
import { doing, expectation, isChange, nameOf, shortType, sign } from "./format";
import type { LatencyOf, View } from "./view";

/** One line for each thing done: for logs and pipes. */
export class LinesView implements View {
  constructor(
    private readonly stream: NodeJS.WritableStream,
    private readonly latency: LatencyOf,
  ) {}

  event(event: EngineEvent): void {
    switch (event.kind) {
      case "step-finished":
        if (isChange(event.step)) this.line(` ${describeStep(event.step, this.latency)}`);
        return;
      case "step-failed":
        this.line(` ! ${shortType(event.step.type)} ${nameOf(event.step.urn)} failed`);
        return;
      case "diagnostic":
        if (event.diagnostic.severity !== "debug") this.line(describeDiagnostic(event.diagnostic));
        return;
      case "policy": {
        const { policy, outcome, level, message } = event.violation;
        this.line(`policy ${policy} (${level}, ${outcome}) ${nameOf(event.urn)}: ${message}`);
        return;
      }
      default:
    }
  }

  close(): void {}

  private line(text: string): void {
    this.stream.write(`${text}\n`);
  }
}

/** `+ eks.Cluster platform-east (9m 30s on the real cloud)`, with the properties of an update or a replacement. */
export function describeStep(step: Step, latency: LatencyOf): string {
  const { operation, type, urn, detailedDiff, replaceKeys } = step;
  const paths =
    operation === "update" ? Object.keys(detailedDiff).sort() : operation === "replace" ? [...replaceKeys] : [];
  const what = paths.length === 0 ? "" : ` [${paths.join(", ")}]`;
  const action = doing(operation);
  const kind = action === "creating" ? "create" : action === "deleting" ? "delete" : "update";
  const seconds = operation === "replace" ? 0 : latency(type, kind);
  return `${sign(operation)} ${shortType(type)} ${nameOf(urn)}${what}${expectation(seconds)}`;
}

/** `warning platform-east: ...`, one line for each line of the message. */
export function describeDiagnostic({
  severity,
  urn,
  message,
}: {
  severity: string;
  urn: string;
  message: string;
}): string {
  const where = urn === "" ? "" : ` ${nameOf(urn)}`;
  return `${severity}${where}: ${message.trimEnd()}`;
}
