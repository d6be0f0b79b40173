import { createHash } from "node:crypto";
import type { Mesh, MeshOptions } from "../meshes";
import type { Problem } from "../problem";
import type { ApiClient } from "./api";
import { sleep, type Cache } from "./cache";
import { desire, type Desired } from "./desired";
import { keepLive, type LiveObject, type SmiObject } from "./keep";
import type { Metrics } from "./prometheus";
import { each, WorkQueue } from "./queue";
import { conditionsOf, eventKey, type Outcome, sameConditions, writeEvent, writeStatus } from "./report";
import { SMI_RESOURCES } from "./resources";
import type { World } from "./world";
import { apply, failureOf, manifest, type Manifested, remove, taken } from "./write";

export interface ControllerOptions {
  readonly mesh: Mesh;
  readonly translation: MeshOptions;
  readonly metrics: Metrics;
  readonly log: (message: string) => void;
  /** Milliseconds to wait for more changes of a namespace. Default: 20. */
  readonly debounce?: number;
  /** Milliseconds after which everything is looked at once more. Default: ten minutes. */
  readonly resync?: number;
}

/** Namespaces at the same time, and requests for each. */
const WORKERS = 4;
const REQUESTS = 8;
const PAUSE = { first: 500, longest: 30_000 };

/** What was applied last: nothing is sent again while neither the rules nor the object in the cluster have changed. */
interface Applied {
  readonly digest: string;
  readonly fingerprint: string;
}

/**
 * Keeps the mesh's objects as the SMI objects say. The state of the cluster decides what is done and never the event that told
 * of it, so that missed events, restarts and half-done work all end the same.
 */
export class Controller {
  private readonly queue = new WorkQueue(PAUSE);
  private readonly applied = new Map<string, Applied>();
  /** Events that were written of an object, and codes that were logged of a namespace. */
  private readonly said = new Map<string, ReadonlySet<string>>();
  private readonly logged = new Set<string>();
  private readonly outcomes = new Map<string, Pick<Desired, "problems" | "others">>();

  constructor(
    private readonly client: ApiClient,
    private readonly world: World,
    private readonly options: ControllerOptions,
  ) {
    world.onChange((namespace) => this.queue.add(namespace));
    options.metrics.before(() => this.measure());
  }

  /** Works until the signal is given, and finishes what is under way. The world must be ready. */
  async run(signal: AbortSignal): Promise<void> {
    const { debounce = 20, resync = 600_000 } = this.options;
    const everything = (): void => {
      for (const namespace of this.world.namespaces()) this.queue.add(namespace);
    };
    everything();
    const timer = setInterval(everything, resync);
    await this.queue.run(
      WORKERS,
      async (namespace, since) => {
        await sleep(debounce, signal);
        await this.attempt(namespace, since, signal);
      },
      signal,
    );
    clearInterval(timer);
  }

  private async attempt(namespace: string, since: number, signal: AbortSignal): Promise<void> {
    const { metrics, log } = this.options;
    try {
      await this.reconcile(namespace, signal);
      metrics.count("smi_adapter_reconciles_total", "Namespaces that were looked at.", { result: "success" });
      const seconds = (performance.now() - since) / 1000;
      metrics.observe("smi_adapter_reconcile_seconds", "From a change until the cluster is as it says.", seconds);
    } catch (error) {
      metrics.count("smi_adapter_reconciles_total", "Namespaces that were looked at.", { result: "error" });
      log(`namespace ${namespace}: ${(error as Error).message}; again later`);
      throw error;
    }
  }

  private async reconcile(namespace: string, signal: AbortSignal): Promise<void> {
    const { mesh, translation } = this.options;
    const smi = this.world.smiIn(namespace);
    const desired = desire(smi, this.world.factsFor(namespace), this.accountsFor(smi), mesh, translation);
    this.outcomes.set(namespace, { problems: desired.problems, others: desired.others });
    const failures = new Map<string, Problem[]>();
    const wanted = new Map<Cache<LiveObject>, Map<string, Manifested>>();
    for (const cache of this.world.live) {
      const { group, kind } = cache.resource;
      const mine = desired.objects.filter(
        (object) => object.kind === kind && object.apiVersion.startsWith(`${group}/`),
      );
      const manifests = mine.map((object) => manifest(object, cache.resource, smi));
      wanted.set(cache, new Map(manifests.map((each) => [each.key, each])));
      await each(manifests, REQUESTS, async (object) => {
        if (signal.aborted) return;
        const failure = await this.applyOne(cache, object);
        if (!failure) return;
        if (object.origins.length === 0) this.options.log(`${failure.code} ${failure.message}`);
        for (const key of object.origins) failures.set(key, [...(failures.get(key) ?? []), failure]);
      });
    }
    if (signal.aborted) return;
    await this.removeOthers(namespace, wanted, heldBy(smi, desired));
    await this.report(namespace, smi, desired, failures, signal);
    if (smi.size === 0) this.outcomes.delete(namespace);
  }

