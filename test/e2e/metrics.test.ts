/** The metrics API through a real API server's aggregation layer, from a real Prometheus that scrapes what a mesh would say. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePorts } from "../../local/kubernetes-server/daemon";
import type { MeshName } from "../../smi/mesh-names";
import { AdapterCluster, NAME, NAMESPACE } from "./adapter/cluster";
import type { AdapterProcess } from "./adapter/process";
import { application, trafficSplit } from "./adapter/shop";
import { exposition, FAILURES, SUCCESSES } from "./adapter/synthetic";

const PROMETHEUS = join(__dirname, "../../.isthmus/e2e/prometheus/usr/bin/prometheus");
const ROOT = "/apis/metrics.smi-spec.io/v1alpha1";
const MESHES: readonly MeshName[] = ["linkerd", "istio", "consul"];

interface TrafficMetrics {
  readonly resource: { readonly kind?: string; readonly name?: string };
  readonly edge: { readonly direction: string; readonly side: string; readonly resource: { readonly name?: string } };
  readonly backend?: { readonly name: string };
  readonly metrics: readonly { readonly name: string; readonly value: string }[];
}

let cluster: AdapterCluster;
let adapter: AdapterProcess;
let exporter: Server;
let prometheus: ChildProcess;
let prometheusUrl: string;
const directory = mkdtempSync(join(tmpdir(), "isthmus-prometheus-"));

/** Serves the series of all meshes: each knows its own by their names. They grow with each scrape, second by second. */
async function startExporter(): Promise<number> {
  const started = Date.now();
  exporter = createServer((_request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(exposition((Date.now() - started) / 1000));
  });
  await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
  return (exporter.address() as AddressInfo).port;
}

