import type { PropertyMap } from "../../protocol/property";
import { valueAt } from "../paths";
import type { Settings } from "./config";
import { apiVersionOf, type Kind } from "./kinds";

/** Paths that the API server never changes in place, by API version and kind. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  "v1/Secret": ["type"],
  "v1/Service": ["spec.clusterIP"],
  "v1/Pod": ["spec"],
  "v1/PersistentVolumeClaim": ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  "apps/v1/DaemonSet": ["spec.selector"],
  "apps/v1/Deployment": ["spec.selector"],
  "apps/v1/StatefulSet": ["spec.podManagementPolicy", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"],
  "batch/v1/Job": ["spec.completions", "spec.selector", "spec.template"],
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/v1/RoleBinding": ["roleRef"],
  "storage.k8s.io/v1/StorageClass": ["parameters", "provisioner"],
};

const CONTENT: Readonly<Record<string, readonly string[]>> = {
  "v1/ConfigMap": ["binaryData", "data"],
  "v1/Secret": ["data", "stringData"],
};

/** Paths whose change the API server refuses for an object with these inputs. */
export function immutablePaths(kind: Kind, inputs: PropertyMap): readonly string[] {
  const key = keyOf(kind);
  const sealed = valueAt(inputs, "immutable") === true ? (CONTENT[key] ?? []) : [];
  return ["metadata.name", "metadata.namespace", ...(IMMUTABLE[key] ?? []), ...sealed];
}

/**
 * Paths whose change makes the provider replace the object: what is immutable, a Job's parallelism, and the content of
 * ConfigMaps and Secrets, which it treats as immutable unless it is told otherwise so that pods roll over to a new name
 * (diff.go of pulumi-kubernetes 4.34).
 */
export function replacingPaths(kind: Kind, oldInputs: PropertyMap, settings: Settings): readonly string[] {
  const key = keyOf(kind);
  const mutable = key === "v1/ConfigMap" ? settings.configMapMutable : settings.secretMutable;
  return [
    ...immutablePaths(kind, oldInputs),
    ...(mutable ? [] : (CONTENT[key] ?? [])),
    ...(key === "batch/v1/Job" ? ["spec.parallelism"] : []),
  ];
}

function keyOf(kind: Kind): string {
  return `${apiVersionOf(kind)}/${kind.kind}`;
}
