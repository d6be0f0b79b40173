import { containsUnknown, equals, isPropertyMap, Secret, unwrapSecrets } from "../../../../local/protocol/property";
import type { PropertyMap, PropertyValue } from "../../../../local/protocol/property";
import { InitializationFailed, ProviderError } from "../../../../local/protocol/provider";
import type {
  CheckRequest,
  CheckResult,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  DiffResult,
  InvokeRequest,
  InvokeResult,
  PropertyDiff,
  Provider,
  ProviderHost,
  ReadRequest,
  UpdateRequest,
} from "../../../../local/protocol/provider";
import { urnName } from "../../../../local/protocol/urn";
import type { Fault, Generation } from "./lifecycle";

/** The cloud of the corpus. It is a function of what it is asked: no ids, names or orders that differ between runs. */
export class CorpusCloud implements ProviderHost {
  readonly things = new Map<string, PropertyMap>();
  /** What is computed of a thing by now, by its id, where that is not what it was made with. */
  readonly computed = new Map<string, string>();
  private faults: Readonly<Record<string, Fault>> = {};
  private readonly made = new Map<string, number>();

  constructor(found: Readonly<Record<string, string>> = {}) {
    for (const [id, value] of Object.entries(found)) this.things.set(id, { value });
  }

  open(): Promise<Provider> {
    return Promise.resolve(new CorpusProvider(this));
  }

  /** Begins a generation of a lifecycle: what happened behind the engine's back, and what is going to go wrong. */
  enter({ drift = {}, computed = {}, faults = {} }: Generation): void {
    this.faults = faults;
    for (const [id, value] of Object.entries(computed)) this.computed.set(id, value);
    for (const [id, properties] of Object.entries(drift)) {
      if (properties === null) this.things.delete(id);
      else this.things.set(id, properties);
    }
  }

  /** `a-1`, then `a-2`: numbered by name, since unrelated things are made in any order. */
  nextId(name: string): string {
    const number = (this.made.get(name) ?? 0) + 1;
    this.made.set(name, number);
    return `${name}-${number}`;
  }

  /** The fault of an operation, when the time for it has come. */
  async faultOf(operation: string, name: string): Promise<Fault | undefined> {
    const fault = this.faults[`${operation}:${name}`];
    while (fault?.after?.some((id) => !this.things.has(id))) await new Promise((resolve) => setTimeout(resolve, 2));
    return fault;
  }
}

/**
 * A provider whose resources say themselves how they behave: a property that begins with `force` replaces, `deleteFirst` asks
 * for deletion first, `detailed` for a diff by path, `opaque` for none at all, `invalid` is refused, `issue` gives a secret.
 */
class CorpusProvider implements Provider {
  private region: PropertyValue = "nowhere";

  constructor(private readonly cloud: CorpusCloud) {}

  async checkConfig({ news }: CheckRequest) {
    return { inputs: news, failures: [] };
  }

  async diffConfig({ olds, news }: DiffRequest): Promise<DiffResult> {
    return compare(olds, news, (key) => key === "account", false);
  }

  async configure(args: PropertyMap) {
    this.region = args.region ?? "nowhere";
  }

  async check({ urn, olds, news }: CheckRequest): Promise<CheckResult> {
    const failures = news.invalid === undefined ? [] : [{ property: "invalid", reason: "is not allowed" }];
    // A default that is kept once it was chosen.
    const size: PropertyMap = news.sized === true ? { size: olds.size ?? `default of ${urnName(urn)}` } : {};
    return { inputs: { ...size, ...news }, failures };
  }

  async diff({ oldInputs, news }: DiffRequest): Promise<DiffResult> {
    if (news.opaque === true) return { ...UNCHANGED, changes: "unknown" };
    const answer = compare(oldInputs, news, (key) => key.startsWith("force"), news.detailed === true);
    return { ...answer, deleteBeforeReplace: news.deleteFirst === true };
  }

