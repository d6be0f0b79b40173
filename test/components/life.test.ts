/** Lives of the platform on the simulated clouds: what a change touches, in which order things go, and what is left. */
import * as eks from "@pulumi/aws/eks";

import { policyAnalyzer } from "../../cli/analyzer";
import { AwsProvider } from "../../components/providers";
import { linkerd } from "../../components/spec";
import { containsSecret, Secret } from "../../local/protocol/property";
import { urnName } from "../../local/protocol/urn";
import { Platform } from "../../components/platform";
import { CONFIG, EAST, NORTH, planOf, SHOP } from "../kit/environment";
import { describeGraph, Graph } from "../kit/graph";
import { changes, errorsOf, Life, succeeded } from "../kit/life";
import { platform } from "../kit/platform";

jest.setTimeout(180_000);

// https://github.com/pulumi/pulumi-kubernetes/issues/2649, 1724: nothing in a chart's release differs from one run to the next.
test("the ledger is the state, a second up changes nothing, and a destroy leaves nothing", async () => {
  const life = new Life({ analyzers: [policyAnalyzer] });

  const first = succeeded(await life.up(platform(SHOP)));
  await expect(life).toHaveLedgerEqualToState();
  expect(first.changes.create).toBe((await life.resources()).length);
  expect(first.policyViolations).toEqual([]);

  expect(succeeded(await life.up(platform(SHOP)))).toChangeNothing();

  const gone = succeeded(await life.destroy());
  expect(life.ledger()).toEqual([]);
  expect(await life.resources()).toEqual([]);

  const order = (...resources: string[]) => {
    for (const [index, later] of resources.slice(1).entries()) expect(gone).toDeleteBefore(resources[index]!, later);
  };
  order(
    "kubernetes:policy.linkerd.io/v1beta3:Server platform-east-traffic-server-shop-checkout-8080",
    "kubernetes:helm.sh/v3:Release platform-east-mesh-control-plane",
    "kubernetes:helm.sh/v3:Release platform-east-mesh-crds",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation platform-east-deployer",
    "aws:eks/accessEntry:AccessEntry platform-east-deployer",
    "aws:eks/cluster:Cluster platform-east",
    "aws:ec2/vpc:Vpc platform-east-network",
  );
  order(
    "kubernetes:helm.sh/v3:Release platform-east-mesh-control-plane",
    "aws:eks/nodeGroup:NodeGroup platform-east-nodes-general",
    "aws:eks/addon:Addon platform-east-vpc-cni",
  );
  order(
    "aws:iam/rolePolicy:RolePolicy platform-identity-checkout-orders",
    "aws:s3/bucket:Bucket platform-orders-primary",
  );
});

