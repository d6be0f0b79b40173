import type * as containerservice from "@pulumi/azure-native/containerservice";
import type * as pulumi from "@pulumi/pulumi";

import type { AksPlan } from "./plan";
import type { KmsProfile } from "./secrets-key";

/** What a cluster refers to. */
export interface ControlPlaneParts {
  readonly resourceGroupName: pulumi.Input<string>;
  readonly nodeSubnetId: pulumi.Input<string>;
  readonly workspaceId: pulumi.Input<string>;
  readonly identityId: pulumi.Input<string>;
  readonly kubelet: {
    readonly resourceId: pulumi.Input<string>;
    readonly clientId: pulumi.Input<string>;
    readonly objectId: pulumi.Input<string>;
  };
  readonly kms?: KmsProfile;
}

/** What every pool has, the system pool and the others. */
export function poolBase({ network: { zones }, hostEncryption }: AksPlan) {
  return {
    type: "VirtualMachineScaleSets",
    osSKU: "AzureLinux",
    osDiskType: "Ephemeral",
    maxPods: 110,
    enableEncryptionAtHost: hostEncryption,
    enableNodePublicIP: false,
    ...(zones.length > 0 && { availabilityZones: [...zones] }),
    upgradeSettings: {
      maxSurge: "33%",
      drainTimeoutInMinutes: 30,
      // A node that a pod disruption budget holds is set aside; the upgrade goes on (Azure/AKS#3384).
      undrainableNodeBehavior: "Cordon",
    },
  };
}

/** The arguments of a cluster. What AKS refuses in combination cannot be said here, or is refused in `plan.ts`. */
export function managedCluster(plan: AksPlan, parts: ControlPlaneParts): containerservice.ManagedClusterArgs {
  return {
    ...plan.waived,
    resourceName: plan.clusterName,
    resourceGroupName: parts.resourceGroupName,
    location: plan.place.location,
    dnsPrefix: plan.clusterName,
    kubernetesVersion: plan.kubernetesVersion,
    nodeResourceGroup: `${plan.clusterName}-nodes`,
    nodeResourceGroupProfile: { restrictionLevel: "ReadOnly" },
    sku: { name: "Base", tier: plan.tier },
    supportPlan: plan.supportPlan,
    identity: { type: "UserAssigned", userAssignedIdentities: [parts.identityId] },
    identityProfile: { kubeletidentity: parts.kubelet },
    enableRBAC: true,
    disableLocalAccounts: true,
    aadProfile: {
      managed: true,
      enableAzureRBAC: true,
      tenantID: plan.place.tenantId,
      adminGroupObjectIDs: [...plan.adminGroupObjectIds],
    },
    apiServerAccessProfile: apiServerAccess(plan),
    oidcIssuerProfile: { enabled: true },
    securityProfile: {
      workloadIdentity: { enabled: true },
      imageCleaner: { enabled: true, intervalHours: 48 },
      ...(parts.kms && { azureKeyVaultKms: parts.kms }),
      ...(plan.defender && {
        defender: { logAnalyticsWorkspaceResourceId: parts.workspaceId, securityMonitoring: { enabled: true } },
      }),
    },
    addonProfiles: {
      azurepolicy: { enabled: true },
      azureKeyvaultSecretsProvider: {
        enabled: true,
        config: { enableSecretRotation: "true", rotationPollInterval: "2m" },
      },
      ...(plan.containerInsights && {
        omsagent: {
          enabled: true,
          config: { logAnalyticsWorkspaceResourceID: parts.workspaceId, useAADAuth: "true" },
        },
      }),
    },
    ...(plan.costAnalysis && { metricsProfile: { costAnalysis: { enabled: true } } }),
    ...(plan.diskEncryptionSetId !== undefined && { diskEncryptionSetID: plan.diskEncryptionSetId }),
    storageProfile: {
      diskCSIDriver: { enabled: true },
      fileCSIDriver: { enabled: true },
      snapshotController: { enabled: true },
    },
    autoUpgradeProfile: { upgradeChannel: plan.upgradeChannel, nodeOSUpgradeChannel: plan.nodeOsChannel },
    networkProfile: {
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      networkPolicy: "cilium",
      outboundType: "userAssignedNATGateway",
      loadBalancerSku: "standard",
      podCidr: plan.podCidr,
      serviceCidr: plan.serviceCidr,
      dnsServiceIP: plan.dnsServiceIp,
    },
    nodeProvisioningProfile:
      plan.nodeProvisioning.mode === "Auto"
        ? { mode: "Auto", defaultNodePools: plan.nodeProvisioning.defaultNodePools ?? "Auto" }
        : { mode: "Manual" },
    agentPoolProfiles: [
      {
        ...poolBase(plan),
        name: "system",
        mode: "System",
        count: plan.system.count,
        vmSize: plan.system.vmSize,
        vnetSubnetID: parts.nodeSubnetId,
        nodeTaints: ["CriticalAddonsOnly=true:NoSchedule"],
      },
    ],
  };
}

/** Fixed once the cluster exists, but for the authorized ranges. */
function apiServerAccess({ publicCidrs, privateDnsZoneId }: AksPlan) {
  return publicCidrs.length > 0
    ? { authorizedIPRanges: [...publicCidrs], disableRunCommand: true }
    : { enablePrivateCluster: true, privateDNSZone: privateDnsZoneId ?? "system", disableRunCommand: true };
}
