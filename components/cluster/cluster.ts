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
  /** Id in its cloud: the name on AWS, the ARM id on Azure. What its Kubernetes provider is tied to. */
  readonly clusterId: pulumi.Output<string>;
  readonly provider: KubernetesProvider;
  /** Issuer of the cluster's ServiceAccount tokens, byte for byte: AKS's ends in a slash, and trusts compare it exactly. */
  readonly issuer: pulumi.Output<string>;
  /** Kubeconfig that gets its credentials by running a command: there is no token in it. Secret all the same. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly network: ClusterNetworkFacts;
  readonly volumes: ClusterVolumes;
  /**
   * The cluster itself, as the resource that everything in it goes with: nothing there needs to be deleted by itself when the
   * cluster is, nor can be when the cluster is gone already. Absent where the cluster is not ours to delete.
   */
  readonly controlPlane?: pulumi.Resource;
  /** What pods wait for: nodes, network, DNS and the drivers of `volumes`. */
  readonly ready: readonly pulumi.Resource[];
}

/** Addresses of a cluster, for rules and for other networks. */
export interface ClusterNetworkFacts {
  /** Block of the nodes. */
  readonly nodeCidr: string;
  /** Block of the pods: that of the nodes where there is no overlay. */
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** Addresses that traffic to the internet comes from. Empty where there is no way out. */
  readonly egressAddresses: readonly pulumi.Output<string>[];
}

/** How a cluster makes volumes. Storage classes get the same names everywhere from this. */
export interface ClusterVolumes {
  /** One node at a time. Absent on an existing cluster that does not say how. */
  readonly block?: VolumeSource;
  /** Many nodes at a time. Absent where the spec asks for none. */
  readonly shared?: VolumeSource;
}

export interface VolumeSource {
  /** Name of the CSI driver. */
  readonly provisioner: string;
  /** Parameters of the StorageClass. */
  readonly parameters: Readonly<Record<string, pulumi.Input<string>>>;
}
