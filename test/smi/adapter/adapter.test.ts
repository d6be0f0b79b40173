/** The controller against an API server in memory: what is in the cluster when it has come to rest. */
import { setTimeout as sleep } from "node:timers/promises";

import { ApiError, type ApiObject } from "../../../smi/adapter/api";
import { Controller } from "../../../smi/adapter/controller";
import type { Condition } from "../../../smi/adapter/keep";
import { Metrics } from "../../../smi/adapter/prometheus";
import { World } from "../../../smi/adapter/world";
import type { MeshName } from "../../../smi/mesh-names";
import { MESHES } from "../../../smi/meshes";
import { FakeApi } from "./fake-api";

const TARGETS = "/apis/access.smi-spec.io/v1alpha3/traffictargets";
const GROUPS = "/apis/specs.smi-spec.io/v1alpha4/httproutegroups";
const SPLITS = "/apis/split.smi-spec.io/v1alpha4/trafficsplits";
const POLICIES = "/apis/security.istio.io/v1/authorizationpolicies";
const VIRTUAL_SERVICES = "/apis/networking.istio.io/v1/virtualservices";
const EVENTS = "/api/v1/events";

const shop = (name: string) => ({ name, namespace: "shop" });

function group(name: string, pathRegex: string): ApiObject {
  const spec = { matches: [{ name: "one", pathRegex, methods: ["GET"] }] };
  return { apiVersion: "specs.smi-spec.io/v1alpha4", kind: "HTTPRouteGroup", metadata: shop(name), spec };
}

function target(name: string, routes = "cart"): ApiObject {
  const account = (of: string) => ({ kind: "ServiceAccount", ...shop(of) });
  const spec = {
    destination: account("checkout"),
    sources: [account("web")],
    rules: [{ kind: "HTTPRouteGroup", name: routes }],
  };
  return { apiVersion: "access.smi-spec.io/v1alpha3", kind: "TrafficTarget", metadata: shop(name), spec };
}

function split(weights: readonly [number, number]): ApiObject {
  const backends = weights.map((weight, index) => ({ service: `checkout-v${index + 1}`, weight }));
  const spec = { service: "checkout", backends };
  return { apiVersion: "split.smi-spec.io/v1alpha4", kind: "TrafficSplit", metadata: shop("checkout"), spec };
}

/** A cluster with a shop in it, and an adapter that works on it. */
class Cluster {
  readonly api = new FakeApi();
  readonly metrics = new Metrics();
  private stop = new AbortController();
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly mesh: MeshName = "istio") {
    const labels = { app: "checkout" };
    const ports = [{ name: "http", port: 80, targetPort: 8080, appProtocol: "http" }];
    for (const version of ["", "-v1", "-v2"]) {
      const selector = { ...labels, ...(version && { version: version.slice(1) }) };
      this.api.put("/api/v1/services", { metadata: shop(`checkout${version}`), spec: { selector, ports } });
    }
    const containers = [{ name: "checkout", ports: [{ name: "http", containerPort: 8080 }] }];
    const template = { metadata: { labels }, spec: { serviceAccountName: "checkout", containers } };
    const spec = { selector: { matchLabels: labels }, template };
    this.api.put("/apis/apps/v1/deployments", { metadata: shop("checkout"), spec });
    this.api.put("/api/v1/serviceaccounts", { metadata: shop("web") });
    this.api.put(GROUPS, group("cart", "/cart"));
  }

  async start(): Promise<this> {
    this.stop = new AbortController();
    const log = (): void => undefined;
    const world = new World(this.api, { mesh: this.mesh, log });
    const watching = world.run(this.stop.signal);
    while (!world.isReady) await sleep(1);
    const controller = new Controller(this.api, world, {
      mesh: MESHES[this.mesh],
      translation: { acknowledge: ["SMI-PATH-RAW"] },
      metrics: this.metrics,
      log,
      debounce: 0,
    });
    this.running = Promise.all([watching, controller.run(this.stop.signal)]);
    return this.rest();
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  /** Waits until nothing is asked of the API server any more. */
  async rest(): Promise<this> {
    for (let quiet = 0, seen = -1; quiet < 4; await sleep(2)) {
      quiet = seen === this.api.requests.length ? quiet + 1 : 0;
      seen = this.api.requests.length;
    }
    return this;
  }

  names(collection: string): string[] {
    return this.api
      .list(collection)
      .map(({ metadata }) => metadata.name)
      .sort();
  }

  conditions(collection: string, name: string): string[] {
    const { conditions } = this.api.get(collection, "shop", name)!["status"] as { conditions: Condition[] };
    return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
  }
}

