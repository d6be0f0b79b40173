import { setMaxListeners } from "node:events";
import type { Facts } from "../facts";
import type { MeshName } from "../mesh-names";
import type { Subject, TrafficSplit } from "../model";
import type { ApiClient } from "./api";
import { Cache } from "./cache";
import { factsOf, splitsAmong } from "./desired";
import {
  type Condition,
  keepConditions,
  keepLive,
  keepManifest,
  keepSmi,
  type LiveObject,
  type Manifest,
  type SmiObject,
} from "./keep";
import { FACT_RESOURCES, MESH_RESOURCES, SMI_RESOURCES } from "./resources";

export interface WorldOptions {
  readonly mesh: MeshName;
  readonly log: (message: string) => void;
}

/** Meshes whose names are one space over all namespaces: what runs in one may matter to the rules of another. */
const CLUSTER_WIDE: readonly MeshName[] = ["consul"];

/** Milliseconds in which changes come together. */
const TOGETHER = 20;

/** What the adapter knows of the cluster. */
export class World {
  /** SMI objects by kind. */
  readonly smi: ReadonlyMap<string, Cache<SmiObject>>;
  /** Objects of the mesh, ours and others', in the order in which they are applied. */
  readonly live: readonly Cache<LiveObject>[];
  private readonly manifests: readonly Cache<Manifest>[];
  private readonly conditions = new Map<string, readonly Condition[]>();
  private readonly facts = new Map<string, ReturnType<typeof factsOf>>();
  private all: Facts | undefined;
  private pending: NodeJS.Timeout | undefined;
  private readonly isClusterWide: boolean;
  private readonly listeners: ((namespace: string) => void)[] = [];

  constructor(client: ApiClient, { mesh, log }: WorldOptions) {
    this.isClusterWide = CLUSTER_WIDE.includes(mesh);
    this.smi = new Map(
      SMI_RESOURCES.map((resource) => [
        resource.kind,
        new Cache<SmiObject>(client, {
          resource,
          log,
          keep: (object) => {
            this.conditions.set(
              `${resource.kind} ${object.metadata.namespace}/${object.metadata.name}`,
              keepConditions(object),
            );
            return keepSmi(object);
          },
          onChange: (key, namespace) => {
            if (!this.smi.get(resource.kind)?.get(key)) this.conditions.delete(`${resource.kind} ${key}`);
            this.changed(namespace);
          },
        }),
      ]),
    );
    this.manifests = FACT_RESOURCES.map(
      (resource) =>
        new Cache(client, {
          resource,
          log,
          keep: keepManifest,
          onChange: (_key, namespace) => this.factsChanged(namespace),
        }),
    );
    this.live = MESH_RESOURCES[mesh].map(
      (resource) =>
        new Cache(client, { resource, log, keep: keepLive, onChange: (_key, namespace) => this.changed(namespace) }),
    );
  }

  /** Whether everything was listed once, so that what is not here does not exist. */
  get isReady(): boolean {
    return this.caches().every((cache) => cache.isReady);
  }

  /** Kinds that were not listed yet. */
  get missing(): readonly string[] {
    return this.caches().flatMap((cache) => (cache.isReady ? [] : [cache.resource.plural]));
  }

  /** Told of the namespace of whatever changes. */
  onChange(listener: (namespace: string) => void): void {
    this.listeners.push(listener);
  }

  /** Follows the cluster until the signal is given. */
  async run(signal: AbortSignal): Promise<void> {
    // Each of the caches waits for it.
    setMaxListeners(0, signal);
    await Promise.all(this.caches().map((cache) => cache.run(signal)));
  }

  /** Namespaces in which there is something to do. */
  namespaces(): ReadonlySet<string> {
    const found = new Set<string>();
    for (const cache of this.smi.values()) for (const namespace of cache.namespaces()) found.add(namespace);
    for (const cache of this.live) {
      for (const namespace of cache.namespaces()) {
        if ([...cache.in(namespace).values()].some(({ ours }) => ours)) found.add(namespace);
      }
    }
    return found;
  }

  /** SMI objects of a namespace by `Kind namespace/name`. */
  smiIn(namespace: string): ReadonlyMap<string, SmiObject> {
    const found = new Map<string, SmiObject>();
    for (const [kind, cache] of this.smi) {
      for (const [key, object] of cache.in(namespace)) found.set(`${kind} ${key}`, object);
    }
    return found;
  }

  conditionsOf(key: string): readonly Condition[] {
    return this.conditions.get(key) ?? [];
  }

  /** Facts for the rules of a namespace. */
  factsFor(namespace: string): Facts {
    if (!this.isClusterWide) return this.factsIn(namespace).facts;
    this.all ??= merge(this.factNamespaces().map((each) => this.factsIn(each).facts));
    return this.all;
  }

  accountsIn(namespace: string): readonly Subject[] {
    return this.factsIn(namespace).accounts;
  }

  /** The splits of a namespace, or of all. */
  splits(namespace?: string): readonly TrafficSplit[] {
    const spaces = namespace === undefined ? [...this.smi.get("TrafficSplit")!.namespaces()].sort() : [namespace];
    return spaces.flatMap((space) => splitsAmong(this.smiIn(space)));
  }

  private factsIn(namespace: string): ReturnType<typeof factsOf> {
    const known = this.facts.get(namespace);
    if (known) return known;
    const found = factsOf(this.manifests.flatMap((cache) => [...cache.in(namespace).values()]));
    this.facts.set(namespace, found);
    return found;
  }

  private factNamespaces(): string[] {
    return [...new Set(this.manifests.flatMap((cache) => [...cache.namespaces()]))].sort();
  }

  private factsChanged(namespace: string): void {
    this.facts.delete(namespace);
    this.all = undefined;
    if (!this.isClusterWide) this.changed(namespace);
    else this.everythingChanged();
  }

  /** Told once for the many changes that come together. */
  private everythingChanged(): void {
    this.pending ??= setTimeout(() => {
      this.pending = undefined;
      for (const each of this.namespaces()) this.changed(each);
    }, TOGETHER).unref();
  }

  private changed(namespace: string): void {
    for (const listener of this.listeners) listener(namespace);
  }

  private caches(): readonly {
    readonly isReady: boolean;
    readonly resource: Cache<unknown>["resource"];
    run(signal: AbortSignal): Promise<void>;
  }[] {
    return [...this.smi.values(), ...this.manifests, ...this.live];
  }
}

function merge(facts: readonly Facts[]): Facts {
  return {
    workloads: facts.flatMap(({ workloads }) => workloads),
    services: facts.flatMap(({ services }) => services),
  };
}
