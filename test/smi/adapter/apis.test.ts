/** What the adapter serves, and how its replicas agree. */
import { ApiError, type ApiObject } from "../../../smi/adapter/api";
import { readArguments } from "../../../smi/adapter/arguments";
import { review } from "../../../smi/adapter/convert-webhook";
import { smiDefinitions } from "../../../smi/adapter/crds";
import { LeaderElection } from "../../../smi/adapter/lease";
import { MetricsApi } from "../../../smi/adapter/telemetry/metrics-api";
import type { Sample } from "../../../smi/adapter/telemetry/query";
import { routeOf } from "../../../smi/adapter/telemetry/route";
import type { MeshName } from "../../../smi/mesh-names";
import { readSmiObjects } from "../../../smi/reader/object";
import { FakeApi } from "./fake-api";

/** The metrics API of a mesh over a Prometheus that answers each query with what the test says. */
function metricsOf(mesh: MeshName, samples: (query: string) => readonly Sample[]) {
  const api = new FakeApi();
  for (const name of ["web", "checkout"]) {
    api.put("/apis/apps/v1/deployments", { metadata: { name, namespace: "shop" } });
  }
  const queries: string[] = [];
  const metrics = new MetricsApi({
    mesh,
    client: api,
    ask: (query) => {
      queries.push(query);
      return Promise.resolve(samples(query));
    },
    splits: () => [
      {
        kind: "TrafficSplit",
        name: "checkout",
        namespace: "shop",
        source: { file: "test" },
        service: "checkout",
        backends: [{ service: "checkout-v1", weight: 90 }],
      },
    ],
    now: () => new Date("2026-01-02T03:04:05.678Z"),
  });
  const get = async (url: string): Promise<Record<string, unknown>> => {
    const route = routeOf(`/apis/metrics.smi-spec.io/v1alpha1${url}`);
    if (route.is !== "metrics") throw new Error("this is discovery");
    if (!metrics.serves(route.request)) throw new Error("not served");
    return metrics.answer(route.request);
  };
  return { get, queries, metrics };
}

const LABELS = { g_namespace: "shop", g_name: "checkout" };

