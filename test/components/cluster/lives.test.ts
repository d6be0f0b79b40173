/** Lives of one cluster by itself: what a change touches, what a lock holds, and what a destroy leaves. */
import * as keyvault from "@pulumi/azure-native/keyvault";
import * as privatedns from "@pulumi/azure-native/privatedns";
import * as resources from "@pulumi/azure-native/resources";
import * as core from "@pulumi/kubernetes/core/v1";
import * as policy from "@pulumi/kubernetes/policy/v1";
import type * as pulumi from "@pulumi/pulumi";

import { AksCluster } from "../../../components/cluster/aks/aks-cluster";
import type { AksPlan } from "../../../components/cluster/aks/plan";
import type { Place } from "../../../components/cluster/common-plan";
import { AzureProvider } from "../../../components/providers";
import { refusal } from "../../local/clouds/tenant";
import { NORTH, planOf } from "../../kit/environment";
import { changes, errorsOf, Life, succeeded, type Moment } from "../../kit/life";

const POOL = "azure-native:containerservice:AgentPool";
const CLUSTER = "azure-native:containerservice:ManagedCluster";
const GROUP = "azure-native:resources:ResourceGroup";

/** A program with an AKS cluster and nothing else, or with what is put in it. */
function north(change: object = {}, protect = false, inside: (cluster: AksCluster) => void = () => {}): () => void {
  const spec = { clusters: { north: { ...NORTH, ...change } }, mesh: { kind: "linkerd" }, protect };
  const plan = planOf(spec).clusters[0] as AksPlan;
  const { subscriptionId, tenantId } = plan.place;
  return () =>
    inside(new AksCluster("north", { plan, provider: new AzureProvider("azure", { subscriptionId, tenantId }) }));
}

const pools = (general: object = {}, more: object = {}) => ({
  nodes: { general: { vmSize: "Standard_D4ds_v5", min: 2, max: 6, ...general }, ...more },
});

describe("an AKS cluster", () => {
  let standing: Moment;
  const fromThere = () => new Life({ moment: standing });

  beforeAll(async () => {
    const life = new Life();
    succeeded(await life.up(north(pools(), true)));
    standing = await life.moment();
  }, 60_000);

  test("sends its audit log to a workspace (CIS 2.1.1, CKV_AZURE_4 for the control plane)", async () => {
    const setting = await fromThere().resource("north-logs", "azure-native:monitor:DiagnosticSetting");
    const logs = setting.inputs.logs as { category: string; enabled: boolean }[];

    expect(logs.filter(({ enabled }) => enabled).map(({ category }) => category)).toEqual([
      "cloud-controller-manager",
      "cluster-autoscaler",
      "guard",
      "kube-apiserver",
      "kube-audit-admin",
      "kube-controller-manager",
      "kube-scheduler",
    ]);
  });

  test("has pools as its system pool is: CKV_AZURE_143, CKV_AZURE_168, CKV_AZURE_169, CKV_AZURE_226, CKV_AZURE_227", async () => {
    expect((await fromThere().resource("north-nodes-general", POOL)).inputs).toMatchObject({
      enableNodePublicIP: false,
      maxPods: 110,
      type: "VirtualMachineScaleSets",
      osDiskType: "Ephemeral",
      enableEncryptionAtHost: true,
    });
  });

  // https://github.com/pulumi/pulumi-azure-native/issues/4264, #579, #1298, #2719
  test.each<[string, object, string[]]>([
    [
      "adding a pool",
      pools({}, { batch: { vmSize: "Standard_D8ds_v5", min: 0, max: 9, spot: true } }),
      [`create ${POOL} north-nodes-batch`],
    ],
    ["resizing a pool", pools({ max: 9 }), [`update ${POOL} north-nodes-general`]],
    [
      "replacing a pool",
      pools({ vmSize: "Standard_D8ds_v5" }),
      ["create-replacement", "delete-replaced", "replace"].map((step) => `${step} ${POOL} north-nodes-general`),
    ],
    [
      "renaming a pool",
      { nodes: { other: pools().nodes.general } },
      [`create ${POOL} north-nodes-other`, `delete ${POOL} north-nodes-general`],
    ],
    [
      "changing the system pool's size, which is fixed,",
      { ...pools(), system: { vmSize: "Standard_D8ds_v5", count: 5 } },
      [],
    ],
  ])("%s touches that pool and nothing else", async (_what, change, expected) => {
    expect(changes(succeeded(await fromThere().preview(north(change, true))))).toEqual(expected);
  });

  test("is locked against the deletion of its resource group by anybody, and a pool can still be replaced", async () => {
    const life = fromThere();
    const group = life.ledger().find(({ type }) => type === GROUP)!;
    const azure = await life.clouds.open("azure-native");
    await azure.configure({ subscriptionId: "66666666-7777-4888-8999-000000000000" });
    const attempt = azure.delete({
      urn: `urn:pulumi:local::isthmus::${GROUP}::north`,
      id: group.id,
      properties: group.outputs,
      oldInputs: group.inputs,
      timeout: 0,
    });
    expect(await refusal(attempt)).toMatch(
      /Code="ScopeLocked" Message="The scope '.*north-network-nat' cannot perform delete/,
    );

    const change = succeeded(await life.up(north(pools({ vmSize: "Standard_D8ds_v5" }), true)));
    const steps = change.steps.filter(({ type, operation }) => type === POOL && operation !== "same");
    expect(steps.map(({ operation }) => operation)).toEqual(["create-replacement", "replace", "delete-replaced"]);
    await expect(life).toHaveLedgerEqualToState();
  });

  test("has nothing left after a destroy, once it is no longer protected", async () => {
    const life = fromThere();
    succeeded(await life.up(north(pools())));
    succeeded(await life.destroy());

    expect(life.ledger()).toEqual([]);
  });
});

