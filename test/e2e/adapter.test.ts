/** The life of an adapter on a real API server: edits, other owners, other versions, restarts, kills, a handover. */
import { setTimeout as sleep } from "node:timers/promises";

import { AdapterCluster } from "./adapter/cluster";
import type { AdapterProcess } from "./adapter/process";
import { application, routeGroup, tcpRoute, trafficSplit, trafficTarget, type Creation } from "./adapter/shop";

const POLICIES = "/apis/security.istio.io/v1/authorizationpolicies";
const VIRTUAL_SERVICES = "/apis/networking.istio.io/v1/virtualservices";
const TARGETS = "/apis/access.smi-spec.io/v1alpha3/namespaces/store/traffictargets";
const SPLITS = "/apis/split.smi-spec.io/v1alpha4/namespaces/store/trafficsplits";
const MERGE = "application/merge-patch+json";

let cluster: AdapterCluster;
let adapter: AdapterProcess;

beforeAll(async () => {
  cluster = await AdapterCluster.start("istio");
}, 180_000);
afterAll(async () => {
  await adapter?.kill();
  await cluster?.stop();
});

async function create(...creations: readonly Creation[]): Promise<void> {
  for (const [path, object] of creations) await cluster.request("POST", path, object);
}

/** Namespaces that are not there yet. */
async function namespaces(...names: readonly string[]): Promise<void> {
  for (const name of names) await cluster.request("POST", "/api/v1/namespaces", { metadata: { name } });
}

const policies = () => cluster.names(POLICIES);
const virtualServices = () => cluster.names(VIRTUAL_SERVICES);

async function conditions(path: string): Promise<string[]> {
  const { status } = await cluster.request("GET", path);
  const list = (status as { conditions: { type: string; status: string; reason: string }[] }).conditions;
  return list.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
}
const PROGRAMMED = ["Accepted=True Accepted", "Programmed=True Programmed"];

