import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { istio } from "../../components/spec";
import { roleName } from "../../components/cluster/eks/plan";
import { SpecError } from "../../components/problem";
import prod from "../../stacks/prod";
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

test("production plans in under two seconds, without an engine", () => {
  const before = process.cpuUsage();
  const plan = planOf(prod, { environment: "prod" });
  const { user, system } = process.cpuUsage(before);

  expect(plan.clusters.map(({ kind }) => kind)).toEqual(["eks", "aks"]);
  expect((user + system) / 1e6).toBeLessThan(2);
});

test("a cluster's name leaves room for the names of its roles", () => {
  const config = { ...CONFIG, "isthmus:namePrefix": "platform-company" };
  const environment = "production-europe";

  expect(problemsOf({ ...SHOP, protect: true }, { config, environment })).toEqual([]);
  expect(problemsOf({ ...SHOP, protect: true }, { config, environment: `${environment}-blue-green` })).toEqual([
    "  1. clusters.east: found \"platform-company-production-europe-blue-green-east\", allowed: a cluster whose name has at most 48 characters, so that its roles' names fit in 64. Give it a shorter `name`, or shorten the stack's name or the setting namePrefix.",
  ]);
});

test("no workload can take the name of a cluster's role: east-nodes is one, east.nodes is not a key", () => {
  const workloads = { ...SHOP.workloads, "east-nodes": SHOP.workloads!.web! };
  const plan = planOf({
    ...SHOP,
    workloads,
    access: [{ kind: "objects", from: "east-nodes", bucket: "orders", level: "read" }],
    splits: {},
  });
  const cluster = plan.clusters.find(({ key }) => key === "east")!;
  const roles = plan.identities.map(({ key }) => `${plan.namePrefix}-${plan.environment}-${key}`);

  expect(roles).toContain("isthmus-local-east-nodes");
  expect(roleName(cluster, "nodes")).toBe("isthmus-local-east.nodes");
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
    '  1. buckts: found "buckts", allowed: one of access, acknowledge, adapter, buckets, clusters, mesh, network, protect, rollouts, smi, splits, waivers, workloads. Did you mean "buckets"?',
    '  2. config isthmus:azureTenntId: found "azureTenntId", allowed: one of awsDeployerRoleArn, azureAdminGroupObjectIds, azureSubscriptionId, azureTenantId, namePrefix. Did you mean "azureTenantId"?',
    '  3. clusters.north.cidr: found "10.16.0.0/14", allowed: a block that does not overlap with clusters.east.cidr (10.16.0.0/14). Pods of both clusters must be able to reach each other: give each cluster its own block.',
    "  4. config isthmus:azureTenantId: missing, allowed: the GUID of the Entra tenant. Set it: pulumi config set isthmus:azureTenantId <value>.",
    '  5. access.yaml#1 TrafficTarget shop/cart spec.rules[0] (line 6): SMI-REF: found HTTPRouteGroup "nowhere", in namespace "shop" there are: web-to-checkout-f520f3.',
  ]);
});

