/** Kubernetes versions that the simulated EKS and AKS offer. */
export const KUBERNETES_VERSIONS: readonly string[] = ["1.30", "1.31", "1.32", "1.33", "1.34", "1.35"];

/** What a cluster gets that asks for none. */
export const DEFAULT_KUBERNETES_VERSION = "1.34";

/** Minor releases that a kubelet may be behind the API server, by the Kubernetes version skew policy. */
export const KUBELET_SKEW = 3;

/** The minor version of `1.34` or `1.34.2`. Undefined when it is no version. */
export function minorOf(version: string | undefined): number | undefined {
  const match = /^1\.(\d+)(\.\d+)?$/.exec(version ?? "");
  return match === null ? undefined : Number(match[1]);
}
