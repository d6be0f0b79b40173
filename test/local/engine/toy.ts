import * as pulumi from "@pulumi/pulumi";

import { MemoryStore, preview, up } from "../../../local/engine";
import type { EngineEvent, RunOptions, RunResult, StateStore } from "../../../local/engine";
import { containsUnknown, equals, Secret, unwrapSecrets } from "../../../local/protocol/property";
import type { PropertyMap, PropertyValue } from "../../../local/protocol/property";
import { LOOKUP, ProviderError } from "../../../local/protocol/provider";
import type { DiffResult, Provider, ProviderHost } from "../../../local/protocol/provider";
import { urnName } from "../../../local/protocol/urn";
import "../../kit/lean-sdk";

type Method = keyof Provider;

/** What a toy cloud is asked to do wrong: thrown by the method for the resource of that name. */
type Faults = { [key: `${Method}:${string}`]: Error };

/** A cloud of one package, `toy`, that keeps what it is given and records how it is called. */
export class ToyCloud implements ProviderHost {
  readonly things = new Map<string, { type: string; inputs: PropertyMap }>();
  /** `method name`, in the order of the calls. */
  readonly calls: string[] = [];
  /** Arguments of the calls, beside `calls`. */
  readonly requests: { method: Method; name: string; request: object }[] = [];
  faults: Faults = {};
  /** Awaited inside of every create, by name. */
  gates: Record<string, Promise<void>> = {};
  concurrent = 0;
  mostConcurrent = 0;
  private created = 0;

  open(pkg: string): Promise<Provider> {
    if (pkg !== "toy") return Promise.reject(new ProviderError(`there is no provider for package "${pkg}"`));
    return Promise.resolve(new ToyProvider(this));
  }

  record(method: Method, urn: string, request: object): void {
    const name = urnName(urn);
    this.calls.push(`${method} ${name}`);
    this.requests.push({ method, name, request });
    const fault = this.faults[`${method}:${name}`];
    if (fault !== undefined) throw fault;
  }

  /** Requests of one method for one resource. */
  requestsOf<T>(method: Method, name: string): T[] {
    return this.requests
      .filter((call) => call.method === method && call.name === name)
      .map((call) => call.request as T);
  }

  nextId(name: string): string {
    return `${name}-${++this.created}`;
  }

  names(): string[] {
    return [...this.things.keys()].sort();
  }
}

class ToyProvider implements Provider {
  private region: PropertyValue = "nowhere";

  constructor(private readonly cloud: ToyCloud) {}

  async checkConfig(request: Parameters<Provider["checkConfig"]>[0]) {
    this.cloud.record("checkConfig", request.urn, request);
    return { inputs: request.news, failures: [] };
  }

  async diffConfig(request: Parameters<Provider["diffConfig"]>[0]): Promise<DiffResult> {
    this.cloud.record("diffConfig", request.urn, request);
    return compare(request.olds, request.news, (key) => key === "account");
  }

  async configure(args: PropertyMap) {
    this.cloud.calls.push("configure");
    this.region = args.region ?? "nowhere";
  }

  async check(request: Parameters<Provider["check"]>[0]) {
    this.cloud.record("check", request.urn, request);
    const failures = request.news.invalid === undefined ? [] : [{ property: "invalid", reason: "is not allowed" }];
    const generated = `${urnName(request.urn)}-${Buffer.from(request.randomSeed ?? [])
      .toString("hex")
      .slice(0, 6)}`;
    return { inputs: { name: request.olds.name ?? generated, ...request.news }, failures };
  }

  async diff(request: Parameters<Provider["diff"]>[0]): Promise<DiffResult> {
    this.cloud.record("diff", request.urn, request);
    if (request.news.opaque === true) return { ...compare({}, {}, () => false), changes: "unknown" };
    const answer = compare(request.oldInputs, request.news, (key) => key.startsWith("force"));
    return { ...answer, deleteBeforeReplace: request.news.deleteFirst === true };
  }

  async create(request: Parameters<Provider["create"]>[0]) {
    this.cloud.concurrent++;
    this.cloud.mostConcurrent = Math.max(this.cloud.mostConcurrent, this.cloud.concurrent);
    try {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await this.cloud.gates[urnName(request.urn)];
      this.cloud.record("create", request.urn, request);
    } finally {
      this.cloud.concurrent--;
    }
    if (request.preview) return { id: "", properties: request.properties };
    const id = this.cloud.nextId(urnName(request.urn));
    this.cloud.things.set(id, { type: request.urn.split("::")[2] ?? "", inputs: request.properties });
    return { id, properties: this.outputs(id, request.properties) };
  }

  async read(request: Parameters<Provider["read"]>[0]) {
    this.cloud.record("read", request.urn, request);
    const thing = this.cloud.things.get(request.id);
    return thing === undefined
      ? null
      : { id: request.id, properties: this.outputs(request.id, thing.inputs), inputs: thing.inputs };
  }

  async update(request: Parameters<Provider["update"]>[0]) {
    this.cloud.record("update", request.urn, request);
    if (request.preview) return { ...request.news, computed: request.olds.computed ?? null };
    this.cloud.things.set(request.id, { type: "", inputs: request.news });
    return this.outputs(request.id, request.news);
  }

