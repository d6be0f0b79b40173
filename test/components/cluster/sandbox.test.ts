/** Sandboxes: which pools, workloads and meshes go together. */
import type { AksPlan } from "../../../components/cluster/aks/plan";
import { gvisorUserData } from "../../../components/cluster/eks/gvisor";
import type { EksPlan } from "../../../components/cluster/eks/plan";
import { SANDBOX_RUNTIMES } from "../../../components/cluster/portable/sandbox-plan";
import { SandboxPool } from "../../../components/cluster/portable/sandbox";
import { SpecError } from "../../../components/problem";
import { clusters } from "../../kit/clusters";
import { EAST, NORTH, planOf, SHOP } from "../../kit/environment";
import { Graph } from "../../kit/graph";
import { changes, Life, succeeded } from "../../kit/life";
import { platform } from "../../kit/platform";

const LINKERD = { kind: "linkerd" };
const SIDECARS = { kind: "istio", mode: "sidecar" };
const AMBIENT = { kind: "istio", mode: "ambient" };

const GVISOR = { instanceTypes: ["m7g.large"], min: 1, max: 3, sandbox: "gvisor" };
const east = (secure: object = GVISOR, change: object = {}) => ({
  ...EAST,
  ...change,
  nodes: { ...EAST.nodes, secure: { ...GVISOR, ...secure } },
});
const KATA = { vmSize: "Standard_D4ds_v5", min: 1, max: 3, sandbox: "vm" };
const north = (secure: object = {}) => ({ ...NORTH, nodes: { ...NORTH.nodes, secure: { ...KATA, ...secure } } });
const AUTO = { ...EAST, nodes: undefined, compute: { kind: "auto" } };

/** The shop, with `reports` in a sandbox on the clusters that are named. */
const shop = (mesh: object, made: object, on?: readonly string[]) => ({
  ...SHOP,
  mesh,
  clusters: { east: EAST, north: NORTH, ...made },
  workloads: {
    ...SHOP.workloads,
    ...(on !== undefined && { reports: { ...SHOP.workloads!.reports!, sandbox: true, on } }),
  },
});

function problemsOf(spec: unknown): string[] {
  try {
    planOf(spec);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return error.message.split("\n").slice(1);
  }
  return [];
}

const PLUGIN_AND_MACHINE =
  "The mesh's CNI plugin redirects on the node, where traffic of a virtual machine does not pass (istio/istio#60876); Linkerd does it within.";
const PLUGIN_AND_GVISOR =
  'A proxy inside of gVisor does not get what a CNI plugin redirects to it (linkerd/linkerd2#15611); istio({ mode: "ambient" }) has none there.';

