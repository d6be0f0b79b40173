import { parse } from "yaml";

import { Unknown, type PropertyMap } from "../../../local/protocol/property";
import { ARM_ID, BASE, CLUSTER, CLUSTER_INPUTS, GROUP, ground, POOL, pool, rg, said, TENANT } from "./azure-ground";
import { refusal, urn, type Made, type Tenant } from "./tenant";

let azure: Tenant;
beforeEach(async () => {
  azure = await ground();
});

async function network(): Promise<{ readonly network: Made; readonly subnet: Made }> {
  const made = await azure.create("azure-native:network:VirtualNetwork", "vn", {
    ...rg,
    virtualNetworkName: "vn",
    addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
  });
  const inputs = { ...rg, virtualNetworkName: "vn", subnetName: "nodes", addressPrefix: "10.1.0.0/20" };
  return { network: made, subnet: await azure.create("azure-native:network:Subnet", "sn", inputs) };
}

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
    expect(await refusal(azure.update(upgraded, { ...without, kubernetesVersion: "1.34" }))).toBe(
      said(
        "updating",
        'Code="OIDCIssuerCannotBeDisabled" Message="The OIDC issuer feature cannot be disabled once it is enabled."',
      ),
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
      'Code="MustDefineAtLeastOneSystemPool" Message="Must define at least one system pool in agentPoolProfiles."',
    ],
    [
      "with a spot system pool",
      { agentPoolProfiles: [{ name: "a", mode: "System", vmSize: "x", scaleSetPriority: "Spot" }] },
      'Code="InvalidParameter" Message="A system agent pool must not be a spot pool"',
    ],
    [
      "of an old version",
      { kubernetesVersion: "1.20.1" },
      'Code="K8sVersionNotSupported" Message="Managed cluster is on version 1.20.1, which is not supported in this region. Supported: 1.30, 1.31, 1.32, 1.33, 1.34, 1.35"',
    ],
    [
      "without a DNS prefix",
      { dnsPrefix: null },
      'Code="InvalidParameter" Message="Required parameter dnsPrefix is missing (null)."',
    ],
    [
      "without an identity",
      { identity: null },
      'Code="InvalidParameter" Message="Required parameter servicePrincipalProfile or identity is missing (null)."',
    ],
    [
      "whose DNS service is outside of the service network",
      { networkProfile: { serviceCidr: "10.2.0.0/16", dnsServiceIP: "10.3.0.10" } },
      'Code="DnsServiceIpNotInServiceCidr" Message="The DNS service IP 10.3.0.10 must be within the service CIDR 10.2.0.0/16 and not its first address."',
    ],
    [
      "with overlay but another plugin",
      { networkProfile: { networkPlugin: "kubenet", networkPluginMode: "overlay" } },
      'Code="InvalidParameter" Message="networkPluginMode overlay needs networkPlugin azure"',
    ],
    [
      "with workload identity but no issuer",
      { oidcIssuerProfile: null, securityProfile: { workloadIdentity: { enabled: true } } },
      'Code="InvalidParameter" Message="Workload identity needs oidcIssuerProfile.enabled to be true"',
    ],
    [
      "that no one could log in to",
      { disableLocalAccounts: true },
      'Code="InvalidParameter" Message="disableLocalAccounts can be set only on a cluster that integrates Microsoft Entra ID (aadProfile)"',
    ],
    [
      "with an identity that does not exist",
      { identity: { type: "UserAssigned", userAssignedIdentities: [`${BASE}/x`] } },
      `Code="InvalidResourceReference" Message="Resource ${BASE}/x referenced at identity.userAssignedIdentities[*] was not found. Please make sure that the referenced resource exists."`,
    ],
  ])("a cluster %s is refused", async (_, change, expected) => {
    expect(await refusal(azure.create(CLUSTER, "c", { ...CLUSTER_INPUTS, ...change }))).toBe(
      said("creating", expected),
    );
  });

  test("the service network must not meet the nodes' network", async () => {
    const { subnet } = await network();
    const agentPoolProfiles = [{ name: "system", mode: "System", vmSize: "x", vnetSubnetID: subnet.id }];
    const attempt = azure.create(CLUSTER, "c", {
      ...CLUSTER_INPUTS,
      agentPoolProfiles,
      networkProfile: { serviceCidr: "10.1.128.0/18" },
    });
    expect(await refusal(attempt)).toBe(
      said(
        "creating",
        'Code="ServiceCidrOverlapExistingSubnetsCidr" Message="The specified service CIDR 10.1.128.0/18 is conflicted with an existing subnet CIDR (10.1.0.0/16)"',
      ),
    );
  });

  test.each<[string, PropertyMap, string[]]>([
    ["the DNS prefix", { dnsPrefix: "other" }, ["dnsPrefix"]],
    ["the service network", { networkProfile: { serviceCidr: "10.9.0.0/16" } }, ["networkProfile"]],
    ["the load balancer", { networkProfile: { loadBalancerProfile: { idleTimeoutInMinutes: 30 } } }, []],
    ["the version", { kubernetesVersion: "1.34" }, []],
    // https://github.com/pulumi/pulumi-azure-native/issues/4756
    ["its observability", { networkProfile: { advancedNetworking: { enabled: true } } }, []],
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
    expect(await refusal(azure.update(made, { ...CLUSTER_INPUTS, kubernetesVersion: "1.32" }))).toBe(
      said(
        "updating",
        'Code="OperationNotAllowed" Message="Downgrading cluster from Kubernetes version 1.33.1 to 1.32 is not allowed."',
      ),
    );
    expect(await refusal(azure.update(made, { ...CLUSTER_INPUTS, kubernetesVersion: "1.35" }))).toBe(
      said(
        "updating",
        'Code="OperationNotAllowed" Message="Upgrading Kubernetes version 1.33.1 to 1.35 is not allowed. Available upgrades: 1.34."',
      ),
    );
    const agentPoolProfiles = [
      { name: "system", mode: "System", vmSize: "Standard_D2s_v5", count: 2 },
      { name: "more", vmSize: "x" },
    ];
    expect(await refusal(azure.update(made, { ...CLUSTER_INPUTS, agentPoolProfiles }))).toBe(
      said(
        "updating",
        'Code="InvalidParameter" Message="A new agent pool was introduced. Adding agent pools to an existing cluster is not allowed through managed cluster operations. For agent pool specific change, please use per agent pool operations: https://aka.ms/agent-pool-rest-api"',
      ),
    );
  });

  test("pools are changed one after the other", async () => {
    await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
    const outcomes = await Promise.allSettled([azure.create(POOL, "a", pool("a")), azure.create(POOL, "b", pool("b"))]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await refusal(Promise.reject((outcomes[1] as PromiseRejectedResult).reason))).toBe(
      said(
        "creating",
        'Code="OperationNotAllowed" Message="Operation is not allowed: Another operation is in progress on the managed cluster or its agent pools, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details"',
        "b",
      ),
    );
    await azure.create(POOL, "b", pool("b"));
  });

  test.each(["Upper", "has-dash", "thirteenchars", "1st"])("a pool cannot be called %j", async (name) => {
    expect(await refusal(azure.create(POOL, "p", pool(name)))).toBe(
      `"agentPoolName" of ${POOL} is "${name}"; allowed: 1 to 12 lower-case letters and digits, beginning with a letter`,
    );
  });

  test("a pool is part of its cluster: it needs it, does not outrun it, and goes with it", async () => {
    expect(await refusal(azure.create(POOL, "p", pool("general")))).toBe(
      said(
        "creating",
        `Code="ParentResourceNotFound" Message="Failed to perform 'write' on resource(s) of type 'managedClusters/agentPools', because the parent resource 'north' could not be found."`,
        "general",
      ),
    );
    const cluster = await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
    expect(await refusal(azure.create(POOL, "p", { ...pool("general"), orchestratorVersion: "1.34" }))).toBe(
      said(
        "creating",
        `Code="NodePoolMcVersionIncompatible" Message="Node pool version 1.34 and control plane version 1.33.1 are incompatible. Minor version of node pool must be at most 3 behind the control plane's, and not newer."`,
        "general",
      ),
    );
    expect(await refusal(azure.create(POOL, "p", pool("system")))).toBe(
      said(
        "creating",
        `Code="Conflict" Message="cannot create already existing resource '${ARM_ID}/agentPools/system' (it is an inline pool of the cluster)"`,
        "system",
      ),
    );
    const made = await azure.create(POOL, "p", pool("general"));
    expect((await azure.diff(made, { ...pool("general"), vmSize: "Standard_D8s_v5" })).replaces).toEqual(["vmSize"]);
    expect(await refusal(azure.update(made, { ...pool("general"), osDiskSizeGB: 200 }))).toBe(
      said(
        "updating",
        `Code="PropertyChangeNotAllowed" Message="Changing property 'properties.osDiskSizeGB' is not allowed."`,
        "general",
      ),
    );
    await azure.delete(cluster);
    await azure.delete(made);
    expect(azure.things()).toEqual([`${GROUP} ${BASE}`]);
  });

  test("a kubeconfig names the cluster's server and gets its tokens from kubelogin", async () => {
    const token = "azure-native:containerservice:listManagedClusterUserCredentials";
    const args = { ...rg, resourceName: "north", format: "exec" };
    expect(await refusal(azure.provider.invoke({ token, args }))).toBe(
      `listing credentials of north: Code="ResourceNotFound" Message="The Resource 'Microsoft.ContainerService/managedClusters/north' under resource group 'rg' was not found."`,
    );
    const made = await azure.create(CLUSTER, "c", CLUSTER_INPUTS);
    const { properties } = await azure.provider.invoke({ token, args });
    const [{ name, value }] = properties.kubeconfigs as [{ readonly name: string; readonly value: string }];
    const config = parse(Buffer.from(value, "base64").toString()) as {
      clusters: { cluster: { server: string } }[];
      users: unknown[];
    };
    expect(name).toBe("clusterUser");
    expect(config.clusters[0]?.cluster.server).toBe(`https://${String(made.outputs.fqdn)}:443`);
    expect(JSON.stringify(config.users)).toBe(
      '[{"name":"clusterUser_rg_north","user":{"exec":{"apiVersion":"client.authentication.k8s.io/v1beta1","command":"kubelogin","args":["get-token","--environment","AzurePublicCloud","--server-id","6dae42f8-4368-4678-94ff-3960e28e3630","--tenant-id","22222222-2222-4222-8222-222222222222"],"env":null,"provideClusterInfo":false}}}]',
    );
  });
});
