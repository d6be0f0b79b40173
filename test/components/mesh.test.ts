/** Each mesh on one small cluster: its graph, its life, and what it takes to have another one. */
import { allow, consul, environment, istio, linkerd, type Environment } from "../../components/spec";
import type { RunResult } from "../../local/engine";
import { NORTH } from "../kit/environment";
import { type Graph, type GraphNode } from "../kit/graph";
import { changes, Life, succeeded } from "../kit/life";
import { platform } from "../kit/platform";

const RELEASE = "kubernetes:helm.sh/v3:Release";

/** One caller, and one called workload in two versions. */
const SMALL = environment({
  clusters: { north: NORTH },
  mesh: linkerd(),
  workloads: {
    web: { namespace: "shop", on: ["north"], image: "shop/web:1", port: 8080 },
    cart: {
      namespace: "shop",
      on: ["north"],
      image: "shop/cart:1",
      port: 8080,
      probe: "/healthz",
      versions: { v1: { image: "shop/cart:1" }, v2: { image: "shop/cart:2" } },
    },
  },
  access: [allow("web").to("cart", { methods: ["GET"], paths: ["/cart"] })],
  splits: { cart: { "cart-v1": 90, "cart-v2": 10 } },
  protect: false,
});

interface Expected {
  readonly mesh: Environment["mesh"];
  /** Releases, each of which waits for the one before. */
  readonly releases: readonly string[];
  /** API groups of the mesh's custom resources. */
  readonly groups: RegExp;
  /** What the rules become. */
  readonly rules: readonly string[];
  /** What a pod of version v2 bears, and its namespace. */
  readonly pod: object;
  readonly namespace: object;
}

const MESHES: Record<string, Expected> = {
  linkerd: {
    mesh: linkerd(),
    releases: ["mesh-crds", "mesh-control-plane"],
    groups: /policy\.linkerd\.io|gateway\.networking/,
    rules: [
      "AuthorizationPolicy shop-cart-8080-probes",
      "AuthorizationPolicy shop-cart-8080-web-to-cart-f520f3",
      "HTTPRoute shop-cart",
      "HTTPRoute shop-cart-8080-probes",
      "HTTPRoute shop-cart-8080-web-to-cart-f520f3",
      "MeshTLSAuthentication shop-cart-8080-web-to-cart-f520f3",
      "NetworkAuthentication shop-cart-8080-probes",
      "Server shop-cart-8080",
    ],
    pod: { annotations: { "linkerd.io/inject": "enabled" } },
    namespace: { annotations: { "linkerd.io/inject": "enabled" } },
  },
  "istio with sidecars": {
    mesh: istio({ mode: "sidecar", trustDomain: "shop.example" }),
    releases: ["mesh-base", "mesh-istiod", "mesh-cni"],
    groups: /istio\.io/,
    rules: ["AuthorizationPolicy shop-web-to-cart-f520f3", "VirtualService shop-cart"],
    pod: { labels: { "sidecar.istio.io/inject": "true" } },
    namespace: { labels: { "istio-injection": "enabled" } },
  },
  consul: {
    mesh: consul(),
    releases: ["mesh-consul"],
    groups: /consul\.hashicorp\.com/,
    rules: [
      "ServiceDefaults shop-cart",
      "ServiceIntentions shop-cart",
      "ServiceResolver shop-cart",
      "ServiceSplitter shop-cart",
    ],
    pod: {
      annotations: {
        "consul.hashicorp.com/connect-inject": "true",
        "consul.hashicorp.com/service-meta-version": "v2",
      },
    },
    namespace: { labels: { "consul.hashicorp.com/connect-inject": "true" } },
  },
  "istio in ambient mode": {
    mesh: istio({ mode: "ambient" }),
    releases: ["mesh-base", "mesh-istiod", "mesh-cni", "mesh-ztunnel"],
    groups: /istio\.io|gateway\.networking/,
    rules: [
      "AuthorizationPolicy shop-cart-from-waypoint",
      "AuthorizationPolicy shop-waypoint-smi-deny",
      "AuthorizationPolicy shop-web-to-cart-f520f3",
      "Gateway shop-waypoint",
      "HTTPRoute shop-cart",
    ],
    pod: { labels: { "istio.io/dataplane-mode": "ambient" } },
    namespace: { labels: { "istio.io/dataplane-mode": "ambient" } },
  },
};

/** What is known of a mesh's time in the one life below: each takes over from the one before. */
interface Time {
  readonly preview: RunResult;
  readonly graph: Graph;
  /** A second `up` of the same spec. */
  readonly again: RunResult;
  /** The run in which it went. */
  left?: RunResult;
}

const life = new Life();
const times = new Map<string, Time>();

beforeAll(async () => {
  let before: Time | undefined;
  for (const [name, { mesh }] of Object.entries(MESHES)) {
    const program = platform({ ...SMALL, mesh });
    const preview = succeeded(await life.preview(program));
    const run = succeeded(await life.up(program));
    if (before !== undefined) before.left = run;
    before = { preview, graph: await life.graph(), again: succeeded(await life.up(program)) };
    times.set(name, before);
  }
  before!.left = succeeded(await life.destroy());
}, 180_000);

