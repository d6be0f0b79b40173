import { parse } from "yaml";

import { Unknown, type PropertyMap } from "../../../local/protocol/property";
import { refusal, Tenant, urn, type Made } from "./tenant";

const GROUP = "azure-native:resources:ResourceGroup";
const NETWORK = "azure-native:network:VirtualNetwork";
const SUBNET = "azure-native:network:Subnet";
const CLUSTER = "azure-native:containerservice:ManagedCluster";
const POOL = "azure-native:containerservice:AgentPool";

const SUBSCRIPTION = "11111111-1111-4111-8111-111111111111";
const TENANT = "22222222-2222-4222-8222-222222222222";
const BASE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg`;
const rg = { resourceGroupName: "rg" };

const open = () => Tenant.of("azure-native", { subscriptionId: SUBSCRIPTION, tenantId: TENANT });

let azure: Tenant;
beforeEach(async () => {
  azure = await open();
  await azure.create(GROUP, "rg", { ...rg, location: "northeurope" });
});

async function network(): Promise<{ readonly network: Made; readonly subnet: Made }> {
  const made = await azure.create(NETWORK, "vn", {
    ...rg,
    virtualNetworkName: "vn",
    addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
  });
  const inputs = { ...rg, virtualNetworkName: "vn", subnetName: "nodes", addressPrefix: "10.1.0.0/20" };
  return { network: made, subnet: await azure.create(SUBNET, "sn", inputs) };
}

const CLUSTER_INPUTS: PropertyMap = {
  ...rg,
  resourceName: "north",
  dnsPrefix: "north",
  kubernetesVersion: "1.33",
  identity: { type: "SystemAssigned" },
  oidcIssuerProfile: { enabled: true },
  agentPoolProfiles: [{ name: "system", mode: "System", vmSize: "Standard_D2s_v5", count: 2 }],
};

const pool = (agentPoolName: string): PropertyMap => ({
  ...rg,
  resourceName: "north",
  agentPoolName,
  vmSize: "Standard_D4s_v5",
  count: 2,
  mode: "User",
});

describe("AKS", () => {
  test("the issuer ends with a slash, stays, and is there only when it is enabled", async () => {
    const made = await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
    const pattern = `^https://northeurope\\.oic\\.prod-aks\\.azure\\.com/${TENANT}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/$`;
    expect(made.outputs.oidcIssuerProfile).toEqual({
      enabled: true,
      issuerURL: expect.stringMatching(new RegExp(pattern)) as string,
    });
    const upgraded = await azure.update(made, { ...CLUSTER_INPUTS, kubernetesVersion: "1.34" });
    expect(upgraded.outputs.oidcIssuerProfile).toEqual(made.outputs.oidcIssuerProfile);
    const without = { ...CLUSTER_INPUTS, oidcIssuerProfile: null };
    expect(
      (await azure.create(CLUSTER, "d", { ...without, resourceName: "d" })).outputs.oidcIssuerProfile,
    ).toBeUndefined();
    expect(await refusal(azure.update(upgraded, { ...without, kubernetesVersion: "1.34" }))).toContain(
      "The OIDC issuer feature cannot be disabled once it is enabled.",
    );
  });

  test("a preview leaves the issuer unknown and keeps what is known of it", async () => {
    const request = { urn: urn(CLUSTER, "c"), properties: CLUSTER_INPUTS, preview: true, timeout: 0 };
    const { properties } = await azure.provider.create(request);
    expect(properties.oidcIssuerProfile).toEqual({ enabled: true, issuerURL: Unknown.value });
    expect(properties.kubernetesVersion).toBe("1.33");
  });

  test.each<[string, PropertyMap, string]>([
    [
      "without a system pool",
      { agentPoolProfiles: [{ name: "a", mode: "User", vmSize: "x" }] },
      "Must define at least one system pool",
    ],
    [
      "with a spot system pool",
      { agentPoolProfiles: [{ name: "a", mode: "System", vmSize: "x", scaleSetPriority: "Spot" }] },
      "A system agent pool must not be a spot pool",
    ],
    ["of an old version", { kubernetesVersion: "1.20.1" }, "K8sVersionNotSupported"],
    ["without a DNS prefix", { dnsPrefix: null }, "Required parameter dnsPrefix is missing (null)."],
    [
      "without an identity",
      { identity: null },
      "Required parameter servicePrincipalProfile or identity is missing (null).",
    ],
    [
      "whose DNS service is outside of the service network",
      { networkProfile: { serviceCidr: "10.2.0.0/16", dnsServiceIP: "10.3.0.10" } },
      "The DNS service IP 10.3.0.10 must be within the service CIDR 10.2.0.0/16",
    ],
    [
      "with overlay but another plugin",
      { networkProfile: { networkPlugin: "kubenet", networkPluginMode: "overlay" } },
      "networkPluginMode overlay needs networkPlugin azure",
    ],
    [
      "with workload identity but no issuer",
      { oidcIssuerProfile: null, securityProfile: { workloadIdentity: { enabled: true } } },
      "Workload identity needs oidcIssuerProfile.enabled to be true",
    ],
    [
      "that no one could log in to",
      { disableLocalAccounts: true },
      "disableLocalAccounts can be set only on a cluster that integrates Microsoft Entra ID",
    ],
    [
      "with an identity that does not exist",
      { identity: { type: "UserAssigned", userAssignedIdentities: [`${BASE}/x`] } },
      "InvalidResourceReference",
    ],
  ])("a cluster %s is refused", async (_, change, expected) => {
    expect(await refusal(azure.create(CLUSTER, "c", { ...CLUSTER_INPUTS, ...change }))).toContain(expected);
  });

  test("the service network must not meet the nodes' network", async () => {
    const { subnet } = await network();
    const agentPoolProfiles = [{ name: "system", mode: "System", vmSize: "x", vnetSubnetID: subnet.id }];
    const attempt = azure.create(CLUSTER, "c", {
      ...CLUSTER_INPUTS,
      agentPoolProfiles,
      networkProfile: { serviceCidr: "10.1.128.0/18" },
    });
    expect(await refusal(attempt)).toContain("ServiceCidrOverlapExistingSubnetsCidr");
  });

  test.each<[string, PropertyMap, string[]]>([
    ["the DNS prefix", { dnsPrefix: "other" }, ["dnsPrefix"]],
    ["the service network", { networkProfile: { serviceCidr: "10.9.0.0/16" } }, ["networkProfile"]],
    ["the load balancer", { networkProfile: { loadBalancerProfile: { idleTimeoutInMinutes: 30 } } }, []],
    ["the version", { kubernetesVersion: "1.34" }, []],
  ])("changing %s replaces %j", async (_, change, replaces) => {
    const made = await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
    const result = await azure.diff(made, { ...CLUSTER_INPUTS, ...change });
    expect([result.changes, result.replaces, result.deleteBeforeReplace]).toEqual([
      "some",
      replaces,
      replaces.length > 0,
    ]);
  });

  test("versions go up one by one, and pools are not added inline", async () => {
    const made = await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
    expect(await refusal(azure.update(made, { ...CLUSTER_INPUTS, kubernetesVersion: "1.32" }))).toContain(
      "Downgrading cluster from Kubernetes version 1.33.1 to 1.32 is not allowed.",
    );
    expect(await refusal(azure.update(made, { ...CLUSTER_INPUTS, kubernetesVersion: "1.35" }))).toContain(
      "Upgrading Kubernetes version 1.33.1 to 1.35 is not allowed. Available upgrades: 1.34.",
    );
    const agentPoolProfiles = [
      { name: "system", mode: "System", vmSize: "Standard_D2s_v5", count: 2 },
      { name: "more", vmSize: "x" },
    ];
    expect(await refusal(azure.update(made, { ...CLUSTER_INPUTS, agentPoolProfiles }))).toContain(
      "A new agent pool was introduced.",
    );
  });

  test("pools are changed one after the other", async () => {
    await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
    const outcomes = await Promise.allSettled([azure.create(POOL, "a", pool("a")), azure.create(POOL, "b", pool("b"))]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await refusal(Promise.reject((outcomes[1] as PromiseRejectedResult).reason))).toContain(
      'Code="OperationNotAllowed"',
    );
    await azure.create(POOL, "b", pool("b"));
  });

  test.each(["Upper", "has-dash", "thirteenchars", "1st"])("a pool cannot be called %j", async (name) => {
    expect(await refusal(azure.create(POOL, "p", pool(name)))).toBe(
      `"agentPoolName" of ${POOL} is "${name}"; allowed: 1 to 12 lower-case letters and digits, beginning with a letter`,
    );
  });

  test("a pool is part of its cluster: it needs it, does not outrun it, and goes with it", async () => {
    expect(await refusal(azure.create(POOL, "p", pool("general")))).toContain(
      "the parent resource 'north' could not be found.",
    );
    const cluster = await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
    expect(await refusal(azure.create(POOL, "p", { ...pool("general"), orchestratorVersion: "1.34" }))).toContain(
      "NodePoolMcVersionIncompatible",
    );
    expect(await refusal(azure.create(POOL, "p", pool("system")))).toContain("it is an inline pool of the cluster");
    const made = await azure.create(POOL, "p", pool("general"));
    expect((await azure.diff(made, { ...pool("general"), vmSize: "Standard_D8s_v5" })).replaces).toEqual(["vmSize"]);
    expect(await refusal(azure.update(made, { ...pool("general"), osDiskSizeGB: 200 }))).toContain(
      "PropertyChangeNotAllowed\" Message=\"Changing property 'properties.osDiskSizeGB' is not allowed.",
    );
    await azure.delete(cluster);
    await azure.delete(made);
    expect(azure.things()).toEqual([`${GROUP} ${BASE}`]);
  });

  test("a kubeconfig names the cluster's server and gets its tokens from kubelogin", async () => {
    const token = "azure-native:containerservice:listManagedClusterUserCredentials";
    const args = { ...rg, resourceName: "north", format: "exec" };
    expect(await refusal(azure.provider.invoke({ token, args }))).toContain('Code="ResourceNotFound"');
    const made = await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
    const { properties } = await azure.provider.invoke({ token, args });
    const [{ name, value }] = properties.kubeconfigs as [{ readonly name: string; readonly value: string }];
    const config = parse(Buffer.from(value, "base64").toString()) as {
      clusters: { cluster: { server: string } }[];
      users: unknown[];
    };
    expect(name).toBe("clusterUser");
    expect(config.clusters[0]?.cluster.server).toBe(`https://${String(made.outputs.fqdn)}:443`);
    expect(JSON.stringify(config.users)).toContain('"command":"kubelogin"');
  });
});

