import {
  catches,
  type Facts,
  findService,
  groupBy,
  type ServiceFacts,
  type WorkloadFacts,
  workloadsCaughtBy,
  workloadsOf,
} from "../facts";
import { type DocumentIndex, type Subject, subjectKey } from "../model";
import { sortedTexts } from "../order";
import { groupByPair, type PairMap } from "../pair-map";
import { listed } from "../reader/suggest";
import type { Protocol } from "./objects";

/** How the leaves of a split are known to Consul: as subsets of the root's service, or as services of their own. */
export type SplitMode = "subsets" | "services";

export interface ServicesOptions {
  readonly acls: boolean;
  readonly split: SplitMode;
}

export type Identity =
  | {
      readonly ok: true;
      readonly name: string;
      /** Services that must not register the pods too. */ readonly others: readonly string[];
    }
  | { readonly ok: false; readonly message: string };

/** `appProtocol` values of Services whose requests Consul sees, and its name for them. */
const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  http: "http",
  "kubernetes.io/ws": "http",
  http2: "http2",
  h2c: "http2",
  "kubernetes.io/h2c": "http2",
  grpc: "grpc",
  "grpc-web": "grpc",
};

/**
 * What Consul knows a workload by. Consul's identity is a service, registered under the name of the Kubernetes Service
 * that selects the pod; with ACLs a pod starts only if its ServiceAccount has that same name
 * (https://github.com/hashicorp/consul-k8s, control-plane/subcommand/connect-init). Names are those of the whole
 * cluster: without Consul Enterprise there are no namespaces.
 */
export class ConsulServices {
  private readonly registered: SelectorIndex;
  private readonly namespaces: ReadonlyMap<string, ReadonlySet<string>>;
  private readonly identities = new Map<string, Identity>();

  constructor(
    private readonly index: DocumentIndex,
    private readonly facts: Facts,
    private readonly options: ServicesOptions,
  ) {
    const hidden = this.hidden();
    const registered = facts.services.filter(
      ({ namespace, name, externalName }) => !externalName && !hidden.has(`${namespace}/${name}`),
    );
    this.registered = new SelectorIndex(registered);
    this.namespaces = this.claims(registered);
  }

  /** Services that must not register pods, as a pod has one: leaves when they are subsets, the root when they are services. */
  private hidden(): Set<string> {
    return new Set(
      this.index.splits.flatMap(({ namespace, service, backends }) => {
        const leaves = backends.map((backend) => backend.service).filter((name) => name !== service);
        const hasRoot = leaves.length < backends.length;
        const names = this.options.split === "subsets" ? leaves : hasRoot ? [] : [service];
        return names.map((name) => `${namespace}/${name}`);
      }),
    );
  }

  /** The service that a ServiceAccount's pods, and no others, are registered as. */
  identify(subject: Subject, role: "source" | "destination"): Identity {
    const key = `${role} ${subjectKey(subject)}`;
    const known = this.identities.get(key) ?? this.resolve(subject, role);
    this.identities.set(key, known);
    return known;
  }

  private resolve(subject: Subject, role: "source" | "destination"): Identity {
    const workloads = workloadsOf(this.facts, subject);
    const candidates = this.servicesOf(workloads);
    const key = subjectKey(subject);
    if (!this.options.acls && workloads.length === 0) {
      const message = `found the ServiceAccount "${key}", of which no workload is known; without ACLs Consul knows Services only. Add its Deployment and Service, or install Consul with ACLs.`;
      return { ok: false, message };
    }
    const name = this.options.acls ? subject.serviceAccount : candidates[0];
    if (workloads.length > 0 && (role === "destination" || candidates.length > 0 || !this.options.acls)) {
      const wrong =
        candidates.length === 0
          ? `no Service registers its pods`
          : this.options.acls && !candidates.includes(subject.serviceAccount)
            ? `the Service of its pods is ${listed(candidates)}`
            : !this.options.acls && candidates.length > 1
              ? `its pods belong to the Services ${listed(candidates)}`
              : undefined;
      if (wrong) return { ok: false, message: `found the ServiceAccount "${key}", ${wrong}; ${this.wanted(subject)}` };
    }
    const foreign = this.accountsBehind(subject.namespace, name!).filter((other) => other !== key);
    if (foreign.length > 0) {
      const message = `found the ServiceAccount "${key}", whose Service "${name}" also selects pods of ${listed(foreign)}; Consul could not tell them apart. Give each ServiceAccount a Service of its own.`;
      return { ok: false, message };
    }
    return { ok: true, name: name!, others: candidates.filter((other) => other !== name) };
  }

