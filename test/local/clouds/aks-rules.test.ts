/** What AKS does not let be combined, changed back, or deleted. */
import type { PropertyMap } from "../../../local/protocol/property";
import {
  BASE,
  CLUSTER,
  CLUSTER_INPUTS,
  GROUP,
  ground,
  POOL,
  pool,
  rg,
  said,
  SUBSCRIPTION,
  TENANT,
} from "./azure-ground";
import { refusal, type Made, type Tenant } from "./tenant";

let azure: Tenant;
beforeEach(async () => {
  azure = await ground();
});

const IDENTITY = "azure-native:managedidentity:UserAssignedIdentity";
const ROLE = "azure-native:authorization:RoleAssignment";

/** A user-assigned identity, with the inputs of a cluster that is it. */
async function withIdentity(): Promise<{ readonly made: Made; readonly inputs: PropertyMap }> {
  const made = await azure.create(IDENTITY, "north", { ...rg, resourceName: "north", location: "northeurope" });
  const identity = { type: "UserAssigned", userAssignedIdentities: [made.id] };
  return { made, inputs: { ...CLUSTER_INPUTS, identity } };
}

const ZONE = "azure-native:privatedns:PrivateZone";
const zoneId = (name: string) => `${BASE}/providers/Microsoft.Network/privateDnsZones/${name}`;
const createZone = (privateZoneName: string) =>
  azure.create(ZONE, privateZoneName, { ...rg, privateZoneName, location: "global" });

const AAD = { aadProfile: { managed: true, enableAzureRBAC: true } };
const private_ = { enablePrivateCluster: true };
const overlay = { networkPlugin: "azure", networkPluginMode: "overlay", networkDataplane: "cilium" };
const kms = (change: PropertyMap = {}): PropertyMap => ({
  securityProfile: {
    azureKeyVaultKms: { enabled: true, keyId: `https://v.vault.azure.net/keys/k/${"0".repeat(32)}`, ...change },
  },
});