test.each<[string, unknown, string]>([
  [
    "a workload on a cluster without a pool for it",
    shop(LINKERD, { north: north() }, ["east"]),
    'workloads.reports.on[0]: found "east", allowed: a cluster that can run sandboxed pods under the mesh: north. Give clusters.east a pool with `sandbox`, or run the workload without.',
  ],
  [
    "a workload where no cluster has one",
    shop(LINKERD, {}, ["north"]),
    'workloads.reports.on[0]: found "north", allowed: a cluster that can run sandboxed pods under the mesh: none can. Give clusters.north a pool with `sandbox`, or run the workload without.',
  ],
  [
    "a workload on Auto Mode",
    shop(LINKERD, { east: AUTO, north: north() }, ["east"]),
    'workloads.reports.on[0]: found "east", allowed: a cluster that can run sandboxed pods under the mesh: north. The nodes of EKS Auto Mode take no other runtime: choose another `compute` and a pool with `sandbox: "gvisor"`, or run the workload without.',
  ],
  [
    "gVisor under Linkerd",
    shop(LINKERD, { east: east(), north: north() }, ["north", "east"]),
    'workloads.reports.on[1]: found "east", allowed: a cluster that can run sandboxed pods under the mesh: north. gVisor does not let Linkerd\'s init container redirect traffic (linkerd/linkerd2#10372); istio({ mode: "ambient" }) does it on the node.',
  ],
  [
    "gVisor under Istio's sidecars",
    shop(SIDECARS, { east: east() }, ["east"]),
    `workloads.reports.on[0]: found "east", allowed: a cluster that can run sandboxed pods under the mesh: none can. ${PLUGIN_AND_GVISOR}`,
  ],
  [
    "gVisor under Consul",
    shop({ kind: "consul" }, { east: east() }, ["east"]),
    `workloads.reports.on[0]: found "east", allowed: a cluster that can run sandboxed pods under the mesh: none can. ${PLUGIN_AND_GVISOR}`,
  ],
  [
    "virtual machines under Istio's sidecars",
    shop(SIDECARS, { north: north() }, ["north"]),
    `workloads.reports.on[0]: found "north", allowed: a cluster that can run sandboxed pods under the mesh: none can. ${PLUGIN_AND_MACHINE}`,
  ],
  [
    "virtual machines under Consul",
    shop({ kind: "consul" }, { north: north() }, ["north"]),
    `workloads.reports.on[0]: found "north", allowed: a cluster that can run sandboxed pods under the mesh: none can. ${PLUGIN_AND_MACHINE}`,
  ],
  [
    "virtual machines under Istio's ambient mode",
    shop(AMBIENT, { east: east(), north: north() }, ["north"]),
    'workloads.reports.on[0]: found "north", allowed: a cluster that can run sandboxed pods under the mesh: east. Its ztunnel redirects on the node, where traffic of a virtual machine does not pass (istio/istio#60876); Linkerd does it within.',
  ],
  [
    "virtual machines on EKS",
    shop(LINKERD, { east: east({ sandbox: "vm" }) }),
    'clusters.east.nodes.secure.sandbox: found "vm", allowed: "gvisor". EKS\'s images have no Kata, and its node groups turn no nested virtualization on (aws/containers-roadmap#2784). AKS has virtual machines.',
  ],
  [
    "virtual machines of Karpenter",
    shop(LINKERD, {
      east: { ...EAST, compute: { kind: "karpenter", nodePools: { apps: { cpuLimit: 9, sandbox: "vm" } } } },
    }),
    'clusters.east.compute.nodePools.apps.sandbox: found "vm", allowed: "gvisor". EKS\'s images have no Kata, and its node groups turn no nested virtualization on (aws/containers-roadmap#2784). AKS has virtual machines.',
  ],
  [
    "gVisor on Bottlerocket",
    shop(LINKERD, { east: east({ amiType: "BOTTLEROCKET_ARM_64" }) }),
    'clusters.east.nodes.secure.amiType: found "BOTTLEROCKET_ARM_64", allowed: one of AL2023_x86_64_STANDARD, AL2023_ARM_64_STANDARD, since the pool is a sandbox. Bottlerocket takes no runtime from outside, and gVisor shows no GPU to a pod by itself.',
  ],
  [
    "gVisor without a way to it",
    shop(LINKERD, { east: east({}, { egress: "none" }) }),
    'clusters.east.gvisorMirror: missing, allowed: the URL of a mirror of gVisor that the nodes reach: with egress "none" they do not reach its own. docs/clusters.md, "Sandboxes", has what it must hold.',
  ],
  [
    "a mirror with a way out of the script",
    shop(LINKERD, { east: east({}, { gvisorMirror: "https://mirror.example/$(id)" }) }),
    'clusters.east.gvisorMirror: found "https://mirror.example/$(id)", allowed: an https:// URL without a slash at its end',
  ],
  [
    "gVisor on AKS",
    shop(LINKERD, { north: north({ sandbox: "gvisor" }) }),
    'clusters.north.nodes.secure.sandbox: found "gvisor", allowed: "vm". AKS has Kata, and its nodes take no other runtime. EKS has gVisor.',
  ],
  [
    "a size of AKS that runs no virtual machines",
    shop(LINKERD, { north: north({ vmSize: "Standard_B4ms" }) }),
    'clusters.north.nodes.secure.vmSize: found "Standard_B4ms", allowed: a size that can run virtual machines, since the pool is a sandbox: of the D, E or F family from version 3 on, and not Arm',
  ],
])("%s is one clear problem, before anything is touched", (_what, spec, problem) => {
  expect(problemsOf(spec)).toEqual([`  1. ${problem}`]);
});

test("a sandboxed workload runs behind gVisor on EKS with Istio's ambient mode, and in virtual machines on AKS with Linkerd", () => {
  const behindGvisor = planOf(shop(AMBIENT, { east: east() }, ["east"]));
  const inMachines = planOf(shop(LINKERD, { north: north() }, ["north"]));
  const marks = { sandboxed: true, labels: { "isthmus/sandbox": "true" }, taints: ["isthmus/sandbox=true:NoSchedule"] };

  expect(behindGvisor.sandboxes).toEqual({ east: { handler: "runsc", isolation: "gvisor", overhead: "64Mi" } });
  expect((behindGvisor.clusters[0] as EksPlan).nodes.find(({ name }) => name === "secure")).toMatchObject(marks);
  expect(inMachines.sandboxes).toEqual({ north: { handler: "kata", isolation: "vm", overhead: "600Mi" } });
  expect((inMachines.clusters[1] as AksPlan).nodes.find(({ key }) => key === "secure")).toMatchObject(marks);
  for (const plan of [behindGvisor, inMachines]) {
    expect(plan.workloads.filter(({ sandbox }) => sandbox).map(({ key }) => key)).toEqual(["reports"]);
  }
});

