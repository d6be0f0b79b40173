/** How new versions take over: by steps in the spec, or by a controller that owns the weights. */
import { allow, canary, consul, environment, istio, linkerd, steps, type Environment } from "../../components/spec";
import { SpecError } from "../../components/problem";
import { NORTH, planOf, SHOP as BOTH_CLOUDS } from "../kit/environment";
import { changes, Life, succeeded } from "../kit/life";
import { platform } from "../kit/platform";

const PROMETHEUS = "http://prometheus.monitoring:9090";

const SHOP = environment({
  clusters: { north: NORTH },
  mesh: linkerd(),
  workloads: {
    web: { namespace: "shop", on: ["north"], image: "shop/web:1", port: 8080 },
    cart: { namespace: "shop", on: ["north"], image: "shop/cart:1", port: 8080 },
    catalog: {
      namespace: "shop",
      on: ["north"],
      image: "shop/catalog:1",
      port: 8080,
      versions: { v1: { image: "shop/catalog:1" }, v2: { image: "shop/catalog:2" } },
    },
  },
  access: [allow("web").to("cart", { methods: ["GET"], paths: ["/cart"] })],
  protect: false,
});

const by = (tool: "flagger" | "argo-rollouts", mesh: Environment["mesh"] = linkerd()) => ({
  ...SHOP,
  mesh,
  rollouts: { cart: canary({ by: tool, prometheus: PROMETHEUS }) },
});

const withImage = (spec: Environment, image: string, replicas?: number): Environment => ({
  ...spec,
  workloads: {
    ...spec.workloads,
    cart: { ...spec.workloads!.cart!, image, ...(replicas !== undefined && { replicas }) },
  },
});

function objectsOf(spec: unknown) {
  const { objects, canaries } = planOf(spec).traffic;
  return [...objects.north!, ...canaries.north!];
}

const find = (spec: unknown, kind: string, name = "cart") =>
  objectsOf(spec).find((object) => object.kind === kind && object.metadata.name === name);

describe("steps", () => {
  const at = (step: number) => ({
    ...SHOP,
    rollouts: { catalog: steps({ from: "catalog-v1", to: "catalog-v2", shares: [5, 50, 100], step }) },
  });

  test.each([
    [0, 100, 0],
    [1, 95, 5],
    [2, 50, 50],
    [3, 0, 100],
  ])("step %i gives the old version %i %% and the new one %i %%", (step, old, next) => {
    const route = find(at(step), "HTTPRoute", "catalog");

    expect(route?.spec.rules).toEqual([
      {
        backendRefs: [
          { name: "catalog-v1", port: 8080, weight: old },
          { name: "catalog-v2", port: 8080, weight: next },
        ],
      },
    ]);
    expect(route?.ignoreChanges).toBeUndefined();
  });
});

describe("a canary", () => {
  test.each<[string, Environment["mesh"], object]>([
    ["linkerd", linkerd(), { plugins: { "argoproj-labs/gatewayAPI": { httpRoute: "cart", namespace: "shop" } } }],
    ["istio", istio({ mode: "sidecar" }), { istio: { virtualService: { name: "cart" } } }],
    [
      "istio ambient",
      istio({ mode: "ambient" }),
      { plugins: { "argoproj-labs/gatewayAPI": { httpRoute: "cart", namespace: "shop" } } },
    ],
    [
      "consul",
      consul(),
      {
        plugins: {
          "hashicorp/consul": {
            serviceName: "cart",
            stableSubsetName: "cart-stable",
            canarySubsetName: "cart-canary",
          },
        },
      },
    ],
  ])("by Argo Rollouts on %s owns the weights of a route that is there", (_name, mesh, trafficRouting) => {
    const spec = by("argo-rollouts", mesh);
    const handedOver = objectsOf(spec).filter(({ ignoreChanges }) => ignoreChanges !== undefined);
    const strategy = planOf(spec).workloads.find(({ key }) => key === "cart")!.canary;

    expect(handedOver.map(({ metadata }) => metadata.name)).toEqual(handedOver.map(() => "cart"));
    expect(handedOver.length).toBeGreaterThan(0);
    expect(strategy).toMatchObject({
      strategy: {
        canary: {
          trafficRouting,
          steps: [10, 20, 30, 40, 50].flatMap((setWeight) => [{ setWeight }, { pause: { duration: "60s" } }]),
        },
      },
    });
    expect(JSON.stringify(find(spec, "AnalysisTemplate"))).toContain("cart-canary");
  });

  test.each<[string, Environment["mesh"], string]>([
    ["linkerd", linkerd(), "gatewayapi:v1"],
    ["istio", istio({ mode: "sidecar" }), "istio"],
    ["istio ambient", istio({ mode: "ambient" }), "gatewayapi:v1"],
  ])(
    "by Flagger on %s leaves the routes to it, and rules hold for its copy of the pods too",
    (_name, mesh, provider) => {
      const spec = by("flagger", mesh);
      const workload = planOf(spec).workloads.find(({ key }) => key === "cart")!;

      expect(find(spec, "Canary")?.spec).toMatchObject({ provider, targetRef: { kind: "Deployment", name: "cart" } });
      expect(
        objectsOf(spec).filter(({ kind, metadata }) => /Route|Virtual/.test(kind) && metadata.name === "cart"),
      ).toEqual([]);
      // Flagger gives its copy another app.kubernetes.io/name: what selects pods must not look at it.
      expect(workload.labels).toEqual({ "app.kubernetes.io/instance": "cart" });
      expect(workload.deployments[0]!.joins.labels).toMatchObject(workload.labels);
      expect(JSON.stringify(objectsOf(spec))).not.toContain('"app.kubernetes.io/name":"cart"');
    },
  );

  test("by Flagger has its copy of the pods act in the cloud as they do", () => {
    const rollouts = { reports: canary({ by: "flagger", prometheus: PROMETHEUS }) };
    const { namespaces } = planOf({ ...BOTH_CLOUDS, rollouts });

    expect(namespaces.find(({ cluster, name }) => cluster === "north" && name === "shop")?.actsInCloud).toEqual([
      "reports",
      "reports-primary",
    ]);
  });

  test("is measured by what the mesh's proxies say of the new version", () => {
    const query = (mesh: Environment["mesh"]) => JSON.stringify(find(by("argo-rollouts", mesh), "AnalysisTemplate"));

    expect(query(linkerd())).toContain("outbound_http_route_backend_response_statuses_total");
    expect(query(istio({ mode: "sidecar" }))).toContain("istio_requests_total");
    expect(query(consul())).toContain('consul_destination_service_subset=\\"cart-canary\\"');
  });
});