/** 90 successes and 10 failures of checkout, in 5, 20 and 250.5 ms. */
function traffic(query: string): Sample[] {
  const quantile = /histogram_quantile\(([\d.]+)/.exec(query)?.[1];
  const value = quantile ? { "0.5": 5, "0.9": 20, "0.99": 250.5 }[quantile]! : /5\.\.|"5"/.test(query) ? 10.2 : 89.9;
  return [{ labels: query.includes("g_name") ? LABELS : {}, value }];
}

describe("the metrics API", () => {
  test("measures a deployment as the specification says, in a form that our own reader takes", async () => {
    const { get, queries } = metricsOf("istio", traffic);
    const answer = await get("/namespaces/shop/deployments/checkout?window=5m");

    expect(answer).toEqual({
      apiVersion: "metrics.smi-spec.io/v1alpha1",
      kind: "TrafficMetrics",
      metadata: { name: "checkout", namespace: "shop", creationTimestamp: "2026-01-02T03:04:05Z" },
      resource: { kind: "Deployment", namespace: "shop", name: "checkout" },
      edge: { direction: "from", side: "server", resource: {} },
      timestamp: "2026-01-02T03:04:05Z",
      window: "300s",
      metrics: [
        { name: "p99_response_latency", unit: "ms", value: "250500m" },
        { name: "p90_response_latency", unit: "ms", value: "20" },
        { name: "p50_response_latency", unit: "ms", value: "5" },
        { name: "success_count", value: "90" },
        { name: "failure_count", value: "10" },
      ],
    });
    expect(queries[0]).toBe(
      'sum by () (increase(istio_requests_total{reporter="destination",destination_workload_namespace="shop",destination_workload="checkout",response_code=~"[1-4].."}[300s]))',
    );
    const [read] = readSmiObjects([{ value: answer, source: { file: "answer" } }]).metrics;
    expect(read?.metrics).toEqual({
      p99_response_latency: 250.5,
      p90_response_latency: 20,
      p50_response_latency: 5,
      success_count: 90,
      failure_count: 10,
    });
  });

  test("lists all objects of a kind, those without traffic too", async () => {
    const { items } = await metricsOf("linkerd", traffic).get("/namespaces/shop/deployments");
    const counts = (items as { resource: { name: string }; metrics: { name: string; value: string }[] }[]).map(
      ({ resource, metrics }) => [
        resource.name,
        ...metrics.filter(({ name }) => name.endsWith("_count")).map(({ value }) => value),
      ],
    );

    expect(counts).toEqual([
      ["web", "0", "0"],
      ["checkout", "90", "10"],
    ]);
  });

  test("gives edges in both directions, and the backends of a split", async () => {
    const { get } = metricsOf("linkerd", traffic);
    const edges = (await get("/namespaces/shop/deployments/web/edges"))["items"] as { edge: unknown }[];
    const checkout = { kind: "Deployment", namespace: "shop", name: "checkout" };
    expect(edges.map(({ edge }) => edge)).toEqual([
      { direction: "to", side: "client", resource: checkout },
      { direction: "from", side: "client", resource: checkout },
    ]);

    const [backend] = (await get("/namespaces/shop/trafficsplits/checkout"))["items"] as object[];
    expect(backend).toMatchObject({ backend: { apex: "checkout", name: "checkout-v1", weight: 90 } });
  });

  test("tells what does not exist from what has no traffic, and what a mesh cannot tell", async () => {
    const { get, metrics } = metricsOf("consul", () => []);

    await expect(get("/namespaces/shop/deployments/chekout")).rejects.toThrow(ApiError);
    await expect(get("/namespaces/shop/deployments/checkout/edges")).rejects.toThrow("not served");
    expect(JSON.stringify(metrics.resources())).not.toContain("deployments/edges");
    expect((await get("/namespaces/shop/deployments/checkout"))["metrics"]).toEqual([
      { name: "success_count", value: "0" },
      { name: "failure_count", value: "0" },
    ]);
    expect(() => metricsOf("gateway-api", () => [])).toThrow("gateway-api has no metrics of its own");
  });

  test("asks leave for exactly what a path says", () => {
    const asked = (path: string) => routeOf(`/apis/metrics.smi-spec.io/v1alpha1${path}`).attributes;
    const base = { group: "metrics.smi-spec.io", version: "v1alpha1" };

    expect(asked("/namespaces/shop/pods")).toEqual({ ...base, resource: "pods", namespace: "shop", verb: "list" });
    expect(asked("/namespaces/shop/pods/web-1/edges")).toEqual({
      ...base,
      resource: "pods",
      subresource: "edges",
      namespace: "shop",
      name: "web-1",
      verb: "get",
    });
    expect(asked("/namespaces/shop")).toMatchObject({ resource: "namespaces", name: "shop", verb: "get" });
    for (const path of ["/nodes", "/namespaces/shop/pods/web/x", '/namespaces/shop/pods/a"b', "/pods/web"]) {
      expect(() => asked(path)).toThrow("is not served");
    }
    expect(() => asked("/namespaces/shop/pods?window=1y")).toThrow('window: found "1y", allowed: 1s to 24h');
  });
});

test("of two replicas one leads, and the other takes over when it is told to, or hears nothing", async () => {
  const api = new FakeApi();
  const log = (): void => undefined;
  // Longer than a machine with other work lets this process wait.
  const times = { lease: 400, renew: 200, retry: 30 };
  const [first, second] = ["one", "two"].map(
    (identity) => new LeaderElection(api, { namespace: "isthmus-smi", name: "adapter", identity, log, times }),
  ) as [LeaderElection, LeaderElection];
  const never = new AbortController();
  const brief = (milliseconds: number) => AbortSignal.timeout(milliseconds);

  expect(await first.acquire(never.signal)).toBe(true);
  const holding = new AbortController();
  const held = first.hold(holding.signal);
  expect(await second.acquire(brief(100))).toBe(false);

  holding.abort();
  expect(await held).toBe(true);
  await first.release();
  expect(await second.acquire(brief(5000))).toBe(true);
  // The second one is silent from here on, until the first one has the lead again and keeps it.
  expect(await first.acquire(brief(5000))).toBe(true);
  const again = new AbortController();
  const kept = first.hold(again.signal);
  expect(await second.hold(brief(5000))).toBe(false);
  again.abort();
  expect(await kept).toBe(true);
});

test("every version of SMI is served, one is stored, and the webhook converts between them", () => {
  const service = { namespace: "isthmus-smi", name: "adapter", port: 443 };
  const definitions = smiDefinitions({ service, caBundle: "Q0E=" });
  const served = definitions.map(({ metadata, spec }) => {
    const versions = spec["versions"] as { name: string; storage: boolean }[];
    return [metadata.name, versions.map(({ name, storage }) => (storage ? `(${name})` : name)).join(" ")];
  });
  expect(Object.fromEntries(served)).toEqual({
    "httproutegroups.specs.smi-spec.io": "v1alpha1 v1alpha2 v1alpha3 (v1alpha4)",
    "tcproutes.specs.smi-spec.io": "v1alpha1 v1alpha2 v1alpha3 (v1alpha4)",
    "trafficsplits.split.smi-spec.io": "v1alpha1 v1alpha2 v1alpha3 (v1alpha4)",
    "traffictargets.access.smi-spec.io": "v1alpha1 v1alpha2 (v1alpha3)",
    "udproutes.specs.smi-spec.io": "(v1alpha4)",
  });

  const backends = [
    { service: "checkout-v1", weight: 90 },
    { service: "checkout-v2", weight: 10 },
  ];
  const metadata = { name: "checkout", namespace: "shop" };
  const apiVersion = "split.smi-spec.io/v1alpha4";
  const objects: ApiObject[] = [
    { apiVersion, kind: "TrafficSplit", metadata, spec: { service: "checkout", backends } },
  ];
  const ask = (desiredAPIVersion: string) =>
    review({ kind: "ConversionReview", request: { uid: "7", desiredAPIVersion, objects } })["response"];
  expect(ask("split.smi-spec.io/v1alpha1")).toMatchObject({
    uid: "7",
    result: { status: "Success" },
    convertedObjects: [
      { apiVersion: "split.smi-spec.io/v1alpha1", spec: { backends: [{ weight: 90 }, { weight: 10 }] } },
    ],
  });
  expect(ask("split.smi-spec.io/v9")).toMatchObject({ convertedObjects: [], result: { status: "Failure" } });
  expect(() => review({ kind: "Pod" })).toThrow("found no ConversionReview");
});

test("arguments are checked", () => {
  expect(readArguments(["--mesh=linkerd", '--options={"acknowledge":["SMI-PATH-RAW"]}', "--port=9443"])).toMatchObject({
    mesh: "linkerd",
    port: 9443,
    translation: { acknowledge: ["SMI-PATH-RAW"] },
  });
  expect(() => readArguments(["--mesh=osm"])).toThrow("--mesh: found osm, allowed: linkerd, istio");
  expect(() => readArguments(["--mesh=istio", '--options={"widden":true}'])).toThrow(
    "--options: found widden, allowed: a JSON",
  );
  expect(() => readArguments(["--meshes=istio"])).toThrow("found --meshes=istio, allowed: --mesh=...");
});
