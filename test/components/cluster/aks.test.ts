/** AKS: what its spec refuses, the defaults that scanners ask for, and what changes of it touch. */
import { managedCluster } from "../../../components/cluster/aks/control-plane";
import type { AksPlan } from "../../../components/cluster/aks/plan";
import { SpecError } from "../../../components/problem";
import { valueAt } from "../../../local/clouds/paths";
import type { PropertyMap } from "../../../local/protocol/property";
import { NORTH, planOf } from "../../kit/environment";

function aksPlan(change: object = {}, spec: object = {}): AksPlan {
  const plan = planOf({ clusters: { north: { ...NORTH, ...change } }, mesh: { kind: "linkerd" }, ...spec });
  return plan.clusters[0] as AksPlan;
}

function problemsOf(change: object): string[] {
  try {
    aksPlan(change);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return error.message.split("\n").slice(1);
  }
  return [];
}

const ZONE =
  "/subscriptions/66666666-7777-4888-8999-000000000000/resourceGroups/hub/providers/Microsoft.Network/privateDnsZones";
const VAULT =
  "/subscriptions/66666666-7777-4888-8999-000000000000/resourceGroups/hub/providers/Microsoft.KeyVault/vaults/v";
const LTS = { supportPlan: "AKSLongTermSupport" };

describe("a spec", () => {
  test.each<[string, object, string]>([
    [
      "pools that scale beside node auto-provisioning",
      { nodeProvisioning: { mode: "Auto" } },
      'clusters.north.nodes.general.max: found 6, allowed: its min, 2: with clusters.north.nodeProvisioning.mode "Auto" a pool has a fixed size. Node auto-provisioning and the cluster autoscaler cannot run together; leave the pool out and let AKS provision.',
    ],
    [
      "long-term support without its tier",
      LTS,
      'clusters.north.supportPlan: found "AKSLongTermSupport", allowed: "KubernetesOfficial", or clusters.north.tier "Premium"',
    ],
    [
      "cost analysis on the free tier",
      { tier: "Free", costAnalysis: true },
      'clusters.north.costAnalysis: found true, allowed: false, or clusters.north.tier "Standard" or "Premium"',
    ],
    [
      "node images from one channel and not from the other",
      { upgrades: { channel: "node-image", nodeOsChannel: "SecurityPatch" } },
      'clusters.north.upgrades.nodeOsChannel: found "SecurityPatch", allowed: "NodeImage", as clusters.north.upgrades.channel "node-image" says',
    ],
    [
      "a private zone for a public API server",
      {
        endpoint: { access: "restricted", allowedCidrs: ["203.0.113.0/24"] },
        privateDnsZoneId: `${ZONE}/privatelink.northeurope.azmk8s.io`,
      },
      `clusters.north.privateDnsZoneId: found "${ZONE}/privatelink.northeurope.azmk8s.io", allowed: nothing, or clusters.north.endpoint.access "private"`,
    ],
    [
      "a private zone of another location",
      { privateDnsZoneId: `${ZONE}/privatelink.westeurope.azmk8s.io` },
      'clusters.north.privateDnsZoneId: found "privatelink.westeurope.azmk8s.io", allowed: a zone called privatelink.northeurope.azmk8s.io, or <name>.privatelink.northeurope.azmk8s.io',
    ],
    [
      "a key without its version",
      { secretsEncryption: { key: "given", keyVaultId: VAULT, keyId: "https://v.vault.azure.net/keys/k" } },
      'clusters.north.secretsEncryption.keyId: found "https://v.vault.azure.net/keys/k", allowed: the URL of a version of a key, https://<vault>.vault.azure.net/keys/<name>/<version>',
    ],
    [
      "a private vault without its id",
      {
        secretsEncryption: {
          key: "given",
          keyId: `https://v.vault.azure.net/keys/k/${"0".repeat(32)}`,
          keyVaultNetworkAccess: "Private",
        },
      },
      "clusters.north.secretsEncryption.keyVaultId: missing, allowed: a string",
    ],
    [
      "a key of no kind",
      { secretsEncryption: { key: "mine" } },
      'clusters.north.secretsEncryption.key: found "mine", allowed: one of "platform", "created", "given"',
    ],
    [
      "a system pool without nodes",
      { system: { vmSize: "Standard_D4ds_v5", count: 0 } },
      "clusters.north.system.count: found 0, allowed: at least 1",
    ],
    [
      "a spot system pool",
      { system: { vmSize: "Standard_D4ds_v5", count: 1, spot: true } },
      'clusters.north.system.spot: found "spot", allowed: one of count, vmSize',
    ],
    [
      "system pods on AKS's own nodes, which only AKS Automatic has",
      { hostedSystemProfile: { enabled: true } },
      'clusters.north.hostedSystemProfile: found "hostedSystemProfile", allowed: one of block, cidr, containerInsights, costAnalysis, defender, diskEncryptionSetId, endpoint, hostEncryption, kind, kubernetesVersion, location, logRetentionDays, maintenance, name, nodeProvisioning, nodes, privateDnsZoneId, secretsEncryption, supportPlan, system, tier, transform, upgrades, zones',
    ],
    [
      "a maintenance window shorter than AKS takes",
      { maintenance: { dayOfWeek: "Sunday", startTime: "01:00", durationHours: 2 } },
      "clusters.north.maintenance.durationHours: found 2, allowed: at least 4",
    ],
    [
      "a zone that Azure does not have",
      { zones: ["a"] },
      'clusters.north.zones[0]: found "a", allowed: one of "1", "2", "3"',
    ],
    [
      "a pool named like the system pool",
      { nodes: { system: { vmSize: "Standard_D4ds_v5", min: 1, max: 1 } } },
      'clusters.north.nodes.system: found "system", allowed: any other name: use clusters.north.system for it',
    ],
  ])("with %s is one clear problem", (_what, change, problem) => {
    expect(problemsOf(change)).toEqual([`  1. ${problem}`]);
  });

  test.each<[string, object]>([
    ["auto-provisioning alone", { nodes: {}, nodeProvisioning: { mode: "Auto", defaultNodePools: "None" } }],
    ["long-term support with its tier", { ...LTS, tier: "Premium", costAnalysis: true }],
    ["a private zone below the location's", { privateDnsZoneId: `${ZONE}/north.privatelink.northeurope.azmk8s.io` }],
    ["a location without zones", { zones: [] }],
  ])("with %s is right", (_what, change) => {
    expect(problemsOf(change)).toEqual([]);
  });

  test("shows all of its problems at once", () => {
    expect(problemsOf({ ...LTS, nodes: {}, upgrades: { channel: "node-image", nodeOsChannel: "None" } })).toHaveLength(
      3,
    );
  });
});

