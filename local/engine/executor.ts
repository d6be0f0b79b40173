import { createHash } from "node:crypto";

import * as uuid from "uuid";

import { Secret, UNKNOWN_SENTINEL } from "../protocol/property";
import type { PropertyMap, PropertyValue } from "../protocol/property";
import { AnswerLost, InitializationFailed } from "../protocol/provider";
import type { Provider } from "../protocol/provider";
import { isProviderType } from "../protocol/urn";
import { messageOf, ReportedFailure, RunAbandoned, RunStopped } from "./errors";
import type { RunContext } from "./context";
import { serializeResource } from "../state/deployment";
import type { Difference } from "./diff";
import { UNCHANGED } from "./diff";
import { compact } from "../objects";
import { HOOKED } from "./hooks";
import { withoutInternal } from "./providers";
import type { Operation, ResourceState, Step } from "./types";

/** Does the steps that the planner decided on: calls the providers, and keeps the state true before and after each call. */
export class Executor {
  constructor(private readonly context: RunContext) {}

  /** Nothing changes but what the engine itself keeps about the resource. */
  async same(old: ResourceState, wanted: ResourceState): Promise<ResourceState> {
    const next = withSecretOutputs(this.context, {
      ...wanted,
      id: old.id,
      outputs: old.outputs,
      initErrors: old.initErrors,
    });
    return this.perform(makeStep("same", old, next), async () => {
      if (isProviderType(next.type)) await this.context.providers.configure(next.urn, old.id ?? "", old.inputs);
      const present = this.context.state.get(next.urn);
      if (present === undefined || textOf(present) !== textOf(next)) this.context.state.put(next);
      return next;
    });
  }

  /** Makes the resource, in the place of `old` if there is one. */
  async create(
    wanted: ResourceState,
    provider: Provider | undefined,
    old?: ResourceState,
    difference?: Difference,
  ): Promise<ResourceState> {
    const step = makeStep(old === undefined ? "create" : "create-replacement", old, wanted, difference);
    const { urn, type, inputs: properties, customTimeouts } = wanted;
    const { preview } = this.context;
    return this.perform(step, async () => {
      if (isProviderType(type)) {
        // The id is a function of what the provider is and what it replaces.
        const random = createHash("sha256")
          .update(`${urn}\n${old?.id ?? ""}`)
          .digest();
        const id = preview ? undefined : uuid.v4({ random });
        return this.configure(step, { ...wanted, id });
      }
      if (provider === undefined) return this.keep(step, wanted);
      const call = () => provider.create({ urn, properties, preview, timeout: customTimeouts?.create ?? 0 });
      return this.pending(step, wanted, call, ({ id, properties: outputs }) => {
        if (id === "" && !preview) throw new Error("the provider returned no id for the new resource");
        return this.keep(step, { ...wanted, id: preview ? undefined : id, outputs });
      });
    });
  }

  async update(
    old: ResourceState,
    wanted: ResourceState,
    provider: Provider | undefined,
    difference: Difference,
  ): Promise<ResourceState> {
    const { id = "", inputs: oldInputs, outputs: olds } = old;
    const { urn, type, inputs: news, ignoreChanges = [], customTimeouts } = wanted;
    const { preview } = this.context;
    const step = makeStep("update", old, { ...wanted, id }, difference);
    return this.perform(step, async () => {
      if (isProviderType(type)) return this.configure(step, { ...wanted, id });
      if (provider === undefined) return this.keep(step, { ...wanted, id: old.id, outputs: olds });
      const timeout = customTimeouts?.update ?? 0;
      const call = () => provider.update({ urn, id, olds, oldInputs, news, preview, timeout, ignoreChanges });
      const save = (outputs: PropertyMap) => this.keep(step, { ...wanted, id, outputs });
      return this.pending(step, { ...wanted, id, outputs: olds }, call, save);
    });
  }

