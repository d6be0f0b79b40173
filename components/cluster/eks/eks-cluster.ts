import type * as awsEks from "@pulumi/aws/eks";
import * as core from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";

import { VpcNetwork } from "../../network/vpc";
import { KubernetesProvider, type AwsProvider } from "../../providers";
import { overlaying } from "../../transform";
import type { Cluster, ClusterNetworkFacts, ClusterVolumes } from "../cluster";
import { renderKubeconfig } from "../kubeconfig";
import { createAddons } from "./add-ons";
import { createControlPlane, grantAccess } from "./control-plane";
import { createFargateProfiles, createNodeGroups } from "./nodes";
import { Karpenter, type KarpenterArgs } from "./karpenter";
import type { EksPlan } from "./plan";
import { createSharedFiles, type SharedFiles } from "./shared-files";
import type { Site } from "./site";

export interface EksClusterArgs {
  readonly plan: EksPlan;
  readonly provider: AwsProvider;
}

/** An EKS cluster with its network, its nodes, its add-ons and whom it lets in. */
export class EksCluster extends pulumi.ComponentResource implements Cluster {
  readonly key: string;
  readonly clusterName: string;
  readonly clusterId: pulumi.Output<string>;
  readonly provider: KubernetesProvider;
  readonly issuer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly network: ClusterNetworkFacts;
  readonly volumes: ClusterVolumes;
  readonly controlPlane: pulumi.Resource;
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, { plan, provider }: EksClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const inputs = { clusterName: plan.clusterName, version: plan.kubernetesVersion, overlays: plan.overlays };
    super("isthmus:cluster:EksCluster", name, inputs, { ...opts, ...overlaying(plan.overlays) });
    const site: Site = { name, plan, opts: { parent: this, provider } };

    const network = this.createNetwork(site, provider);
    const cluster = createControlPlane(site, network);
    const access = grantAccess(site, cluster);
    const files = plan.sharedVolumes ? createSharedFiles(site, network) : undefined;
    const networking = createAddons(site, cluster, plan.addons.beforeNodes, []);
    const nodes = createNodeGroups(site, { cluster, network }, networking);
    const fargate = createFargateProfiles(site, { cluster, network });
    const addons = createAddons(site, cluster, plan.addons.afterNodes, nodes);

    this.key = plan.key;
    this.clusterName = plan.clusterName;
    this.clusterId = cluster.id;
    this.issuer = cluster.identities.apply((identities) => identities[0]!.oidcs![0]!.issuer!);
    this.kubeconfig = renderAccess(plan, cluster);
    this.provider = this.createProvider(name, cluster, access);
    this.network = {
      nodeCidr: plan.network.cidr,
      podCidr: plan.network.cidr,
      serviceCidr: plan.serviceCidr,
      egressAddresses: network.egressAddresses,
    };
    this.controlPlane = cluster;
    this.volumes = describeVolumes(plan, files);
    const karpenter = this.createKarpenter(site, { cluster, network, networking, after: addons });
    this.ready = [
      ...nodes,
      ...fargate,
      ...addons,
      ...karpenter,
      ...(files?.ready ?? []),
      ...(plan.compute.kind === "auto" ? [this.enforceNetworkPolicies(name, cluster)] : []),
    ];
    this.registerOutputs({ clusterId: this.clusterId, issuer: this.issuer });
  }

  private createNetwork({ name, plan }: Site, provider: AwsProvider): VpcNetwork {
    return new VpcNetwork(
      `${name}-network`,
      { plan: plan.network, clusterName: plan.clusterName, provider },
      { parent: this },
    );
  }

  /**
   * Auto Mode runs the network plugin outside of the cluster, and asks here whether it is to enforce policies
   * (https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html).
   */
  private enforceNetworkPolicies(name: string, cluster: awsEks.Cluster): core.ConfigMap {
    return new core.ConfigMap(
      `${name}-network-policies`,
      {
        metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
        data: { "enable-network-policy-controller": "true" },
      },
      { parent: this, provider: this.provider, deletedWith: cluster },
    );
  }

  private createKarpenter(
    site: Site,
    on: Pick<KarpenterArgs, "cluster" | "network" | "networking" | "after">,
  ): readonly pulumi.Resource[] {
    const { compute } = site.plan;
    if (compute.kind !== "karpenter") return [];
    const args = { ...on, site, compute, provider: this.provider };
    return new Karpenter(`${site.name}-karpenter`, args, { parent: this }).ready;
  }

  private createProvider(
    name: string,
    cluster: awsEks.Cluster,
    access: readonly pulumi.Resource[],
  ): KubernetesProvider {
    return new KubernetesProvider(
      name,
      {
        kubeconfig: this.kubeconfig,
        // What is in the cluster is replaced with the cluster, never with its kubeconfig (pulumi/pulumi-kubernetes#2745).
        clusterIdentifier: cluster.id,
        enableServerSideApply: true,
      },
      // On destroy, access goes after what needs it (terraform-aws-modules/terraform-aws-eks#2923).
      { parent: this, dependsOn: [...access] },
    );
  }
}

function renderAccess(
  { clusterName, deployerRoleArn, place }: EksPlan,
  cluster: awsEks.Cluster,
): pulumi.Output<string> {
  const kubeconfig = pulumi.all([cluster.endpoint, cluster.certificateAuthority.data]).apply(([server, authority]) =>
    renderKubeconfig({
      name: clusterName,
      server,
      certificateAuthority: authority,
      command: "aws",
      args: [
        "eks",
        "get-token",
        "--output",
        "json",
        "--cluster-name",
        clusterName,
        "--region",
        place.region,
        "--role-arn",
        deployerRoleArn,
      ],
      installHint: "Install the AWS CLI, version 2: https://docs.aws.amazon.com/cli",
    }),
  );
  return pulumi.secret(kubeconfig);
}

function describeVolumes({ compute }: EksPlan, files: SharedFiles | undefined): ClusterVolumes {
  // Auto Mode has a driver of its own, which takes over no volume of the other.
  const provisioner = compute.kind === "auto" ? "ebs.csi.eks.amazonaws.com" : "ebs.csi.aws.com";
  return {
    block: { provisioner, parameters: { type: "gp3", encrypted: "true" } },
    ...(files !== undefined && { shared: files.source }),
  };
}