  async create({ urn, properties, preview }: CreateRequest) {
    if (preview) return { id: "", properties };
    const name = urnName(urn);
    const fault = await this.cloud.faultOf("create", name);
    if (fault !== undefined && fault.partial !== true) throw new ProviderError(fault.message);
    const id = this.cloud.nextId(name);
    this.cloud.things.set(id, properties);
    const outputs = this.outputs(id, properties);
    if (fault !== undefined) throw new InitializationFailed(id, outputs, properties, [fault.message]);
    return { id, properties: outputs };
  }

  async read({ urn, id }: ReadRequest) {
    const fault = await this.cloud.faultOf("read", urnName(urn));
    if (fault !== undefined) throw new ProviderError(fault.message);
    const inputs = this.cloud.things.get(id);
    return inputs === undefined ? null : { id, properties: this.outputs(id, inputs), inputs };
  }

  async update({ urn, id, olds, news, preview }: UpdateRequest) {
    if (preview) return { ...news, computed: olds.computed ?? null, region: this.region };
    const fault = await this.cloud.faultOf("update", urnName(urn));
    if (fault !== undefined && fault.partial !== true) throw new ProviderError(fault.message);
    this.cloud.things.set(id, news);
    const outputs = this.outputs(id, news);
    if (fault !== undefined) throw new InitializationFailed(id, outputs, news, [fault.message]);
    return outputs;
  }

  async delete({ urn, id }: DeleteRequest) {
    const fault = await this.cloud.faultOf("delete", urnName(urn));
    if (fault !== undefined) throw new ProviderError(fault.message);
    // As with most clouds, what is gone already may be deleted again.
    this.cloud.things.delete(id);
  }

  async invoke({ token, args }: InvokeRequest): Promise<InvokeResult> {
    if (token === "toy:index:fail") throw new ProviderError("the function fails");
    if (token === "toy:index:refuse")
      return { properties: {}, failures: [{ property: "value", reason: "is not allowed" }] };
    return { properties: { region: this.region, echo: args.value ?? null }, failures: [] };
  }

  async close() {}

  private outputs(id: string, inputs: PropertyMap): PropertyMap {
    const issued: PropertyMap = inputs.issue === true ? { token: new Secret(`token of ${id}`) } : {};
    return { ...inputs, ...issued, computed: this.cloud.computed.get(id) ?? `computed of ${id}`, region: this.region };
  }
}

const UNCHANGED: DiffResult = {
  changes: "none",
  diffs: [],
  replaces: [],
  deleteBeforeReplace: false,
  detailedDiff: {},
};

function compare(
  olds: PropertyMap,
  news: PropertyMap,
  forces: (key: string) => boolean,
  detailed: boolean,
): DiffResult {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
  const diffs = keys.filter((key) => containsUnknown(news[key]) || !equals(plain(olds[key]), plain(news[key])));
  const detailedDiff: Record<string, PropertyDiff> = {};
  if (detailed) for (const key of diffs) describe(key, olds[key], news[key], forces(key), detailedDiff);
  return {
    ...UNCHANGED,
    changes: diffs.length > 0 ? "some" : "none",
    diffs,
    replaces: diffs.filter(forces),
    detailedDiff,
  };
}

/** One entry for each property of a nested map that differs, otherwise one for the value. */
function describe(
  path: string,
  old: PropertyValue | undefined,
  value: PropertyValue | undefined,
  replaces: boolean,
  found: Record<string, PropertyDiff>,
): void {
  if (isPropertyMap(old) && isPropertyMap(value)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(value)])) {
      if (!equals(plain(old[key]), plain(value[key])))
        describe(`${path}.${key}`, old[key], value[key], replaces, found);
    }
    return;
  }
  const kind = old === undefined ? "add" : value === undefined ? "delete" : "update";
  found[path] = { kind: replaces ? `${kind}-replace` : kind, inputDiff: true };
}

function plain(value: PropertyValue | undefined): PropertyValue | undefined {
  return value === undefined ? undefined : unwrapSecrets(value);
}