describe("a change", () => {
  const life = new Life();
  const preview = async (spec: unknown) => changes(succeeded(await life.preview(platform(spec))));

  beforeAll(async () => {
    succeeded(await life.up(platform(SHOP)));
  });

  test("to a workload's cluster is one word, and touches that workload alone", async () => {
    const reports = { ...SHOP.workloads!.reports!, on: ["east"] };

    expect(await preview({ ...SHOP, workloads: { ...SHOP.workloads, reports } })).toEqual([
      "create isthmus:workload:Workload platform-east-reports",
      "create kubernetes:apps/v1:Deployment platform-east-reports-reports",
      "create kubernetes:core/v1:Service platform-east-reports-reports",
      "create kubernetes:core/v1:ServiceAccount platform-east-reports",
      "delete isthmus:workload:Workload platform-north-reports",
      "delete kubernetes:apps/v1:Deployment platform-north-reports-reports",
      "delete kubernetes:core/v1:Service platform-north-reports-reports",
      "delete kubernetes:core/v1:ServiceAccount platform-north-reports",
      // Who may reach a cloud moves with who acts in one.
      "delete kubernetes:networking.k8s.io/v1:NetworkPolicy platform-north-shop-cloud-identity",
      "update aws:iam/role:Role platform-identity-reports",
      "update kubernetes:networking.k8s.io/v1:NetworkPolicy platform-east-shop-cloud-identity",
    ]);
  });

  test("that adds a node pool leaves the system pool and the other pools alone", async () => {
    // It sorts before "general", which then waits for it: an edge, and no change.
    const nodes = { ...NORTH.nodes, batch: { vmSize: "Standard_D8ds_v5", min: 0, max: 10, spot: true } };

    expect(await preview({ ...SHOP, clusters: { east: EAST, north: { ...NORTH, nodes } } })).toEqual([
      "create azure-native:containerservice:AgentPool platform-north-nodes-batch",
    ]);
  });

  // https://github.com/pulumi/pulumi-kubernetes/issues/2948, 2926: what is renamed is made anew.
  test("of the keys of clusters, pools and a bucket's sides is none while their names stay", async () => {
    const { general } = EAST.nodes!;
    const { web, checkout, reports } = SHOP.workloads!;
    const renamed = {
      ...SHOP,
      clusters: {
        // They sort in another order.
        secondary: { ...NORTH, name: "north", nodes: { apps: { ...NORTH.nodes.general!, name: "general" } } },
        zeta: { ...EAST, name: "east", nodes: { apps: { ...general!, name: "general" } } },
      },
      buckets: { orders: { ...SHOP.buckets!.orders!, primary: "zeta", replica: "secondary" } },
      workloads: {
        web: { ...web!, on: ["zeta", "secondary"] },
        checkout: { ...checkout!, on: ["zeta"] },
        reports: { ...reports!, on: ["secondary"] },
      },
    };

    expect(await preview(renamed)).toEqual([]);
  });

  // https://github.com/pulumi/pulumi-kubernetes/issues/1148, 4019; https://github.com/pulumi/pulumi-eks/issues/764
  test("of a kubeconfig replaces nothing in a cluster", async () => {
    const config = { ...CONFIG, "isthmus:awsDeployerRoleArn": "arn:aws:iam::123456789012:role/deploy" };
    const planned = await life.preview(() => void new Platform("platform", planOf(SHOP, { config })));

    expect(changes(succeeded(planned)).filter((line) => /^(delete|replace)/.test(line))).toEqual([
      "delete-replaced aws:eks/accessEntry:AccessEntry platform-east-deployer",
      "delete-replaced aws:eks/accessPolicyAssociation:AccessPolicyAssociation platform-east-deployer",
      "replace aws:eks/accessEntry:AccessEntry platform-east-deployer",
      "replace aws:eks/accessPolicyAssociation:AccessPolicyAssociation platform-east-deployer",
    ]);
  });

  test("that adds an access rule before the others renames no object", async () => {
    const rule = { kind: "call" as const, from: "reports", to: "web" };

    const planned = await preview({ ...SHOP, access: [rule, ...SHOP.access!] });

    expect(planned.length).toBeGreaterThan(0);
    expect(planned.filter((line) => !line.startsWith("create "))).toEqual([]);
  });

  test("of the API server's allowed blocks updates the cluster in place and nothing that runs in it", async () => {
    const endpoint = { access: "restricted" as const, allowedCidrs: ["203.0.113.0/24"] };

    expect(await preview({ ...SHOP, clusters: { east: { ...EAST, endpoint }, north: NORTH } })).toEqual([
      "update aws:eks/cluster:Cluster platform-east",
    ]);
  });

  test("by arguments of the SDK's own reaches every resource of a type, and no other", async () => {
    const transform = {
      nodeGroup: { labels: { team: "shop" } },
      subnet: { tags: { team: "shop" } },
    };
    const planned = succeeded(
      await life.preview(platform({ ...SHOP, clusters: { east: { ...EAST, transform }, north: NORTH } })),
    );

    const touched = planned.steps.filter(({ operation }) => operation === "update");
    expect([...new Set(touched.map(({ type }) => type))].sort()).toEqual([
      "aws:ec2/subnet:Subnet",
      "aws:eks/nodeGroup:NodeGroup",
      "isthmus:cluster:EksCluster",
    ]);
    for (const { type, new: after } of touched) {
      if (type !== "aws:ec2/subnet:Subnet") continue;
      expect(after?.inputs.tags).toMatchObject({ Name: urnName(after!.urn), team: "shop" });
    }
    expect(changes(planned).filter((line) => !line.startsWith("update "))).toEqual([]);
    // Whoever reviews a graph sees them.
    const reviewed = describeGraph(Graph.planned(planned)).filter((line) =>
      line.includes("EksCluster platform-east {"),
    );
    expect(reviewed).toEqual([expect.stringContaining('"aws:ec2/subnet:Subnet":{"tags":{"team":"shop"}}')]);
  });

  test("to a version that skips one, or to an older one, is refused in a preview with the path to take", async () => {
    const at = (kubernetesVersion: string) => ({
      east: { ...EAST, kubernetesVersion },
      north: { ...NORTH, kubernetesVersion },
    });
    const messages = async (kubernetesVersion: string) => {
      const { succeeded: went, diagnostics } = await life.preview(
        platform({ ...SHOP, clusters: at(kubernetesVersion) }),
      );
      expect(went).toBe(false);
      return diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
    };

    // Which of the two is met first is not certain, and the other may not be met at all.
    const either = (rest: string) =>
      ["east", "north"].map((key) => [
        `before hook "platform-${key}-upgrade" failed: clusters.${key}.kubernetesVersion: ${rest}`,
      ]);
    expect(
      either(
        'found "1.36", allowed: "1.34", which the cluster has, or "1.35". A control plane is upgraded one minor version at a time: 1.34 -> 1.35 -> 1.36, with an up for each.',
      ),
    ).toContainEqual(await messages("1.36"));
    expect(
      either(
        'found "1.33", allowed: "1.34", which the cluster has, or "1.35". A control plane is never downgraded: make a new cluster beside it.',
      ),
    ).toContainEqual(await messages("1.33"));
  });

  test("is applied exactly as it was previewed", async () => {
    const web = { ...SHOP.workloads!.web!, image: "shop/web:2" };
    const spec = { ...SHOP, workloads: { ...SHOP.workloads, web } };
    const planned = await preview(spec);

    expect(planned).toEqual([
      "update kubernetes:apps/v1:Deployment platform-east-web-web",
      "update kubernetes:apps/v1:Deployment platform-north-web-web",
    ]);
    expect(changes(succeeded(await life.up(platform(spec))))).toEqual(planned);
  });

  test("leaves the keys of the mesh secret wherever they are", async () => {
    const resources = await life.resources();
    const keys = resources.filter(({ type }) => type === "tls:index/privateKey:PrivateKey");
    const issuer = resources.find(({ urn }) => urnName(urn) === "platform-east-mesh-identity-issuer")!;

    // The anchor's, and on each cluster the issuer's and the webhooks'.
    expect(keys.map(({ outputs }) => outputs.privateKeyPem instanceof Secret)).toEqual([true, true, true, true, true]);
    expect(containsSecret(issuer.inputs.stringData)).toBe(true);
    const shown = JSON.stringify(resources, (_key, value: unknown) => (value instanceof Secret ? "[secret]" : value));
    expect(shown).not.toContain("PRIVATE KEY");
  });
});

