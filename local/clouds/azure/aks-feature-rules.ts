import { isPropertyMap, type PropertyMap } from "../../protocol/property";
import type { LedgerEntry, Ledger } from "../ledger";
import type { Refusal, Rule } from "../model";
import { textAt, textsAt, valueAt, valuesAt } from "../paths";
import { ratchet } from "../rules";
import { sameId, type AzureContext, type AzureSettings } from "./common";
import { ROLE_ASSIGNMENT, USER_ASSIGNED_IDENTITY } from "./identity";

/*
 * Which features AKS lets be combined: the preconditions of Azure/terraform-azurerm-aks (`main.tf`) and the webhooks of
 * kubernetes-sigs/cluster-api-provider-azure (`azuremanagedcontrolplane_validation.go`), in the service's form of an error.
 */

const MANAGED_IDENTITY_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830";
const NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7";
const PRIVATE_DNS_ZONE_CONTRIBUTOR = "b12aa53e-6015-4669-85d0-8515ebb3ae7f";
const KEY_VAULT_CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424";

const invalid = (message: string): Refusal => ({ code: "InvalidParameter", message });

function isUserAssigned(inputs: PropertyMap): boolean {
  return textAt(inputs, "identity.type") === "UserAssigned";
}

/** Whether one of the cluster's own identities has a role on exactly this scope. */
function hasRole(inputs: PropertyMap, ledger: Ledger, scope: string, role: string): boolean {
  const ids = textsAt(inputs, "identity.userAssignedIdentities[*]");
  const isOwn = (entry: LedgerEntry): boolean => ids.some((id) => sameId(id, entry.id));
  const principals = ledger
    .list(USER_ASSIGNED_IDENTITY)
    .filter(isOwn)
    .map(({ outputs }) => outputs.principalId);
  return ledger
    .list(ROLE_ASSIGNMENT)
    .some(
      ({ inputs: given }) =>
        principals.includes(given.principalId ?? "") &&
        sameId(String(given.scope), scope) &&
        String(given.roleDefinitionId).endsWith(role),
    );
}

function kmsRule(inputs: PropertyMap, { ledger }: AzureContext): Refusal | undefined {
  const kms = valueAt(inputs, "securityProfile.azureKeyVaultKms");
  if (valueAt(kms, "enabled") !== true) return undefined;
  if (!isUserAssigned(inputs)) {
    return invalid("azureKeyVaultKms is not supported with a system-assigned identity; use a user-assigned one");
  }
  const [vault, keyId] = [textAt(kms, "keyVaultResourceId"), textAt(kms, "keyId")];
  if (!/^https:\/\/[^/]+\/keys\/[^/]+\/[^/]+$/.test(keyId ?? "")) {
    return invalid(`azureKeyVaultKms.keyId '${keyId ?? ""}' is not the identifier of a version of a key`);
  }
  if (textAt(kms, "keyVaultNetworkAccess") === "Private" && vault === undefined) {
    return invalid("azureKeyVaultKms.keyVaultResourceId is required when keyVaultNetworkAccess is Private");
  }
  if (vault === undefined || hasRole(inputs, ledger, vault, KEY_VAULT_CRYPTO_USER)) return undefined;
  return {
    code: "AzureKeyVaultKmsValidateIdentityPermissionError",
    message: `The cluster's identity is not permitted to encrypt and decrypt with the key ${keyId}. Assign it "Key Vault Crypto User" on ${vault}.`,
  };
}

function kubeletRule(inputs: PropertyMap, { ledger }: AzureContext): Refusal | undefined {
  const kubelet = textAt(inputs, "identityProfile.kubeletidentity.resourceId");
  if (kubelet === undefined) return undefined;
  if (!isUserAssigned(inputs)) {
    return {
      code: "CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster",
      message: "Custom kubelet identity is only supported on user assigned MSI clusters.",
    };
  }
  if (hasRole(inputs, ledger, kubelet, MANAGED_IDENTITY_OPERATOR)) return undefined;
  return {
    code: "CustomKubeletIdentityMissingPermissionError",
    message: `The cluster user assigned identity must be given permission to assign kubelet identity ${kubelet}. Check access on scope ${kubelet} and the role 'Managed Identity Operator'.`,
  };
}

