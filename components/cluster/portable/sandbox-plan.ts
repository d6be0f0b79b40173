import type { Redirection } from "../../mesh/plan";
import type { Problem } from "../../problem";
import type { ClusterSpec, Environment, Isolation } from "../../spec/types";

/** RuntimeClass of sandboxed pods, on every cluster. */
export const SANDBOX_CLASS = "sandbox";

/** What the nodes of a sandbox pool bear, so that sandboxed pods go there and no others. */
export const SANDBOX_LABEL = "isthmus/sandbox";
export const SANDBOX_TAINT = { key: SANDBOX_LABEL, effect: "NoSchedule" } as const;

/** What runs a cluster's sandboxed pods. */
export interface SandboxRuntime {
  /** Its name in the containerd of the nodes. */
  readonly handler: string;
  readonly isolation: Isolation;
  /** Memory that a pod takes besides its containers', where it is known: the scheduler reckons with it. */
  readonly overhead?: string;
}

/** The runtimes that pools bring. */
export const SANDBOX_RUNTIMES = {
  /**
   * Kata as AKS has it; its own RuntimeClass `kata-vm-isolation` has the same handler and overhead
   * (https://learn.microsoft.com/azure/aks/considerations-pod-sandboxing).
   */
  vm: { handler: "kata", isolation: "vm", overhead: "600Mi" },
  /** 20 to 60 MB in gVisor's own measurements (https://gvisor.dev/docs/architecture_guide/performance, "memory usage"). */
  gvisor: { handler: "runsc", isolation: "gvisor", overhead: "64Mi" },
} as const satisfies Record<Isolation, SandboxRuntime>;

/** Runtime of a cluster's sandbox pools; undefined where it has none. */
export function sandboxRuntime(spec: ClusterSpec): SandboxRuntime | undefined {
  if (spec.kind === "existing") return spec.sandbox;
  const ofKarpenter = spec.kind === "eks" && spec.compute?.kind === "karpenter" ? spec.compute.nodePools : {};
  const pools: readonly { readonly sandbox?: Isolation | undefined }[] = [
    ...Object.values(spec.nodes ?? {}),
    ...Object.values(ofKarpenter),
  ];
  const isolation = pools.find(({ sandbox }) => sandbox !== undefined)?.sandbox;
  return isolation && SANDBOX_RUNTIMES[isolation];
}

/**
 * Why a mesh does not hold in a sandbox: whatever leads the pod's traffic through its proxy must see that traffic. A pair that
 * is not here holds. Where it does not, some meshes keep the pod from starting, and others let its traffic pass unseen.
 */
const UNSEEN: Readonly<Record<Isolation, { readonly [By in Redirection]?: string }>> = {
  vm: {
    "plugin-to-pod":
      "The mesh's CNI plugin redirects on the node, where traffic of a virtual machine does not pass (istio/istio#60876); Linkerd does it within.",
    "plugin-to-node":
      "Its ztunnel redirects on the node, where traffic of a virtual machine does not pass (istio/istio#60876); Linkerd does it within.",
  },
  gvisor: {
    "init-container":
      'gVisor does not let Linkerd\'s init container redirect traffic (linkerd/linkerd2#10372); istio({ mode: "ambient" }) does it on the node.',
    "plugin-to-pod":
      'A proxy inside of gVisor does not get what a CNI plugin redirects to it (linkerd/linkerd2#15611); istio({ mode: "ambient" }) has none there.',
  },
};

/** Whether gVisor must let the mesh see traffic, by leaving the network to the pod's network namespace on the node. */
export function gvisorNetwork(redirection: Redirection): "sandbox" | "host" {
  return redirection === "plugin-to-node" ? "host" : "sandbox";
}

/** Sandboxed workloads on clusters that cannot sandbox them, or not under the environment's mesh. */
export function validateSandboxes({ clusters, workloads = {} }: Environment, redirection: Redirection): Problem[] {
  const runtimes = new Map(
    Object.entries(clusters).flatMap(([key, spec]) => {
      const runtime = sandboxRuntime(spec);
      return runtime === undefined ? [] : [[key, runtime] as const];
    }),
  );
  const able = [...runtimes].filter(([, { isolation }]) => UNSEEN[isolation][redirection] === undefined);
  const allowed = able.map(([key]) => key).sort();
  const problems: Problem[] = [];
  for (const [key, { sandbox, on }] of Object.entries(workloads)) {
    if (sandbox !== true) continue;
    for (const [index, cluster] of on.entries()) {
      const spec = clusters[cluster];
      if (spec === undefined || allowed.includes(cluster)) continue;
      const runtime = runtimes.get(cluster);
      problems.push({
        path: `workloads.${key}.on[${index}]`,
        found: cluster,
        allowed: `a cluster that can run sandboxed pods under the mesh: ${allowed.join(", ") || "none can"}`,
        next: runtime === undefined ? wayTo(cluster, spec) : UNSEEN[runtime.isolation][redirection]!,
      });
    }
  }
  return problems;
}

function wayTo(cluster: string, spec: ClusterSpec): string {
  if (spec.kind === "eks" && spec.compute?.kind === "auto") {
    return 'The nodes of EKS Auto Mode take no other runtime: choose another `compute` and a pool with `sandbox: "gvisor"`, or run the workload without.';
  }
  return `Give clusters.${cluster} ${spec.kind === "existing" ? "its `sandbox`" : "a pool with `sandbox`"}, or run the workload without.`;
}