// Azure/terraform-azurerm-aks, main.tf; kubernetes-sigs/cluster-api-provider-azure, azuremanagedcontrolplane_validation.go
describe("features that AKS does not let be combined", () => {
  test.each<[string, PropertyMap, string]>([
    [
      "KMS with a system-assigned identity",
      kms(),
      'Code="InvalidParameter" Message="azureKeyVaultKms is not supported with a system-assigned identity; use a user-assigned one"',
    ],
    [
      "a private zone on a public cluster",
      { apiServerAccessProfile: { privateDNSZone: "system" } },
      'Code="InvalidParameter" Message="privateDNSZone needs enablePrivateCluster to be true"',
    ],
    [
      "a private zone of one's own with a system-assigned identity",
      { apiServerAccessProfile: { ...private_, privateDNSZone: zoneId("privatelink.northeurope.azmk8s.io") } },
      'Code="InvalidParameter" Message="A custom private DNS zone needs a user-assigned identity"',
    ],
    [
      "allowed blocks on a private cluster",
      { apiServerAccessProfile: { ...private_, authorizedIPRanges: ["203.0.113.0/24"] } },
      'Code="InvalidParameter" Message="authorizedIPRanges cannot be used with a private cluster: its API server has no public address"',
    ],
    [
      "VNet integration without a subnet",
      { apiServerAccessProfile: { enableVnetIntegration: true } },
      'Code="InvalidParameter" Message="apiServerAccessProfile.subnetId is required with enableVnetIntegration on a custom virtual network"',
    ],
    [
      "node auto-provisioning without overlay and Cilium",
      { nodeProvisioningProfile: { mode: "Auto" } },
      'Code="InvalidParameter" Message="nodeProvisioningProfile.mode Auto needs networkPluginMode overlay and networkDataplane cilium"',
    ],
    [
      "node auto-provisioning with a pool that scales",
      {
        nodeProvisioningProfile: { mode: "Auto" },
        networkProfile: overlay,
        agentPoolProfiles: [
          { name: "system", mode: "System", vmSize: "x", enableAutoScaling: true, minCount: 1, maxCount: 3 },
        ],
      },
      `Code="NodeAutoProvisioningIncompatible" Message="Agent pool 'system' has enableAutoScaling, which cannot be used with nodeProvisioningProfile.mode Auto."`,
    ],
    [
      "long-term support below Premium",
      { supportPlan: "AKSLongTermSupport", sku: { name: "Base", tier: "Standard" } },
      'Code="InvalidParameter" Message="supportPlan AKSLongTermSupport needs the SKU tier Premium"',
    ],
    [
      "cost analysis on Free",
      { metricsProfile: { costAnalysis: { enabled: true } } },
      'Code="InvalidParameter" Message="Cost analysis needs the SKU tier Standard or Premium"',
    ],
    [
      "node images from one channel and not from the other",
      { autoUpgradeProfile: { upgradeChannel: "node-image", nodeOSUpgradeChannel: "None" } },
      'Code="InvalidParameter" Message="upgradeChannel node-image needs nodeOSUpgradeChannel NodeImage"',
    ],
    [
      "patches for a patch version",
      { kubernetesVersion: "1.33.2", autoUpgradeProfile: { upgradeChannel: "patch" } },
      'Code="InvalidParameter" Message="upgradeChannel patch needs a minor version and not 1.33.2, which it would move away from"',
    ],
    [
      "a Cilium policy without its dataplane",
      { networkProfile: { networkPlugin: "azure", networkPolicy: "cilium" } },
      'Code="InvalidParameter" Message="networkPolicy cilium needs networkDataplane cilium"',
    ],
    [
      "a Cilium dataplane with another policy",
      { networkProfile: { ...overlay, networkPolicy: "calico" } },
      'Code="InvalidParameter" Message="networkDataplane cilium needs networkPolicy cilium and not calico"',
    ],
    [
      "a Cilium dataplane without overlay",
      { networkProfile: { networkPlugin: "azure", networkDataplane: "cilium" } },
      'Code="InvalidParameter" Message="networkDataplane cilium needs networkPlugin azure and either networkPluginMode overlay or a podSubnetID on every pool"',
    ],
    [
      "a private zone that is not there",
      { apiServerAccessProfile: { ...private_, privateDNSZone: zoneId("privatelink.westeurope.azmk8s.io") } },
      `Code="InvalidResourceReference" Message="Resource ${zoneId("privatelink.westeurope.azmk8s.io")} referenced at apiServerAccessProfile.privateDNSZone was not found. Please make sure that the referenced resource exists."`,
    ],
  ])("%s is refused", async (_, change, expected) => {
    await createZone("privatelink.northeurope.azmk8s.io");
    expect(await refusal(azure.create(CLUSTER, "c", { ...CLUSTER_INPUTS, ...change }))).toBe(
      said("creating", expected),
    );
  });

  test("what a user-assigned identity may do, it must have been given", async () => {
    const { made, inputs } = await withIdentity();
    const create = (change: PropertyMap) => refusal(azure.create(CLUSTER, "c", { ...inputs, ...change }));
    const kubelet = await azure.create(IDENTITY, "kubelet", {
      ...rg,
      resourceName: "kubelet",
      location: "northeurope",
    });
    const asKubelet = { identityProfile: { kubeletidentity: { resourceId: kubelet.id } } };

    expect(await create(kms({ keyId: "https://v.vault.azure.net/keys/k" }))).toBe(
      said(
        "creating",
        `Code="InvalidParameter" Message="azureKeyVaultKms.keyId 'https://v.vault.azure.net/keys/k' is not the identifier of a version of a key"`,
      ),
    );
    expect(await create(kms({ keyVaultNetworkAccess: "Private" }))).toBe(
      said(
        "creating",
        'Code="InvalidParameter" Message="azureKeyVaultKms.keyVaultResourceId is required when keyVaultNetworkAccess is Private"',
      ),
    );
    const properties = { tenantId: TENANT, sku: { family: "A", name: "standard" } };
    const vault = await azure.create("azure-native:keyvault:Vault", "v", { ...rg, vaultName: "vault", properties });
    expect(await create(kms({ keyVaultResourceId: vault.id }))).toBe(
      said(
        "creating",
        `Code="AzureKeyVaultKmsValidateIdentityPermissionError" Message="The cluster's identity is not permitted to encrypt and decrypt with the key https://v.vault.azure.net/keys/k/00000000000000000000000000000000. Assign it "Key Vault Crypto User" on ${vault.id}."`,
      ),
    );
    const elsewhere = await createZone("privatelink.example.com");
    expect(await create({ apiServerAccessProfile: { ...private_, privateDNSZone: elsewhere.id } })).toBe(
      said(
        "creating",
        `Code="CustomPrivateDNSZoneNameInvalid" Message="Private DNS zone name 'privatelink.example.com' is not valid. Use privatelink.<region>.azmk8s.io or <subzone>.privatelink.<region>.azmk8s.io."`,
      ),
    );
    expect(await create({ ...asKubelet, identity: { type: "SystemAssigned" } })).toBe(
      said(
        "creating",
        'Code="CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster" Message="Custom kubelet identity is only supported on user assigned MSI clusters."',
      ),
    );
    expect(await create(asKubelet)).toBe(
      said(
        "creating",
        `Code="CustomKubeletIdentityMissingPermissionError" Message="The cluster user assigned identity must be given permission to assign kubelet identity ${BASE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kubelet. Check access on scope ${BASE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kubelet and the role 'Managed Identity Operator'."`,
      ),
    );
    await azure.create(ROLE, "operator", {
      roleAssignmentName: "33333333-3333-4333-8333-333333333333",
      scope: kubelet.id,
      roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/f1a07417-d97a-45cb-824c-7a7467783830`,
      principalId: made.outputs.principalId!,
      principalType: "ServicePrincipal",
    });
    await azure.create(CLUSTER, "c", { ...inputs, ...asKubelet });
  });

  test("a cluster writes into a private zone that it may use, on a network that it may link, and keeps the zone", async () => {
    const { made, inputs } = await withIdentity();
    const zone = await createZone("privatelink.northeurope.azmk8s.io");
    const network = await azure.create("azure-native:network:VirtualNetwork", "vn", {
      ...rg,
      virtualNetworkName: "vn",
      addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
    });
    const vnetSubnetID = `${network.id}/subnets/nodes`;
    await azure.create("azure-native:network:Subnet", "nodes", {
      ...rg,
      virtualNetworkName: "vn",
      subnetName: "nodes",
      addressPrefix: "10.1.0.0/20",
    });
    const news = {
      ...inputs,
      agentPoolProfiles: [{ name: "system", mode: "System", vmSize: "Standard_D2s_v5", count: 2, vnetSubnetID }],
      networkProfile: { serviceCidr: "10.2.0.0/16" },
      apiServerAccessProfile: { ...private_, privateDNSZone: zone.id },
    };
    const lacks = (action: string, scope: string) =>
      said(
        "creating",
        `Code="CustomPrivateDNSZoneMissingPermissionError" Message="Service principal or user assigned identity must be given permission to use the custom private DNS zone ${zone.id}. Check access result not allowed for action ${action} on ${scope}."`,
      );
    const grant = (name: string, scope: string, role: string) =>
      azure.create(ROLE, name, {
        roleAssignmentName: `33333333-3333-4333-8333-33333333333${name}`,
        scope,
        roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
        principalId: made.outputs.principalId!,
        principalType: "ServicePrincipal",
      });

    expect(await refusal(azure.create(CLUSTER, "c", news))).toBe(
      lacks("Microsoft.Network/privateDnsZones/write", zone.id),
    );
    await grant("0", zone.id, "b12aa53e-6015-4669-85d0-8515ebb3ae7f");
    expect(await refusal(azure.create(CLUSTER, "c", news))).toBe(
      lacks("Microsoft.Network/virtualNetworks/join/action", network.id),
    );
    await grant("1", network.id, "4d97b98b-1d4f-4787-a291-c67834d212e7");
    const cluster = await azure.create(CLUSTER, "c", news);
    expect(await refusal(azure.delete(zone))).toBe(
      `deleting Microsoft.Network/privateDnsZones (${zone.id}): Code="CannotDeleteResource" Message="Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '${cluster.id}'. Please delete all nested resources before deleting this resource."`,
    );
    await azure.delete(cluster);
    await azure.delete(zone);
  });

  test("Entra has not heard of a new identity yet, unless the assignment says what it is", async () => {
    const { made } = await withIdentity();
    const principal = String(made.outputs.principalId).replaceAll("-", "");
    const assignment = {
      roleAssignmentName: "33333333-3333-4333-8333-333333333333",
      scope: BASE,
      roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7`,
      principalId: made.outputs.principalId!,
    };
    expect(await refusal(azure.create(ROLE, "r", assignment))).toBe(
      `creating Microsoft.Authorization/roleAssignments (${BASE}/providers/Microsoft.Authorization/roleAssignments/33333333-3333-4333-8333-333333333333): Code="PrincipalNotFound" Message="Principal ${principal} does not exist in the directory ${TENANT}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group."`,
    );
    await azure.create(ROLE, "r", { ...assignment, principalType: "ServicePrincipal" });
  });
});

describe("ratchets", () => {
  const before = {
    ...CLUSTER_INPUTS,
    ...AAD,
    apiServerAccessProfile: { ...private_, disableRunCommand: true },
    autoUpgradeProfile: { upgradeChannel: "patch" },
  };

  test.each<[string, PropertyMap, string]>([
    [
      "the issuer",
      { oidcIssuerProfile: { enabled: false } },
      'Code="OIDCIssuerCannotBeDisabled" Message="The OIDC issuer feature cannot be disabled once it is enabled."',
    ],
    [
      "Entra sign-in",
      { aadProfile: null },
      'Code="ManagedAADCannotBeDisabled" Message="Microsoft Entra integration cannot be disabled once it is enabled."',
    ],
    [
      "the upgrade channel",
      { autoUpgradeProfile: null },
      'Code="InvalidParameter" Message="upgradeChannel cannot be unset, since AKS keeps patch; set it to none."',
    ],
    [
      "the private API server",
      { apiServerAccessProfile: { authorizedIPRanges: ["203.0.113.0/24"], disableRunCommand: true } },
      `Code="PropertyChangeNotAllowed" Message="Changing property 'properties.apiServerAccessProfile.enablePrivateCluster' is not allowed."`,
    ],
    [
      "a minor version",
      { kubernetesVersion: "1.32" },
      'Code="OperationNotAllowed" Message="Downgrading cluster from Kubernetes version 1.33.1 to 1.32 is not allowed."',
    ],
  ])("%s does not go back", async (_, change, expected) => {
    const made = await azure.create(CLUSTER, "c", before);
    expect(await refusal(azure.update(made, { ...before, ...change }))).toBe(said("updating", expected));
  });
});

test("a lock on a cluster holds for its pools, and one on anything in a group for the group", async () => {
  const cluster = await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
  const made = await azure.create(POOL, "p", pool("general"));
  const lock = await azure.create("azure-native:authorization:ManagementLockByScope", "l", {
    lockName: "l",
    level: "CanNotDelete",
    scope: cluster.id,
  });
  const group = { ...cluster, type: GROUP, id: BASE, inputs: { ...rg } };
  for (const [what, thing, locked] of [
    ["Microsoft.ContainerService/managedClusters/agentPools", made, made.id],
    ["Microsoft.ContainerService/managedClusters", cluster, cluster.id],
    ["resource group", group, cluster.id],
  ] as const) {
    expect(await refusal(azure.delete(thing))).toBe(
      `deleting ${what} (${thing.id}): Code="ScopeLocked" Message="The scope '${locked}' cannot perform delete operation because following scope(s) are locked: '${cluster.id}'. Please remove the lock and try again."`,
    );
  }
  await azure.delete(lock);
  await azure.delete(made);
});

test.each<[string, PropertyMap, string]>([
  [
    "on another system",
    { osSKU: "Ubuntu" },
    'Code="InvalidParameter" Message="workloadRuntime KataVmIsolation needs osSKU AzureLinux"',
  ],
  [
    "on Arm",
    { vmSize: "Standard_D4ps_v5" },
    'Code="VMSizeDoesNotSupportNestedVirtualization" Message="The VM size Standard_D4ps_v5 does not support nested virtualization, which workloadRuntime KataVmIsolation needs."',
  ],
  [
    "on a size without virtualisation",
    { vmSize: "Standard_B4ms" },
    'Code="VMSizeDoesNotSupportNestedVirtualization" Message="The VM size Standard_B4ms does not support nested virtualization, which workloadRuntime KataVmIsolation needs."',
  ],
])("a sandbox pool %s is refused", async (_, change, expected) => {
  await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
  const kata = { ...pool("kata"), osSKU: "AzureLinux", workloadRuntime: "KataVmIsolation", ...change };
  expect(await refusal(azure.create(POOL, "k", kata))).toBe(said("creating", expected, "kata"));
});