/** `managedCluster` of a plan, with its parts as plain text. */
function clusterOf(plan: AksPlan) {
  const kubelet = { resourceId: "kubelet", clientId: "client", objectId: "object" };
  const parts = {
    resourceGroupName: "rg",
    nodeSubnetId: "subnet",
    workspaceId: "workspace",
    identityId: "identity",
    kubelet,
  };
  return JSON.parse(JSON.stringify(managedCluster(plan, parts))) as PropertyMap;
}

describe("by default", () => {
  const cluster = clusterOf(aksPlan());

  test.each<[ids: string, path: string, expected: unknown]>([
    ["CKV_AZURE_115, AZU-0065, CIS 5.4.2", "apiServerAccessProfile.enablePrivateCluster", true],
    ["own: no command as cluster-admin through ARM", "apiServerAccessProfile.disableRunCommand", true],
    ["CKV_AZURE_141", "disableLocalAccounts", true],
    ["CKV_AZURE_5, AZU-0042", "enableRBAC", true],
    [
      "CIS 5.5.1, CIS 5.5.2",
      "aadProfile",
      {
        managed: true,
        enableAzureRBAC: true,
        tenantID: "11111111-2222-4333-8444-555555555555",
        adminGroupObjectIDs: ["aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"],
      },
    ],
    ["CKV_AZURE_7, AZU-0043, CIS 5.4.4", "networkProfile.networkPolicy", "cilium"],
    ["CKV2_AZURE_29", "networkProfile.networkPlugin", "azure"],
    ["CKV_AZURE_116, AZU-0066", "addonProfiles.azurepolicy", { enabled: true }],
    [
      "CKV_AZURE_172",
      "addonProfiles.azureKeyvaultSecretsProvider",
      { enabled: true, config: { enableSecretRotation: "true", rotationPollInterval: "2m" } },
    ],
    ["CKV_AZURE_227", "agentPoolProfiles[0].enableEncryptionAtHost", true],
    ["CKV_AZURE_226", "agentPoolProfiles[0].osDiskType", "Ephemeral"],
    ["CKV_AZURE_168", "agentPoolProfiles[0].maxPods", 110],
    ["CKV_AZURE_143", "agentPoolProfiles[0].enableNodePublicIP", false],
    ["CKV_AZURE_169", "agentPoolProfiles[0].type", "VirtualMachineScaleSets"],
    ["CKV_AZURE_232", "agentPoolProfiles[0].mode", "System"],
    ["CKV_AZURE_232", "agentPoolProfiles[0].nodeTaints", ["CriticalAddonsOnly=true:NoSchedule"]],
    ["CKV_AZURE_170", "sku", { name: "Base", tier: "Standard" }],
    ["CKV_AZURE_171", "autoUpgradeProfile", { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" }],
    ["CIS 5.2.1", "oidcIssuerProfile", { enabled: true }],
    ["CIS 5.2.1", "securityProfile.workloadIdentity", { enabled: true }],
    ["own: image cleaner", "securityProfile.imageCleaner", { enabled: true, intervalHours: 48 }],
    ["own: lockdown of the node resource group", "nodeResourceGroupProfile", { restrictionLevel: "ReadOnly" }],
    ["own: zones", "agentPoolProfiles[0].availabilityZones", ["1", "2", "3"]],
  ])("%s: %s", (_ids, path, expected) => {
    expect(valueAt(cluster, path)).toEqual(expected);
  });

  test("CKV_AZURE_6, AZU-0041, CIS 5.4.1: an API server that is not private is open to named blocks alone", () => {
    const open = clusterOf(aksPlan({ endpoint: { access: "restricted", allowedCidrs: ["203.0.113.0/24"] } }));

    expect(open.apiServerAccessProfile).toEqual({ authorizedIPRanges: ["203.0.113.0/24"], disableRunCommand: true });
  });
});

test("options that cost money or need something first are set when they are asked for", () => {
  const set = `${VAULT.replace("KeyVault/vaults/v", "Compute/diskEncryptionSets/d")}`;
  const cluster = clusterOf(
    aksPlan({ containerInsights: true, defender: true, diskEncryptionSetId: set, costAnalysis: true }),
  );

  expect({
    "CKV_AZURE_4, AZU-0040": valueAt(cluster, "addonProfiles.omsagent"),
    "CKV_AZURE_117, AZU-0067": cluster.diskEncryptionSetID,
    "CIS 5.1.1": valueAt(cluster, "securityProfile.defender"),
    costs: cluster.metricsProfile,
  }).toEqual({
    "CKV_AZURE_4, AZU-0040": {
      enabled: true,
      config: { logAnalyticsWorkspaceResourceID: "workspace", useAADAuth: "true" },
    },
    "CKV_AZURE_117, AZU-0067": set,
    "CIS 5.1.1": { logAnalyticsWorkspaceResourceId: "workspace", securityMonitoring: { enabled: true } },
    costs: { costAnalysis: { enabled: true } },
  });
});

test("a pool's name follows from what cannot change, and from nothing else", () => {
  const nameOf = (change: object, general: object = {}) =>
    aksPlan({ ...change, nodes: { general: { ...NORTH.nodes.general, ...general } } }).nodes[0]!.name;

  expect(nameOf({})).toMatch(/^general[0-9a-f]{4}$/);
  expect(nameOf({}, { max: 9, labels: { tier: "web" } })).toBe(nameOf({}));
  const others = [
    nameOf({}, { vmSize: "Standard_D8ds_v5" }),
    nameOf({}, { spot: true }),
    nameOf({ zones: ["1"] }),
    nameOf({ hostEncryption: false }),
  ];
  expect(new Set([nameOf({}), ...others]).size).toBe(5);
});