  /** A `.get`: the resource is looked at, and never becomes the stack's own. */
  async read(wanted: ResourceState, provider: Provider, old: ResourceState | undefined): Promise<ResourceState> {
    const { urn, id = "", inputs: properties } = wanted;
    const replaces = old !== undefined && old.external !== true && old.id !== id;
    const step = makeStep(replaces ? "read-replacement" : "read", old, wanted);
    const result = await this.perform(step, () => {
      const unknown = { id, properties: {}, inputs: {} };
      const call = async () => (id === UNKNOWN_SENTINEL ? unknown : provider.read({ urn, id, properties, inputs: {} }));
      return this.pending(step, wanted, call, (found) => {
        if (found === null) throw new Error(`resource '${id}' does not exist`);
        return this.keep(step, { ...wanted, id: found.id || id, inputs: {}, outputs: found.properties });
      });
    });
    if (replaces) this.markReplaced(old, result);
    return result;
  }

  /**
   * Deletes an entry of the state, and what is behind it unless that goes with another one of `condemned`. Deleted `ahead` of
   * its replacement, the entry stays and waits for it.
   */
  async delete(entry: ResourceState, condemned: ReadonlySet<string>, ahead = false): Promise<void> {
    // What was renamed in this run is deleted under the name that it was made with.
    const told = { ...entry, urn: this.context.aliases.former(entry.urn) ?? entry.urn };
    const replaced = entry.external === true ? "discard-replaced" : "delete-replaced";
    const step = makeStep(ahead ? replaced : operationOfDelete(entry), told, undefined);
    await this.perform(step, async () => {
      const save = (): ResourceState => {
        if (ahead) this.context.state.put({ ...entry, pendingReplacement: true });
        else this.context.state.remove(entry);
        return entry;
      };
      if (this.context.preview || !callsProvider(entry, condemned)) return save();
      const provider = await this.context.providerOf(entry);
      const { urn, id = "", outputs: properties, inputs: oldInputs } = told;
      const timeout = entry.customTimeouts?.delete ?? 0;
      return this.pending(step, entry, () => provider.delete({ urn, id, properties, oldInputs, timeout }), save);
    });
  }

  /** Tells that an entry cannot be deleted. The run goes on with what does not depend on its deletion. */
  refuseDelete(entry: ResourceState, message: string): void {
    const step = makeStep(operationOfDelete(entry), entry, undefined);
    this.context.reporter.stepStarted(step);
    this.context.reporter.stepFailed(step, message);
  }

  /** A provider resource is made or updated by giving an instance of the provider its inputs. */
  private async configure(step: Step, next: ResourceState): Promise<ResourceState> {
    await this.context.providers.configure(next.urn, next.id ?? "", next.inputs);
    return this.keep(step, { ...next, outputs: withoutInternal(next.inputs) });
  }

  /** Tells of a replacement, whose parts are steps of their own. */
  markReplaced(old: ResourceState, next: ResourceState, difference?: Difference): void {
    const step = makeStep("replace", old, next, difference);
    this.context.reporter.stepStarted(step);
    this.context.reporter.stepDone(step);
    this.context.reporter.stepFinished(step);
  }

  /** Tells of the step, does it in one of the run's places, and turns an error into the run's failure. */
  private async perform(step: Step, work: () => Promise<ResourceState>): Promise<ResourceState> {
    const { reporter } = this.context;
    return this.context.limited(async () => {
      reporter.stepStarted(step);
      try {
        await this.context.hooks.before(step);
        const result = await work();
        const done: Step = step.new === undefined ? step : { ...step, new: result };
        // Components have their turn when the program registers their outputs.
        const finished = result.custom || step.new === undefined;
        if (finished) await this.context.hooks.after(done);
        reporter.stepDone(done);
        if (finished) reporter.stepFinished(done);
        return result;
      } catch (error) {
        if (error instanceof RunStopped) throw error;
        reporter.stepFailed(step, messageOf(error));
        this.context.fail();
        throw new ReportedFailure(messageOf(error));
      }
    });
  }

