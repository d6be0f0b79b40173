import type { Problem } from "../../problem";
import type { ClusterSpec, Environment } from "../../spec/types";

/** RuntimeClass of sandboxed pods, on every cluster. */
export const SANDBOX_CLASS = "sandbox";

/** What the nodes of a sandbox pool bear, so that sandboxed pods go there and no others. */
export const SANDBOX_LABEL = "isthmus/sandbox";
export const SANDBOX_TAINT = { key: SANDBOX_LABEL, effect: "NoSchedule" } as const;

/** How AKS calls Kata in its nodes' containerd; its own RuntimeClass `kata-vm-isolation` names the same. */
const AKS_HANDLER = "kata";

/** Runtime of a cluster's sandbox pool; undefined where it has none. */
export function sandboxHandler(spec: ClusterSpec): string | undefined {
  switch (spec.kind) {
    case "aks":
      return Object.values(spec.nodes).some(({ sandbox }) => sandbox === true) ? AKS_HANDLER : undefined;
    case "eks":
      return Object.values(spec.nodes ?? {}).flatMap(({ sandbox }) =>
        sandbox === undefined ? [] : [sandbox.handler],
      )[0];
    case "existing":
      return spec.sandbox?.handler;
  }
}

/** Sandboxed workloads on clusters that cannot sandbox them, and pools of one cluster with several runtimes. */
export function validateSandboxes({ clusters, workloads = {} }: Environment): Problem[] {
  const problems: Problem[] = [];
  for (const [key, spec] of Object.entries(clusters)) {
    if (spec.kind !== "eks") continue;
    for (const [name, { sandbox }] of Object.entries(spec.nodes ?? {})) {
      const handler = sandboxHandler(spec);
      if (sandbox === undefined || sandbox.handler === handler) continue;
      problems.push({
        path: `clusters.${key}.nodes.${name}.sandbox.handler`,
        found: sandbox.handler,
        allowed: `"${handler}", as the cluster's other sandbox pools have it: one RuntimeClass stands for all of them`,
      });
    }
  }
  for (const [key, { sandbox, on }] of Object.entries(workloads)) {
    if (sandbox !== true) continue;
    for (const [index, cluster] of on.entries()) {
      const spec = clusters[cluster];
      if (spec === undefined || sandboxHandler(spec) !== undefined) continue;
      const capable = Object.keys(clusters).filter((other) => sandboxHandler(clusters[other]!) !== undefined);
      problems.push({
        path: `workloads.${key}.on[${index}]`,
        found: cluster,
        allowed: `a cluster that can run sandboxed pods: ${capable.sort().join(", ") || "none can"}`,
        next: `Give clusters.${cluster} a pool with \`sandbox\`, or run the workload without.`,
      });
    }
  }
  return problems;
}
