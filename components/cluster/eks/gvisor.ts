import { SANDBOX_RUNTIMES } from "../portable/sandbox-plan";

/** How nodes get gVisor, and how it runs pods. */
export interface GvisorPlan {
  /** Where its releases lie, an https URL without a slash at its end. */
  readonly source: string;
  /**
   * Whose network stack pods use: gVisor's own, or that of the pod's network namespace on the node, through which a mesh's
   * node proxy sees their traffic (https://gvisor.dev/docs/architecture_guide/networking).
   */
  readonly network: "sandbox" | "host";
}

/** A release, with the SHA-512 of its archive by architecture, as `uname -m` calls it. */
export interface GvisorRelease {
  readonly version: string;
  readonly sha512: Readonly<Record<"aarch64" | "x86_64", string>>;
}

export const GVISOR_SOURCE = "https://storage.googleapis.com/gvisor/releases/release";

/** Change it, and every gVisor pool rolls: the release is in the user data of its launch template. */
export const GVISOR_RELEASE: GvisorRelease = {
  version: "20260810.0",
  sha512: {
    aarch64:
      "dc21bdc7a4f52d049f4da74a337fc7437b2ac1465c7479816a852120a8cff5292d72ae78bc4c581f857836bc9a56a1ba18ad687e6bef13d03fdd670d6f2071f7",
    x86_64:
      "3de91138cda15682c11807387f6ecad9e7c8932262018a2813277e1b4efa03efe33b0a948e148c6b1ccfe7345bfab5d5e0d072519505465751273898bae19c62",
  },
};

const BOUNDARY = "isthmus-user-data";
const SHIM_CONFIG = "/etc/containerd/runsc.toml";

/**
 * User data of an Amazon Linux 2023 node that runs sandboxed pods. EKS and Karpenter add a part of their own to it, by which
 * the node joins; nodeadm merges the two (https://awslabs.github.io/amazon-eks-ami/nodeadm).
 */
export function gvisorUserData(plan: GvisorPlan): string {
  const parts = [
    ['text/x-shellscript; charset="us-ascii"', installScript(plan, GVISOR_RELEASE)],
    ["application/node.eks.aws", NODE_CONFIG],
  ] as const;
  return [
    "MIME-Version: 1.0",
    `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`,
    "",
    ...parts.flatMap(([type, body]) => [`--${BOUNDARY}`, `Content-Type: ${type}`, "", body]),
    `--${BOUNDARY}--`,
    "",
  ].join("\n");
}

/**
 * The script that installs a release. cloud-init runs it before nodeadm starts containerd and the kubelet
 * (`nodeadm-run.service` waits for `cloud-final.service`).
 */
export function installScript({ source, network }: GvisorPlan, { version, sha512 }: GvisorRelease): string {
  return `#!/bin/bash
set -euo pipefail
# A node without its sandbox must not join: it ends, and its group makes another. The console has what went wrong.
trap '[ $? -eq 0 ] || systemctl poweroff' EXIT

machine=$(uname -m)
case "$machine" in
  aarch64) sha512=${sha512.aarch64} ;;
  x86_64) sha512=${sha512.x86_64} ;;
  *) echo "gVisor is not released for $machine" >&2; exit 1 ;;
esac
work=$(mktemp -d -p /var/tmp)
curl --fail --silent --show-error --location --retry 5 --retry-all-errors --connect-timeout 10 \\
  --output "$work/gvisor.tar.bz2" "${source}/${version}/$machine/gvisor.tar.bz2"
echo "$sha512  $work/gvisor.tar.bz2" | sha512sum --check --strict --quiet
# Python and not tar, which needs a bzip2 that the image lacks.
python3 -m tarfile --extract "$work/gvisor.tar.bz2" "$work/files"
chmod -R u=rwX,go=rX "$work/files"
# runsc looks for gvisor-bin beside itself, and containerd for the shim in its PATH.
cp -r "$work/files/." /usr/local/bin/
rm -rf "$work"
install -D -m 644 /dev/stdin ${SHIM_CONFIG} <<'TOML'
[runsc_config]
network = "${network}"
# The kubelet of the image names cgroups as systemd does.
systemd-cgroup = "true"
TOML
`;
}

/** Adds the runtime to containerd 2, which the images of every version have that EKS offers (awslabs/amazon-eks-ami). */
const NODE_CONFIG = `apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  containerd:
    config: |
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.${SANDBOX_RUNTIMES.gvisor.handler}]
      runtime_type = 'io.containerd.runsc.v1'

      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.${SANDBOX_RUNTIMES.gvisor.handler}.options]
      TypeUrl = 'io.containerd.runsc.v1.options'
      ConfigPath = '${SHIM_CONFIG}'
`;
