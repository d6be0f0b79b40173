import {
  annotateSecrets,
  containsUnknown,
  equals,
  isPropertyMap,
  mapValues,
  ResourceReference,
  Secret,
  UNKNOWN_SENTINEL,
  unwrapSecrets,
} from "../protocol/property";
import type { PropertyMap, PropertyValue } from "../protocol/property";
import type { CheckRequest, CheckResult, DiffRequest, DiffResult, Provider } from "../protocol/provider";
import { packageOf, urnType } from "../protocol/urn";
import { getOrMake } from "../objects";
import { abandonable, unlessAbandoned } from "./abandon";
import { diffRequest } from "./diff";
import type { Reporter } from "./reporter";
import type { ResourceState, RunOptions } from "./types";

/** Property of a provider's inputs that only the engine sees. */
const INTERNAL = "__internal";

/**
 * The configured provider instances of a run, by reference (`<urn>::<id>`). Each provider resource has an instance of its
 * own; resources of the old state get one that is configured as it was then.
 */
export class ProviderRegistry {
  private readonly checked = new Map<string, Promise<Provider>>();
  private readonly configured = new Map<string, Promise<Provider>>();
  private readonly changed = new Map<string, Promise<boolean>>();
  private readonly opened: Promise<Provider>[] = [];

  constructor(
    private readonly options: Pick<RunOptions, "providers" | "abandon">,
    private readonly preview: boolean,
    private readonly reporter: Reporter,
  ) {}

  /** Check of a provider resource. What only the engine sees is kept away from the provider. */
  async check(request: CheckRequest): Promise<CheckResult> {
    const instance = this.open(request.urn);
    this.checked.set(request.urn, instance);
    const provider = await instance;
    const { inputs, failures } = await provider.checkConfig({
      urn: request.urn,
      olds: plainConfig(request.olds),
      news: plainConfig(request.news),
    });
    const kept = Object.entries(request.news).filter(([key]) => key === "version" || key === INTERNAL);
    return { inputs: { ...Object.fromEntries(kept), ...annotateSecrets(inputs, request.news) }, failures };
  }

  /** Diff of a provider resource. */
  async diff(request: DiffRequest): Promise<DiffResult> {
    const provider = await (this.checked.get(request.urn) ?? this.open(request.urn));
    const plain = plainRequest(request);
    const diff = await provider.diffConfig(plain);
    if (diff.changes !== "unknown") return diff;
    return { ...diff, changes: equals(plain.olds, plain.news) ? "none" : "some" };
  }

  /** Create, Same and Update of a provider resource: from now on the reference can be used. */
  async configure(urn: string, id: string, inputs: PropertyMap): Promise<void> {
    const instance = this.checked.get(urn) ?? this.open(urn);
    this.checked.delete(urn);
    const ready = this.start(instance, inputs);
    this.configured.set(providerReference(urn, id), ready);
    await ready;
  }

  /** Uses a provider resource of the state as it was configured then, unless this run has configured it. */
  ensure({ urn, id, inputs }: ResourceState): Promise<Provider> {
    return getOrMake(this.configured, providerReference(urn, id), () => this.start(this.open(urn), inputs));
  }

  /** The instance that a resource refers to, if the run has one. */
  get(reference: string): Promise<Provider> | undefined {
    return this.configured.get(reference);
  }

  /** Whether a resource that moves between two provider resources must be replaced. Each pair is asked about once. */
  mustReplace(from: ResourceState, to: ResourceState): Promise<boolean> {
    const [before, after] = [providerReference(from.urn, from.id), providerReference(to.urn, to.id)];
    return getOrMake(this.changed, `${before} ${after}`, async () => {
      const provider = await (this.get(after) ?? this.open(to.urn));
      const request = plainRequest({ ...diffRequest(from, to.inputs), urn: to.urn });
      return (await provider.diffConfig(request)).replaces.length > 0;
    });
  }

  /** Releases every instance, also those that failed to open. */
  async close(): Promise<void> {
    for (const result of await Promise.allSettled(this.opened)) {
      if (result.status === "rejected") continue;
      const closed = result.value.close();
      if (this.options.abandon?.aborted !== true) await closed;
      else closed.catch(() => {});
    }
  }

  private open(urn: string): Promise<Provider> {
    const { providers, abandon } = this.options;
    const opened = unlessAbandoned(() => providers.open(packageOf(urnType(urn))), abandon);
    const instance = opened.then((provider) => abandonable(provider, abandon));
    this.opened.push(instance);
    return instance;
  }

  private async start(instance: Promise<Provider>, inputs: PropertyMap): Promise<Provider> {
    const provider = await instance;
    const args = withoutInternal(inputs);
    if (this.preview && containsUnknown(args)) return unconfigured(provider, this.reporter);
    await provider.configure(args);
    return provider;
  }
}

/** The id of a provider resource in references: unknown in the preview that would create it. */
export function providerReference(urn: string, id: string | undefined): string {
  return `${urn}::${id === undefined || id === "" ? UNKNOWN_SENTINEL : id}`;
}

/** A provider's inputs as the outputs of its resource. */
export function withoutInternal(inputs: PropertyMap): PropertyMap {
  const { [INTERNAL]: _, ...rest } = inputs;
  return rest;
}

/** What providers get in the place of another resource: its id, or the URN of a component (plugin/rpc.go). */
export function dereference(value: PropertyValue): PropertyValue {
  if (value instanceof ResourceReference) return value.id ?? value.urn;
  if (value instanceof Secret) return new Secret(dereference(value.value));
  if (Array.isArray(value)) return value.map(dereference);
  return isPropertyMap(value) ? mapValues(value, dereference) : value;
}

function plainConfig(inputs: PropertyMap): PropertyMap {
  return mapValues(withoutInternal(inputs), (value) => unwrapSecrets(dereference(value)));
}

function plainRequest(request: DiffRequest): DiffRequest {
  const { olds, oldInputs, news } = request;
  return { ...request, olds: plainConfig(olds), oldInputs: plainConfig(oldInputs), news: plainConfig(news) };
}

const UNAVAILABLE =
  "The provider for this resource has inputs that are not known during preview.\n" +
  "This preview may not correctly represent the changes that will be applied during an update.";

const NO_DETAILS = { diffs: [], replaces: [], deleteBeforeReplace: false, detailedDiff: {} };

/** Stands in, during a preview, for a provider whose configuration is not known yet (provider_plugin.go: Configure). */
function unconfigured(inner: Provider, reporter: Reporter): Provider {
  return {
    checkConfig: (request) => inner.checkConfig(request),
    diffConfig: (request) => inner.diffConfig(request),
    configure: (args) => inner.configure(args),
    check: ({ news }) => Promise.resolve({ inputs: news, failures: [] }),
    diff: ({ urn }) => {
      reporter.diagnostic("warning", urn, UNAVAILABLE);
      return Promise.resolve({ ...NO_DETAILS, changes: "some" });
    },
    create: () => Promise.resolve({ id: "", properties: {} }),
    read: ({ id }) => Promise.resolve({ id, properties: {}, inputs: {} }),
    update: () => Promise.resolve({}),
    delete: () => Promise.resolve(),
    invoke: () => Promise.resolve({ properties: {}, failures: [] }),
    close: () => inner.close(),
  };
}
