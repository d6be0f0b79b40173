/** What guards against losing a cluster or data, as the rule, the program and its documents agree on it. */

/** Environments that hold nothing worth guarding. */
export const UNGUARDED_ENVIRONMENTS: ReadonlySet<string> = new Set(["local", "dev"]);

/** Tag of what a waiver unguards: its last day, UTC, as `2026-12-31`. */
export const WAIVER_TAG = "isthmus:unguarded-until";

/**
 * Types whose deletion loses data or everything that runs inside, with the properties whose change replaces them. Azure
 * types without their API version.
 *
 * @see https://github.com/hashicorp/terraform-provider-aws `internal/service/eks/cluster.go`, `ForceNew`
 * @see https://github.com/pulumi/pulumi-azure-native `provider/pkg/gen/replacement.go`
 */
export const GUARDED_TYPES: Readonly<Record<string, readonly string[]>> = {
  "aws:efs/fileSystem:FileSystem": [
    "availabilityZoneName",
    "creationToken",
    "encrypted",
    "kmsKeyId",
    "performanceMode",
  ],
  "aws:eks/cluster:Cluster": [
    "accessConfig.bootstrapClusterCreatorAdminPermissions",
    "bootstrapSelfManagedAddons",
    "kubernetesNetworkConfig.ipFamily",
    "kubernetesNetworkConfig.serviceIpv4Cidr",
    "name",
    "roleArn",
  ],
  "aws:kms/key:Key": [],
  "aws:s3/bucket:Bucket": ["bucket"],
  "azure-native:containerservice:ManagedCluster": [
    "diskEncryptionSetID",
    "dnsPrefix",
    "fqdnSubdomain",
    "linuxProfile",
    "location",
    "networkProfile.dnsServiceIP",
    "networkProfile.networkDataplane",
    "networkProfile.networkPlugin",
    "networkProfile.networkPluginMode",
    "networkProfile.networkPolicy",
    "networkProfile.outboundType",
    "networkProfile.podCidr",
    "networkProfile.serviceCidr",
    "nodeResourceGroup",
  ],
  "azure-native:keyvault:Vault": ["location", "properties.tenantId", "vaultName"],
  "azure-native:operationalinsights:Workspace": ["location", "workspaceName"],
  "azure-native:resources:ResourceGroup": ["location", "resourceGroupName"],
  "azure-native:storage:StorageAccount": ["accountName", "location"],
};

/** The day it is, UTC, as `2026-11-25`: what waivers are compared with. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