const IDENTITY = "azure-native:managedidentity:UserAssignedIdentity";
const ROLE = "azure-native:authorization:RoleAssignment";

/** A user-assigned identity, with the inputs of a cluster that is it. */
async function withIdentity(): Promise<{ readonly made: Made; readonly inputs: PropertyMap }> {
  const made = await azure.create(IDENTITY, "north", { ...rg, resourceName: "north", location: "northeurope" });
  const identity = { type: "UserAssigned", userAssignedIdentities: [made.id] };
  return { made, inputs: { ...CLUSTER_INPUTS, identity } };
}

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
    ["KMS with a system-assigned identity", kms(), "azureKeyVaultKms is not supported with a system-assigned identity"],
    [
      "a private zone on a public cluster",
      { apiServerAccessProfile: { privateDNSZone: "system" } },
      "privateDNSZone needs enablePrivateCluster to be true",
    ],
    [
      "a private zone of one's own with a system-assigned identity",
      { apiServerAccessProfile: { ...private_, privateDNSZone: `${BASE}/privatelink.northeurope.azmk8s.io` } },
      "A custom private DNS zone needs a user-assigned identity",
    ],
    [
      "allowed blocks on a private cluster",
      { apiServerAccessProfile: { ...private_, authorizedIPRanges: ["203.0.113.0/24"] } },
      "authorizedIPRanges cannot be used with a private cluster",
    ],
    [
      "VNet integration without a subnet",
      { apiServerAccessProfile: { enableVnetIntegration: true } },
      "apiServerAccessProfile.subnetId is required with enableVnetIntegration",
    ],
    [
      "node auto-provisioning without overlay and Cilium",
      { nodeProvisioningProfile: { mode: "Auto" } },
      "nodeProvisioningProfile.mode Auto needs networkPluginMode overlay and networkDataplane cilium",
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
      "Agent pool 'system' has enableAutoScaling, which cannot be used with nodeProvisioningProfile.mode Auto.",
    ],
    [
      "long-term support below Premium",
      { supportPlan: "AKSLongTermSupport", sku: { name: "Base", tier: "Standard" } },
      "supportPlan AKSLongTermSupport needs the SKU tier Premium",
    ],
    [
      "cost analysis on Free",
      { metricsProfile: { costAnalysis: { enabled: true } } },
      "Cost analysis needs the SKU tier Standard or Premium",
    ],
    [
      "node images from one channel and not from the other",
      { autoUpgradeProfile: { upgradeChannel: "node-image", nodeOSUpgradeChannel: "None" } },
      "upgradeChannel node-image needs nodeOSUpgradeChannel NodeImage",
    ],
    [
      "patches for a patch version",
      { kubernetesVersion: "1.33.2", autoUpgradeProfile: { upgradeChannel: "patch" } },
      "upgradeChannel patch needs a minor version and not 1.33.2",
    ],
    [
      "a Cilium policy without its dataplane",
      { networkProfile: { networkPlugin: "azure", networkPolicy: "cilium" } },
      "networkPolicy cilium needs networkDataplane cilium",
    ],
  ])("%s is refused", async (_, change, expected) => {
    expect(await refusal(azure.create(CLUSTER, "c", { ...CLUSTER_INPUTS, ...change }))).toContain(expected);
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

    expect(await create(kms({ keyId: "https://v.vault.azure.net/keys/k" }))).toContain(
      "is not the identifier of a version of a key",
    );
    expect(await create(kms({ keyVaultNetworkAccess: "Private" }))).toContain(
      "azureKeyVaultKms.keyVaultResourceId is required when keyVaultNetworkAccess is Private",
    );
    expect(await create(kms({ keyVaultResourceId: `${BASE}/v` }))).toContain(
      "AzureKeyVaultKmsValidateIdentityPermissionError",
    );
    expect(
      await create({ apiServerAccessProfile: { ...private_, privateDNSZone: `${BASE}/privatelink.example.com` } }),
    ).toContain("CustomPrivateDNSZoneNameInvalid");
    expect(await create({ ...asKubelet, identity: { type: "SystemAssigned" } })).toContain(
      "Custom kubelet identity is only supported on user assigned MSI clusters.",
    );
    expect(await create(asKubelet)).toContain("CustomKubeletIdentityMissingPermissionError");
    await azure.create(ROLE, "operator", {
      roleAssignmentName: "33333333-3333-4333-8333-333333333333",
      scope: kubelet.id,
      roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/f1a07417-d97a-45cb-824c-7a7467783830`,
      principalId: made.outputs.principalId!,
      principalType: "ServicePrincipal",
    });
    await azure.create(CLUSTER, "c", { ...inputs, ...asKubelet });
  });

  test("Entra has not heard of a new identity yet, unless the assignment says what it is", async () => {
    const { made } = await withIdentity();
    const assignment = {
      roleAssignmentName: "33333333-3333-4333-8333-333333333333",
      scope: BASE,
      roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7`,
      principalId: made.outputs.principalId!,
    };
    expect(await refusal(azure.create(ROLE, "r", assignment))).toContain('Code="PrincipalNotFound"');
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
      "The OIDC issuer feature cannot be disabled once it is enabled.",
    ],
    ["Entra sign-in", { aadProfile: null }, "Microsoft Entra integration cannot be disabled once it is enabled."],
    [
      "the upgrade channel",
      { autoUpgradeProfile: null },
      "upgradeChannel cannot be unset, since AKS keeps patch; set it to none.",
    ],
    [
      "the private API server",
      { apiServerAccessProfile: { authorizedIPRanges: ["203.0.113.0/24"], disableRunCommand: true } },
      "Changing property 'properties.apiServerAccessProfile.enablePrivateCluster' is not allowed.",
    ],
    [
      "a minor version",
      { kubernetesVersion: "1.32" },
      "Downgrading cluster from Kubernetes version 1.33.1 to 1.32 is not allowed.",
    ],
  ])("%s does not go back", async (_, change, expected) => {
    const made = await azure.create(CLUSTER, "c", before);
    expect(await refusal(azure.update(made, { ...before, ...change }))).toContain(expected);
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
  for (const thing of [made, cluster, { ...cluster, type: GROUP, id: BASE, inputs: { ...rg } }]) {
    expect(await refusal(azure.delete(thing))).toContain(`following scope(s) are locked: '${cluster.id}'`);
  }
  await azure.delete(lock);
  await azure.delete(made);
});

test.each<[string, PropertyMap, string]>([
  ["on another system", { osSKU: "Ubuntu" }, "workloadRuntime KataVmIsolation needs osSKU AzureLinux"],
  ["on Arm", { vmSize: "Standard_D4ps_v5" }, "VMSizeDoesNotSupportNestedVirtualization"],
  ["on a size without virtualisation", { vmSize: "Standard_B4ms" }, "VMSizeDoesNotSupportNestedVirtualization"],
])("a sandbox pool %s is refused", async (_, change, expected) => {
  await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
  const kata = { ...pool("kata"), osSKU: "AzureLinux", workloadRuntime: "KataVmIsolation", ...change };
  expect(await refusal(azure.create(POOL, "k", kata))).toContain(expected);
});
