/** A kind that an API server serves. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface ServedKind extends Kind {
  /** Lower-case plural, the resource's name in URLs and in error messages. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Built-in kinds by API version. A `*` marks a kind that is not in a namespace. */
const BUILT_IN: Readonly<Record<string, string>> = {
  v1: "ConfigMap Endpoints LimitRange Namespace* Node* PersistentVolume* PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount",
  "admissionregistration.k8s.io/v1":
    "MutatingWebhookConfiguration* ValidatingAdmissionPolicy* ValidatingAdmissionPolicyBinding* ValidatingWebhookConfiguration*",
  "apiextensions.k8s.io/v1": "CustomResourceDefinition*",
  "apiregistration.k8s.io/v1": "APIService*",
  "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
  "autoscaling/v2": "HorizontalPodAutoscaler",
  "batch/v1": "CronJob Job",
  "coordination.k8s.io/v1": "Lease",
  "discovery.k8s.io/v1": "EndpointSlice",
  "networking.k8s.io/v1": "Ingress IngressClass* IPAddress* NetworkPolicy ServiceCIDR*",
  "node.k8s.io/v1": "RuntimeClass*",
  "policy/v1": "PodDisruptionBudget",
  "rbac.authorization.k8s.io/v1": "ClusterRole* ClusterRoleBinding* Role RoleBinding",
  "scheduling.k8s.io/v1": "PriorityClass*",
  "storage.k8s.io/v1": "CSIDriver* CSINode* CSIStorageCapacity StorageClass* VolumeAttachment*",
};

const SERVED: readonly ServedKind[] = Object.entries(BUILT_IN).flatMap(([apiVersion, kinds]) =>
  kinds.split(" ").map((entry) => {
    const kind = entry.replace("*", "");
    return { ...parseApiVersion(apiVersion), kind, plural: pluralOf(kind), namespaced: !entry.endsWith("*") };
  }),
);

/** The built-in kind, undefined for custom resources and for what the simulated API server does not serve. */
export function builtInKind({ group, version, kind }: Kind): ServedKind | undefined {
  return SERVED.find((served) => served.group === group && served.version === version && served.kind === kind);
}

/** Whether a group belongs to Kubernetes itself, so that no CustomResourceDefinition can bring it. */
export function isBuiltInGroup(group: string): boolean {
  return SERVED.some((served) => served.group === group);
}

/** API versions and kinds of a built-in group, for error messages. */
export function builtInKindsOf(group: string): string[] {
  return SERVED.filter((served) => served.group === group).map((served) => `${apiVersionOf(served)}/${served.kind}`);
}

/** `kubernetes:apps/v1:Deployment` as group, version and kind. The core group is `core` in tokens, empty in the API. */
export function kindOfToken(token: string): Kind {
  const [, module = "", kind = ""] = token.split(":");
  const { group, version } = parseApiVersion(module);
  return { group: group === "core" ? "" : group, version, kind };
}

/** The type token of a kind: the inverse of `kindOfToken`. */
export function tokenOf({ group, version, kind }: Kind): string {
  return `kubernetes:${group === "" ? "core" : group}/${version}:${kind}`;
}

function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.lastIndexOf("/");
  return slash < 0
    ? { group: "", version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === "" ? version : `${group}/${version}`;
}

/** `deployments.apps`, or `services` in the core group: how the API server names a resource in errors. */
export function resourceName({ plural, group }: ServedKind): string {
  return group === "" ? plural : `${plural}.${group}`;
}

export function pluralOf(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower === "endpoints") return lower;
  if (/(s|x|ch)$/.test(lower)) return `${lower}es`;
  return /[^aeiou]y$/.test(lower) ? `${lower.slice(0, -1)}ies` : `${lower}s`;
}