async function startPrometheus(target: number): Promise<void> {
  const [port = 0] = await freePorts(1);
  prometheusUrl = `http://127.0.0.1:${port}`;
  const config = `
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
  - job_name: mesh
    honor_labels: true
    static_configs: [{targets: ["127.0.0.1:${target}"]}]
`;
  writeFileSync(join(directory, "prometheus.yml"), config);
  const flags = [
    `--config.file=${join(directory, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(directory, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=error",
  ];
  prometheus = spawn(PROMETHEUS, flags, { stdio: "ignore" });
  process.once("exit", () => prometheus.kill("SIGKILL"));
}

beforeAll(async () => {
  cluster = await AdapterCluster.start(...MESHES);
  await startPrometheus(await startExporter());
  await cluster.request("POST", "/api/v1/namespaces", { metadata: { name: "store" } });
  const creations = [
    ...application("store", "web"),
    ...application("store", "checkout"),
    trafficSplit("store", "checkout", [90, 10]),
  ];
  for (const [path, object] of creations) await cluster.request("POST", path, object);
  const spec = { containers: [{ name: "main", image: "example.com/x:1" }] };
  for (const name of ["web-5c9f8d7b6c-abcde", "checkout-5c9f8d7b6c-fghij"]) {
    await cluster.eventually(
      async () =>
        (await cluster.control.client.request("POST", "/api/v1/namespaces/store/pods", { metadata: { name }, spec }))
          .status < 300,
      true,
    );
  }
  await cluster.request("POST", "/apis/apiregistration.k8s.io/v1/apiservices", {
    metadata: { name: "v1alpha1.metrics.smi-spec.io" },
    spec: {
      group: "metrics.smi-spec.io",
      version: "v1alpha1",
      service: { name: NAME, namespace: NAMESPACE, port: cluster.apiPort },
      caBundle: cluster.caBundle,
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  });
}, 180_000);

afterAll(async () => {
  await adapter?.kill();
  prometheus?.kill("SIGKILL");
  exporter?.close();
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Starts the adapter for a mesh, in place of the one before, and waits until the API server reaches it. */
async function launch(mesh: MeshName, url = prometheusUrl): Promise<void> {
  await adapter?.kill();
  adapter = await cluster.launch(mesh, { args: [`--prometheus=${url}`] }).ready();
  await cluster.eventually(async () => (await cluster.control.client.request("GET", ROOT)).status, 200, 60_000);
}

async function raw<T>(path: string): Promise<T> {
  return JSON.parse(await cluster.kubectl("get", "--raw", `${ROOT}${path}`)) as T;
}

const valuesOf = ({ metrics }: TrafficMetrics): Record<string, number> =>
  Object.fromEntries(
    metrics.map(({ name, value }) => [name, value.endsWith("m") ? Number(value.slice(0, -1)) / 1000 : Number(value)]),
  );

/** What the exporter says of a window of ten seconds, within what scraping at half seconds may miss. */
function expectTraffic(found: TrafficMetrics): void {
  const { success_count: success, failure_count: failure, ...latencies } = valuesOf(found);
  expect(Math.abs(success! - SUCCESSES * 10)).toBeLessThan(SUCCESSES * 2);
  expect(Math.abs(failure! - FAILURES * 10)).toBeLessThan(FAILURES * 2);
  // Two thirds of the requests take up to 5 ms, the others up to 100 ms: quantiles lie in those buckets, in milliseconds.
  expect(latencies["p50_response_latency"]).toBeGreaterThan(0);
  expect(latencies["p50_response_latency"]).toBeLessThanOrEqual(5);
  expect(latencies["p90_response_latency"]).toBeGreaterThan(50);
  expect(latencies["p99_response_latency"]).toBeLessThanOrEqual(100);
}

describe.each(MESHES)("with %s", (mesh) => {
  beforeAll(async () => {
    await launch(mesh);
    // A window must be full before it is read.
    await cluster.eventually(async () => {
      const { metrics } = await raw<TrafficMetrics>("/namespaces/store/deployments/checkout?window=10s");
      return metrics.find(({ name }) => name === "success_count")!.value !== "0";
    }, true);
    await sleep(10_000 * Number(mesh === MESHES[0]));
  }, 90_000);

  test("kubectl reads a deployment, with the same meaning as on every mesh", async () => {
    const found = await raw<TrafficMetrics>("/namespaces/store/deployments/checkout?window=10s");

    expect(found.resource).toEqual({ kind: "Deployment", namespace: "store", name: "checkout" });
    expectTraffic(found);
  });

  test("kubectl reads pods, namespaces and Services, and all deployments with a selector or without", async () => {
    const lists = ["/namespaces/store/pods", "/namespaces", "/namespaces/store/services", "/deployments"];
    for (const path of lists) {
      const { items } = await raw<{ items: TrafficMetrics[] }>(`${path}?window=10s`);
      const busy = items.filter((item) => valuesOf(item).success_count! > 0);
      expect(busy.map(({ resource }) => resource.name)).toEqual([expect.stringMatching(/^(checkout.*|store)$/)]);
      expectTraffic(busy[0]!);
    }
    const selected = await raw<{ items: unknown[] }>("/namespaces/store/deployments?labelSelector=app%3Dnothing");
    expect(selected.items).toEqual([]);
  });

  test("kubectl reads edges from both ends, and the backends of a split", async () => {
    const kind = mesh === "consul" ? "services" : "deployments";
    const edgesOf = async (name: string) =>
      (await raw<{ items: TrafficMetrics[] }>(`/namespaces/store/${kind}/${name}/edges?window=10s`)).items;
    const [to] = await edgesOf("web");
    expect(to!.edge).toMatchObject({ direction: "to", side: "client", resource: { name: "checkout" } });
    expectTraffic(to!);
    const [from] = await edgesOf("checkout");
    expect(from!.edge).toMatchObject({ direction: "from", side: "client", resource: { name: "web" } });

    const { items } = await raw<{ items: TrafficMetrics[] }>("/namespaces/store/trafficsplits/checkout?window=10s");
    expect(items.map(({ backend }) => backend!.name)).toEqual(["checkout-v1", "checkout-v2"]);
    expectTraffic(items[0]!);
  });
});

describe("the metrics API", () => {
  beforeAll(() => launch("linkerd"), 90_000);

  test("is discovered by kubectl", async () => {
    const { resources } = await raw<{ resources: { name: string; kind: string }[] }>("");
    expect(resources.map(({ name }) => name).filter((name) => !name.includes("/"))).toEqual([
      "namespaces",
      "pods",
      "services",
      "deployments",
      "statefulsets",
      "daemonsets",
      "jobs",
      "trafficsplits",
    ]);
    expect(new Set(resources.map(({ kind }) => kind))).toEqual(new Set(["TrafficMetrics"]));
  });

  test("obeys the cluster's RBAC, through the API server and with a token of one's own", async () => {
    const path = `${ROOT}/namespaces/store/deployments/checkout`;
    const as = (user: string) => cluster.kubectl("get", "--raw", path, "--as", user);
    await expect(as("mallory")).rejects.toThrow(/User "mallory" may not get|forbidden/);

    const rules = [{ apiGroups: ["metrics.smi-spec.io"], resources: ["deployments"], verbs: ["get"] }];
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/store";
    await cluster.request("POST", `${rbac}/roles`, { metadata: { name: "metrics" }, rules });
    const subjects = [
      { kind: "User", name: "alice", apiGroup: "rbac.authorization.k8s.io" },
      { kind: "ServiceAccount", name: "web", namespace: "store" },
    ];
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "metrics" };
    await cluster.request("POST", `${rbac}/rolebindings`, { metadata: { name: "metrics" }, subjects, roleRef });
    expect(JSON.parse(await as("alice"))).toMatchObject({ kind: "TrafficMetrics" });

    const token = (await cluster.request("POST", "/api/v1/namespaces/store/serviceaccounts/web/token", { spec: {} }))[
      "status"
    ] as { token: string };
    const direct = (authorization: string, spoofed = {}) => cluster.direct(path, { authorization, ...spoofed });
    expect(await direct(`Bearer ${token.token}`)).toMatchObject({ status: 200, body: { kind: "TrafficMetrics" } });
    expect(await direct("Bearer nobody")).toMatchObject({
      status: 401,
      body: { kind: "Status", reason: "Unauthorized" },
    });
    // Without the front proxy's certificate, its headers are only words.
    const spoofed = { "x-remote-user": "admin", "x-remote-group": "system:masters" };
    expect(await direct("", spoofed)).toMatchObject({ status: 401 });
  });

  test("says what is wrong with Prometheus, and what does not exist", async () => {
    await expect(raw("/namespaces/store/deployments/chekout")).rejects.toThrow('deployments.apps "chekout" not found');
    await launch("linkerd", "http://127.0.0.1:9");
    await expect(raw("/namespaces/store/deployments/checkout")).rejects.toThrow(
      "Prometheus at http://127.0.0.1:9 cannot be reached",
    );
  }, 90_000);
});
