import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as eks from "@pulumi/aws/eks";
import * as kms from "@pulumi/aws/kms";
import type * as pulumi from "@pulumi/pulumi";

import type { VpcNetwork } from "../../network/vpc";
import { guardingUpgrades } from "../upgrade-guard";
import type { AccessPlan } from "./plan";
import { createRole, partitionOf, type ServiceRole, type Site } from "./site";

const LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

/** What the control plane needs to make nodes, volumes and load balancers by itself. */
const AUTO_MODE_POLICIES = [
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
];

export const NODE_POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"];

/**
 * The control plane with its role, the key of its Secrets and the group of its logs.
 *
 * Changing one of these replaces the cluster: `name`, `roleArn`, `kubernetesNetworkConfig`, the node role of Auto Mode, and
 * taking the encryption away (https://github.com/hashicorp/terraform-provider-aws, `internal/service/eks/cluster.go`).
 */
export function createControlPlane(site: Site, network: VpcNetwork): eks.Cluster {
  const { name, plan, opts } = site;
  const auto = plan.compute.kind === "auto" ? plan.compute : undefined;
  const role = createControlPlaneRole(site);
  const nodeRole = auto && createRole(site, "auto-nodes", { service: "ec2.amazonaws.com" }, AUTO_NODE_POLICIES);
  const key = createKey(site);
  const logs = new cloudwatch.LogGroup(
    name,
    { name: `/aws/eks/${plan.clusterName}/cluster`, retentionInDays: plan.logRetentionDays },
    opts,
  );
  return new eks.Cluster(
    name,
    {
      ...plan.waived,
      name: plan.clusterName,
      version: plan.kubernetesVersion,
      roleArn: role.arn,
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
      bootstrapSelfManagedAddons: false,
      // The three switches of Auto Mode are one: EKS refuses any other combination, and takes an absent one for "as it was"
      // (pulumi/pulumi-eks#1597).
      computeConfig: {
        enabled: auto !== undefined,
        ...(auto !== undefined && { nodePools: [...auto.nodePools], nodeRoleArn: nodeRole!.arn }),
      },
      storageConfig: { blockStorage: { enabled: auto !== undefined } },
      kubernetesNetworkConfig: {
        serviceIpv4Cidr: plan.serviceCidr,
        elasticLoadBalancing: { enabled: auto !== undefined },
      },
      deletionProtection: plan.protect,
      enabledClusterLogTypes: LOG_TYPES,
      encryptionConfig: { provider: { keyArn: key.arn }, resources: ["secrets"] },
      upgradePolicy: { supportType: plan.supportType },
      vpcConfig: {
        subnetIds: [...network.privateSubnetIds.values()],
        endpointPrivateAccess: true,
        endpointPublicAccess: plan.publicCidrs.length > 0,
        ...(plan.publicCidrs.length > 0 && { publicAccessCidrs: [...plan.publicCidrs] }),
      },
      zonalShiftConfig: { enabled: true },
    },
    {
      ...opts,
      // Without its policies EKS cannot delete its network interfaces, and without its log group it makes one that
      // nobody owns.
      dependsOn: [
        ...role.policies,
        logs,
        // Auto Mode's nodes come and go with the cluster.
        ...(auto === undefined ? [] : [...nodeRole!.policies, ...network.egress]),
      ],
      protect: plan.protect,
      ...guardingUpgrades(name, plan.path, { input: "version", output: "version" }),
      // Read only when the cluster is made; a later difference would replace it (pulumi/pulumi-eks#1291).
      ignoreChanges: ["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
    },
  );
}

const AUTO_NODE_POLICIES = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];

function createControlPlaneRole(site: Site): ServiceRole {
  const auto = site.plan.compute.kind === "auto";
  return createRole(
    site,
    "control-plane",
    { service: "eks.amazonaws.com", ...(auto && { actions: ["sts:AssumeRole", "sts:TagSession"] }) },
    ["AmazonEKSClusterPolicy", ...(auto ? AUTO_MODE_POLICIES : [])],
  );
}

function createKey({ name, plan, opts }: Site): kms.Key {
  return new kms.Key(
    name,
    {
      ...plan.waived,
      description: `Envelope encryption of the Secrets of ${plan.clusterName}`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
    },
    { ...opts, protect: plan.protect },
  );
}

/** Lets the role that runs Pulumi in, and whom the spec names: by entries that are in the state, and not by having made it. */
export function grantAccess(site: Site, cluster: eks.Cluster): pulumi.Resource[] {
  const { plan } = site;
  const deployer = {
    name: "deployer",
    principal: plan.deployerRoleArn,
    groups: [],
    policies: [{ policy: "AmazonEKSClusterAdminPolicy", namespaces: [] }],
  };
  const child = `${site.name}-deployer`;
  const ofDeployer = createEntry(site, cluster, child, deployer, () => child);
  for (const entry of plan.access) {
    const other = `${site.name}-access-${entry.name}`;
    createEntry(site, cluster, other, entry, (policy) => `${other}-${policy}`);
  }
  return ofDeployer;
}

function createEntry(
  { opts, plan }: Site,
  cluster: eks.Cluster,
  child: string,
  { principal, groups, policies }: AccessPlan,
  nameOf: (policy: string) => string,
): pulumi.Resource[] {
  const subject = { clusterName: cluster.name, principalArn: principal };
  const entry = new eks.AccessEntry(
    child,
    { ...subject, ...(groups.length > 0 && { kubernetesGroups: [...groups] }) },
    opts,
  );
  const associations = policies.map(
    ({ policy, namespaces }) =>
      new eks.AccessPolicyAssociation(
        nameOf(policy),
        {
          ...subject,
          policyArn: `arn:${partitionOf(plan)}:eks::aws:cluster-access-policy/${policy}`,
          accessScope:
            namespaces.length === 0 ? { type: "cluster" } : { type: "namespace", namespaces: [...namespaces] },
        },
        { ...opts, dependsOn: [entry] },
      ),
  );
  return [entry, ...associations];
}