describe.each(Object.entries(MESHES))("%s", (name, { releases, groups, rules, pod, namespace }) => {
  const graph = () => times.get(name)!.graph;
  const after = ({ urn }: GraphNode) => [...graph().waitsFor(urn)];
  const custom = () => graph().nodes.filter(({ type }) => groups.test(type));

  test("is previewed whole, by explicit providers, under components", () => {
    const { preview, again } = times.get(name)!;
    const planned = preview.steps.filter(({ operation }) => operation !== "delete").map(({ urn }) => urn);
    const made = graph().nodes.filter(({ type }) => type !== "pulumi:pulumi:Stack");
    const provided = made.filter(({ custom: isCustom, type }) => isCustom && !type.startsWith("pulumi:providers:"));
    const isStray = (node: GraphNode) => {
      const parent = graph().parentOf(node);
      if (parent?.type === "pulumi:pulumi:Stack") return node.type !== "isthmus:platform:Platform";
      return parent === undefined || parent.custom || !node.name.startsWith(parent.name);
    };

    expect([...new Set(planned)].sort()).toEqual(
      graph()
        .nodes.map(({ urn }) => urn)
        .sort(),
    );
    expect(again).toChangeNothing();
    expect(provided.filter(({ provider }) => provider === undefined || provider.includes("::default"))).toEqual([]);
    expect(made.filter(isStray)).toEqual([]);
  });

  test("gets the rules as its own objects", () => {
    const made = graph().nodes.filter((node) => node.custom && node.name.startsWith("platform-north-traffic-"));
    const described = made.map(
      (node) => `${node.type.split(":").at(-1)} ${node.name.slice(node.name.indexOf("shop"))}`,
    );

    expect(described.sort()).toEqual(rules);
  });

  test("is joined by pods that say so themselves, in a namespace that says it for others", () => {
    const deployment = graph().find("platform-north-cart-cart-v2", "kubernetes:apps/v1:Deployment");
    const shop = graph().find("platform-north-shop", "kubernetes:core/v1:Namespace");

    expect(deployment.state.inputs.spec).toMatchObject({ template: { metadata: pod } });
    expect(shop.state.inputs.metadata).toMatchObject(namespace);
  });

  test("serves its custom resources before them, and denies before there are pods", () => {
    const nodes = releases.map((release) => graph().find(`platform-north-${release}`, RELEASE));
    const urns = nodes.map(({ urn }) => urn);
    const denials = custom().filter((node) => node.name.startsWith("platform-north-mesh-"));

    for (const [index, node] of nodes.entries()) {
      expect(after(node)).toEqual(expect.arrayContaining(urns.slice(0, index)));
    }
    expect(after(nodes.at(-1)!)).toContain(graph().find("platform-north-gateway-api", RELEASE).urn);
    expect(custom().length).toBeGreaterThan(1);
    // The CRDs, and what answers for the webhooks that the objects pass.
    for (const node of custom()) expect(after(node)).toEqual(expect.arrayContaining(urns.slice(0, 2)));
    for (const node of graph().ofType("kubernetes:apps/v1:Deployment")) {
      expect(after(node)).toEqual(expect.arrayContaining([...urns, ...denials.map(({ urn }) => urn)]));
    }
  });

  test("goes after its custom resources, which only it can finalize, and its CRDs go last", () => {
    const left = times.get(name)!.left!;
    const [crds, control = crds] = releases.map((release) => `${RELEASE} platform-north-${release}`);

    for (const node of custom()) expect(left).toDeleteBefore(`${node.type} ${node.name}`, control!);
    if (control !== crds) expect(left).toDeleteBefore(control!, crds!);
  });
});

test("another mesh is one word: it restarts the pods and leaves clusters and Services alone", () => {
  const planned = changes(times.get("istio with sidecars")!.preview);

  expect(planned.filter((line) => !/mesh|traffic/.test(line))).toEqual([
    "update kubernetes:apps/v1:Deployment platform-north-cart-cart-v1",
    "update kubernetes:apps/v1:Deployment platform-north-cart-cart-v2",
    "update kubernetes:apps/v1:Deployment platform-north-web-web",
    "update kubernetes:core/v1:Namespace platform-north-shop",
    // What a mesh's own traffic needs open is the mesh's to say.
    "update kubernetes:networking.k8s.io/v1:NetworkPolicy platform-north-shop-default-deny",
  ]);
  expect(planned.filter((line) => line.includes(RELEASE))).toEqual([
    `create ${RELEASE} platform-north-mesh-base`,
    `create ${RELEASE} platform-north-mesh-cni`,
    `create ${RELEASE} platform-north-mesh-istiod`,
    `delete ${RELEASE} platform-north-mesh-control-plane`,
    `delete ${RELEASE} platform-north-mesh-crds`,
  ]);
});

test("nothing is left when all have gone", () => {
  expect(life.ledger()).toEqual([]);
});
