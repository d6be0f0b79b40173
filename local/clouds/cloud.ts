import { equals, unwrapSecrets, type PropertyMap } from "../protocol/property";
import {
  ProviderError,
  type CheckRequest,
  type CheckResult,
  type CreateRequest,
  type CreateResult,
  type DeleteRequest,
  type DiffRequest,
  type DiffResult,
  type InvokeRequest,
  type InvokeResult,
  LOOKUP,
  type Provider,
  type ReadRequest,
  type ReadResult,
  type UpdateRequest,
} from "../protocol/provider";
import { urnType } from "../protocol/urn";
import { checkConfiguration, readConfiguration } from "./configuration";
import { diffProperties } from "./diff";
import { digest, immutablePart } from "./identity";
import { keyOf, type LedgerEntry } from "./ledger";
import type { CloudDefinition, Companion, Context, Identified, Referrer, Refusal, ResourceModel } from "./model";
import { checkAutoName, isAutoName } from "./names";
import { previewOutputs, realOutputs, redact } from "./outputs";
import { textAt } from "./paths";
import { checkProperties, nearest } from "./schema";
import type { World } from "./world";

type Doing = "creating" | "updating" | "deleting";

/**
 * One configured provider of a simulated cloud. All that it does follows from the tables of its definition.
 *
 * Everything that exists is in the world's ledger; the instance holds only its configuration.
 */
export class Cloud<S> implements Provider {
  private settings: S;
  private open = true;
  private readonly models: ReadonlyMap<string, ResourceModel<S>>;

  constructor(
    private readonly definition: CloudDefinition<S>,
    private readonly world: World,
    /** Models of all clouds, since a thing of one may refer to a thing of another. Default: this cloud's. */
    private readonly referrers: readonly Referrer[] = referrersOf(definition),
  ) {
    this.settings = definition.settings({});
    world.enter();
    this.models = new Map(definition.models.map((model) => [model.type, model]));
  }

  async checkConfig(request: CheckRequest): Promise<CheckResult> {
    return checkConfiguration(this.definition, request.news);
  }

  async diffConfig(request: DiffRequest): Promise<DiffResult> {
    const { config, replacingConfig } = this.definition;
    return diffProperties(config, request.oldInputs, request.news, { alsoReplace: replacingConfig });
  }

  async configure(args: PropertyMap): Promise<void> {
    this.settings = this.definition.settings(readConfiguration(this.definition, args));
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    const model = this.modelOf(request.urn);
    const scopeOf = (inputs: PropertyMap): string => this.definition.scope(model, plainOf(inputs), this.settings);
    const named = checkAutoName(model, request, this.world.ledger, scopeOf);
    return checkProperties(model.properties, named, model.type);
  }

  async diff(request: DiffRequest): Promise<DiffResult> {
    const model = this.modelOf(request.urn);
    const { oldInputs, news, ignoreChanges } = request;
    const alsoReplace = model.replaceWhen?.(plainOf(oldInputs), plainOf(news)) ?? [];
    const result = diffProperties(model.properties, oldInputs, news, { ignoreChanges, alsoReplace });
    if (result.replaces.length === 0) return result;
    return { ...result, deleteBeforeReplace: model.deleteBeforeReplace === true || this.deletesFirst(model, request) };
  }

  async create(request: CreateRequest): Promise<CreateResult> {
    const model = this.modelOf(request.urn);
    const { properties: inputs } = request;
    if (request.preview) return { id: "", properties: previewOutputs(model, inputs) };
    const { id, scope } = this.identify(model, request.urn, inputs);
    return this.alone(model, "creating", id, inputs, () => {
      const made = this.identify(model, request.urn, inputs);
      this.admit(model, "creating", request.urn, { type: model.type, id: made.id, scope, inputs });
      return { id: made.id, properties: this.apply(model, made.id, scope, inputs) };
    });
  }

  async read(request: ReadRequest): Promise<ReadResult | null> {
    const model = this.modelOf(request.urn);
    const known = Object.keys(request.inputs).length > 0 ? request.inputs : request.properties;
    const entry = this.find(model, request.id, known);
    return entry === undefined ? null : { id: entry.id, properties: entry.outputs, inputs: entry.inputs };
  }

  async update(request: UpdateRequest): Promise<PropertyMap> {
    const model = this.modelOf(request.urn);
    if (request.preview) return previewOutputs(model, request.news, request);
    return this.alone(model, "updating", request.id, request.news, () => {
      const old = this.find(model, request.id, request.oldInputs);
      if (old === undefined) {
        throw new ProviderError(
          `updating ${model.label} (${request.id}): it no longer exists in the cloud; run a refresh, then deploy again`,
        );
      }
      this.admit(model, "updating", request.urn, { ...old, inputs: request.news }, old);
      return this.apply(model, old.id, old.scope ?? "", request.news, old);
    });
  }

