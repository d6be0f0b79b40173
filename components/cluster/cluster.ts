import type * as pulumi from "@pulumi/pulumi";

import type { KubernetesProvider } from "../providers";

/**
 * A cluster as everything above it sees it: mesh, traffic, identity, storage and workloads use nothing else, and so never
 * ask which cloud it is.
 */
export interface Cluster {
  /** Key in the spec. */
  readonly key: string;
  /** Name in its cloud. */
  readonly clusterName: string;
  /** Id in its cloud: the name on AWS, the ARM id on Azure. */
  readonly clusterId: pulumi.Output<string>;
  readonly provider: KubernetesProvider;
  /** Issuer of the cluster's ServiceAccount tokens, byte for byte: AKS's ends in a slash, and trusts compare it exactly. */
  readonly issuer: pulumi.Output<string>;
  /** Kubeconfig that gets its credentials by running a command: there is no token in it. Secret all the same. */
  readonly kubeconfig: pulumi.Output<string>;
  /** What pods wait for: nodes, network and DNS. */
  readonly ready: readonly pulumi.Resource[];
}