describe("the adapter", () => {
  beforeAll(async () => {
    await namespaces("store");
    await create(...application("store", "web"), ...application("store", "checkout"));
    await create(routeGroup("store", "checkout"), tcpRoute("store", "checkout"));
    await create(trafficTarget("store", "web", "checkout", "web"), trafficSplit("store", "checkout", [90, 10]));
    adapter = await cluster.launch("istio").ready();
  }, 60_000);

  test("converges from nothing, and says so on the objects", async () => {
    await cluster.eventually(policies, ["store/web"]);
    await cluster.eventually(virtualServices, ["store/checkout"]);
    await cluster.eventually(() => conditions(`${TARGETS}/web`), PROGRAMMED);
    await cluster.eventually(() => conditions(`${SPLITS}/checkout`), PROGRAMMED);

    const { metadata } = await cluster.request("GET", `${POLICIES.replace("/auth", "/namespaces/store/auth")}/web`);
    const owner = await cluster.request("GET", `${TARGETS}/web`);
    expect(metadata).toMatchObject({
      labels: { "app.kubernetes.io/managed-by": "isthmus-smi-adapter" },
      ownerReferences: [{ kind: "TrafficTarget", name: "web", uid: owner.metadata!.uid }],
    });
    expect(await cluster.kubectl("get", "traffictargets", "-n", "store")).toMatch(
      /NAME +ACCEPTED +PROGRAMMED +REASON +AGE\nweb +True +True +Accepted/,
    );
  });

  test("follows edits, reports what it refuses, and heals", async () => {
    const weights = (first: number) =>
      cluster.request(
        "PATCH",
        `${SPLITS}/checkout`,
        {
          spec: {
            backends: [
              { service: "checkout-v1", weight: first },
              { service: "checkout-v2", weight: 0 },
            ],
          },
        },
        MERGE,
      );
    await weights(0);
    await cluster.eventually(
      () => conditions(`${SPLITS}/checkout`),
      ["Accepted=False SMI-WEIGHT", "Programmed=False Refused"],
    );
    expect(await virtualServices()).toEqual(["store/checkout"]);
    const events = await cluster.kubectl("get", "events", "-n", "store", "-o", "jsonpath={.items[*].reason}");
    expect(events).toContain("SMI-WEIGHT");

    await weights(7);
    await cluster.eventually(() => conditions(`${SPLITS}/checkout`), PROGRAMMED);
    const { spec } = await cluster.request(
      "GET",
      `/apis/networking.istio.io/v1/namespaces/store/virtualservices/checkout`,
    );
    expect(JSON.stringify(spec)).toContain('"weight":7');
  });

  test("reports fields that somebody else owns, and does not take them", async () => {
    const path = "/apis/security.istio.io/v1/namespaces/store/authorizationpolicies/web";
    const foreign = {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name: "web" },
      spec: { action: "DENY" },
    };
    await cluster.request("PATCH", `${path}?fieldManager=somebody&force=true`, foreign, "application/apply-patch+yaml");
    await cluster.eventually(
      () => conditions(`${TARGETS}/web`),
      ["Accepted=True Accepted", "Programmed=False SMI-CONFLICT"],
    );
    expect((await cluster.request("GET", path)).spec).toMatchObject({ action: "DENY" });

    const given = { ...foreign, spec: {} };
    await cluster.request("PATCH", `${path}?fieldManager=somebody&force=true`, given, "application/apply-patch+yaml");
    await cluster.eventually(() => conditions(`${TARGETS}/web`), PROGRAMMED);
    expect((await cluster.request("GET", path)).spec).toMatchObject({ action: "ALLOW" });
  });

  test("serves every version: what Flagger and Argo Rollouts write as v1alpha1 is split like any other", async () => {
    const old = {
      service: "web",
      backends: [
        { service: "web-v1", weight: "900m" },
        { service: "web-v2", weight: "100m" },
      ],
    };
    const apiVersion = "split.smi-spec.io/v1alpha1";
    await create([
      `/apis/${apiVersion}/namespaces/store/trafficsplits`,
      { apiVersion, kind: "TrafficSplit", metadata: { name: "web" }, spec: old },
    ]);
    await cluster.eventually(virtualServices, ["store/checkout", "store/web"]);

    const weightsAs = async (version: string) => {
      const path = `/apis/split.smi-spec.io/${version}/namespaces/store/trafficsplits/web`;
      const { spec } = await cluster.request("GET", path);
      return (spec as { backends: { weight: unknown }[] }).backends.map(({ weight }) => weight);
    };
    expect(await weightsAs("v1alpha1")).toEqual(["900m", "100m"]);
    expect(await weightsAs("v1alpha4")).toEqual([900, 100]);
    // As Flagger moves a canary on.
    const next = {
      spec: {
        backends: [
          { service: "web-v1", weight: "50" },
          { service: "web-v2", weight: "50" },
        ],
      },
    };
    await cluster.request("PATCH", `/apis/${apiVersion}/namespaces/store/trafficsplits/web`, next, MERGE);
    await cluster.eventually(() => weightsAs("v1alpha3"), [50, 50]);
    await cluster.request("DELETE", `/apis/${apiVersion}/namespaces/store/trafficsplits/web`);
    await cluster.eventually(virtualServices, ["store/checkout"]);
  });

  test("survives the API server: what changed meanwhile and afterwards is done", async () => {
    await cluster.control.restart();
    await create(trafficTarget("store", "after", "checkout", "web"));
    await cluster.eventually(policies, ["store/after", "store/web"], 60_000);
  }, 120_000);

  test("is killed at random moments while everything changes, and ends where an undisturbed one would", async () => {
    const ROUNDS = 10;
    let random = 4711;
    const next = (below: number): number => (random = (random * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < ROUNDS; round++) {
      await create(
        routeGroup("store", `r${round}`),
        trafficTarget("store", `t${round}`, "checkout", "web", `r${round}`),
      );
      if (round > 1) await cluster.request("DELETE", `${TARGETS}/t${round - 2}`);
      await sleep(next(120));
      await adapter.kill();
      adapter = cluster.launch("istio");
      await sleep(next(900));
    }
    await adapter.ready();
    const left = [`store/t${ROUNDS - 2}`, `store/t${ROUNDS - 1}`];
    await cluster.eventually(policies, ["store/after", ...left, "store/web"], 60_000);
    await cluster.eventually(() => conditions(`${TARGETS}/t${ROUNDS - 1}`), PROGRAMMED, 60_000);
  }, 150_000);

  test("leaves nothing behind when the SMI objects go, and nothing was forbidden to it", async () => {
    for (const path of [TARGETS, SPLITS]) await cluster.request("DELETE", path);
    await cluster.eventually(policies, []);
    await cluster.eventually(virtualServices, []);
    expect(adapter.log).not.toMatch(/forbidden|403/i);
  });

  test("ends at once when it is told to, and another replica leads on", async () => {
    const path = "/apis/coordination.k8s.io/v1/namespaces/isthmus-smi/leases/isthmus-smi-adapter";
    const holder = async () =>
      ((await cluster.request("GET", path)).spec as { holderIdentity?: string }).holderIdentity;
    await cluster.eventually(async () => Boolean(await holder()), true);
    const [first, second] = [adapter, await cluster.launch("istio", { isSecond: true }).ready()];
    const before = await holder();
    expect(await second.metric("smi_adapter_leader")).toBe(0);

    expect(await first.end()).toBe(0);
    adapter = second;
    await create(trafficTarget("store", "handed-over", "checkout", "web"));
    await cluster.eventually(policies, ["store/handed-over"]);
    expect(await second.metric("smi_adapter_leader")).toBe(1);
    expect(await holder()).not.toBe(before);
  });
});
