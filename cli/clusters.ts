import type { ResourceState } from "../local/engine";
import { nameOf } from "./view/format";

/** Types of the components that are clusters. Each has one Kubernetes provider as its child. */
const CLUSTER_COMPONENTS: ReadonlySet<string> = new Set(
  ["Eks", "Aks", "Existing"].map((kind) => `isthmus:cluster:${kind}Cluster`),
);

/** Names the cluster of a Kubernetes provider as the spec does: `east` for the component `platform-east`. */
export function clustersOf(resources: readonly ResourceState[]): (providerUrn: string) => string | undefined {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  return (providerUrn) => {
    const component = byUrn.get(byUrn.get(providerUrn)?.parent ?? "");
    if (component?.parent === undefined || !CLUSTER_COMPONENTS.has(component.type)) return undefined;
    return nameOf(component.urn).slice(`${nameOf(component.parent)}-`.length);
  };
}
