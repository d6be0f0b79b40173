import type { TimedOperation } from "./clock";

/** Seconds that an operation takes on the real cloud. */
export type Latency = Readonly<Record<TimedOperation, number>>;

/** A latency with where its numbers come from. */
export interface SourcedLatency extends Latency {
  readonly source: string;
}

/** Nobody measured it: an order of magnitude, from what the operation has to do. */
const ESTIMATE = "estimate";
const LOGS = 'lines "Creation complete after" and "Destruction complete after" of public Terraform logs';

/**
 * The virtual clock's table: seconds of each type that takes longer or shorter than an ordinary call to its cloud. To add a
 * type or a better number, add it here with its source.
 */
export const LATENCIES: Readonly<Record<string, SourcedLatency>> = {
  "aws:ec2/eip:Eip": of(1, 2, 1, ESTIMATE),
  "aws:ec2/internetGateway:InternetGateway": of(1, 2, 1, ESTIMATE),
  "aws:ec2/natGateway:NatGateway": of(105, 5, 55, `${LOGS}: 90 to 130 to create`),
  "aws:ec2/securityGroup:SecurityGroup": of(3, 1, 1, ESTIMATE),
  "aws:ec2/subnet:Subnet": of(11, 5, 1, `${LOGS}: with mapPublicIpOnLaunch`),
  "aws:ec2/vpc:Vpc": of(12, 5, 1, `${LOGS}: with DNS hostnames`),
  "aws:ec2/vpcEndpoint:VpcEndpoint": of(40, 10, 30, ESTIMATE),
  "aws:eks/addon:Addon": of(
    45,
    45,
    20,
    `${ESTIMATE}: DaemonSets are active within a minute, coredns waits for its pods`,
  ),
  "aws:eks/cluster:Cluster": of(
    570,
    480,
    150,
    `${LOGS}: 8 to 11 minutes to create, 2 to 3 to delete, 7 to 10 for a version`,
  ),
  "aws:efs/fileSystem:FileSystem": of(6, 2, 6, `${LOGS}: 5 to 8`),
  "aws:efs/mountTarget:MountTarget": of(90, 2, 8, `${LOGS}: 1m20s to 1m40s to create`),
  "aws:eks/fargateProfile:FargateProfile": of(120, 1, 120, `${LOGS}: 1 to 2 minutes to create, 1 to 4 to delete`),
  "aws:eks/nodeGroup:NodeGroup": of(150, 240, 240, `${LOGS}: 1m40s to 3m to create, 3 to 8 to delete, which drains`),
  "aws:iam/role:Role": of(2, 1, 1, ESTIMATE),
  "aws:kms/key:Key": of(12, 5, 1, ESTIMATE),
  "aws:s3/bucket:Bucket": of(2, 1, 1, ESTIMATE),
  "azure-native:authorization:ManagementLockByScope": of(2, 2, 2, ESTIMATE),
  "azure-native:authorization:RoleAssignment": of(25, 5, 10, ESTIMATE),
  "azure-native:containerservice:AgentPool": of(170, 120, 200, `${LOGS}: 2 to 4 minutes, a delete drains`),
  "azure-native:containerservice:MaintenanceConfiguration": of(3, 3, 3, ESTIMATE),
  "azure-native:containerservice:ManagedCluster": of(270, 150, 280, `${LOGS}: 4 to 5 minutes to create and to delete`),
  "azure-native:keyvault:Key": of(2, 2, 1, ESTIMATE),
  "azure-native:keyvault:Vault": of(30, 10, 10, ESTIMATE),
  "azure-native:managedidentity:FederatedIdentityCredential": of(2, 2, 2, ESTIMATE),
  "azure-native:managedidentity:UserAssignedIdentity": of(3, 2, 3, ESTIMATE),
  "azure-native:monitor:DiagnosticSetting": of(5, 5, 5, ESTIMATE),
  "azure-native:network:NatGateway": of(5, 5, 11, ESTIMATE),
  "azure-native:network:NetworkSecurityGroup": of(4, 4, 11, ESTIMATE),
  "azure-native:network:PublicIPAddress": of(4, 4, 11, ESTIMATE),
  "azure-native:network:Subnet": of(5, 5, 11, ESTIMATE),
  "azure-native:network:VirtualNetwork": of(
    8,
    6,
    12,
    "https://github.com/Azure/terraform-azurerm-aks/pull/74: 8 to 9 to create; the rest is an estimate",
  ),
  "azure-native:privatedns:PrivateZone": of(35, 5, 15, ESTIMATE),
  "azure-native:privatedns:VirtualNetworkLink": of(35, 5, 15, ESTIMATE),
  "azure-native:operationalinsights:Workspace": of(
    7,
    10,
    12,
    "https://github.com/Azure/terraform-azurerm-aks/pull/74: 7 to create; the rest is an estimate",
  ),
  "azure-native:resources:ResourceGroup": of(
    2,
    2,
    15,
    `${LOGS}: an empty one, since it takes as long as what is in it`,
  ),
  "azure-native:storage:BlobContainer": of(2, 2, 1, ESTIMATE),
  "azure-native:storage:BlobServiceProperties": of(2, 2, 1, ESTIMATE),
  "azure-native:storage:ManagementPolicy": of(2, 2, 1, ESTIMATE),
  "azure-native:storage:StorageAccount": of(22, 5, 5, ESTIMATE),
  "kubernetes:apps/v1:DaemonSet": of(15, 20, 5, ESTIMATE),
  "kubernetes:apps/v1:Deployment": of(15, 20, 5, ESTIMATE),
  "kubernetes:apps/v1:StatefulSet": of(30, 40, 10, ESTIMATE),
  "kubernetes:batch/v1:Job": of(10, 1, 1, ESTIMATE),
  "kubernetes:core/v1:Namespace": of(1, 1, 10, `${ESTIMATE}: the namespace controller empties it first`),
  "kubernetes:helm.sh/v3:Release": of(25, 20, 15, `${ESTIMATE}: Helm waits for the pods`),
};

/** What a type that is not in the table takes: an ordinary call to its cloud. */
export const ORDINARY: Readonly<Record<string, SourcedLatency>> = {
  aws: of(1, 1, 1, ESTIMATE),
  "azure-native": of(5, 5, 10, `${ESTIMATE}: Azure's calls are polled`),
  kubernetes: of(1, 1, 1, ESTIMATE),
  tls: of(1, 1, 1, `${ESTIMATE}: a key is drawn on this machine`),
};

/** Seconds that an operation takes on the real cloud, for a virtual clock. Zero for what no cloud does. */
export function latency(type: string, operation: TimedOperation): number {
  const [pkg = ""] = type.split(":");
  return (LATENCIES[type] ?? ORDINARY[pkg])?.[operation] ?? 0;
}

function of(create: number, update: number, remove: number, source: string): SourcedLatency {
  return { create, update, delete: remove, source };
}
