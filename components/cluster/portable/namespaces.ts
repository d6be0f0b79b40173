import type { IdentityPlan } from "../../identity/plan";
import type { Membership, Marks } from "../../mesh/plan";
import { canaryServices } from "../../rollout/plan";
import { MIRROR_NAMESPACE } from "../../storage/plan";
import type { WorkloadPlan } from "../../workload/plan";

/** A namespace of workloads on one cluster, and what may reach its pods or be reached from them. */
export interface NamespacePlan {
  readonly cluster: string;
  readonly name: string;
  /** What namespaces of one environment have in common. */
  readonly partOf: string;
  readonly marks: Marks;
  /** Pod Security Standard that its pods must meet. */
  readonly podSecurity: Membership["podSecurity"];
  /** Ports that its own workloads serve, sorted. */
  readonly serves: readonly number[];
  /** Ports that the environment's workloads serve on this cluster, sorted. */
  readonly calls: readonly number[];
  /** What it shares with the mesh. Absent outside of the mesh. */
  readonly mesh?: Membership["network"];
  /** Names (`app.kubernetes.io/name`) of pods that act in a cloud, sorted; `all` where every pod does. */
  readonly actsInCloud: readonly string[] | "all";
}

export interface NamespacesInput {
  readonly partOf: string;
  readonly membership: Membership;
  readonly workloads: readonly WorkloadPlan[];
  readonly identities: readonly IdentityPlan[];
  /** Clusters with a mover, by key. */
  readonly movers: readonly string[];
}

/** The namespaces of workloads and movers on every cluster, sorted by cluster and name. */
export function planNamespaces({
  partOf,
  membership,
  workloads,
  identities,
  movers,
}: NamespacesInput): NamespacePlan[] {
  const ids = new Set(workloads.flatMap(({ on, namespace }) => on.map((cluster) => `${cluster}/${namespace}`)));
  const ofWorkloads = [...ids].map((id) => {
    const [cluster, name] = id.split("/") as [string, string];
    const here = workloads.filter(({ on }) => on.includes(cluster));
    const own = here.filter(({ namespace }) => namespace === name);
    const acting = own.filter(({ key }) => identities.some((identity) => identity.key === key));
    return {
      cluster,
      name,
      partOf,
      marks: membership.namespace,
      podSecurity: membership.podSecurity,
      serves: portsOf(own),
      calls: portsOf(here),
      mesh: membership.network,
      actsInCloud: acting.flatMap(podNames).sort(),
    };
  });
  // Outside the mesh: a mover talks to the clouds only, and a finished Job must not wait for a proxy.
  const ofMovers = [...new Set(movers)].map((cluster) => ({
    cluster,
    name: MIRROR_NAMESPACE,
    partOf,
    marks: {},
    podSecurity: "restricted" as const,
    serves: [],
    calls: [],
    actsInCloud: "all" as const,
  }));
  const idOf = ({ cluster, name }: NamespacePlan): string => `${cluster}/${name}`;
  return [...ofWorkloads, ...ofMovers].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

/** What its pods are called by their label: those of Flagger's copy have a name of their own. */
function podNames({ key, canary }: WorkloadPlan): string[] {
  return canary?.by === "flagger" ? [key, canaryServices({ key, by: canary.by }).stable] : [key];
}

function portsOf(workloads: readonly WorkloadPlan[]): number[] {
  return [...new Set(workloads.map(({ port }) => port))].sort((a, b) => a - b);
}