  async delete(request: Parameters<Provider["delete"]>[0]) {
    this.cloud.record("delete", request.urn, request);
    if (!this.cloud.things.delete(request.id)) throw new ProviderError(`${request.id} does not exist`);
  }

  async invoke(request: Parameters<Provider["invoke"]>[0]) {
    this.cloud.calls.push(`invoke ${request.token}`);
    if (request.token === LOOKUP) {
      this.cloud.record("invoke", String(request.args.urn), request);
      return { properties: this.lookUp(request.args), failures: [] };
    }
    if (request.token === "toy:index:fail") throw new ProviderError("the function fails");
    return { properties: { region: this.region, echo: request.args.value ?? null }, failures: [] };
  }

  async close() {
    this.cloud.calls.push("close");
  }

  private lookUp(args: PropertyMap): PropertyMap {
    for (const [id, thing] of this.cloud.things) {
      if (equals(unwrapSecrets(thing.inputs), unwrapSecrets(args.inputs ?? {}))) return { id };
    }
    return {};
  }

  private outputs(id: string, inputs: PropertyMap): PropertyMap {
    return { ...inputs, computed: `computed of ${id}`, region: this.region };
  }
}

function compare(olds: PropertyMap, news: PropertyMap, forces: (key: string) => boolean): DiffResult {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const diffs = keys.filter((key) => containsUnknown(news[key]) || !equals(plain(olds[key]), plain(news[key])));
  const replaces = diffs.filter(forces);
  return { changes: diffs.length > 0 ? "some" : "none", diffs, replaces, deleteBeforeReplace: false, detailedDiff: {} };
}

function plain(value: PropertyValue | undefined): PropertyValue | undefined {
  return value === undefined ? undefined : unwrapSecrets(value);
}

/** A custom resource of the toy cloud; every input comes back as an output, and `computed` with it. */
export class Thing extends pulumi.CustomResource {
  declare readonly value: pulumi.Output<string>;
  declare readonly computed: pulumi.Output<string>;
  declare readonly region: pulumi.Output<string>;
  constructor(name: string, args: pulumi.Inputs = {}, options?: pulumi.CustomResourceOptions) {
    super("toy:index:Thing", name, { value: undefined, computed: undefined, region: undefined, ...args }, options);
  }
}

export class Group extends pulumi.ComponentResource {
  constructor(name: string, args: pulumi.Inputs = {}, options?: pulumi.ComponentResourceOptions) {
    super("toy:index:Group", name, args, options);
  }
  finish(outputs: pulumi.Inputs): this {
    this.registerOutputs(outputs);
    return this;
  }
}

export class Toys extends pulumi.ProviderResource {
  constructor(name: string, args: pulumi.Inputs = {}, options?: pulumi.ResourceOptions) {
    super("toy", name, args, options);
  }
}

export type Body = (toys: Toys) => Record<string, unknown> | void | Promise<Record<string, unknown> | void>;

/** One stack on one toy cloud, to be brought from program to program. */
export class Life {
  readonly cloud = new ToyCloud();
  readonly events: EngineEvent[] = [];

  constructor(readonly store: StateStore = new MemoryStore()) {}

  options(body: Body, more: Partial<RunOptions> = {}): RunOptions {
    return {
      project: "test",
      stack: "local",
      program: { kind: "inline", run: async () => body(new Toys("toys", { region: "north" })) },
      providers: this.cloud,
      store: this.store,
      onEvent: (event) => void this.events.push(event),
      ...more,
    };
  }

  async up(body: Body, more: Partial<RunOptions> = {}): Promise<RunResult> {
    this.cloud.calls.length = 0;
    this.cloud.requests.length = 0;
    this.events.length = 0;
    return up(this.options(body, more));
  }

  async preview(body: Body, more: Partial<RunOptions> = {}): Promise<RunResult> {
    this.cloud.calls.length = 0;
    this.cloud.requests.length = 0;
    return preview(this.options(body, more));
  }

  /** Names of the live resources that are the stack's own things. */
  async names(): Promise<string[]> {
    const { resources } = await this.store.load();
    return resources
      .filter(({ type }) => type === "toy:index:Thing")
      .map(({ urn, delete: old }) => urnName(urn) + (old ? " (old)" : ""))
      .sort();
  }

  async state(name: string) {
    const { resources } = await this.store.load();
    const found = resources.find((resource) => urnName(resource.urn) === name && resource.delete !== true);
    if (found === undefined) throw new Error(`the state has no resource ${name}`);
    return found;
  }
}

/** `operation name` of every step about a thing, in order; what stays the same is left out. */
export function steps(result: RunResult): string[] {
  return result.steps
    .filter((step) => step.type === "toy:index:Thing" && step.operation !== "same")
    .map((step) => `${step.operation} ${urnName(step.urn)}`);
}

export function errors(result: RunResult): string[] {
  return result.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
}

export const secret = (value: PropertyValue): Secret => new Secret(value);