  /** Applies an object unless the cluster has it as it is; gives the reason where it cannot be. */
  private async applyOne(cache: Cache<LiveObject>, object: Manifested): Promise<Problem | undefined> {
    const { metrics } = this.options;
    const id = `${object.resource.plural} ${object.key}`;
    const live = cache.get(object.key);
    if (live && !live.ours) return taken(object);
    const digest = createHash("sha1").update(object.text).digest("base64");
    const before = this.applied.get(id);
    if (live && before?.digest === digest && before.fingerprint === live.fingerprint) return undefined;
    try {
      const answer = await apply(this.client, object);
      this.applied.set(id, { digest, fingerprint: keepLive(answer).fingerprint });
      cache.put(answer);
      metrics.count("smi_adapter_applies_total", "Objects of the mesh that were sent.", { result: "success" });
      return undefined;
    } catch (error) {
      const failure = failureOf(error, object);
      const result = failure?.code === "SMI-CONFLICT" ? "conflict" : "error";
      metrics.count("smi_adapter_applies_total", "Objects of the mesh that were sent.", { result });
      if (!failure) throw error;
      this.applied.delete(id);
      return failure;
    }
  }

  /** Removes what was ours and is not wanted any more, what closes before what opens. */
  private async removeOthers(
    namespace: string,
    wanted: ReadonlyMap<Cache<LiveObject>, ReadonlyMap<string, Manifested>>,
    held: ReadonlySet<string>,
  ): Promise<void> {
    for (const cache of [...this.world.live].reverse()) {
      const gone = [...cache.in(namespace)].filter(
        ([key, { ours, owners }]) => ours && !wanted.get(cache)?.has(key) && !owners.some((uid) => held.has(uid)),
      );
      await each(gone, REQUESTS, async ([key, { uid }]) => {
        await remove(this.client, cache.resource, key, uid);
        this.applied.delete(`${cache.resource.plural} ${key}`);
        this.options.metrics.count("smi_adapter_deletes_total", "Objects of the mesh that were removed.");
      });
    }
  }

  private async report(
    namespace: string,
    smi: ReadonlyMap<string, SmiObject>,
    desired: Desired,
    failures: ReadonlyMap<string, readonly Problem[]>,
    signal: AbortSignal,
  ): Promise<void> {
    for (const { code, where, message } of desired.others) {
      const id = `${namespace} ${code}`;
      if (!this.logged.has(id)) this.options.log(`namespace ${namespace}: ${code} ${where}: ${message}`);
      this.logged.add(id);
    }
    await each([...smi], REQUESTS, async ([key, object]) => {
      if (signal.aborted) return;
      await this.reportOne(key, object, {
        problems: desired.problems.get(key) ?? [],
        failures: failures.get(key) ?? [],
      });
    });
  }

  private async reportOne(key: string, object: SmiObject, outcome: Outcome): Promise<void> {
    const [kind, path] = key.split(" ") as [string, string];
    const [namespace, name] = path.split("/") as [string, string];
    const resource = SMI_RESOURCES.find((each) => each.kind === kind)!;
    const now = new Date().toISOString();
    const before = this.world.conditionsOf(key);
    const isRule = kind === "TrafficTarget" || kind === "TrafficSplit";
    // A route is part of the rules that name it, whose status tells of it; its own tells only of its own mistakes.
    if (isRule || outcome.problems.length > 0 || before.length > 0) {
      const conditions = conditionsOf(outcome, object.generation, before, now).slice(0, isRule ? 2 : 1);
      if (!sameConditions(before, conditions)) await writeStatus(this.client, resource, namespace, name, conditions);
    }
    const problems = [...outcome.problems, ...outcome.failures];
    const old = this.said.get(key) ?? new Set();
    for (const problem of problems) {
      if (old.has(eventKey(object, problem))) continue;
      await writeEvent(this.client, resource, object, { namespace, name }, problem, now.replace(/\.\d+/, ""));
    }
    if (problems.length > 0) this.said.set(key, new Set(problems.map((problem) => eventKey(object, problem))));
    else this.said.delete(key);
  }

  /** ServiceAccounts of the namespaces that the rules' sources are in. */
  private accountsFor(smi: ReadonlyMap<string, SmiObject>): ReturnType<World["accountsIn"]> {
    const namespaces = new Set<string>();
    for (const { value } of smi.values()) {
      const { sources } = { ...(value["spec"] as object), ...value } as { readonly sources?: unknown };
      if (!Array.isArray(sources)) continue;
      for (const source of sources as { readonly namespace?: unknown }[]) namespaces.add(String(source?.namespace));
    }
    return [...namespaces].sort().flatMap((namespace) => this.world.accountsIn(namespace));
  }

  private measure(): void {
    const { metrics } = this.options;
    metrics.set("smi_adapter_queue_depth", "Namespaces that wait or are being worked on.", this.queue.depth);
    metrics.reset("smi_adapter_problems");
    const counts = new Map<string, number>();
    for (const { problems, others } of this.outcomes.values()) {
      for (const { code } of [...[...problems.values()].flat(), ...others])
        counts.set(code, (counts.get(code) ?? 0) + 1);
    }
    for (const [code, count] of counts)
      metrics.set("smi_adapter_problems", "Problems of SMI objects.", count, { code });
    for (const [kind, cache] of this.world.smi) {
      metrics.set("smi_adapter_smi_objects", "SMI objects in the cluster.", cache.size, { kind });
    }
  }
}

/** Splits that are refused keep what they have: a mistake in a weight must not move all traffic to the root at once. */
function heldBy(smi: ReadonlyMap<string, SmiObject>, { problems }: Desired): ReadonlySet<string> {
  const held = [...smi].filter(
    ([key]) => key.startsWith("TrafficSplit ") && problems.get(key)?.some(({ severity }) => severity === "error"),
  );
  return new Set(held.map(([, { uid }]) => uid));
}
