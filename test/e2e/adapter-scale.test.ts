/** Five thousand SMI objects on a real API server: how fast, and in how much memory. Prints what it measures. */
import { AdapterCluster } from "./adapter/cluster";
import { application, routeGroup, tcpRoute, trafficSplit, trafficTarget, type Creation } from "./adapter/shop";

const NAMESPACES = 25;
const APPS = 10;
/** Of each application: as many TrafficTargets, each with a group of its own, and one TCPRoute and one split. */
const TARGETS = 9;
const MERGE = "application/merge-patch+json";

let cluster: AdapterCluster;
beforeAll(async () => {
  cluster = await AdapterCluster.start("istio");
}, 180_000);
afterAll(() => cluster?.stop());

async function createAll(creations: readonly Creation[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < creations.length) {
      const [path, object] = creations[next++]!;
      await cluster.request("POST", path, object);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

async function count(path: string): Promise<number> {
  const { metadata, items } = await cluster.request("GET", `${path}?limit=1`);
  const { remainingItemCount = 0 } = metadata as { readonly remainingItemCount?: number };
  return (items as unknown[]).length + remainingItemCount;
}

test("5,000 SMI objects converge in a minute, one change in a second, in 250 MB", async () => {
  const names = Array.from({ length: NAMESPACES }, (_, index) => `n${index}`);
  await createAll(names.map((name) => ["/api/v1/namespaces", { metadata: { name } }]));
  const creations = names.flatMap((namespace) =>
    Array.from({ length: APPS }, (_, index) => `app${index}`).flatMap((app) => [
      ...application(namespace, app),
      tcpRoute(namespace, app),
      trafficSplit(namespace, app, [90, 10]),
      ...Array.from({ length: TARGETS }, (_, index) => `${app}-${index}`).flatMap((name) => [
        routeGroup(namespace, name, `/api/${name}`),
        trafficTarget(namespace, name, app, `app${(TARGETS + 1) % APPS}`, name),
      ]),
    ]),
  );
  const smi = creations.filter(([path]) => path.includes("smi-spec.io")).length;
  expect(smi).toBe(5000);
  await createAll(creations);

  const started = performance.now();
  const adapter = await cluster.launch("istio").ready();
  const listed = performance.now() - started;
  const expected = [NAMESPACES * APPS * TARGETS, NAMESPACES * APPS];
  const made = async (): Promise<number[]> => [
    await count("/apis/security.istio.io/v1/authorizationpolicies"),
    await count("/apis/networking.istio.io/v1/virtualservices"),
  ];
  await cluster.eventually(made, expected, 180_000);
  const converged = performance.now() - started;
  await cluster.eventually(() => adapter.metric("smi_adapter_queue_depth"), 0, 180_000);
  const settled = performance.now() - started;

  const latencies: number[] = [];
  for (let index = 0; index < 21; index++) {
    const [namespace, app, weight] = [`n${index}`, `app${index % APPS}`, 100 + index];
    const backends = [
      { service: `${app}-v1`, weight },
      { service: `${app}-v2`, weight: 10 },
    ];
    const from = performance.now();
    await cluster.request(
      "PATCH",
      `/apis/split.smi-spec.io/v1alpha4/namespaces/${namespace}/trafficsplits/${app}`,
      { spec: { backends } },
      MERGE,
    );
    const path = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/${app}`;
    await cluster.eventually(
      async () => JSON.stringify((await cluster.request("GET", path)).spec).includes(`"weight":${weight}`),
      true,
    );
    latencies.push(performance.now() - from);
  }
  latencies.sort((left, right) => left - right);
  const { now, most } = adapter.memory();
  const median = latencies[10]!;
  process.stderr.write(
    `\n${smi} SMI objects, ${expected[0]! + expected[1]!} mesh objects: listed in ${(listed / 1000).toFixed(1)} s, all made in ${(converged / 1000).toFixed(1)} s, ` +
      `all statuses in ${(settled / 1000).toFixed(1)} s; one change ${median.toFixed(0)} ms (median of ${latencies.length}), ${latencies.at(-1)!.toFixed(0)} ms at most; ` +
      `${now.toFixed(0)} MB, ${most.toFixed(0)} MB at most\n`,
  );
  expect(converged).toBeLessThan(60_000);
  expect(median).toBeLessThan(1000);
  expect(most).toBeLessThan(250);
  await adapter.kill();
}, 400_000);