  private wanted({ serviceAccount }: Subject): string {
    return this.options.acls
      ? `with ACLs a pod needs one Service of its ServiceAccount's name. Name it "${serviceAccount}".`
      : `Consul knows a pod by its one Service. Give it exactly one, and label others consul.hashicorp.com/service-ignore: "true" and leave them out here.`;
  }

  /** Names of the Services that register any of the workloads' pods, sorted. */
  servicesOf(workloads: readonly WorkloadFacts[]): string[] {
    return sortedTexts(
      new Set(workloads.flatMap((workload) => this.registered.catching(workload).map(({ name }) => name))),
    );
  }

  /** ServiceAccounts whose pods the Service selects, sorted. */
  accountsBehind(namespace: string, name: string): string[] {
    return sortedTexts(new Set(this.workloadsBehind(namespace, name).map(subjectKey)));
  }

  workloadsBehind(namespace: string, name: string): readonly WorkloadFacts[] {
    const service = this.find(namespace, name);
    return service ? this.caughtBy(service) : [];
  }

  private caughtBy({ namespace, selector }: ServiceFacts): readonly WorkloadFacts[] {
    return Object.keys(selector).length === 0 ? [] : workloadsCaughtBy(this.facts, namespace, selector);
  }

  find(namespace: string, name: string): ServiceFacts | undefined {
    return findService(this.facts, namespace, name);
  }

  /** Per name, the namespaces in which it stands for a service that Consul may know. */
  private claims(registered: readonly ServiceFacts[]): Map<string, Set<string>> {
    const claims = new Map<string, Set<string>>();
    const claim = (name: string, namespace: string): unknown =>
      claims.get(name)?.add(namespace) ?? claims.set(name, new Set([namespace]));
    for (const service of registered) if (this.caughtBy(service).length > 0) claim(service.name, service.namespace);
    for (const { namespace, service, backends } of this.index.splits) {
      claim(service, namespace);
      if (this.options.split === "services") for (const backend of backends) claim(backend.service, namespace);
    }
    if (!this.options.acls) return claims;
    const subjects = this.index.targets.flatMap(({ destination, sources }) => [destination, ...sources]);
    for (const { serviceAccount, namespace } of [...this.facts.workloads, ...subjects])
      claim(serviceAccount, namespace);
    return claims;
  }

  /** Why the name cannot be used, or undefined. */
  collision(name: string): string | undefined {
    const namespaces = sortedTexts(this.namespaces.get(name) ?? []);
    if (namespaces.length < 2) return undefined;
    return `found "${name}" in the namespaces ${listed(namespaces)}; without Consul Enterprise both are the one service "${name}". Rename one of them.`;
  }

  /** What the Service's requests are written in; undefined if they cannot be seen, or might be anything. */
  protocolOf(namespace: string, name: string): { readonly protocol: Protocol; readonly certain: boolean } | undefined {
    const ports = this.find(namespace, name)?.ports ?? [];
    const declared = ports.flatMap(({ appProtocol }) => appProtocol ?? []);
    const containers = this.workloadsBehind(namespace, name).flatMap((workload) => workload.ports);
    const spoken = containers.flatMap(({ protocol }) => protocol ?? []);
    if (declared.some((protocol) => PROTOCOLS[protocol] === undefined) || spoken.includes("tcp")) return undefined;
    const known = [...declared.map((protocol) => PROTOCOLS[protocol]!), ...spoken.filter((each) => each !== "tcp")];
    const protocol = (["grpc", "http2"] as const).find((each) => known.includes(each)) ?? "http";
    return { protocol, certain: known.length > 0 };
  }
}

/** Finds the Services that catch a workload, so that not everything must be compared with everything. */
class SelectorIndex {
  /** Per namespace, by the name and value of one label of the selector, which a pod that it catches has. */
  private readonly namespaces: ReadonlyMap<string, PairMap<ServiceFacts[]>>;

  constructor(services: readonly ServiceFacts[]) {
    const selecting = services.filter(({ selector }) => Object.keys(selector).length > 0);
    this.namespaces = new Map(
      [...groupBy(selecting, ({ namespace }) => namespace)].map(([namespace, own]) => [
        namespace,
        groupByPair(own, ({ selector }) => Object.entries(selector)[0]!),
      ]),
    );
  }

  catching(workload: WorkloadFacts): ServiceFacts[] {
    const byLabel = this.namespaces.get(workload.namespace);
    const labels = Object.entries(workload.podLabels ?? workload.labels);
    return labels.flatMap(([name, value]) =>
      (byLabel?.get(name, value) ?? []).filter(({ selector }) => catches(selector, workload)),
    );
  }
}