test("an AKS cluster with every option stands, changes its allowed blocks in place, and goes", async () => {
  const life = new Life();
  const options = {
    endpoint: { access: "restricted", allowedCidrs: ["203.0.113.0/24"] },
    nodes: { secure: { vmSize: "Standard_D4ds_v5", min: 1, max: 1, sandbox: "vm" } },
    nodeProvisioning: { mode: "Auto" },
    secretsEncryption: { key: "created" },
    tier: "Premium",
    supportPlan: "AKSLongTermSupport",
    containerInsights: true,
    defender: true,
    costAnalysis: true,
    zones: [],
  };
  succeeded(await life.up(north(options)));
  const cluster = life.ledger().find(({ type }) => type === CLUSTER)!;
  // CIS 5.3.1
  const key = life.ledger().find(({ type }) => type === "azure-native:keyvault:Key")!;
  expect(cluster.inputs.securityProfile).toMatchObject({ azureKeyVaultKms: { keyId: key.outputs.keyUriWithVersion } });

  const endpoint = { access: "restricted", allowedCidrs: ["198.51.100.0/24"] };
  const change = succeeded(await life.up(north({ ...options, endpoint })));
  expect(changes(change)).toEqual([`update ${CLUSTER} north`]);

  const gone = succeeded(await life.destroy());
  expect(life.ledger()).toEqual([]);
  // Roles outlive the cluster that acts with them.
  expect(gone).toDeleteBefore(`${CLUSTER} north`, "north-identity-subnet");
});

