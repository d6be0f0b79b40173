import type { MeshName } from "../mesh-names";
import type { Resource } from "./api";
import { FACT_RESOURCES, LEASE, MESH_RESOURCES, SMI_RESOURCES } from "./resources";

/** A rule of a Role or ClusterRole. */
export interface PolicyRule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
  readonly resourceNames?: string[];
}

function rulesFor(resources: readonly Resource[], verbs: readonly string[], subresource = ""): PolicyRule[] {
  const groups = [...new Set(resources.map(({ group }) => group))].sort();
  return groups.map((group) => ({
    apiGroups: [group],
    resources: resources
      .filter((resource) => resource.group === group)
      .map(({ plural }) => `${plural}${subresource}`)
      .sort(),
    verbs: [...verbs],
  }));
}

/** What the adapter does in all namespaces, and nothing else. */
export function clusterRules(mesh: MeshName, metrics: boolean): PolicyRule[] {
  // Whether an object of which metrics are asked exists is looked up by its name.
  const facts = metrics ? ["get", "list", "watch"] : ["list", "watch"];
  return [
    ...rulesFor(SMI_RESOURCES, ["list", "watch"]),
    ...rulesFor(SMI_RESOURCES, ["patch"], "/status"),
    ...rulesFor(FACT_RESOURCES, facts),
    ...rulesFor(MESH_RESOURCES[mesh], ["create", "delete", "list", "patch", "watch"]),
    { apiGroups: [""], resources: ["events"], verbs: ["create"] },
    ...(metrics ? [{ apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list"] }] : []),
  ];
}

/** What it does in its own namespace. A name cannot be demanded of what is being created. */
export function leaseRules(name: string): PolicyRule[] {
  const { group, plural } = LEASE;
  return [
    { apiGroups: [group], resources: [plural], verbs: ["create"] },
    { apiGroups: [group], resources: [plural], resourceNames: [name], verbs: ["get", "update"] },
  ];
}

/** ClusterRole that lets an API server ask who somebody is and what they may do. */
export const AUTH_DELEGATOR = "system:auth-delegator";
/** Role in kube-system that lets it read how the front proxy signs in. */
export const AUTH_READER = "extension-apiserver-authentication-reader";
