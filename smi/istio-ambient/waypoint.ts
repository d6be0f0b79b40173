import { type Facts, findService, groupBy, type ServiceFacts, type ServicePort, type WorkloadFacts } from "../facts";
import { type DocumentIndex, keyOf, subjectKey, type TrafficSplit, type TrafficTarget } from "../model";
import { compare } from "../order";
import { type Problem, problemAt } from "../problem";
import { listed } from "../reader/suggest";
import type { Grant } from "../resolve";
import { containersBehind } from "../splits";

/** A container port to which a Service leads. */
interface Reached {
  readonly workload: WorkloadFacts;
  readonly port: number;
}

/** A Service whose requests go through the namespace's waypoint. */
export interface BoundService {
  readonly service: ServiceFacts;
  /** The ServiceAccount behind it that rules speak of, and its ports; absent if there is none. */
  readonly account?: string;
  readonly reached: readonly Reached[];
  /** Why it needs the waypoint: rules for requests, a split; none if a label alone binds it. */
  readonly why: readonly (TrafficTarget | TrafficSplit)[];
}

/** The container ports that a Service leads to, also by the splits of which it is the root. */
class Reach {
  private readonly roots: ReadonlyMap<string, readonly TrafficSplit[]>;

  constructor(
    index: DocumentIndex,
    private readonly facts: Facts,
  ) {
    this.roots = groupBy(index.splits, ({ namespace, service }) => `${namespace}/${service}`);
  }

  splitsOf(service: ServiceFacts): readonly TrafficSplit[] {
    return this.roots.get(keyOf(service)) ?? [];
  }

  of(service: ServiceFacts): Reached[] {
    const leaves = this.splitsOf(service).flatMap(({ namespace, backends }) =>
      backends.flatMap((backend) => findService(this.facts, namespace, backend.service) ?? []),
    );
    const behind = service.ports.flatMap((port) => [
      ...containersBehind(service, port, this.facts),
      ...leaves.flatMap((leaf) => this.behindLeaf(leaf, port)),
    ]);
    return behind.filter(
      ({ workload, port }, at) =>
        behind.findIndex((other) => other.workload === workload && other.port === port) === at,
    );
  }

  private behindLeaf(leaf: ServiceFacts, { port }: ServicePort): Reached[] {
    return leaf.ports.filter((own) => own.port === port).flatMap((own) => containersBehind(leaf, own, this.facts));
  }
}

/**
 * The Services whose requests must be seen by a waypoint: those that lead to a port with rules for requests, the roots of
 * splits, and those that are labelled so already. A waypoint knows the Service that was called and not which pod will
 * answer, so pods of two ServiceAccounts with rules behind one Service are an error.
 */
export function bindServices(
  index: DocumentIndex,
  grants: readonly Grant[],
  facts: Facts,
  waypoint: string,
): { readonly bound: BoundService[]; readonly problems: Problem[] } {
  const reach = new Reach(index, facts);
  const problems: Problem[] = [];
  const byAccount = groupBy(grants, ({ target }) => subjectKey(target.destination));
  const namespaces = new Set([...index.targets, ...index.splits].map(({ namespace }) => namespace));
  const bound = facts.services.flatMap((service): BoundService[] => {
    if (!namespaces.has(service.namespace) || service.headless || service.externalName) return [];
    const reached = reach.of(service);
    const accounts = [...new Set(reached.map(({ workload }) => subjectKey(workload)))].filter((key) =>
      byAccount.has(key),
    );
    const http = accounts.flatMap((key) =>
      byAccount.get(key)!.filter((grant) => grant.requests !== "any" && meets(grant, reached)),
    );
    const why = [...http.map(({ target }) => target), ...reach.splitsOf(service)];
    if (why.length === 0 && service.waypoint !== waypoint) return [];
    if (accounts.length > 1) {
      const { target } = byAccount.get(accounts.sort(compare)[0]!)![0]!;
      const message = `the Service "${service.name}" leads to pods of ${listed(accounts)}, and Istio's waypoint only knows which Service is called; give each ServiceAccount a Service of its own`;
      problems.push(problemAt("SMI-WAYPOINT-SHARED", target, target.destination.position, message));
      return [];
    }
    const [account] = accounts;
    return [{ service, ...(account === undefined ? {} : { account }), reached, why }];
  });
  return { bound, problems };
}

function meets({ ports, workloads }: Grant, reached: readonly Reached[]): boolean {
  return reached.some(({ workload, port }) => workloads.includes(workload) && (ports === "every" || ports.has(port)));
}

/**
 * Whether a rule holds for all ports of its pods that a Service leads to, for none of them, or for some. A waypoint's policy
 * is one for the whole Service.
 */
export function coverage({ ports, workloads }: Grant, { reached }: BoundService): "all" | "some" | "none" {
  const own = reached.filter(({ workload }) => workloads.includes(workload));
  const open = own.filter(({ port }) => ports === "every" || ports.has(port));
  return open.length === 0 ? "none" : open.length === own.length ? "all" : "some";
}
