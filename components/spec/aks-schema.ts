import type {
  AgentPoolArgs,
  MaintenanceConfigurationArgs,
  ManagedClusterArgs,
} from "@pulumi/azure-native/containerservice";
import type { NatGatewayArgs, PublicIPAddressArgs, SubnetArgs, VirtualNetworkArgs } from "@pulumi/azure-native/network";
import type { ResourceGroupArgs } from "@pulumi/azure-native/resources";
import { z } from "zod";

import { clusterBase, nodePool } from "./common-schema";
import { overlayOf } from "./transform-schema";

/** Types of what an AKS cluster is made of, by the word for each in `transform`. */
export const AKS_TYPES = {
  agentPool: "azure-native:containerservice:AgentPool",
  maintenanceConfiguration: "azure-native:containerservice:MaintenanceConfiguration",
  managedCluster: "azure-native:containerservice:ManagedCluster",
  natGateway: "azure-native:network:NatGateway",
  publicIPAddress: "azure-native:network:PublicIPAddress",
  resourceGroup: "azure-native:resources:ResourceGroup",
  subnet: "azure-native:network:Subnet",
  virtualNetwork: "azure-native:network:VirtualNetwork",
} as const;

const transform = z.strictObject({
  agentPool: overlayOf<AgentPoolArgs>(),
  maintenanceConfiguration: overlayOf<MaintenanceConfigurationArgs>(),
  managedCluster: overlayOf<ManagedClusterArgs>(),
  natGateway: overlayOf<NatGatewayArgs>(),
  publicIPAddress: overlayOf<PublicIPAddressArgs>(),
  resourceGroup: overlayOf<ResourceGroupArgs>(),
  subnet: overlayOf<SubnetArgs>(),
  virtualNetwork: overlayOf<VirtualNetworkArgs>(),
} satisfies Record<keyof typeof AKS_TYPES, z.ZodType>);

const vmSize = z.string().regex(/^Standard_\w+$/, 'an Azure size such as "Standard_D4ds_v5"');

/** What an agent pool may be called. */
const poolName = z
  .string()
  .regex(
    /^[a-z][a-z0-9]{0,7}$/,
    "1 to 8 lower-case letters and digits, starting with a letter (Azure allows 12; 4 are a digest of what cannot change)",
  );

const armId = (type: string) =>
  z
    .string()
    .regex(
      new RegExp(`^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/${type.replaceAll(".", "\\.")}/[^/]+$`, "i"),
      `an ARM id, /subscriptions/<id>/resourceGroups/<name>/providers/${type}/<name>`,
    );

/** Where the key lies that Secrets are encrypted with in etcd, on top of the platform's own encryption of its disks. */
const secretsEncryption = z.discriminatedUnion("key", [
  /** The platform's key alone. The default, since a vault with purge protection keeps its name for months after a destroy. */
  z.strictObject({ key: z.literal("platform") }),
  /** A key of its own in a vault of its own, beside the cluster (CIS AKS 5.3.1). */
  z.strictObject({ key: z.literal("created") }),
  /** A key that exists. The cluster's identity is given the use of it. */
  z.strictObject({
    key: z.literal("given"),
    keyVaultId: armId("Microsoft.KeyVault/vaults"),
    /** With its version: AKS does not follow a rotation by itself. */
    keyId: z
      .string()
      .regex(
        /^https:\/\/[^/]+\/keys\/[^/]+\/[0-9a-f]{32}$/,
        "the URL of a version of a key, https://<vault>.vault.azure.net/keys/<name>/<version>",
      ),
    /** `Private` for a vault that is reached through a private endpoint only. Default: `Public`. */
    keyVaultNetworkAccess: z.enum(["Public", "Private"]).optional(),
  }),
]);

/** Who decides how many nodes there are, and of which sizes, beyond the pools of `nodes`. */
const nodeProvisioning = z.discriminatedUnion("mode", [
  /** The pools of `nodes`, each scaled by the cluster autoscaler. The default. */
  z.strictObject({ mode: z.literal("Manual") }),
  /** Node auto-provisioning: AKS runs Karpenter. The pools of `nodes` then have a fixed size, and may be none. */
  z.strictObject({
    mode: z.literal("Auto"),
    /** Whether AKS makes its own NodePools, or waits for yours. Default: `Auto`. */
    defaultNodePools: z.enum(["Auto", "None"]).optional(),
  }),
]);