describe("the controller", () => {
  let cluster: Cluster;
  beforeEach(() => {
    cluster = new Cluster();
  });
  afterEach(() => cluster.end());

  test("makes what the rules say, owned by them, and says that they are accepted", async () => {
    cluster.api.put(TARGETS, target("cart"));
    cluster.api.put(SPLITS, split([90, 10]));
    await cluster.start();

    const policy = cluster.api.get(POLICIES, "shop", "cart")!;
    const owner = cluster.api.get(TARGETS, "shop", "cart")!;
    expect(policy.metadata.labels).toEqual({ "app.kubernetes.io/managed-by": "isthmus-smi-adapter" });
    expect(policy.metadata.ownerReferences).toEqual([
      { apiVersion: "access.smi-spec.io/v1alpha3", kind: "TrafficTarget", name: "cart", uid: owner.metadata.uid },
    ]);
    expect(cluster.names(VIRTUAL_SERVICES)).toEqual(["checkout"]);
    expect(cluster.conditions(TARGETS, "cart")).toEqual(["Accepted=True Accepted", "Programmed=True Programmed"]);
    expect(cluster.conditions(SPLITS, "checkout")).toEqual(["Accepted=True Accepted", "Programmed=True Programmed"]);
    expect(cluster.names(EVENTS)).toEqual([]);
  });

  test("follows a change, a rename and a deletion, and leaves nothing behind", async () => {
    cluster.api.put(TARGETS, target("cart"));
    await cluster.start();

    cluster.api.put(GROUPS, group("cart", "/basket"));
    await cluster.rest();
    expect(JSON.stringify(cluster.api.get(POLICIES, "shop", "cart")!["spec"])).toContain('"/basket*"');

    cluster.api.put(TARGETS, target("basket"));
    cluster.api.remove(TARGETS, "shop", "cart");
    await cluster.rest();
    expect(cluster.names(POLICIES)).toEqual(["basket"]);

    cluster.api.remove(TARGETS, "shop", "basket");
    await cluster.rest();
    expect(cluster.names(POLICIES)).toEqual([]);
  });

  test("makes again what somebody removes, and sends nothing while nothing changes", async () => {
    cluster.api.put(TARGETS, target("cart"));
    await cluster.start();
    const before = cluster.api.requests.length;

    cluster.api.put("/api/v1/serviceaccounts", { metadata: shop("another") });
    await cluster.rest();
    expect(cluster.api.requests.slice(before)).toEqual([]);

    cluster.api.remove(POLICIES, "shop", "cart");
    await cluster.rest();
    expect(cluster.names(POLICIES)).toEqual(["cart"]);
  });

  test("takes back what a refused rule allowed, leaves the others, and says the code as status and Event", async () => {
    cluster.api.put(TARGETS, target("cart"));
    cluster.api.put(TARGETS, target("other"));
    await cluster.start();

    cluster.api.put(TARGETS, target("cart", "crat"));
    await cluster.rest();

    expect(cluster.names(POLICIES)).toEqual(["other"]);
    expect(cluster.conditions(TARGETS, "cart")).toEqual(["Accepted=False SMI-REF", "Programmed=False Refused"]);
    const [event] = cluster.api.list(EVENTS);
    expect(event).toMatchObject({
      reason: "SMI-REF",
      type: "Warning",
      involvedObject: { kind: "TrafficTarget", name: "cart" },
    });
    expect(event!["message"]).toBe('spec.rules[0]: found HTTPRouteGroup "crat", in namespace "shop" there are: cart.');

    // A restart says nothing twice, and a correction heals.
    await cluster.end();
    await cluster.start();
    expect(cluster.api.list(EVENTS)).toHaveLength(1);
    cluster.api.put(TARGETS, target("cart"));
    await cluster.rest();
    expect(cluster.names(POLICIES)).toEqual(["cart", "other"]);
    expect(cluster.conditions(TARGETS, "cart")).toEqual(["Accepted=True Accepted", "Programmed=True Programmed"]);
  });

  test("lets a split that is refused keep what it had, until it is right or gone", async () => {
    cluster.api.put(SPLITS, split([90, 10]));
    await cluster.start();
    const before = cluster.api.get(VIRTUAL_SERVICES, "shop", "checkout");

    cluster.api.put(SPLITS, split([0, 0]));
    await cluster.rest();
    expect(cluster.conditions(SPLITS, "checkout")).toEqual(["Accepted=False SMI-WEIGHT", "Programmed=False Refused"]);
    expect(cluster.api.get(VIRTUAL_SERVICES, "shop", "checkout")).toEqual(before);

    cluster.api.remove(SPLITS, "shop", "checkout");
    await cluster.rest();
    expect(cluster.names(VIRTUAL_SERVICES)).toEqual([]);
  });

  test("leaves alone what is somebody else's, and says so", async () => {
    const foreign = { metadata: shop("cart"), spec: { action: "DENY" } };
    cluster.api.put(POLICIES, foreign);
    cluster.api.put(TARGETS, target("cart"));
    await cluster.start();

    expect(cluster.api.get(POLICIES, "shop", "cart")!["spec"]).toEqual({ action: "DENY" });
    expect(cluster.conditions(TARGETS, "cart")).toEqual(["Accepted=True Accepted", "Programmed=False SMI-CONFLICT"]);
    cluster.api.remove(TARGETS, "shop", "cart");
    await cluster.rest();
    expect(cluster.names(POLICIES)).toEqual(["cart"]);
  });

  test("reports fields of others and refusals, and tries again what may pass by itself", async () => {
    let attempts = 0;
    const answers = [
      new ApiError(409, "Conflict", 'conflict with "kubectl-edit": .spec.rules'),
      new ApiError(422, "Invalid", "spec.rules: too many"),
    ];
    cluster.api.refuse = (method, path) =>
      method === "PATCH" && path.includes("/authorizationpolicies/") ? answers[attempts++] : undefined;
    cluster.api.put(TARGETS, target("cart"));
    await cluster.start();
    expect(cluster.conditions(TARGETS, "cart")).toEqual(["Accepted=True Accepted", "Programmed=False SMI-CONFLICT"]);

    cluster.api.put(GROUPS, group("cart", "/basket"));
    await cluster.rest();
    expect(cluster.conditions(TARGETS, "cart")).toEqual(["Accepted=True Accepted", "Programmed=False SMI-REJECTED"]);
    expect(
      cluster.api
        .list(EVENTS)
        .map(({ reason }) => reason)
        .sort(),
    ).toEqual(["SMI-CONFLICT", "SMI-REJECTED"]);

    cluster.api.put(GROUPS, group("cart", "/cart"));
    await cluster.rest();
    expect(cluster.names(POLICIES)).toEqual(["cart"]);
    expect(cluster.metrics.text()).toContain('smi_adapter_applies_total{result="conflict"} 1');
  });

  test("lists again what the API server has forgotten, with the deletions that nobody told of", async () => {
    cluster.api.put(TARGETS, target("cart"));
    await cluster.start();

    cluster.api.endWatches(new ApiError(410, "Expired", "too old resource version"));
    cluster.api.remove(TARGETS, "shop", "cart");
    await cluster.rest();
    expect(cluster.names(POLICIES)).toEqual([]);
  });

  test("closes a port of Linkerd last, and opens it first", async () => {
    cluster = new Cluster("linkerd");
    cluster.api.put(TARGETS, target("cart"));
    await cluster.start();
    const kinds = (method: string) => {
      const paths = cluster.api.requests.filter((line) => line.startsWith(method) && !line.includes("smi-spec.io"));
      return [...new Set(paths.map((path) => path.split("/").at(-2)))];
    };

    expect(kinds("PATCH")).toEqual(["meshtlsauthentications", "authorizationpolicies", "httproutes", "servers"]);
    cluster.api.remove(TARGETS, "shop", "cart");
    await cluster.rest();
    expect(kinds("DELETE")).toEqual(["servers", "httproutes", "authorizationpolicies", "meshtlsauthentications"]);
  });
});
