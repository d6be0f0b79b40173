import type { Problem } from "../problem";
import { calledBy } from "../spec/clusters";
import type { ClusterSpec } from "../spec/types";

type Named = Readonly<Record<string, { readonly name?: string | undefined }>>;

/** Clusters of one name, and pools, profiles or entries of one name in a cluster: each name stands in the names of resources. */
export function validateNames(clusters: Readonly<Record<string, ClusterSpec>>): Problem[] {
  return [
    ...sharedNames("clusters", clusters),
    ...Object.entries(clusters).flatMap(([key, spec]) => {
      if (spec.kind === "existing") return [];
      const path = `clusters.${key}`;
      const { compute, access = {} } = spec.kind === "eks" ? spec : {};
      return [
        ...sharedNames(`${path}.nodes`, spec.nodes ?? {}),
        ...sharedNames(`${path}.access`, access),
        ...(compute?.kind === "karpenter" ? sharedNames(`${path}.compute.nodePools`, compute.nodePools) : []),
        ...(compute?.kind === "fargate" ? sharedNames(`${path}.compute.profiles`, compute.profiles) : []),
      ];
    }),
  ];
}

function sharedNames(path: string, named: Named): Problem[] {
  const seen = new Map<string, string>();
  return Object.entries(named).flatMap(([key, it]): Problem[] => {
    const name = calledBy(key, it);
    const other = seen.get(name);
    if (other === undefined) {
      seen.set(name, key);
      return [];
    }
    // Of two, the one that says its name can change it.
    const [saying, taken] = it.name === undefined ? [other, key] : [key, other];
    const next = `A name is the key unless \`name\` says otherwise; who renames a key keeps the old one there.`;
    return [
      { path: `${path}.${saying}.name`, found: name, allowed: `another name than that of ${path}.${taken}`, next },
    ];
  });
}