test("an AKS cluster with a key and a private zone that were there before uses them, and leaves them", async () => {
  const { subscriptionId, tenantId } = planOf({ clusters: { north: NORTH }, mesh: { kind: "linkerd" }, protect: false })
    .clusters[0]!.place as Extract<Place, { cloud: "azure" }>;
  const zone = "privatelink.northeurope.azmk8s.io";
  /** What a platform team has in its hub. */
  const hub = () => {
    const opts = { provider: new AzureProvider("hub", { subscriptionId, tenantId }) };
    const group = new resources.ResourceGroup("hub", { resourceGroupName: "hub", location: "northeurope" }, opts);
    const inGroup = { resourceGroupName: group.name };
    new privatedns.PrivateZone("zone", { ...inGroup, privateZoneName: zone, location: "global" }, opts);
    const vault = new keyvault.Vault(
      "vault",
      {
        ...inGroup,
        vaultName: "acme-hub",
        properties: { tenantId, sku: { family: "A", name: "standard" }, enableRbacAuthorization: true },
      },
      opts,
    );
    const properties = { kty: "RSA", keySize: 2048 };
    // As our own: ARM cannot delete a key by itself.
    const kept = { ...opts, deletedWith: vault, retainOnDelete: true };
    const key = new keyvault.Key("key", { ...inGroup, vaultName: vault.name, keyName: "secrets", properties }, kept);
    return { keyId: key.keyUriWithVersion };
  };
  const life = new Life();
  succeeded(await life.up(hub));
  const before = life.ledger();
  const keyId = (await life.resource("key", "azure-native:keyvault:Key")).outputs.keyUriWithVersion;
  const base = `/subscriptions/${subscriptionId}/resourceGroups/hub/providers`;
  const options = {
    privateDnsZoneId: `${base}/Microsoft.Network/privateDnsZones/${zone}`,
    secretsEncryption: {
      key: "given",
      keyId,
      keyVaultId: `${base}/Microsoft.KeyVault/vaults/acme-hub`,
      keyVaultNetworkAccess: "Private",
    },
  };
  const withCluster = () => {
    hub();
    north(options)();
  };

  const made = succeeded(await life.up(withCluster));
  expect(
    made.steps
      .filter(({ type }) => type === "azure-native:keyvault:Vault" || type === "azure-native:keyvault:Key")
      .map(({ operation }) => operation),
  ).toEqual(["same", "same"]);
  const { inputs } = await life.resource("north", CLUSTER);
  expect(inputs.apiServerAccessProfile).toEqual({
    enablePrivateCluster: true,
    privateDNSZone: options.privateDnsZoneId,
    disableRunCommand: true,
  });
  expect(inputs.securityProfile).toMatchObject({
    azureKeyVaultKms: {
      enabled: true,
      keyId,
      keyVaultNetworkAccess: "Private",
      keyVaultResourceId: options.secretsEncryption.keyVaultId,
    },
  });
  // By an edge and not by luck.
  const graph = await life.graph();
  const roles = ["key", "kubelet", "subnet", "vault", "vnet", "zone"].map(
    (what) => graph.find(`north-identity-${what}`, "azure-native:authorization:RoleAssignment").urn,
  );
  expect([...graph.waitsFor(graph.find("north", CLUSTER).urn)]).toEqual(expect.arrayContaining(roles));
  expect(await life.up(withCluster)).toChangeNothing();
  await expect(life).toHaveLedgerEqualToState();

  succeeded(await life.up(hub));
  expect(life.ledger()).toEqual(before);
});

// https://github.com/Azure/AKS/issues/3384
test("a destroy drains no pool, which a PodDisruptionBudget could hold up for ever: pools go with their cluster", async () => {
  const strict = { maxUnavailable: 0, selector: { matchLabels: { app: "web" } } };
  const program = north({}, false, ({ provider }) => {
    const metadata = { name: "web", namespace: "default" };
    new policy.PodDisruptionBudget("web", { metadata, spec: strict }, { provider });
  });
  const life = new Life();
  succeeded(await life.up(program));
  const deleted: string[] = [];
  life.onOperation = ({ operation, type }) => void (operation === "delete" && deleted.push(type));

  succeeded(await life.destroy());

  expect(deleted).toEqual(expect.arrayContaining([CLUSTER, "kubernetes:policy/v1:PodDisruptionBudget"]));
  expect(deleted).not.toContain(POOL);
  expect(life.ledger()).toEqual([]);
});

// https://github.com/pulumi/pulumi-kubernetes/issues/2948, #2926
test("an object that the program renames stays as it is with an alias, and without one is refused rather than lost", async () => {
  const named = (name: string, opts: pulumi.CustomResourceOptions = {}) =>
    north({}, false, ({ provider }) => {
      const metadata = { name: "settings", namespace: "default" };
      new core.ConfigMap(name, { metadata, data: { mode: "live" } }, { provider, ...opts });
    });
  const life = new Life();
  succeeded(await life.up(named("settings")));

  expect(await life.up(named("options", { aliases: [{ name: "settings" }] }))).toChangeNothing();

  const refused = await life.up(named("choices"));
  expect(errorsOf(refused)).toEqual([expect.stringMatching(/^choices: .*already exists/)]);
  expect(life.ledger().filter(({ type }) => type === "kubernetes:core/v1:ConfigMap")).toHaveLength(1);
});