// https://github.com/pulumi/pulumi-kubernetes/issues/2517, 950: the API server is gone, and its objects cannot be asked for.
test("a cluster that somebody deleted by hand can still be destroyed with all that was in it", async () => {
  const life = new Life();
  succeeded(await life.up(platform({ clusters: { east: EAST }, mesh: linkerd(), protect: false })));
  const lost = life.ledger().filter(({ type }) => /^(aws:eks\/|kubernetes:)/.test(type));
  for (const { type, id, scope } of lost) life.clouds.ledger.remove(type, id, scope);

  succeeded(await life.destroy());
  expect(life.ledger()).toEqual([]);
  expect(await life.resources()).toEqual([]);
});

test("a policy stops a public EKS endpoint in a preview already, and nothing is made", async () => {
  const life = new Life({ analyzers: [policyAnalyzer] });
  const open = () => {
    const provider = new AwsProvider("aws", { region: "us-east-1" });
    const vpcConfig = { subnetIds: ["subnet-1", "subnet-2"], endpointPublicAccess: true };
    new eks.Cluster("open", { roleArn: "arn:aws:iam::123456789012:role/isthmus-deployer", vpcConfig }, { provider });
  };

  for (const result of [await life.preview(open), await life.up(open)]) {
    expect(result.succeeded).toBe(false);
    expect(
      result.policyViolations.map(({ policy, level, outcome, urn }) => [policy, level, outcome, urnName(urn)]),
    ).toEqual([
      ["eks-endpoint-restricted", "mandatory", "fail", "open"],
      ["eks-standard-support", "advisory", "fail", "open"],
    ]);
  }
  expect(life.ledger()).toEqual([]);
});

test("a guarded cluster is not replaced, unless a waiver says so: then it is tagged with the last day of that", async () => {
  const life = new Life();
  const spec = (change: object) => platform({ clusters: { north: NORTH }, mesh: SHOP.mesh, protect: true, ...change });
  const moved = { clusters: { north: { ...NORTH, location: "westeurope" } } };
  const waivers = [{ resource: "clusters.north", until: "2026-12-31", reason: "Move to the west, PLAT-412" }];
  succeeded(await life.up(spec({})));

  const refused = await life.preview(spec(moved));
  expect(refused.succeeded).toBe(false);
  const inCluster = "urn:pulumi:local::isthmus::isthmus:platform:Platform$isthmus:cluster:AksCluster";
  const group = `"${inCluster}$azure-native:resources:ResourceGroup::platform-north"`;
  const cluster = `"${inCluster}$azure-native:containerservice:ManagedCluster::platform-north"`;
  const unprotect =
    "as it is currently marked for protection. To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`";
  expect(errorsOf(refused)).toEqual([
    `platform-north: unable to replace resource ${group}\n${unprotect}`,
    `platform-north: unable to replace resource ${cluster} as part of replacing ${group} ${unprotect}`,
  ]);

  succeeded(await life.up(spec({ waivers })));
  const tagged = (await life.resources()).filter(({ outputs }) => outputs.tags !== undefined);
  expect(tagged.map(({ type, inputs }) => [type, inputs.tags])).toEqual(
    expect.arrayContaining([
      ["azure-native:containerservice:ManagedCluster", { "isthmus:unguarded-until": "2026-12-31" }],
      ["azure-native:resources:ResourceGroup", { "isthmus:unguarded-until": "2026-12-31" }],
    ]),
  );
  const planned = succeeded(await life.preview(spec({ ...moved, waivers })));
  expect(changes(planned)).toContain("replace azure-native:containerservice:ManagedCluster platform-north");
});