  async delete(request: DeleteRequest): Promise<void> {
    const model = this.modelOf(request.urn);
    if (this.find(model, request.id, request.oldInputs) === undefined) return;
    await this.alone(model, "deleting", request.id, request.oldInputs, () => {
      const entry = this.find(model, request.id, request.oldInputs);
      if (entry !== undefined) this.remove(model, entry);
    });
  }

  async invoke(request: InvokeRequest): Promise<InvokeResult> {
    const args = plainOf(request.args);
    if (request.token === LOOKUP) return { properties: this.lookup(args), failures: [] };
    const implementation = this.definition.functions[request.token];
    if (implementation === undefined) {
      const known = Object.keys(this.definition.functions).sort().join(", ");
      throw new ProviderError(
        `the simulated ${this.definition.pkg} has no function ${request.token}; it has ${known}. Functions live in ${this.definition.modelsAt}`,
      );
    }
    return { properties: implementation(args, { ledger: this.world.ledger, settings: this.settings }), failures: [] };
  }

  async close(): Promise<void> {
    if (this.open) this.world.leave();
    this.open = false;
  }

  /** Two with one name cannot exist side by side. */
  private deletesFirst(model: ResourceModel<S>, { urn, oldInputs, news }: DiffRequest): boolean {
    if (isAutoName(model, urn, news)) return false;
    if (this.definition.deletesFirst === "unless-name-generated") return model.nameless !== true;
    const property = model.autoName?.property;
    return property !== undefined && textAt(oldInputs, property) === textAt(news, property);
  }

  private modelOf(urn: string): ResourceModel<S> {
    return this.modelOfType(urnType(urn));
  }

  private modelOfType(type: string): ResourceModel<S> {
    const model = this.models.get(type);
    if (model !== undefined) return model;
    const close = nearest(type, [...this.models.keys()]);
    const hint = close === undefined ? "" : ` Did you mean ${close}?`;
    throw new ProviderError(
      `the simulated ${this.definition.pkg} has no model of ${type}; models live in ${this.definition.modelsAt}.${hint}`,
    );
  }

  private find(model: ResourceModel<S>, id: string, inputs: PropertyMap): LedgerEntry | undefined {
    return this.world.ledger.get(model.type, id, this.definition.scope(model, plainOf(inputs), this.settings));
  }

  /** `seed` identifies a thing that has no id yet. */
  private context(
    model: ResourceModel<S>,
    id: string,
    scope: string,
    inputs: PropertyMap,
    { old, seed = id }: { readonly old?: LedgerEntry; readonly seed?: string } = {},
  ): Context<S> {
    const identity = [model.type, scope, seed, immutablePart(model.properties, inputs)];
    return {
      ledger: this.world.ledger,
      settings: this.settings,
      scope,
      id,
      old,
      isNew: (entry) => this.world.isNew(entry),
      digest: (purpose, length) => digest([...identity, purpose], length),
    };
  }

  /** The id that a create gives. A nameless thing takes the first that is free, since two of them may be equal. */
  private identify(
    model: ResourceModel<S>,
    urn: string,
    inputs: PropertyMap,
  ): { readonly id: string; readonly scope: string } {
    const plain = plainOf(inputs);
    const scope = this.definition.scope(model, plain, this.settings);
    for (let attempt = 0; ; attempt++) {
      const id = model.id(plain, this.context(model, "", scope, plain, { seed: `${urn} ${attempt}` }));
      if (model.nameless !== true || this.world.ledger.get(model.type, id, scope) === undefined) return { id, scope };
    }
  }

  /** Runs an operation after one turn of the event loop, alone if its model says so. */
  private async alone<T>(
    model: ResourceModel<S>,
    doing: Doing,
    id: string,
    inputs: PropertyMap,
    operation: () => T,
  ): Promise<T> {
    const exclusive = model.exclusive?.(plainOf(inputs), id);
    if (exclusive !== undefined) {
      const refuse = (): never => this.refuse(model, doing, id, inputs, exclusive.refusal);
      return this.world.exclusively(exclusive.key, refuse, operation);
    }
    await new Promise(setImmediate);
    return operation();
  }

  /** Everything that the service checks before it makes or changes a thing. */
  private admit(
    model: ResourceModel<S>,
    doing: "creating" | "updating",
    urn: string,
    thing: Identified,
    old?: LedgerEntry,
  ): void {
    const plain = plainOf(thing.inputs);
    const subject = { ...thing, inputs: plain };
    const refuse = (refusal: Refusal | undefined): void => {
      if (refusal?.passesAfter !== undefined)
        this.world.clock.spend(urn, doing === "creating" ? "create" : "update", refusal.passesAfter);
      else if (refusal !== undefined) this.refuse(model, doing, thing.id, thing.inputs, refusal);
    };
    for (const reference of model.references ?? []) {
      const [missing] = this.world.missing(reference, subject);
      if (missing !== undefined) refuse(reference.missing(missing, plain));
    }
    const holder = this.holderOfName(model, subject, old);
    if (holder !== undefined) refuse(model.taken(plain, holder));
    const context = this.context(model, thing.id, thing.scope ?? "", plain, { old });
    for (const rule of model.rules ?? []) refuse(rule(plain, context));
  }

