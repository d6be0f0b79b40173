import { createHash } from "node:crypto";

import { Secret, UNKNOWN_SENTINEL } from "../protocol/property";
import type { PropertyMap, PropertyValue } from "../protocol/property";
import { AnswerLost, InitializationFailed } from "../protocol/provider";
import type { CreateResult, Provider, ReadResult } from "../protocol/provider";
import { isProviderType } from "../protocol/urn";
import { messageOf, ReportedFailure, RunAbandoned, RunStopped } from "./errors";
import type { RunContext } from "./context";
import { serializeResource } from "../state/deployment";
import type { Difference } from "./diff";
import { UNCHANGED } from "./diff";
import { compact } from "../objects";
import { withoutInternal } from "./providers";
import type { Operation, PendingOperation, ResourceState, Step } from "./types";

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
    return this.perform(step, async () => {
      if (isProviderType(wanted.type)) return this.createProvider(wanted, old);
      if (provider === undefined) return this.keep({ ...wanted, outputs: {} }, old);
      const { preview } = this.context;
      const timeout = wanted.customTimeouts?.create ?? 0;
      const call = (): Promise<CreateResult> =>
        this.context.hooks.retried("create", undefined, wanted, () =>
          provider.create({ urn: wanted.urn, properties: wanted.inputs, preview, timeout }),
        );
      const save = ({ id, properties }: CreateResult): ResourceState => {
        if (id === "" && !preview) throw new Error("the provider returned no id for the new resource");
        return this.keep({ ...wanted, id: preview ? undefined : id, outputs: properties }, old);
      };
      return this.pending("creating", wanted, call, save, old);
    });
  }

  async update(
    old: ResourceState,
    wanted: ResourceState,
    provider: Provider | undefined,
    difference: Difference,
  ): Promise<ResourceState> {
    const step = makeStep("update", old, { ...wanted, id: old.id }, difference);
    return this.perform(step, async () => {
      if (isProviderType(wanted.type)) {
        await this.context.providers.configure(wanted.urn, old.id ?? "", wanted.inputs);
        return this.keep({ ...wanted, id: old.id, outputs: withoutInternal(wanted.inputs) });
      }
      if (provider === undefined) return this.keep({ ...wanted, id: old.id, outputs: old.outputs });
      const id = old.id ?? "";
      const request = {
        urn: wanted.urn,
        id,
        olds: old.outputs,
        oldInputs: old.inputs,
        news: wanted.inputs,
        preview: this.context.preview,
        timeout: wanted.customTimeouts?.update ?? 0,
        ignoreChanges: wanted.ignoreChanges ?? [],
      };
      const call = (): Promise<PropertyMap> =>
        this.context.hooks.retried("update", old, { ...wanted, id }, () => provider.update(request));
      const save = (outputs: PropertyMap): ResourceState => this.keep({ ...wanted, id, outputs });
      return this.pending("updating", { ...wanted, id, outputs: old.outputs }, call, save);
    });
  }

  /** A `.get`: the resource is looked at, and never becomes the stack's own. */
  async read(wanted: ResourceState, provider: Provider, old: ResourceState | undefined): Promise<ResourceState> {
    const replaces = old !== undefined && old.external !== true && old.id !== wanted.id;
    const step = makeStep(replaces ? "read-replacement" : "read", old, wanted);
    const result = await this.perform(step, async () => {
      const { urn, id = "" } = wanted;
      const unknown = { id, properties: {}, inputs: {} };
      const call = async (): Promise<ReadResult | null> =>
        id === UNKNOWN_SENTINEL ? unknown : provider.read({ urn, id, properties: wanted.inputs, inputs: {} });
      const save = (found: ReadResult | null): ResourceState => {
        if (found === null) throw new Error(`resource '${id}' does not exist`);
        return this.keep(
          { ...wanted, id: found.id || id, inputs: {}, outputs: found.properties },
          replaces ? old : undefined,
        );
      };
      return this.pending("reading", wanted, call, save);
    });
    if (replaces) this.markReplaced(old, result);
    return result;
  }

  /** Tells of a replacement, whose parts are steps of their own. */
  markReplaced(old: ResourceState, next: ResourceState, difference?: Difference): void {
    const step = makeStep("replace", old, next, difference);
    this.context.reporter.stepStarted(step);
    this.context.reporter.stepDone(step);
    this.context.reporter.stepFinished(step);
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
      const call = (): Promise<void> =>
        this.context.hooks.retried("delete", told, undefined, () =>
          provider.delete({ urn, id, properties, oldInputs, timeout }),
        );
      return this.pending("deleting", entry, call, save);
    });
  }

  /** Tells that an entry cannot be deleted. The run goes on with what does not depend on its deletion. */
  refuseDelete(entry: ResourceState, message: string): void {
    const step = makeStep(operationOfDelete(entry), entry, undefined);
    this.context.reporter.stepStarted(step);
    this.context.reporter.stepFailed(step, message);
  }

  private async createProvider(wanted: ResourceState, old: ResourceState | undefined): Promise<ResourceState> {
    const id = this.context.preview ? undefined : identifierOf(wanted.urn, old?.id ?? "");
    await this.context.providers.configure(wanted.urn, id ?? "", wanted.inputs);
    return this.keep({ ...wanted, id, outputs: withoutInternal(wanted.inputs) }, old);
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
        if (finished) await this.context.hooks.after(step, done.new);
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

  /** Writes the new state; the entry of `replaced` stays as an old copy until the end of the run. */
  private keep(next: ResourceState, replaced?: ResourceState): ResourceState {
    const finished = withSecretOutputs(this.context, next);
    const present = this.context.state.get(next.urn);
    // An entry that waits for its replacement has no resource behind it any more.
    if (replaced !== undefined && present !== undefined && present.pendingReplacement !== true) {
      this.context.state.put({ ...present, delete: true });
    }
    this.context.state.put(finished);
    return finished;
  }

  /**
   * Calls a provider between the two marks that let a later run see that the call was cut off. The result is saved before
   * the second mark, so that there is no moment in which a created resource is in neither.
   */
  private async pending<T>(
    type: PendingOperation["type"],
    resource: ResourceState,
    call: () => Promise<T>,
    save: (result: T) => ResourceState,
    replaced?: ResourceState,
  ): Promise<ResourceState> {
    if (this.context.preview) return save(await call());
    const { state } = this.context;
    state.apply({ op: "begin", type, resource: compact(resource) });
    let unanswered = false;
    try {
      return save(await call());
    } catch (error) {
      unanswered = error instanceof RunAbandoned || error instanceof AnswerLost;
      if (error instanceof InitializationFailed) {
        // An update that did not come through keeps the inputs of before, so that the next run sees what is missing.
        const before = type === "updating" ? state.get(resource.urn) : undefined;
        const { inputs } = before ?? resource;
        this.keep(
          { ...resource, id: error.id, inputs, outputs: error.properties, initErrors: error.reasons },
          replaced,
        );
      }
      throw error;
    } finally {
      if (!unanswered) state.apply({ op: "end", urn: resource.urn });
    }
  }
}

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

/** The id of a provider resource: a UUID that is a function of what it is and what it replaces. */
function identifierOf(urn: string, replaced: string): string {
  const hex = createHash("sha256").update(`${urn}\n${replaced}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A canonical text, to see whether anything has changed. */
function textOf(resource: ResourceState): string {
  return JSON.stringify(serializeResource(resource));
}
