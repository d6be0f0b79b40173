import type { EngineEvent, Step } from "../../local/engine/types";
import { expectation, isChange, nameOf, shortType, sign, type LatencyOf } from "./format";
import type { View } from "./view";

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
      default: {
        const remark = remarkOf(event);
        if (remark !== undefined) this.line(remark);
      }
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
  return `${sign(operation)} ${shortType(type)} ${nameOf(urn)}${what}${expectation(step, latency)}`;
}

/** What the engine or a policy says, `warning platform-east: ...`; undefined for what is meant for no user. */
export function remarkOf(event: EngineEvent): string | undefined {
  if (event.kind === "policy") {
    const { policy, outcome, level, message } = event.violation;
    return `policy ${policy} (${level}, ${outcome}) ${nameOf(event.urn)}: ${message}`;
  }
  if (event.kind !== "diagnostic") return undefined;
  const { severity, urn, message } = event.diagnostic;
  return `${severity}${urn === "" ? "" : ` ${nameOf(urn)}`}: ${message.trimEnd()}`;
}