const east = (change: object) => ({ ...SHOP, clusters: { east: { ...EAST, ...change }, north: NORTH } });
const ADA = "arn:aws:iam::123456789012:user/ada";
const entry = (ada: object) => east({ access: { ada } });
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
    "a cluster with the name of another",
    { ...SHOP, clusters: { east: { ...EAST, name: "north" }, north: NORTH } },
    'clusters.east.name: found "north", allowed: another name than that of clusters.north. A name is the key unless `name` says otherwise; who renames a key keeps the old one there.',
  ],
  [
    "two clusters with a name that neither has for its key",
    { ...SHOP, clusters: { east: { ...EAST, name: "main" }, north: { ...NORTH, name: "main" } } },
    'clusters.north.name: found "main", allowed: another name than that of clusters.east. A name is the key unless `name` says otherwise; who renames a key keeps the old one there.',
  ],
  [
    "a pool with the name of another",
    east({ nodes: { apps: { ...EAST.nodes!.general, name: "general" }, general: EAST.nodes!.general } }),
    'clusters.east.nodes.apps.name: found "general", allowed: another name than that of clusters.east.nodes.general. A name is the key unless `name` says otherwise; who renames a key keeps the old one there.',
  ],
  [
    "a pool that takes the name of the system pool",
    north({ nodes: { apps: { ...NORTH.nodes.general, name: "system" } } }),
    'clusters.north.nodes.apps.name: found "system", allowed: any other name: use clusters.north.system for it',
  ],
  [
    "a pool of Karpenter with the name of another",
    east({
      compute: { kind: "karpenter", nodePools: { apps: { cpuLimit: 9 }, other: { cpuLimit: 9, name: "apps" } } },
    }),
    'clusters.east.compute.nodePools.other.name: found "apps", allowed: another name than that of clusters.east.compute.nodePools.apps. A name is the key unless `name` says otherwise; who renames a key keeps the old one there.',
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
  // Catalogue of EKS: what is not here cannot be said in a spec, see docs/clusters.md.
  [
    "a zone twice",
    east({ zones: ["a", "a"] }),
    'clusters.east.zones: found ["a","a"], allowed: two or more different zones. A cluster must outlive the loss of a zone.',
  ],
  ["one zone", east({ zones: ["a"] }), 'clusters.east.zones: found ["a"], allowed: a list of at least 2'],
  [
    "pools beside Auto Mode",
    east({ compute: { kind: "auto" } }),
    'clusters.east.nodes: found ["general"], allowed: no pools: Auto Mode makes the nodes. Remove them, or choose compute "karpenter" to have both.',
  ],
  [
    "Karpenter with nothing to run on",
    east({ nodes: {}, compute: { kind: "karpenter", nodePools: { apps: { cpuLimit: 10 } } } }),
    "clusters.east.nodes: found {}, allowed: at least one pool of nodes. EKS has no system pool.",
  ],
  [
    "Karpenter without a pool",
    east({ compute: { kind: "karpenter", nodePools: {} } }),
    "clusters.east.compute.nodePools: found {}, allowed: at least one node pool",
  ],
  [
    "Fargate without a profile",
    east({ compute: { kind: "fargate", profiles: {} } }),
    "clusters.east.compute.profiles: found {}, allowed: at least one profile",
  ],
  [
    "the cluster autoscaler, which Karpenter and Auto Mode exclude",
    east({ addons: { "cluster-autoscaler": {} } }),
    'clusters.east.addons.cluster-autoscaler: found "cluster-autoscaler", allowed: one of aws-ebs-csi-driver, aws-efs-csi-driver, coredns, eks-node-monitoring-agent, eks-pod-identity-agent, kube-proxy, kube-state-metrics, metrics-server, prometheus-node-exporter, snapshot-controller, vpc-cni',
  ],
  [
    "meshed pods on Fargate",
    east({ compute: { kind: "fargate", profiles: { shop: { selectors: [{ namespace: "shop" }] } } } }),
    'clusters.east.compute.profiles.shop.selectors[0].namespace: found "shop", allowed: a namespace without workloads of this spec. The pods of workloads.web join the mesh, which Fargate cannot hold.',
  ],
  [
    "Pod Identity on Fargate",
    east({ compute: { kind: "fargate", profiles: { system: { selectors: [{ namespace: "kube-system" }] } } } }),
    'clusters.east.compute.profiles.system.selectors[0].namespace: found "kube-system", allowed: any other namespace. Its drivers get their identity from an agent on the node, and Fargate runs no agents.',
  ],
  [
    "types of two architectures in one pool",
    east({ nodes: { general: { instanceTypes: ["m7i.large", "m7g.large"], min: 1, max: 2 } } }),
    'clusters.east.nodes.general: found ["m7i.large","m7g.large"], allowed: instance types, and an amiType, of one architecture. Make a pool for each architecture.',
  ],
  [
    "an image of another architecture than the types",
    east({ nodes: { general: { instanceTypes: ["m7g.large"], amiType: "BOTTLEROCKET_x86_64", min: 1, max: 2 } } }),
    'clusters.east.nodes.general: found ["m7g.large","BOTTLEROCKET_x86_64"], allowed: instance types, and an amiType, of one architecture. Make a pool for each architecture.',
  ],
  [
    "a taint that is none",
    east({ nodes: { general: { instanceTypes: ["m7i.large"], min: 1, max: 2, taints: ["dedicated=batch"] } } }),
    'clusters.east.nodes.general.taints[0]: found "dedicated=batch", allowed: a taint such as "dedicated=batch:NoSchedule"; effects: NoSchedule, PreferNoSchedule, NoExecute',
  ],
  [
    "a scope of no namespace",
    entry({ principal: ADA, policies: { AmazonEKSViewPolicy: [] } }),
    "clusters.east.access.ada.policies.AmazonEKSViewPolicy: found [], allowed: a list of at least 1",
  ],
  [
    "an access policy that does not exist",
    entry({ principal: ADA, policies: { AmazonEKSViewPolcy: "cluster" }, groups: ["oncall"] }),
    'clusters.east.access.ada.policies.AmazonEKSViewPolcy: found "AmazonEKSViewPolcy", allowed: one of AmazonEKSAdminPolicy, AmazonEKSAdminViewPolicy, AmazonEKSClusterAdminPolicy, AmazonEKSEditPolicy, AmazonEKSViewPolicy. Did you mean "AmazonEKSViewPolicy"?',
  ],
  [
    "a group that Kubernetes keeps for itself",
    entry({ principal: ADA, groups: ["system:masters"] }),
    'clusters.east.access.ada.groups[0]: found "system:masters", allowed: a group that does not begin with system:, eks:, aws:, amazon: or iam:',
  ],
  [
    "an entry that allows nothing",
    entry({ principal: ADA }),
    `clusters.east.access.ada: found {"principal":"${ADA}"}, allowed: policies, groups, or both`,
  ],
  [
    "the deployer among those who are let in",
    entry({ principal: CONFIG["isthmus:awsDeployerRoleArn"], groups: ["oncall"] }),
    'clusters.east.access.ada.principal: found "arn:aws:iam::123456789012:role/isthmus-deployer", allowed: any other role or user. The role that runs Pulumi administers the cluster already.',
  ],
  [
    "a principal twice",
    east({ access: { ada: { principal: ADA, groups: ["a"] }, bob: { principal: ADA, groups: ["b"] } } }),
    `clusters.east.access.bob.principal: found "${ADA}", allowed: a principal that clusters.east.access.ada does not name. EKS takes one entry for a principal: put all of its policies there.`,
  ],
  [
    "an account for a principal",
    entry({ principal: "arn:aws:iam::123456789012:root", groups: ["oncall"] }),
    'clusters.east.access.ada.principal: found "arn:aws:iam::123456789012:root", allowed: the ARN of an IAM role or user',
  ],
  [
    "an add-on that Auto Mode brings",
    east({ nodes: undefined, compute: { kind: "auto" }, addons: { "vpc-cni": {} } }),
    'clusters.east.addons.vpc-cni: found "vpc-cni", allowed: other add-ons. Auto Mode runs its own and upgrades it: remove this.',
  ],
  [
    "the driver of shared volumes without any",
    east({ addons: { "aws-efs-csi-driver": {} } }),
    'clusters.east.addons.aws-efs-csi-driver: found "aws-efs-csi-driver", allowed: this add-on beside sharedVolumes. Set clusters.east.sharedVolumes to true, which makes the file system too.',
  ],
  [
    "days that CloudWatch Logs does not know",
    east({ logRetentionDays: 100 }),
    "clusters.east.logRetentionDays: found 100, allowed: one of 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 3653",
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

test("a cluster with a name is called that everywhere but in what is wrong with it, and a waiver finds it by its key", () => {
  const waivers = [{ resource: "clusters.main", until: "2026-12-31", reason: "Move it, PLAT-412" }];
  const workloads = { web: { ...SHOP.workloads!.web!, on: ["main", "north"] } };
  const renamed = { clusters: { main: { ...EAST, name: "east" }, north: NORTH }, mesh: SHOP.mesh, workloads, waivers };
  const plan = planOf(renamed);

  expect(plan.clusters).toMatchObject([
    { key: "east", path: "clusters.main", clusterName: "isthmus-local-east", protect: false },
    { key: "north", path: "clusters.north", clusterName: "isthmus-local-north", protect: true },
  ]);
  expect(plan.workloads.map(({ on }) => on)).toEqual([["east", "north"]]);
  expect(
    problemsOf({ ...renamed, clusters: { ...renamed.clusters, main: { ...EAST, name: "east", nodes: {} } } }),
  ).toEqual(["  1. clusters.main.nodes: found {}, allowed: at least one pool of nodes. EKS has no system pool."]);
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
  expect({ ...after, workloads: [], identities: [], traffic: [], namespaces: [] }).toEqual({
    ...before,
    workloads: [],
    identities: [],
    traffic: [],
    namespaces: [],
  });
});
