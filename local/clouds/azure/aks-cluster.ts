import type { PropertyMap } from "../../protocol/property";
import { textAt, textsAt, valueAt } from "../paths";
import { anything, boolean, each, list, map, number, object, string, type Properties } from "../schema";
import { DEFAULT_KUBERNETES_VERSION } from "../versions";
import { AKS_API, clusterExclusive, INLINE_POOL } from "./aks-pools";
import { AKS_RULES } from "./aks-rules";
import {
  existing,
  GROUPED,
  groupedId,
  groupReference,
  idReference,
  inUseBy,
  locatedOutputs,
  locationOf,
  sameId,
  uuid,
  type AzureContext,
  type AzureModel,
} from "./common";
import { MANAGED_CLUSTER, USER_ASSIGNED_IDENTITY } from "./identity";
import { VAULT } from "./key-vault";
import { subnetReference } from "./network";
import { PRIVATE_ZONE } from "./private-dns";

const NETWORK_PROFILE: Properties = {
  networkPlugin: string({ immutable: true, oneOf: ["azure", "kubenet", "none"] }),
  networkPluginMode: string({ immutable: true, oneOf: ["overlay"] }),
  networkDataplane: string({ immutable: true, oneOf: ["azure", "cilium"] }),
  networkPolicy: string({ immutable: true, oneOf: ["none", "azure", "calico", "cilium"] }),
  networkMode: string({ immutable: true, oneOf: ["transparent", "bridge"] }),
  outboundType: string({
    immutable: true,
    oneOf: ["loadBalancer", "userDefinedRouting", "managedNATGateway", "userAssignedNATGateway", "none"],
  }),
  loadBalancerSku: string({ oneOf: ["standard", "basic"] }),
  ...each(string({ immutable: true }), "dnsServiceIP", "podCidr", "serviceCidr"),
  serviceCidrs: list(string(), { immutable: true }),
  ...each(list(), "ipFamilies", "podCidrs"),
  ...each(anything(), "advancedNetworking", "loadBalancerProfile", "natGatewayProfile", "staticEgressGatewayProfile"),
};

function hostOf(inputs: PropertyMap, context: AzureContext): string {
  const prefix = textAt(inputs, "dnsPrefix") ?? textAt(inputs, "fqdnSubdomain") ?? "";
  return `${prefix}-${context.digest("host", 8)}`;
}

function isPrivate(inputs: PropertyMap): boolean {
  return valueAt(inputs, "apiServerAccessProfile.enablePrivateCluster") === true;
}

function fullVersion(version: string): string {
  return /^\d+\.\d+$/.test(version) ? `${version}.1` : version;
}

