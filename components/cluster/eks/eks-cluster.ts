import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as ec2 from "@pulumi/aws/ec2";
import * as awsEks from "@pulumi/aws/eks";
import * as iam from "@pulumi/aws/iam";
import * as kms from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";

import { VpcNetwork } from "../../network/vpc";
import { KubernetesProvider, type AwsProvider } from "../../providers";
import type { Cluster } from "../cluster";
import { renderKubeconfig } from "../kubeconfig";
import type { EksPlan, NodeGroupPlan } from "./plan";

export interface EksClusterArgs {
  readonly plan: EksPlan;
  readonly provider: AwsProvider;
}

const LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
const NODE_POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"];

/** An EKS cluster with its network, managed node groups, add-ons and access entries. */
export class EksCluster extends pulumi.ComponentResource implements Cluster {
  readonly key: string;
  readonly clusterName: string;
  readonly clusterId: pulumi.Output<string>;
  readonly provider: KubernetesProvider;
  readonly issuer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly ready: readonly pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(name: string, args: EksClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { plan } = args;
    super("isthmus:cluster:EksCluster", name, { clusterName: plan.clusterName, version: plan.kubernetesVersion }, opts);
    this.opts = { parent: this, provider: args.provider };

    const network = this.createNetwork(name, args);
    const cluster = this.createControlPlane(name, plan, network);
    const access = this.grantAccess(name, plan, cluster);
    const networking = this.createAddons(name, cluster, ["kube-proxy", "vpc-cni"], []);
    const nodes = this.createNodeGroups(name, plan, cluster, network, networking);
    const dns = this.createAddons(name, cluster, ["coredns"], nodes);

    this.key = plan.key;
    this.clusterName = plan.clusterName;
    this.clusterId = cluster.id;
    this.issuer = cluster.identities.apply((identities) => identities[0]!.oidcs![0]!.issuer!);
    this.kubeconfig = this.renderKubeconfig(plan, cluster);
    this.provider = this.createProvider(name, cluster, access);
    this.ready = [...nodes, ...dns];
    this.registerOutputs({ clusterId: this.clusterId, issuer: this.issuer });
  }

  private createNetwork(name: string, { plan, provider }: EksClusterArgs): VpcNetwork {
    return new VpcNetwork(
      `${name}-network`,
      { plan: plan.network, clusterName: plan.clusterName, provider },
      { parent: this },
    );
  }