  /** Writes the new state; the entry of what is replaced stays as an old copy until the end of the run. */
  private keep({ operation }: Step, next: ResourceState): ResourceState {
    const finished = withSecretOutputs(this.context, next);
    const present = this.context.state.get(next.urn);
    // An entry that waits for its replacement has no resource behind it any more.
    if (operation.endsWith("-replacement") && present !== undefined && present.pendingReplacement !== true) {
      this.context.state.put({ ...present, delete: true });
    }
    this.context.state.put(finished);
    return finished;
  }

  /**
   * Calls a provider, as often as a hook wants it, between the two marks that let a later run see that the call was cut off.
   * The result is saved before the second mark, so that there is no moment in which a created resource is in neither.
   */
  private async pending<T>(
    step: Step,
    resource: ResourceState,
    call: () => Promise<T>,
    save: (result: T) => ResourceState,
  ): Promise<ResourceState> {
    const { state, preview, hooks } = this.context;
    if (preview) return save(await hooks.retried(step, call));
    const type = PENDING[HOOKED[step.operation] ?? "Read"];
    state.apply({ op: "begin", type, resource: compact(resource) });
    let unanswered = false;
    try {
      return save(await hooks.retried(step, call));
    } catch (error) {
      unanswered = error instanceof RunAbandoned || error instanceof AnswerLost;
      if (error instanceof InitializationFailed) {
        // An update that did not come through keeps the inputs of before, so that the next run sees what is missing.
        const before = type === "updating" ? state.get(resource.urn) : undefined;
        const { id, properties: outputs, reasons: initErrors } = error;
        this.keep(step, { ...resource, id, inputs: (before ?? resource).inputs, outputs, initErrors });
      }
      throw error;
    } finally {
      if (!unanswered) state.apply({ op: "end", urn: resource.urn });
    }
  }
}

/** What states call the operation that goes on. */
const PENDING = { Create: "creating", Update: "updating", Delete: "deleting", Read: "reading" } as const;

/**
 * Whether there is a thing behind the entry that its provider must delete: not one that is only read, that is to be
 * retained, or that goes together with another one of `condemned`.
 */
function callsProvider(entry: ResourceState, condemned: ReadonlySet<string>): boolean {
  if (!entry.custom || isProviderType(entry.type) || entry.pendingReplacement === true) return false;
  if (entry.external === true || entry.retainOnDelete === true) return false;
  return entry.deletedWith === undefined || !condemned.has(entry.deletedWith);
}

/** What the deletion of an entry is called. */
function operationOfDelete(entry: ResourceState): Operation {
  if (entry.pendingReplacement === true) return "remove-pending-replace";
  if (entry.external === true) return entry.delete === true ? "discard-replaced" : "discard";
  return entry.delete === true ? "delete-replaced" : "delete";
}

/** The state with those outputs secret that the program or a secret input of the same name wants secret. */
export function withSecretOutputs(context: RunContext, resource: ResourceState): ResourceState {
  const outputs: Record<string, PropertyValue> = { ...resource.outputs };
  // An input that is secret by now makes the output of its name secret, whatever the provider says of it.
  const hidden = Object.keys(resource.inputs).filter((key) => resource.inputs[key] instanceof Secret);
  for (const key of [...(resource.additionalSecretOutputs ?? []), ...hidden]) {
    const value = outputs[key];
    if (value !== undefined && !(value instanceof Secret)) outputs[key] = new Secret(value);
  }
  context.reporter.secrets.learn(outputs);
  return compact({ ...resource, outputs });
}

export function makeStep(
  operation: Operation,
  old: ResourceState | undefined,
  next: ResourceState | undefined,
  { replaceKeys, diffs, detailedDiff }: Difference = UNCHANGED,
): Step {
  const { urn = "", type = "" } = next ?? old ?? {};
  return compact<Step>({ operation, urn, type, replaceKeys, diffs, detailedDiff, old, new: next });
}

/** A canonical text, to see whether anything has changed. */
function textOf(resource: ResourceState): string {
  return JSON.stringify(serializeResource(resource));
}