test("gVisor leaves the network to the node only where the mesh's proxy is there: that isolates less", () => {
  const networks = [LINKERD, SIDECARS, { kind: "consul" }, AMBIENT].map(
    (mesh) => (planOf(shop(mesh, { east: east() })).clusters[0] as EksPlan).gvisor.network,
  );

  expect(networks).toEqual(["sandbox", "sandbox", "sandbox", "host"]);
});

test("pods in a sandbox wait for its class, which the API server asks for", async () => {
  const { reports } = SHOP.workloads!;
  const spec = {
    clusters: { east: east() },
    mesh: AMBIENT,
    workloads: { reports: { ...reports!, on: ["east"], sandbox: true } },
    protect: false,
  };
  const graph = Graph.planned(succeeded(await new Life().preview(platform(spec))));

  const deployment = graph.find("platform-east-reports-reports", "kubernetes:apps/v1:Deployment");
  const runtimeClass = graph.find("platform-east-sandbox", "kubernetes:node.k8s.io/v1:RuntimeClass");
  expect(deployment.state.inputs).toMatchObject({ spec: { template: { spec: { runtimeClassName: "sandbox" } } } });
  expect(graph.waitsFor(deployment.urn)).toContain(runtimeClass.urn);
});

describe("an EKS cluster with sandboxes", () => {
  const TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate";
  const karpenter = {
    kind: "karpenter" as const,
    nodePools: { apps: { cpuLimit: 9 }, untrusted: { cpuLimit: 9, sandbox: "gvisor" as const } },
  };
  const program = (nodes: object) =>
    clusters({ east: { ...EAST, ...nodes, compute: karpenter } }, false, ({ east: made }) => {
      new SandboxPool("sandbox", { cluster: made!, runtime: SANDBOX_RUNTIMES.gvisor });
    });

  test("gets gVisor onto the nodes of its sandbox pools and no others, and keeps room for it", async () => {
    const life = new Life();
    succeeded(await life.up(program({})));
    const added = succeeded(await life.up(program({ nodes: { ...EAST.nodes, secure: GVISOR } })));

    expect(changes(added)).toEqual([
      `create ${TEMPLATE} clusters-east-nodes-secure`,
      "create aws:eks/nodeGroup:NodeGroup clusters-east-nodes-secure",
    ]);
    const inputs = async (name: string, type: string) => (await life.resource(name, type)).inputs;
    const userData = gvisorUserData({
      source: "https://storage.googleapis.com/gvisor/releases/release",
      network: "sandbox",
    });
    expect((await inputs("clusters-east-nodes-secure", TEMPLATE)).userData).toBe(
      Buffer.from(userData).toString("base64"),
    );
    expect((await inputs("clusters-east-nodes-general", TEMPLATE)).userData).toBeUndefined();

    const [CLASS, POOL] = ["EC2NodeClass", "NodePool"].map(
      (kind) => `kubernetes:karpenter.${kind === "NodePool" ? "sh" : "k8s.aws"}/v1:${kind}`,
    ) as [string, string];
    expect(await inputs("clusters-east-karpenter-class-sandbox", CLASS)).toMatchObject({ spec: { userData } });
    expect(await inputs("clusters-east-karpenter-class", CLASS)).not.toHaveProperty("spec.userData");
    expect(await inputs("clusters-east-karpenter-pool-untrusted", POOL)).toMatchObject({
      spec: {
        template: { metadata: { labels: { "isthmus/sandbox": "true" } }, spec: { nodeClassRef: { name: "sandbox" } } },
      },
    });
    expect(await inputs("sandbox", "kubernetes:node.k8s.io/v1:RuntimeClass")).toMatchObject({
      metadata: { name: "sandbox" },
      handler: "runsc",
      overhead: { podFixed: { memory: "64Mi" } },
      scheduling: {
        nodeSelector: { "isthmus/sandbox": "true" },
        tolerations: [{ key: "isthmus/sandbox", operator: "Equal", value: "true", effect: "NoSchedule" }],
      },
    });

    const gone = succeeded(await life.destroy());
    expect(gone).toDeleteBefore("clusters-east-karpenter-pool-untrusted", "clusters-east-karpenter-class-sandbox");
    expect(life.ledger()).toEqual([]);
  });
});
