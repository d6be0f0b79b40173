import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { istio } from "../../components/spec";
import { SpecError } from "../../components/problem";
import { CONFIG, EAST, NORTH, planOf, SHOP } from "../kit/environment";

/** The lines of the one error that a spec gives. */
function problemsOf(spec: unknown, overrides?: Parameters<typeof planOf>[1]): string[] {
  try {
    planOf(spec, overrides);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return error.message.split("\n").slice(1);
  }
  return [];
}

test("a correct spec has no problems", () => {
  expect(problemsOf(SHOP)).toEqual([]);
});

test("problems of the config, of SMI files, of networks and of unknown keys come together", () => {
  const directory = mkdtempSync(join(tmpdir(), "isthmus-plan-"));
  writeFileSync(
    join(directory, "access.yaml"),
    `apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: { name: cart, namespace: shop }
spec:
  destination: { kind: ServiceAccount, name: checkout, namespace: shop }
  rules: [{ kind: HTTPRouteGroup, name: nowhere }]
  sources: [{ kind: ServiceAccount, name: web, namespace: shop }]
`,
  );
  const { "isthmus:azureTenantId": tenant, ...rest } = CONFIG;

  const problems = problemsOf(
    { ...SHOP, smi: ["access.yaml"], buckts: {}, clusters: { east: EAST, north: { ...NORTH, cidr: EAST.cidr } } },
    { directory, config: { ...rest, "isthmus:azureTenntId": tenant! } },
  );

  expect(problems).toEqual([
    expect.stringMatching(
      /^ {2}1\. buckts: found "buckts", allowed: one of access, .*, workloads\. Did you mean "buckets"\?$/,
    ),
    '  2. config isthmus:azureTenntId: found "azureTenntId", allowed: one of awsDeployerRoleArn, azureAdminGroupObjectIds, azureSubscriptionId, azureTenantId, namePrefix. Did you mean "azureTenantId"?',
    '  3. clusters.north.cidr: found "10.16.0.0/14", allowed: a block that does not overlap with clusters.east.cidr (10.16.0.0/14). Pods of both clusters must be able to reach each other: give each cluster its own block.',
    "  4. config isthmus:azureTenantId: missing, allowed: the GUID of the Entra tenant. Set it: pulumi config set isthmus:azureTenantId <value>.",
    expect.stringMatching(/^ {2}5\. access\.yaml#1 TrafficTarget shop\/cart spec\.rules\[0\].*: SMI-REF: .*nowhere/),
  ]);
});

const east = (change: object) => ({ ...SHOP, clusters: { east: { ...EAST, ...change }, north: NORTH } });
const north = (change: object) => ({ ...SHOP, clusters: { east: EAST, north: { ...NORTH, ...change } } });

test.each<[string, unknown, string]>([
  [
    "nodes newer than their control plane",
    east({ nodes: { general: { ...EAST.nodes!.general, kubernetesVersion: "1.35" } } }),
    'clusters.east.nodes.general.kubernetesVersion: found "1.35", allowed: "1.31" to "1.34", the control plane\'s. Nodes are never newer than their control plane: upgrade that first.',
  ],
  [
    "a misspelt region",
    east({ region: "useast1" }),
    'clusters.east.region: found "useast1", allowed: an AWS region such as "us-east-1"',
  ],
  [
    "a number for a version",
    east({ kubernetesVersion: 1.34 }),
    'clusters.east.kubernetesVersion: found 1.34, allowed: text such as "1.34", in quotes',
  ],
  [
    "a block with host bits",
    east({ cidr: "10.17.0.0/14" }),
    'clusters.east.cidr: found "10.17.0.0/14", allowed: an IPv4 block of /14 to /18 with no bit set after its prefix, such as "10.16.0.0/14"',
  ],
  [
    "an API server open to the world",
    north({ endpoint: { access: "restricted", allowedCidrs: ["0.0.0.0/0"] } }),
    'clusters.north.endpoint.allowedCidrs[0]: found "0.0.0.0/0", allowed: blocks that you own. The API server must not be open to the whole internet.',
  ],
  [
    "fewer nodes at most than at least",
    east({ nodes: { general: { instanceTypes: ["m7i.large"], min: 3, max: 2 } } }),
    "clusters.east.nodes.general.min: found 3, allowed: at most its max, 2",
  ],
  [
    "no nodes on EKS",
    east({ nodes: {} }),
    "clusters.east.nodes: found {}, allowed: at least one pool of nodes. EKS has no system pool.",
  ],
  [
    "no pool for workloads on AKS",
    north({ nodes: {} }),
    "clusters.north.nodes: found {}, allowed: at least one pool of nodes. The system pool runs AKS's own add-ons and nothing else.",
  ],
  ["a list where a map is meant", { ...SHOP, clusters: [] }, "clusters: found [], allowed: an object"],
  [
    "an agent pool with a name that Azure refuses",
    north({ nodes: { "General-Pool": { vmSize: "Standard_D4ds_v5", min: 1, max: 2 } } }),
    'clusters.north.nodes.General-Pool: found "General-Pool", allowed: a key of 1 to 8 lower-case letters and digits, starting with a letter (Azure allows 12; 4 are a digest of what cannot change)',
  ],
  [
    "a cloud that does not exist",
    { ...SHOP, clusters: { east: { ...EAST, kind: "gke" }, north: NORTH } },
    'clusters.east.kind: found "gke", allowed: one of "eks", "aks", "existing"',
  ],
  [
    "a workload on an unknown cluster",
    { ...SHOP, workloads: { ...SHOP.workloads, web: { ...SHOP.workloads!.web, on: ["eest"] } } },
    'workloads.web.on[0]: found "eest", allowed: one of east, north. Did you mean "east"?',
  ],
  [
    "a mirror onto itself",
    { ...SHOP, buckets: { orders: { ...SHOP.buckets!.orders, replica: "east" } } },
    'buckets.orders.replica: found "east", allowed: another cluster than the primary',
  ],
  [
    "an RPO that no schedule can hold",
    { ...SHOP, buckets: { orders: { ...SHOP.buckets!.orders, rpo: "5 minutes" } } },
    'buckets.orders.rpo: found "5 minutes", allowed: 10 minutes to 24 hours',
  ],
  [
    "access to an unknown bucket",
    { ...SHOP, access: [{ kind: "objects", from: "web", bucket: "ordrs", level: "read" }] },
    'access[0].bucket: found "ordrs", allowed: one of orders. Did you mean "orders"?',
  ],
  [
    "a split to an unknown version",
    { ...SHOP, splits: { checkout: { "checkout-v1": 90, "checkout-v9": 10 } } },
    'splits.checkout.checkout-v9: found "checkout-v9", allowed: one of checkout-v1, checkout-v2. Did you mean "checkout-v1"?',
  ],
  [
    "a mesh that does not exist",
    { ...SHOP, mesh: { kind: "osm" } },
    'mesh.kind: found "osm", allowed: one of "linkerd", "istio", "consul"',
  ],
  [
    "an Istio whose access policies can be passed by",
    { ...SHOP, mesh: istio({ mode: "sidecar", version: "1.29.2" }) },
    'mesh.version: found "1.29.2", allowed: 1.28.7, 1.29.3, 1.30.0 or a later patch of these, or a later release. Earlier ones let requests pass that access rules deny (CVE-2026-31838, CVE-2026-39350). Leave it out for 1.30.3.',
  ],
  [
    "an even number of Consul servers",
    { ...SHOP, mesh: { kind: "consul", servers: 2 } },
    "mesh.servers: found 2, allowed: one of 1, 3, 5",
  ],
  [
    "an SMI file that is not there",
    { ...SHOP, smi: ["examples/nowhere"] },
    'smi[0]: found "examples/nowhere", allowed: a YAML file, or a folder with .yaml or .yml files, relative to the project',
  ],
])("%s is one clear problem", (_what, spec, problem) => {
  expect(problemsOf(spec)).toEqual([`  1. ${problem}`]);
});

test("a configuration value of a wrong form is named with its key", () => {
  const config = { ...CONFIG, "isthmus:azureTenantId": "contoso" };

  expect(problemsOf(SHOP, { config })).toEqual([
    '  1. config isthmus:azureTenantId: found "contoso", allowed: a GUID such as "00000000-0000-0000-0000-000000000000"',
  ]);
});

test("an environment without AWS needs no AWS settings", () => {
  const { "isthmus:awsDeployerRoleArn": _role, ...config } = CONFIG;

  expect(problemsOf({ clusters: { north: NORTH }, mesh: { kind: "linkerd" } }, { config })).toEqual([]);
});

test("moving a workload between the clouds is one word and leaves everything else as it is", () => {
  const moved = { ...SHOP, workloads: { ...SHOP.workloads, reports: { ...SHOP.workloads!.reports, on: ["east"] } } };

  const [before, after] = [planOf(SHOP), planOf(moved)];

  expect(before.identities.find(({ key }) => key === "reports")?.clusters).toEqual(["north"]);
  expect(after.identities.find(({ key }) => key === "reports")?.clusters).toEqual(["east"]);
  expect({ ...after, workloads: [], identities: [], traffic: [] }).toEqual({
    ...before,
    workloads: [],
    identities: [],
    traffic: [],
  });
});