  private createControlPlane(name: string, plan: EksPlan, network: VpcNetwork): awsEks.Cluster {
    const role = this.createRole(name, plan, "control-plane", "eks.amazonaws.com", ["AmazonEKSClusterPolicy"]);
    const key = new kms.Key(
      name,
      {
        ...plan.waived,
        description: `Envelope encryption of the Secrets of ${plan.clusterName}`,
        enableKeyRotation: true,
        deletionWindowInDays: 30,
      },
      { ...this.opts, protect: plan.protect },
    );
    const logs = new cloudwatch.LogGroup(
      name,
      { name: `/aws/eks/${plan.clusterName}/cluster`, retentionInDays: 90 },
      this.opts,
    );
    return new awsEks.Cluster(
      name,
      {
        ...plan.waived,
        name: plan.clusterName,
        version: plan.kubernetesVersion,
        roleArn: role.arn,
        accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
        bootstrapSelfManagedAddons: false,
        deletionProtection: plan.protect,
        enabledClusterLogTypes: LOG_TYPES,
        encryptionConfig: { provider: { keyArn: key.arn }, resources: ["secrets"] },
        kubernetesNetworkConfig: { serviceIpv4Cidr: plan.serviceCidr },
        upgradePolicy: { supportType: "STANDARD" },
        vpcConfig: {
          subnetIds: [...network.privateSubnetIds.values()],
          endpointPrivateAccess: true,
          endpointPublicAccess: plan.publicCidrs.length > 0,
          ...(plan.publicCidrs.length > 0 && { publicAccessCidrs: [...plan.publicCidrs] }),
        },
      },
      {
        ...this.opts,
        // Without its policies EKS cannot delete its network interfaces, and without its log group it makes one that
        // nobody owns.
        dependsOn: [...role.policies, logs],
        protect: plan.protect,
        // Read only when the cluster is made; a later difference would replace it (pulumi/pulumi-eks#1291).
        ignoreChanges: ["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
      },
    );
  }

  /** The role that runs Pulumi administers the cluster, by an entry that is in the state and not by having made it. */
  private grantAccess(name: string, plan: EksPlan, cluster: awsEks.Cluster): pulumi.Resource[] {
    const principal = { clusterName: cluster.name, principalArn: plan.deployerRoleArn };
    const entry = new awsEks.AccessEntry(`${name}-deployer`, principal, this.opts);
    const association = new awsEks.AccessPolicyAssociation(
      `${name}-deployer`,
      {
        ...principal,
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        accessScope: { type: "cluster" },
      },
      { ...this.opts, dependsOn: [entry] },
    );
    return [entry, association];
  }

  private createAddons(
    name: string,
    cluster: awsEks.Cluster,
    addons: readonly string[],
    dependsOn: pulumi.Resource[],
  ): awsEks.Addon[] {
    return addons.map(
      (addonName) =>
        new awsEks.Addon(
          `${name}-${addonName}`,
          {
            clusterName: cluster.name,
            addonName,
            resolveConflictsOnCreate: "OVERWRITE",
            resolveConflictsOnUpdate: "OVERWRITE",
            ...(addonName === "vpc-cni" && { configurationValues: JSON.stringify({ enableNetworkPolicy: "true" }) }),
          },
          { ...this.opts, dependsOn },
        ),
    );
  }

  private createNodeGroups(
    name: string,
    plan: EksPlan,
    cluster: awsEks.Cluster,
    network: VpcNetwork,
    networking: readonly pulumi.Resource[],
  ): awsEks.NodeGroup[] {
    const role = this.createRole(name, plan, "nodes", "ec2.amazonaws.com", NODE_POLICIES);
    const template = new ec2.LaunchTemplate(
      `${name}-nodes`,
      {
        name: `${plan.clusterName}-nodes`,
        updateDefaultVersion: true,
        // IMDSv2 with one hop: pods cannot take the node's identity; theirs come from their own tokens.
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [
          {
            deviceName: "/dev/xvda",
            ebs: { volumeSize: 50, volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" },
          },
        ],
      },
      this.opts,
    );
    return plan.nodes.map((group) =>
      this.createNodeGroup(name, group, { cluster, role, template, network, networking }),
    );
  }

  private createNodeGroup(
    name: string,
    group: NodeGroupPlan,
    on: {
      cluster: awsEks.Cluster;
      role: ServiceRole;
      template: ec2.LaunchTemplate;
      network: VpcNetwork;
      networking: readonly pulumi.Resource[];
    },
  ): awsEks.NodeGroup {
    return new awsEks.NodeGroup(
      `${name}-nodes-${group.name}`,
      {
        clusterName: on.cluster.name,
        nodeGroupName: group.name,
        nodeRoleArn: on.role.arn,
        subnetIds: [...on.network.privateSubnetIds.values()],
        version: group.kubernetesVersion,
        instanceTypes: [...group.instanceTypes],
        capacityType: group.spot ? "SPOT" : "ON_DEMAND",
        scalingConfig: { minSize: group.min, maxSize: group.max, desiredSize: group.min },
        updateConfig: { maxUnavailablePercentage: 33 },
        nodeRepairConfig: { enabled: true },
        labels: group.labels,
        launchTemplate: { id: on.template.id, version: on.template.latestVersion.apply(String) },
      },
      {
        ...this.opts,
        // Nodes join once their network plugin is there and their egress works, and leave before their role does.
        dependsOn: [...on.role.policies, ...on.network.egress, ...on.networking],
        // An autoscaler owns it after creation.
        ignoreChanges: ["scalingConfig.desiredSize"],
      },
    );
  }

  private createRole(
    name: string,
    plan: EksPlan,
    purpose: string,
    service: string,
    managedPolicies: readonly string[],
  ): ServiceRole {
    const role = new iam.Role(
      `${name}-${purpose}`,
      {
        name: `${plan.clusterName}-${purpose}`,
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
        }),
      },
      this.opts,
    );
    const policies = managedPolicies.map(
      (policy) =>
        new iam.RolePolicyAttachment(
          `${name}-${purpose}-${policy}`,
          { role: role.name, policyArn: `arn:aws:iam::aws:policy/${policy}` },
          this.opts,
        ),
    );
    return { arn: role.arn, policies };
  }

  private renderKubeconfig(plan: EksPlan, cluster: awsEks.Cluster): pulumi.Output<string> {
    const { clusterName, deployerRoleArn } = plan;
    const { region } = plan.place;
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
          region,
          "--role-arn",
          deployerRoleArn,
        ],
        installHint: "Install the AWS CLI, version 2: https://docs.aws.amazon.com/cli",
      }),
    );
    return pulumi.secret(kubeconfig);
  }

  private createProvider(name: string, cluster: awsEks.Cluster, access: pulumi.Resource[]): KubernetesProvider {
    return new KubernetesProvider(
      name,
      {
        kubeconfig: this.kubeconfig,
        // What is in the cluster is replaced with the cluster, never with its kubeconfig (pulumi/pulumi-kubernetes#2745).
        clusterIdentifier: cluster.id,
        enableServerSideApply: true,
      },
      // On destroy, access goes after what needs it (terraform-aws-modules/terraform-aws-eks#2923).
      { parent: this, dependsOn: access },
    );
  }
}

/** An IAM role for an AWS service, with the attachments that make it useful. */
interface ServiceRole {
  readonly arn: pulumi.Output<string>;
  readonly policies: readonly pulumi.Resource[];
}
