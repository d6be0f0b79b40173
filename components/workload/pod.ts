import type { core } from "@pulumi/kubernetes/types/input";
import type * as pulumi from "@pulumi/pulumi";

import { AUDIENCES, type CloudName } from "../identity/trust";
import { TOKEN_FOLDER, type PodIdentity } from "../identity/workload-identity";

export type PodSpec = core.v1.PodSpec;
type Container = core.v1.Container;
type EnvVar = core.v1.EnvVar;

/** Seconds for which a token is valid; the kubelet renews it long before. */
const TOKEN_LIFETIME = 3600;
const VOLUME = "cloud-tokens";

/** What every pod of ours runs with: no root, no privileges, a read-only root (Pod Security Standards, "restricted"). */
export const RESTRICTED_CONTAINER: core.v1.SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  privileged: false,
  readOnlyRootFilesystem: true,
};

export const RESTRICTED_POD: core.v1.PodSecurityContext = {
  runAsNonRoot: true,
  runAsUser: 65532,
  // Lets a process that is not root read the projected tokens.
  fsGroup: 65532,
  seccompProfile: { type: "RuntimeDefault" },
};

/**
 * Adds an identity to containers, without a webhook: environment variables that the clouds' SDKs read, and one projected
 * token per cloud, each with that cloud's audience.
 */
export function withIdentity(spec: { containers: Container[]; initContainers?: Container[] }, identity?: PodIdentity) {
  if (identity === undefined || identity.clouds.length === 0) return spec;
  const decorate = (container: Container): Container => ({
    ...container,
    env: [...((container.env ?? []) as EnvVar[]), ...environment(identity.env)],
    volumeMounts: [
      ...((container.volumeMounts ?? []) as core.v1.VolumeMount[]),
      { name: VOLUME, mountPath: TOKEN_FOLDER, readOnly: true },
    ],
  });
  return {
    ...spec,
    containers: spec.containers.map(decorate),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(decorate) }),
  };
}

/** The volume that `withIdentity` mounts. */
export function identityVolumes(identity?: PodIdentity): core.v1.Volume[] {
  if (identity === undefined || identity.clouds.length === 0) return [];
  const token = (cloud: CloudName) => ({
    serviceAccountToken: { audience: AUDIENCES[cloud], expirationSeconds: TOKEN_LIFETIME, path: cloud },
  });
  return [{ name: VOLUME, projected: { defaultMode: 0o440, sources: identity.clouds.map(token) } }];
}

/** Environment variables in the order of their names. */
export function environment(variables: Readonly<Record<string, pulumi.Input<string>>>): EnvVar[] {
  return Object.entries(variables)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
}
