import { SimulatedClouds } from "../../../local/clouds";
import type { PropertyMap } from "../../../local/protocol/property";
import { BASE, CLUSTER, CLUSTER_INPUTS, GROUP, rg, SUBSCRIPTION, TENANT } from "./azure-ground";
import { refusal, Tenant, type Made } from "./tenant";

const NETWORK = "azure-native:network:VirtualNetwork";
const SUBNET = "azure-native:network:Subnet";
const IDENTITY = "azure-native:managedidentity:UserAssignedIdentity";
const CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential";
const ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment";
const ACCOUNT = "azure-native:storage:StorageAccount";
const CONTAINER = "azure-native:storage:BlobContainer";

const open = (clouds?: SimulatedClouds) =>
  Tenant.of("azure-native", { subscriptionId: SUBSCRIPTION, tenantId: TENANT }, clouds);

let azure: Tenant;
let group: Made;
beforeEach(async () => {
  azure = await open();
  group = await azure.create(GROUP, "rg", { ...rg, location: "northeurope" });
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

describe("resource groups and networks", () => {
  test("a resource needs its group, and is there only once", async () => {
    expect(await refusal(azure.create(IDENTITY, "i", { resourceGroupName: "gr", resourceName: "web" }))).toBe(
      `creating Microsoft.ManagedIdentity/userAssignedIdentities (/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/gr/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web): Code="ResourceGroupNotFound" Message="Resource group 'gr' could not be found."`,
    );
    await azure.create(IDENTITY, "i", { ...rg, resourceName: "web" });
    expect(await refusal(azure.create(IDENTITY, "j", { ...rg, resourceName: "web" }))).toBe(
      `creating Microsoft.ManagedIdentity/userAssignedIdentities (${BASE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web): Code="Conflict" Message="cannot create already existing resource '${BASE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web'"`,
    );
  });

  test("a group takes all that is in it along, unless something outside needs it", async () => {
    const { subnet } = await network();
    await azure.create(GROUP, "other", { resourceGroupName: "other", location: "northeurope" });
    const cluster = await azure.create(CLUSTER, "c", {
      ...CLUSTER_INPUTS,
      resourceGroupName: "other",
      agentPoolProfiles: [{ name: "system", mode: "System", vmSize: "x", vnetSubnetID: subnet.id.toUpperCase() }],
      networkProfile: { serviceCidr: "10.2.0.0/16" },
    });
    expect(await refusal(azure.delete(group))).toBe(
      `deleting resource group (${BASE}): Code="InUseSubnetCannotBeDeleted" Message="Subnet nodes is in use by ${cluster.id} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet."`,
    );
    await azure.delete(cluster);
    await azure.delete(group);
    expect(azure.things()).toEqual([`${GROUP} /subscriptions/${SUBSCRIPTION}/resourceGroups/other`]);
  });

  test("a location comes from the resource, the provider or the group", async () => {
    const clouds = new SimulatedClouds();
    const swedish = await Tenant.of("azure-native", { location: "swedencentral" }, clouds);
    await swedish.create(GROUP, "rg", { ...rg, location: "northeurope" });
    const identity = (await swedish.create(IDENTITY, "i", { ...rg, resourceName: "web" })).outputs;
    const own = (await azure.create(IDENTITY, "i", { ...rg, resourceName: "web" })).outputs;
    expect([identity.location, own.location]).toEqual(["swedencentral", "northeurope"]);
  });

  test.each<[string, PropertyMap, string]>([
    [
      "outside of its network",
      { addressPrefix: "10.9.0.0/24" },
      `creating Microsoft.Network/virtualNetworks/subnets (${BASE}/providers/Microsoft.Network/virtualNetworks/vn/subnets/x): Code="NetcfgInvalidSubnet" Message="Subnet 'x' is not valid in virtual network 'vn'."`,
    ],
    [
      "over another one",
      { addressPrefix: "10.1.1.0/24" },
      `creating Microsoft.Network/virtualNetworks/subnets (${BASE}/providers/Microsoft.Network/virtualNetworks/vn/subnets/x): Code="NetcfgSubnetRangesOverlap" Message="Subnet 'x' is not valid because its IP address range overlaps with that of an existing subnet in virtual network 'vn'."`,
    ],
    [
      "in no network",
      { virtualNetworkName: "nv", addressPrefix: "10.1.1.0/24" },
      `creating Microsoft.Network/virtualNetworks/subnets (${BASE}/providers/Microsoft.Network/virtualNetworks/nv/subnets/x): Code="ParentResourceNotFound" Message="Can not perform requested operation on nested resource. Parent resource 'nv' not found."`,
    ],
  ])("a subnet %s is refused", async (_, inputs, expected) => {
    await network();
    expect(
      await refusal(azure.create(SUBNET, "x", { ...rg, virtualNetworkName: "vn", subnetName: "x", ...inputs })),
    ).toBe(expected);
  });

  test("a network asks one zone about a name, and a zone with links stays", async () => {
    const ZONE = "azure-native:privatedns:PrivateZone";
    const hub = await network();
    await azure.create(GROUP, "other", { resourceGroupName: "other", location: "northeurope" });
    const name = "privatelink.northeurope.azmk8s.io";
    const zone = await azure.create(ZONE, "zone", { ...rg, privateZoneName: name, location: "global" });
    await azure.create(ZONE, "second", { resourceGroupName: "other", privateZoneName: name, location: "global" });
    const link = (resourceGroupName: string) =>
      azure.create("azure-native:privatedns:VirtualNetworkLink", resourceGroupName, {
        resourceGroupName,
        privateZoneName: name,
        virtualNetworkLinkName: "hub",
        location: "global",
        virtualNetwork: { id: hub.network.id },
      });

    const made = await link("rg");
    expect(await refusal(link("other"))).toBe(
      `creating Microsoft.Network/privateDnsZones/virtualNetworkLinks (${zone.id.replace("/rg/", "/other/")}/virtualNetworkLinks/hub): Code="BadRequest" Message="A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with '${name}' and '${name}' zones."`,
    );
    expect(await refusal(azure.delete(zone))).toBe(
      `deleting Microsoft.Network/privateDnsZones (${zone.id}): Code="CannotDeleteResource" Message="Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '${made.id}'. Please delete all nested resources before deleting this resource."`,
    );
    expect(
      await refusal(azure.create(ZONE, "z", { ...rg, privateZoneName: "a.example", location: "northeurope" })),
    ).toBe(
      `creating Microsoft.Network/privateDnsZones (${zone.id.replace(name, "a.example")}): Code="LocationNotAvailableForResourceType" Message="The provided location 'northeurope' is not available for resource type 'Microsoft.Network/privateDnsZones'. List of available regions for the resource type is 'global'."`,
    );
    await azure.delete(made);
    await azure.delete(zone);
  });
});

describe("identities", () => {
  const credential = (index: number): PropertyMap => ({
    ...rg,
    resourceName: "web",
    federatedIdentityCredentialResourceName: `fic-${index}`,
    issuer: "https://issuer.example/",
    subject: `system:serviceaccount:shop:web-${index}`,
    audiences: ["api://AzureADTokenExchange"],
  });

  test("twenty federated credentials are the most, and no two say the same", async () => {
    await azure.create(IDENTITY, "web", { ...rg, resourceName: "web" });
    for (let index = 1; index <= 20; index++) await azure.create(CREDENTIAL, `f${index}`, credential(index));
    expect(await refusal(azure.create(CREDENTIAL, "f21", credential(21)))).toBe(
      `creating Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials (${BASE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web/federatedIdentityCredentials/fic-21): Code="BadRequest" Message="Too many Federated Identity Credentials are configured. The maximum is 20."`,
    );
    const [, last] = azure.ledger.list(CREDENTIAL);
    azure.ledger.remove(CREDENTIAL, last?.id ?? "", "");
    const twin = { ...credential(1), federatedIdentityCredentialResourceName: "twin" };
    expect(await refusal(azure.create(CREDENTIAL, "twin", twin))).toBe(
      `creating Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials (${BASE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web/federatedIdentityCredentials/twin): Code="Conflict" Message="Issuer and subject combination already exists for this Managed Identity."`,
    );
  });

  test("federated credentials of one identity are written one after the other, those of two at once", async () => {
    await azure.create(IDENTITY, "web", { ...rg, resourceName: "web" });
    await azure.create(IDENTITY, "api", { ...rg, resourceName: "api" });
    const outcomes = await Promise.allSettled([
      azure.create(CREDENTIAL, "a", credential(1)),
      azure.create(CREDENTIAL, "b", credential(2)),
      azure.create(CREDENTIAL, "c", { ...credential(1), resourceName: "api" }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await refusal(Promise.reject((outcomes[1] as PromiseRejectedResult).reason))).toBe(
      `creating Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials (${BASE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web/federatedIdentityCredentials/fic-2): Code="ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity" Message="Too many Federated Identity Credentials are written concurrently for the managed identity. Concurrent writes are not supported."`,
    );
  });

  test("a role is assigned once, to someone who exists, on something that exists", async () => {
    const identity = await azure.create(IDENTITY, "web", { ...rg, resourceName: "web" });
    const assignment: PropertyMap = {
      scope: group.id,
      principalId: identity.outputs.principalId ?? "",
      principalType: "ServicePrincipal",
      roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe`,
    };
    const made = await azure.create(ROLE_ASSIGNMENT, "a", assignment);
    expect(made.id).toMatch(new RegExp(`^${BASE}/providers/Microsoft.Authorization/roleAssignments/[0-9a-f-]{36}$`));
    expect(await refusal(azure.create(ROLE_ASSIGNMENT, "b", assignment))).toBe(
      `creating Microsoft.Authorization/roleAssignments (${BASE}/providers/Microsoft.Authorization/roleAssignments/34383435-6337-4662-8000-000000000000): Code="RoleAssignmentExists" Message="The role assignment already exists."`,
    );
    expect(await refusal(azure.create(ROLE_ASSIGNMENT, "b", { ...assignment, principalId: "x" }))).toBe(
      `creating Microsoft.Authorization/roleAssignments (${BASE}/providers/Microsoft.Authorization/roleAssignments/34383435-6337-4662-8000-000000000000): Code="PrincipalNotFound" Message="Principal x does not exist in the directory 22222222-2222-4222-8222-222222222222. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group."`,
    );
    expect(await refusal(azure.create(ROLE_ASSIGNMENT, "b", { ...assignment, scope: `${BASE}/providers/x/y/z` }))).toBe(
      `creating Microsoft.Authorization/roleAssignments (${BASE}/providers/x/y/z/providers/Microsoft.Authorization/roleAssignments/34383435-6337-4662-8000-000000000000): Code="ResourceNotFound" Message="The Resource '${BASE}/providers/x/y/z' was not found."`,
    );
    expect(await refusal(azure.create(ROLE_ASSIGNMENT, "b", { ...assignment, roleDefinitionId: "Reader" }))).toBe(
      `creating Microsoft.Authorization/roleAssignments (${BASE}/providers/Microsoft.Authorization/roleAssignments/34383435-6337-4662-8000-000000000000): Code="InvalidRoleDefinitionId" Message="The role definition ID 'Reader' is not valid. The role definition ID must be a fully qualified identifier."`,
    );
    await azure.delete(group);
    expect(azure.things()).toEqual([]);
  });
});

describe("storage", () => {
  const account = (accountName: string): PropertyMap => ({
    ...rg,
    accountName,
    kind: "StorageV2",
    sku: { name: "Standard_ZRS" },
  });

  test.each(["ab", "Orders", "orders-replica", "a".repeat(25)])("an account cannot be called %j", async (name) => {
    expect(await refusal(azure.create(ACCOUNT, "a", account(name)))).toBe(
      `"accountName" of ${ACCOUNT} is "${name}"; allowed: 3 to 24 lower-case letters and digits`,
    );
  });

  test("an account's name is one in the world; a generated one fits", async () => {
    await azure.create(ACCOUNT, "a", account("orders"));
    await azure.create(GROUP, "other", { resourceGroupName: "other", location: "northeurope" });
    expect(await refusal(azure.create(ACCOUNT, "b", { ...account("orders"), resourceGroupName: "other" }))).toBe(
      'creating Microsoft.Storage/storageAccounts (/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/other/providers/Microsoft.Storage/storageAccounts/orders): Code="StorageAccountAlreadyTaken" Message="The storage account named orders is already taken."',
    );
    const made = await azure.create(ACCOUNT, "A-very-long-Name-of-an-account", { ...account(""), accountName: null });
    expect(made.outputs.name).toMatch(/^averylongnameofan[0-9a-f]{7}$/);
  });

  test("a container is private unless its account says otherwise, and goes with it", async () => {
    const made = await azure.create(ACCOUNT, "a", account("orders"));
    const container = { ...rg, accountName: "orders", containerName: "orders" };
    expect(await refusal(azure.create(CONTAINER, "c", { ...container, publicAccess: "Blob" }))).toBe(
      `creating Microsoft.Storage/storageAccounts/blobServices/containers (${BASE}/providers/Microsoft.Storage/storageAccounts/orders/blobServices/default/containers/orders): Code="PublicAccessNotPermitted" Message="Public access is not permitted on this storage account."`,
    );
    expect((await azure.create(CONTAINER, "c", container)).id).toBe(
      `${made.id}/blobServices/default/containers/orders`,
    );
    await azure.delete(made);
    expect(azure.things()).toEqual([`${GROUP} ${BASE}`]);
  });
});