function privateClusterRule(inputs: PropertyMap, { ledger }: AzureContext): Refusal | undefined {
  const profile = valueAt(inputs, "apiServerAccessProfile");
  const isPrivate = valueAt(profile, "enablePrivateCluster") === true;
  const zone = textAt(profile, "privateDNSZone");
  const ranges = textsAt(profile, "authorizedIPRanges[*]");
  if (isPrivate && ranges.length > 0) {
    return invalid("authorizedIPRanges cannot be used with a private cluster: its API server has no public address");
  }
  if (valueAt(profile, "enableVnetIntegration") === true && textAt(profile, "subnetId") === undefined) {
    return invalid(
      "apiServerAccessProfile.subnetId is required with enableVnetIntegration on a custom virtual network",
    );
  }
  if (zone === undefined) return undefined;
  if (!isPrivate) return invalid("privateDNSZone needs enablePrivateCluster to be true");
  if (["system", "none"].includes(zone)) return undefined;
  if (!isUserAssigned(inputs)) return invalid("A custom private DNS zone needs a user-assigned identity");
  const name = zone.slice(zone.lastIndexOf("/") + 1);
  if (!/^([a-z0-9-]{1,32}\.)?privatelink\.[a-z0-9]+\.azmk8s\.io$/.test(name)) {
    return {
      code: "CustomPrivateDNSZoneNameInvalid",
      message: `Private DNS zone name '${name}' is not valid. Use privatelink.<region>.azmk8s.io or <subzone>.privatelink.<region>.azmk8s.io.`,
    };
  }
  // AKS writes the record of its API server into the zone, and links the zone to the network of its nodes.
  const network = textsAt(inputs, "agentPoolProfiles[*].vnetSubnetID")[0]?.replace(/\/subnets\/[^/]+$/i, "");
  const needed = [
    [zone, PRIVATE_DNS_ZONE_CONTRIBUTOR, "Microsoft.Network/privateDnsZones/write"],
    [network, NETWORK_CONTRIBUTOR, "Microsoft.Network/virtualNetworks/join/action"],
  ] as const;
  const missing = needed.find(([scope, role]) => scope !== undefined && !hasRole(inputs, ledger, scope, role));
  return (
    missing && {
      code: "CustomPrivateDNSZoneMissingPermissionError",
      message: `Service principal or user assigned identity must be given permission to use the custom private DNS zone ${zone}. Check access result not allowed for action ${missing[2]} on ${missing[0]}.`,
    }
  );
}

function provisioningRule(inputs: PropertyMap): Refusal | undefined {
  if (textAt(inputs, "nodeProvisioningProfile.mode") !== "Auto") return undefined;
  const scaled = valuesAt(inputs, "agentPoolProfiles[*]")
    .filter(isPropertyMap)
    .find((pool) => pool.enableAutoScaling === true);
  if (scaled !== undefined) return provisioningRefusal(String(scaled.name));
  const overlay = textAt(inputs, "networkProfile.networkPluginMode") === "overlay";
  if (overlay && textAt(inputs, "networkProfile.networkDataplane") === "cilium") return undefined;
  return invalid("nodeProvisioningProfile.mode Auto needs networkPluginMode overlay and networkDataplane cilium");
}

/** What AKS says of a pool that the cluster autoscaler scales, where nodes are provisioned. */
export function provisioningRefusal(pool: string): Refusal {
  return {
    code: "NodeAutoProvisioningIncompatible",
    message: `Agent pool '${pool}' has enableAutoScaling, which cannot be used with nodeProvisioningProfile.mode Auto.`,
  };
}

function planRule(inputs: PropertyMap): Refusal | undefined {
  const tier = textAt(inputs, "sku.tier") ?? "Free";
  if (textAt(inputs, "supportPlan") === "AKSLongTermSupport" && tier !== "Premium") {
    return invalid("supportPlan AKSLongTermSupport needs the SKU tier Premium");
  }
  if (valueAt(inputs, "metricsProfile.costAnalysis.enabled") === true && tier === "Free") {
    return invalid("Cost analysis needs the SKU tier Standard or Premium");
  }
  const node = textAt(inputs, "autoUpgradeProfile.nodeOSUpgradeChannel");
  if (
    textAt(inputs, "autoUpgradeProfile.upgradeChannel") === "node-image" &&
    node !== undefined &&
    node !== "NodeImage"
  ) {
    return invalid("upgradeChannel node-image needs nodeOSUpgradeChannel NodeImage");
  }
  const version = textAt(inputs, "kubernetesVersion") ?? "";
  if (textAt(inputs, "autoUpgradeProfile.upgradeChannel") === "patch" && /^\d+\.\d+\.\d+$/.test(version)) {
    return invalid(`upgradeChannel patch needs a minor version and not ${version}, which it would move away from`);
  }
  return undefined;
}

/** CAPZ refuses it too: a channel that is left out is kept by AKS, so it would seem to be off while it is on. */
const channelRatchet = ratchet<AzureSettings>({
  path: "autoUpgradeProfile.upgradeChannel",
  allows: (_, after) => after !== undefined,
  refusal: (before) => ({
    code: "InvalidParameter",
    message: `upgradeChannel cannot be unset, since AKS keeps ${String(before)}; set it to none.`,
  }),
});

export const AKS_FEATURE_RULES: readonly Rule<AzureSettings>[] = [
  kmsRule,
  kubeletRule,
  privateClusterRule,
  provisioningRule,
  planRule,
  channelRatchet,
];
