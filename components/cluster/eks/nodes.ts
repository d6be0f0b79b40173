import * as ec2 from "@pulumi/aws/ec2";
import * as eks from "@pulumi/aws/eks";
import type * as pulumi from "@pulumi/pulumi";

import type { VpcNetwork } from "../../network/vpc";
import { readTaint, type Taint } from "../common-plan";
import type { NodeGroupPlan } from "./compute-plan";
import { NODE_POLICIES } from "./control-plane";
import { gvisorUserData } from "./gvisor";
import { createRole, type ServiceRole, type Site } from "./site";

export interface Ground {
  readonly cluster: eks.Cluster;
  readonly network: VpcNetwork;
}

/** Managed node groups. Each has a launch template of its own: whatever changes in one pool touches no other. */
export function createNodeGroups(
  site: Site,
  ground: Ground,
  /** Add-ons by whose help nodes join. */
  networking: readonly pulumi.Resource[],
): eks.NodeGroup[] {
  const { nodes } = site.plan;
  if (nodes.length === 0) return [];
  const role = createRole(site, "nodes", { service: "ec2.amazonaws.com" }, NODE_POLICIES);
  return nodes.map((group) => createNodeGroup(site, ground, group, role, networking));
}

function createNodeGroup(
  { name, plan, opts }: Site,
  { cluster, network }: Ground,
  group: NodeGroupPlan,
  role: ServiceRole,
  networking: readonly pulumi.Resource[],
): eks.NodeGroup {
  const child = `${name}-nodes-${group.name}`;
  const template = new ec2.LaunchTemplate(
    child,
    {
      name: `${plan.clusterName}-${group.name}`,
      updateDefaultVersion: true,
      // IMDSv2 with one hop: pods cannot take the node's identity; theirs come from their own tokens.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      blockDeviceMappings: [rootVolume(group)],
      ...(group.sandboxed && { userData: Buffer.from(gvisorUserData(plan.gvisor)).toString("base64") }),
      // Auto Scaling passes no tags on to what it launches.
      tagSpecifications: ["instance", "volume"].map((resourceType) => ({
        resourceType,
        tags: { Name: `${plan.clusterName}-${group.name}` },
      })),
    },
    opts,
  );
  return new eks.NodeGroup(
    child,
    {
      clusterName: cluster.name,
      nodeGroupName: group.nodeGroupName,
      nodeRoleArn: role.arn,
      subnetIds: group.zones.map((zone) => network.privateSubnetIds.get(zone)!),
      version: group.kubernetesVersion,
      instanceTypes: [...group.instanceTypes],
      amiType: group.amiType,
      capacityType: group.spot ? "SPOT" : "ON_DEMAND",
      scalingConfig: { minSize: group.min, maxSize: group.max, desiredSize: group.min },
      updateConfig: { maxUnavailablePercentage: 33 },
      nodeRepairConfig: { enabled: true },
      labels: group.labels,
      ...(group.taints.length > 0 && { taints: group.taints.map(eksTaint) }),
      launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
    },
    {
      ...opts,
      // Nodes join once their network plugin is there and their egress works, and leave before their role does.
      dependsOn: [...role.policies, ...network.egress, ...networking],
      // An autoscaler owns it after creation.
      ignoreChanges: ["scalingConfig.desiredSize"],
    },
  );
}

/** Bottlerocket keeps images and containers on a second volume; the first one holds the system alone. */
function rootVolume({ amiType, diskSize }: NodeGroupPlan) {
  return {
    deviceName: amiType.startsWith("BOTTLEROCKET_") ? "/dev/xvdb" : "/dev/xvda",
    ebs: { volumeSize: diskSize, volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" },
  };
}

/** A taint as EKS writes it. */
function eksTaint(text: string): Taint {
  const names = { NoSchedule: "NO_SCHEDULE", PreferNoSchedule: "PREFER_NO_SCHEDULE", NoExecute: "NO_EXECUTE" };
  const { effect, ...taint } = readTaint(text);
  return { ...taint, effect: names[effect as keyof typeof names] };
}

/** Fargate profiles, one after the other: EKS changes one of a cluster at a time. */
export function createFargateProfiles(site: Site, { cluster, network }: Ground): eks.FargateProfile[] {
  const { compute, clusterArn } = site.plan;
  if (compute.kind !== "fargate") return [];
  const role = createRole(
    site,
    "fargate-pods",
    {
      service: "eks-fargate-pods.amazonaws.com",
      sourceArn: `${clusterArn.replace(":cluster/", ":fargateprofile/")}/*`,
    },
    ["AmazonEKSFargatePodExecutionRolePolicy"],
  );
  const profiles: eks.FargateProfile[] = [];
  for (const { name, profileName, selectors } of compute.profiles) {
    const profile = new eks.FargateProfile(
      `${site.name}-fargate-${name}`,
      {
        clusterName: cluster.name,
        fargateProfileName: profileName,
        podExecutionRoleArn: role.arn,
        subnetIds: [...network.privateSubnetIds.values()],
        selectors: selectors.map(({ namespace, labels }) => ({ namespace, labels })),
      },
      { ...site.opts, dependsOn: [...role.policies, ...network.egress, ...profiles.slice(-1)] },
    );
    profiles.push(profile);
  }
  return profiles;
}
