import type { PropertyMap } from "../protocol/property";
import { isProviderType, urnName } from "../protocol/urn";
import { sortKeys } from "../objects";
import { Redactor } from "./redaction";
import type { Diagnostic, EngineEvent, Operation, PolicyViolation, ResourceState, RunResult, Step } from "./types";

/** Operations that Pulumi's summary counts. The parts of a replacement are not: it counts once, as `replace`. */
const COUNTED: ReadonlySet<Operation> = new Set([
  "same",
  "create",
  "update",
  "delete",
  "replace",
  "discard",
  "refresh",
]);

/** Collects what a run does, and tells it to whoever watches. */
export class Reporter {
  private readonly steps: Step[] = [];
  private readonly failed: Step[] = [];
  /** Where the first step of each component is in `steps`. */
  private readonly components = new Map<string, number>();
  private readonly diagnostics: Diagnostic[] = [];
  private readonly violations: (PolicyViolation & { urn: string; pack: string })[] = [];
  private readonly changes: { [operation in Operation]?: number } = {};
  /** Secrets that must not show in any message. */
  readonly secrets = new Redactor();

  constructor(
    private readonly planning: boolean,
    private readonly emit: (event: EngineEvent) => void,
  ) {}

  prelude(config: Readonly<Record<string, string>>): void {
    this.emit({ kind: "prelude", config });
  }

  stepStarted(step: Step): void {
    if (!isHidden(step)) this.emit({ kind: "step-started", step, planning: this.planning });
  }

  /** The step is done: it counts from now on. */
  stepDone(step: Step): void {
    if (isHidden(step)) return;
    if (step.new?.custom === false && !this.components.has(step.urn)) this.components.set(step.urn, this.steps.length);
    this.steps.push(step);
    // A resource that is only read counts when another one is read in its place.
    const reread = step.operation === "read" && step.old !== undefined && step.old.id !== step.new?.id;
    if (reread || COUNTED.has(step.operation)) this.changes[step.operation] = (this.changes[step.operation] ?? 0) + 1;
  }

  /** Its outputs are there. For components that is later than `stepDone`, when the program registers them. */
  stepFinished(step: Step): void {
    if (!isHidden(step)) this.emit({ kind: "step-finished", step, planning: this.planning });
  }

  /** The step of a component, which goes on until the program has registered its outputs. */
  componentStep(urn: string): Step | undefined {
    const index = this.components.get(urn);
    return index === undefined ? undefined : this.steps[index];
  }

  /** The program has registered the outputs of a component: its step is finished, with them. */
  componentFinished(urn: string, next: ResourceState): void {
    const index = this.components.get(urn);
    const step = this.componentStep(urn);
    if (index === undefined || step === undefined) return;
    const finished: Step = { ...step, new: next };
    this.steps[index] = finished;
    this.stepFinished(finished);
  }

  stepFailed(step: Step, message: string): void {
    this.failed.push(step);
    // In a preview the diagnostic says it all, as under the real engine.
    if (!this.planning) this.emit({ kind: "step-failed", step, message: this.secrets.redact(message) });
    this.diagnostic("error", step.urn, message);
  }

  /** Reports a message once: the same text about the same resource is not repeated. */
  diagnostic(severity: Diagnostic["severity"], urn: string, message: string): void {
    const text = this.secrets.redact(message).trimEnd();
    const known = this.diagnostics.some(
      (item) => item.severity === severity && item.urn === urn && item.message === text,
    );
    if (text === "" || known) return;
    const diagnostic: Diagnostic = { severity, urn, message: text };
    this.diagnostics.push(diagnostic);
    this.emit({ kind: "diagnostic", diagnostic });
  }

  /** Whether an error of the run is part of the text. */
  reported(text: string): boolean {
    return this.diagnostics.some((item) => item.severity === "error" && text.includes(item.message));
  }

  hasErrors(): boolean {
    return this.diagnostics.some(({ severity }) => severity === "error");
  }

  policy(urn: string, pack: string, found: PolicyViolation): void {
    const violation = { ...found, message: this.secrets.redact(found.message) };
    this.violations.push({ ...violation, urn, pack });
    this.emit({ kind: "policy", urn, pack, violation });
  }

  result(succeeded: boolean, outputs: PropertyMap): RunResult {
    const changes = sortKeys(this.changes);
    this.emit({ kind: "summary", changes, succeeded, planning: this.planning });
    return {
      succeeded,
      steps: this.steps,
      failed: this.failed,
      changes,
      outputs,
      diagnostics: this.diagnostics,
      policyViolations: this.violations,
    };
  }
}

/** Default providers, and what had been deleted already, go without a word. */
function isHidden({ operation, type, urn }: Step): boolean {
  const isDefault = isProviderType(type) && /^default(_|$)/.test(urnName(urn));
  return isDefault || operation === "remove-pending-replace";
}