const cluster: AzureModel = {
  type: MANAGED_CLUSTER,
  label: "Microsoft.ContainerService/managedClusters",
  properties: {
    ...GROUPED,
    resourceName: string({
      immutable: true,
      pattern: {
        test: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w-]{0,61}[A-Za-z0-9]$/,
        allowed: "1 to 63 letters, digits, - and _, beginning and ending with a letter or digit",
      },
    }),
    kubernetesVersion: string(),
    dnsPrefix: string({
      immutable: true,
      pattern: {
        test: /^[A-Za-z0-9]([A-Za-z0-9-]{0,52}[A-Za-z0-9])?$/,
        allowed: "1 to 54 letters, digits and -, beginning and ending with a letter or digit",
      },
    }),
    ...each(string({ immutable: true }), "diskEncryptionSetID", "fqdnSubdomain", "nodeResourceGroup"),
    ...each(anything({ immutable: true }), "linuxProfile", "windowsProfile"),
    agentPoolProfiles: list(object(INLINE_POOL)),
    aadProfile: object({
      adminGroupObjectIDs: list(string(), { set: true }),
      ...each(string(), "clientAppID", "serverAppID", "serverAppSecret", "tenantID"),
      ...each(boolean(), "enableAzureRBAC", "managed"),
    }),
    addonProfiles: map(object({ enabled: boolean({ required: true }), config: map() })),
    apiServerAccessProfile: object({
      authorizedIPRanges: list(string(), { set: true }),
      ...each(
        boolean(),
        "disableRunCommand",
        "enablePrivateCluster",
        "enablePrivateClusterPublicFQDN",
        "enableVnetIntegration",
      ),
      ...each(string(), "privateDNSZone", "subnetId"),
    }),
    autoUpgradeProfile: object({
      nodeOSUpgradeChannel: string({ oneOf: ["None", "Unmanaged", "NodeImage", "SecurityPatch"] }),
      upgradeChannel: string({ oneOf: ["rapid", "stable", "patch", "node-image", "none"] }),
    }),
    ...each(boolean(), "disableLocalAccounts", "enableRBAC"),
    identity: object({
      type: string({ oneOf: ["SystemAssigned", "UserAssigned", "None"] }),
      userAssignedIdentities: list(string(), { set: true }),
      delegatedResources: anything(),
    }),
    identityProfile: map(object(each(string(), "clientId", "objectId", "resourceId"))),
    networkProfile: object(NETWORK_PROFILE),
    nodeProvisioningProfile: object({
      mode: string({ oneOf: ["Manual", "Auto"] }),
      defaultNodePools: string({ oneOf: ["None", "Auto"] }),
    }),
    nodeResourceGroupProfile: object({ restrictionLevel: string({ oneOf: ["Unrestricted", "ReadOnly"] }) }),
    oidcIssuerProfile: object({ enabled: boolean() }),
    publicNetworkAccess: string({ oneOf: ["Enabled", "Disabled"] }),
    securityProfile: object({
      azureKeyVaultKms: object({
        enabled: boolean(),
        ...each(string(), "keyId", "keyVaultNetworkAccess", "keyVaultResourceId"),
      }),
      customCATrustCertificates: list(),
      defender: anything(),
      imageCleaner: object({ enabled: boolean(), intervalHours: number({ minimum: 24, maximum: 2160 }) }),
      workloadIdentity: object({ enabled: boolean() }),
    }),
    sku: object({
      name: string({ oneOf: ["Base", "Automatic"] }),
      tier: string({ oneOf: ["Free", "Standard", "Premium"] }),
    }),
    supportPlan: string({ oneOf: ["KubernetesOfficial", "AKSLongTermSupport"] }),
    kind: string(),
    privateLinkResources: list(anything()),
    ...each(
      anything(),
      "aiToolchainOperatorProfile",
      "autoScalerProfile",
      "azureMonitorProfile",
      "bootstrapProfile",
      "extendedLocation",
      "httpProxyConfig",
      "ingressProfile",
      "metricsProfile",
      "podIdentityProfile",
      "serviceMeshProfile",
      "servicePrincipalProfile",
      "storageProfile",
      "upgradeSettings",
      "workloadAutoScalerProfile",
    ),
  },
  autoName: { property: "resourceName" },
  id: groupedId("Microsoft.ContainerService", ["managedClusters", "resourceName"]),
  outputs: {
    ...locatedOutputs("Microsoft.ContainerService/managedClusters", AKS_API),
    kubernetesVersion: (inputs, { old }) =>
      inputs.kubernetesVersion ?? old?.outputs.kubernetesVersion ?? DEFAULT_KUBERNETES_VERSION,
    currentKubernetesVersion: (inputs, { old }) =>
      fullVersion(
        textAt(inputs, "kubernetesVersion") ??
          textAt(old?.outputs, "currentKubernetesVersion") ??
          DEFAULT_KUBERNETES_VERSION,
      ),
    fqdn: (inputs, context) =>
      isPrivate(inputs) && valueAt(inputs, "apiServerAccessProfile.enablePrivateClusterPublicFQDN") !== true
        ? undefined
        : `${hostOf(inputs, context)}.hcp.${locationOf(inputs, context)}.azmk8s.io`,
    privateFQDN: (inputs, context) =>
      isPrivate(inputs)
        ? `${hostOf(inputs, context)}.${uuid(context, "private zone")}.privatelink.${locationOf(inputs, context)}.azmk8s.io`
        : undefined,
    // The trailing slash is part of the issuer: https://github.com/Azure/azure-workload-identity/issues/1700
    "oidcIssuerProfile.issuerURL": (inputs, context) =>
      valueAt(inputs, "oidcIssuerProfile.enabled") === true
        ? `https://${locationOf(inputs, context)}.oic.prod-aks.azure.com/${context.settings.tenant}/${uuid(context, "issuer")}/`
        : undefined,
    "identity.principalId": (inputs, context) =>
      valueAt(inputs, "identity.type") === "SystemAssigned" ? uuid(context, "system identity") : undefined,
    "identity.tenantId": (inputs, { settings }) =>
      valueAt(inputs, "identity.type") === "SystemAssigned" ? settings.tenant : undefined,
    "identity.userAssignedIdentities": (inputs, { ledger }) => {
      const ids = textsAt(inputs, "identity.userAssignedIdentities[*]");
      if (ids.length === 0) return undefined;
      const found = ids.map((id): [string, PropertyMap] => {
        const outputs = ledger.list(USER_ASSIGNED_IDENTITY).find((it) => sameId(it.id, id))?.outputs ?? {};
        return [id, { clientId: outputs.clientId ?? "", principalId: outputs.principalId ?? "" }];
      });
      return Object.fromEntries(found);
    },
    "identityProfile.kubeletidentity": (inputs, context) => {
      const given = valueAt(inputs, "identityProfile.kubeletidentity");
      if (given !== undefined) return given;
      return {
        clientId: uuid(context, "kubelet client"),
        objectId: uuid(context, "kubelet object"),
        resourceId: `/subscriptions/${context.settings.subscription}/resourceGroups/${nodeGroupName(inputs, context)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${String(inputs.resourceName)}-agentpool`,
      };
    },
    nodeResourceGroup: nodeGroupName,
    "networkProfile.serviceCidr": (inputs) => valueAt(inputs, "networkProfile.serviceCidr") ?? "10.0.0.0/16",
    "networkProfile.dnsServiceIP": (inputs) => valueAt(inputs, "networkProfile.dnsServiceIP") ?? "10.0.0.10",
    "networkProfile.outboundType": (inputs) => valueAt(inputs, "networkProfile.outboundType") ?? "loadBalancer",
    enableRBAC: (inputs) => inputs.enableRBAC ?? true,
    eTag: (_, context) => uuid(context, "etag"),
    maxAgentPools: () => 100,
    powerState: () => ({ code: "Running" }),
    resourceUID: (_, { digest }) => digest("uid", 24),
  },
  references: [
    groupReference,
    subnetReference("agentPoolProfiles[*].vnetSubnetID"),
    subnetReference("agentPoolProfiles[*].podSubnetID"),
    subnetReference("apiServerAccessProfile.subnetId"),
    {
      ...idReference("apiServerAccessProfile.privateDNSZone", PRIVATE_ZONE),
      // Besides the words `system` and `none`.
      applies: (value) => value.startsWith("/"),
    },
    idReference("securityProfile.azureKeyVaultKms.keyVaultResourceId", VAULT, "ignore"),
    idReference("identity.userAssignedIdentities[*]", USER_ASSIGNED_IDENTITY, "ignore"),
    idReference("identityProfile.kubeletidentity.resourceId", USER_ASSIGNED_IDENTITY, "ignore"),
  ],
  taken: existing,
  rules: AKS_RULES,
  inUse: inUseBy("Conflict", "Managed cluster"),
  exclusive: (_, id) => clusterExclusive(id),
};

function nodeGroupName(inputs: PropertyMap, context: AzureContext): string {
  const given = textAt(inputs, "nodeResourceGroup");
  return (
    given ?? `MC_${String(inputs.resourceGroupName)}_${String(inputs.resourceName)}_${locationOf(inputs, context)}`
  );
}

export const AKS_CLUSTER_MODELS: readonly AzureModel[] = [cluster];