  private holderOfName(model: ResourceModel<S>, thing: Identified, old?: LedgerEntry): LedgerEntry | undefined {
    const sameId = this.world.ledger.get(thing.type, thing.id, thing.scope);
    if (sameId !== undefined && old === undefined) return sameId;
    const key = model.uniqueKey?.(thing);
    if (key === undefined) return undefined;
    return this.world.ledger
      .list(model.type)
      .find(
        (entry) =>
          !(entry.id === thing.id && entry.scope === thing.scope) && model.uniqueKey?.(plainEntry(entry)) === key,
      );
  }

  private apply(
    model: ResourceModel<S>,
    id: string,
    scope: string,
    inputs: PropertyMap,
    old?: LedgerEntry,
  ): PropertyMap {
    const context = this.context(model, id, scope, plainOf(inputs), { old });
    const outputs = realOutputs(model, inputs, context);
    const entry = { type: model.type, id, scope, inputs, outputs };
    this.world.ledger.put(entry);
    if (old === undefined) this.world.created(entry);
    if (model.companions !== undefined)
      this.accompany(entry, model.companions(plainOf(inputs), plainOf(outputs), context));
    return outputs;
  }

  /** Makes what the service keeps beside a thing, and takes away what it no longer does. */
  private accompany(maker: LedgerEntry, companions: readonly Companion[]): void {
    const { ledger } = this.world;
    const wanted = new Set(companions.map(({ type, id, scope }) => keyOf(type, id, scope)));
    for (const { type, id, scope } of ledger.madeBy(maker))
      if (!wanted.has(keyOf(type, id, scope))) ledger.remove(type, id, scope);
    const { type, id, scope } = maker;
    for (const companion of companions) ledger.put({ ...companion, madeBy: { type, id, scope } });
  }

  private remove(model: ResourceModel<S>, entry: LedgerEntry): void {
    const context = this.context(model, entry.id, entry.scope ?? "", plainOf(entry.inputs), { old: entry });
    const own = model.refuseDelete?.(plainEntry(entry), context);
    if (own !== undefined) this.refuse(model, "deleting", entry.id, entry.inputs, own);
    const { cascaded, blocked } = this.world.dependents(entry, this.referrers);
    const [first] = blocked;
    if (first !== undefined) {
      const owner = this.models.get(first.target.type) ?? model;
      this.refuse(model, "deleting", entry.id, entry.inputs, inUse(owner, first.target, first.by));
    }
    for (const gone of cascaded) this.world.ledger.remove(gone.type, gone.id, gone.scope);
    this.world.onRemoved();
  }

  private refuse(model: ResourceModel<S>, doing: Doing, id: string, inputs: PropertyMap, refusal: Refusal): never {
    // The id of a nameless thing that was never made would mislead.
    const shown = doing === "creating" && model.nameless === true ? "" : id;
    throw new ProviderError(redact(this.definition.describe(refusal, model, doing, shown), inputs));
  }

  /** `{ id }` of the thing that a create with these inputs made, or nothing. */
  private lookup(args: PropertyMap): PropertyMap {
    const model = this.modelOfType(textAt(args, "type") ?? "");
    const inputs = (args.inputs ?? {}) as PropertyMap;
    const scope = this.definition.scope(model, inputs, this.settings);
    const urn = textAt(args, "urn");
    const same = this.world.ledger
      .list(model.type)
      .filter((entry) => entry.scope === scope && equals(plainOf(entry.inputs), inputs));
    if (model.nameless !== true || urn === undefined)
      return same.length === 1 && same[0] !== undefined ? { id: same[0].id } : {};
    for (let attempt = 0; attempt <= same.length; attempt++) {
      const id = model.id(inputs, this.context(model, "", scope, inputs, { seed: `${urn} ${attempt}` }));
      if (same.some((entry) => entry.id === id)) return { id };
    }
    return {};
  }
}

/** Everything of a cloud that may refer to something. */
export function referrersOf<S>({ models, made = [] }: CloudDefinition<S>): readonly Referrer[] {
  return [...models, ...made];
}

function inUse<S>(model: ResourceModel<S>, entry: LedgerEntry, by: readonly LedgerEntry[]): Refusal {
  const names = by.map((dependent) => `${dependent.type} ${dependent.id}`).join(", ");
  return model.inUse?.(entry, by) ?? { code: "ResourceInUse", message: `${entry.id} is in use by ${names}` };
}

function plainOf(inputs: PropertyMap): PropertyMap {
  return unwrapSecrets(inputs) as PropertyMap;
}

function plainEntry(entry: LedgerEntry): LedgerEntry {
  return { ...entry, inputs: plainOf(entry.inputs) };
}