export const aksSchema = z.strictObject({
  kind: z.literal("aks"),
  ...clusterBase,
  /** Azure location, e.g. `northeurope`. */
  location: z.string().regex(/^[a-z]+[a-z0-9]*$/, 'an Azure location such as "northeurope"'),
  /** Arguments of Azure's own, by type of resource, for what this spec has no word for. See `overlayOf`. */
  transform: transform.optional(),
  /** Availability zones of the nodes and of the egress address. Default: all three. `[]` where a location has none. */
  zones: z.array(z.enum(["1", "2", "3"])).optional(),
  /** Price and uptime promise of the control plane. Default: `Standard`. */
  tier: z.enum(["Free", "Standard", "Premium"]).optional(),
  /** `AKSLongTermSupport` keeps a minor version for two years; it needs the tier `Premium`. Default: `KubernetesOfficial`. */
  supportPlan: z.enum(["KubernetesOfficial", "AKSLongTermSupport"]).optional(),
  /** Costs by namespace in the portal; not with the tier `Free`. Default: false. */
  costAnalysis: z.boolean().optional(),
  /** The permanent system pool. Its size is fixed when the cluster is made. Default: 3 nodes of Standard_D4ds_v5. */
  system: z.strictObject({ vmSize, count: z.int().min(1).max(10) }).optional(),
  /** User node pools by name. A pool whose unchangeable properties change is made anew before the old one goes. */
  nodes: z.record(
    poolName,
    z.strictObject({
      ...nodePool,
      /** What its resources are called. Default: its key. Who renames the key keeps the old one here. */
      name: poolName.optional(),
      vmSize,
    }),
  ),
  nodeProvisioning: nodeProvisioning.optional(),
  /**
   * Private DNS zone of a private API server, `privatelink.<location>.azmk8s.io` or below it, that exists already, e.g. in a
   * hub. Default: AKS makes one in the node resource group.
   */
  privateDnsZoneId: armId("Microsoft.Network/privateDnsZones").optional(),
  secretsEncryption: secretsEncryption.optional(),
  /**
   * Encrypts temporary disks and caches on the nodes' hosts. Needs the feature `Microsoft.Compute/EncryptionAtHost` of the
   * subscription. Fixed once a pool exists. Default: true.
   */
  hostEncryption: z.boolean().optional(),
  /** Encrypts the nodes' managed disks with your own key (CKV_AZURE_117). Changing it replaces the cluster. */
  diskEncryptionSetId: armId("Microsoft.Compute/diskEncryptionSets").optional(),
  /** What AKS upgrades by itself, within the maintenance window. */
  upgrades: z
    .strictObject({
      /** Of Kubernetes: patches of the minor version, by default. `stable` and `rapid` change minors on their own. */
      channel: z.enum(["none", "patch", "stable", "rapid", "node-image"]).optional(),
      /** Of the nodes' operating system. Default: `NodeImage`. */
      nodeOsChannel: z.enum(["None", "Unmanaged", "SecurityPatch", "NodeImage"]).optional(),
    })
    .optional(),
  /** When AKS may upgrade, once a week. Default: Sunday, 00:00 UTC, 8 hours. */
  maintenance: z
    .strictObject({
      dayOfWeek: z.enum(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]),
      /** Local to `utcOffset`. */
      startTime: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as "01:00"'),
      durationHours: z.int().min(4).max(24),
      /** Default: `+00:00`. */
      utcOffset: z
        .string()
        .regex(/^[+-](0\d|1[0-4]):[0-5]\d$/, 'an offset such as "+02:00"')
        .optional(),
    })
    .optional(),
  /** Days for which the control plane's logs are kept, 30 to 730. Default: 90. */
  logRetentionDays: z.int().min(30).max(730).optional(),
  /** Collects the containers' logs and metrics too (CKV_AZURE_4). They are billed by volume. Default: false. */
  containerInsights: z.boolean().optional(),
  /** Microsoft Defender for Containers, which is billed by core (CIS AKS 5.1.1). Default: false. */
  defender: z.boolean().optional(),
});