test("a new image under Argo Rollouts changes the Rollout alone; Consul's filter is the plugin's", async () => {
  const life = new Life();
  const spec = by("argo-rollouts", consul());
  succeeded(await life.up(platform(spec)));

  expect(changes(succeeded(await life.preview(platform(withImage(spec, "shop/cart:2")))))).toEqual([
    "update kubernetes:argoproj.io/v1alpha1:Rollout platform-north-cart-cart",
  ]);

  const gone = succeeded(await life.destroy());
  expect(gone).toDeleteBefore(
    "kubernetes:argoproj.io/v1alpha1:Rollout platform-north-cart-cart",
    "kubernetes:helm.sh/v3:Release platform-north-argo-rollouts",
  );
  expect(life.ledger()).toEqual([]);
}, 180_000);

test("the replicas of a Deployment under Flagger are Flagger's, a new image is not; the canary goes before what it moves", async () => {
  const life = new Life();
  const spec = by("flagger");
  succeeded(await life.up(platform(spec)));

  expect(changes(succeeded(await life.preview(platform(withImage(spec, "shop/cart:1", 5)))))).toEqual([]);
  expect(changes(succeeded(await life.preview(platform(withImage(spec, "shop/cart:2")))))).toEqual([
    "update kubernetes:apps/v1:Deployment platform-north-cart-cart",
  ]);

  const gone = succeeded(await life.destroy());
  const canaryObject = "kubernetes:flagger.app/v1beta1:Canary platform-north-canaries-canary-shop-cart";
  expect(gone).toDeleteBefore(canaryObject, "kubernetes:apps/v1:Deployment platform-north-cart-cart");
  expect(gone).toDeleteBefore(canaryObject, "kubernetes:helm.sh/v3:Release platform-north-flagger");
  expect(life.ledger()).toEqual([]);
}, 180_000);

test.each<[string, unknown, string]>([
  [
    "Flagger on Consul",
    by("flagger", consul()),
    'rollouts.cart.by: found "flagger", allowed: "argo-rollouts" with Consul, which Flagger does not know',
  ],
  [
    "a canary of a workload with versions",
    { ...SHOP, rollouts: { catalog: canary({ by: "flagger", prometheus: PROMETHEUS }) } },
    'rollouts.catalog: found "canary", allowed: a workload without versions. The new version is a new image: remove workloads.catalog.versions.',
  ],
  [
    "a step beyond the last",
    { ...SHOP, rollouts: { catalog: steps({ from: "catalog-v1", to: "catalog-v2", shares: [50], step: 2 }) } },
    "rollouts.catalog.step: found 2, allowed: 0 to 1, the number of shares",
  ],
  [
    "shares that fall",
    { ...SHOP, rollouts: { catalog: steps({ from: "catalog-v1", to: "catalog-v2", shares: [50, 20], step: 1 }) } },
    "rollouts.catalog.shares: found [50,20], allowed: percentages that rise, such as [5, 25, 50, 100]",
  ],
  [
    "a version that does not exist",
    { ...SHOP, rollouts: { catalog: steps({ from: "catalog-v1", to: "catalog-v3", shares: [50], step: 1 }) } },
    'rollouts.catalog.to: found "catalog-v3", allowed: one of catalog-v1, catalog-v2. Did you mean "catalog-v1"?',
  ],
  [
    "a rollout beside a split",
    {
      ...SHOP,
      splits: { catalog: { "catalog-v1": 1, "catalog-v2": 1 } },
      rollouts: { catalog: steps({ from: "catalog-v1", to: "catalog-v2", shares: [50], step: 1 }) },
    },
    'rollouts.catalog: found "catalog", allowed: workloads that splits does not name: one of the two decides the weights',
  ],
])("%s is one clear problem", (_what, spec, problem) => {
  const plan = () => planOf(spec);

  expect(plan).toThrow(SpecError);
  expect(plan).toThrow(`  1. ${problem}`);
});
