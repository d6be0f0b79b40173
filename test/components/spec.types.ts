/**
 * Wrong references in a spec, each under a directive that the type checker refuses when there is nothing wrong. Held by
 * `npm run typecheck`, and by `spec.test.ts` in `npm test`.
 */
import {
  aks,
  allow,
  bucket,
  canary,
  consul,
  eks,
  environment,
  istio,
  linkerd,
  mirrored,
  steps,
} from "../../components/spec";

const clusters = {
  east: eks({ region: "us-east-1", kubernetesVersion: "1.34", cidr: "10.16.0.0/14", nodes: {} }),
  north: aks({ location: "northeurope", kubernetesVersion: "1.34", cidr: "10.20.0.0/14", nodes: {} }),
};
const image = { image: "shop/web:1" };
const base = { namespace: "shop", image: "shop/web:1", port: 8080 };

export const right = environment({
  clusters,
  mesh: linkerd(),
  buckets: { orders: mirrored({ primary: "east", replica: "north", rpo: "15 minutes" }) },
  workloads: {
    web: { ...base, on: ["east", "north"] },
    checkout: { ...base, on: ["east"], versions: { v1: { image: "a:1" }, v2: { image: "a:2" } } },
  },
  access: [allow("web").to("checkout", { methods: ["GET"] }), allow("checkout").to(bucket("orders"), "read-write")],
  splits: { checkout: { "checkout-v1": 90, "checkout-v2": 10 } },
});

export const unknownClusterOfAWorkload = environment({
  clusters,
  mesh: linkerd(),
  // @ts-expect-error "eest" is not a cluster
  workloads: { web: { ...base, on: ["eest"] } },
});

export const unknownClusterOfABucket = environment({
  clusters,
  mesh: linkerd(),
  // @ts-expect-error "south" is not a cluster
  buckets: { orders: mirrored({ primary: "east", replica: "south", rpo: "15 minutes" }) },
});

export const unknownCaller = environment({
  clusters,
  mesh: linkerd(),
  workloads: { web: { ...base, on: ["east"] } },
  // @ts-expect-error "wbe" is not a workload
  access: [allow("wbe").to("web")],
});

export const unknownBucket = environment({
  clusters,
  mesh: linkerd(),
  buckets: { orders: mirrored({ primary: "east", replica: "north", rpo: "15 minutes" }) },
  workloads: { web: { ...base, on: ["east"] } },
  // @ts-expect-error "order" is not a bucket
  access: [allow("web").to(bucket("order"), "read")],
});

export const unknownVersionInASplit = environment({
  clusters,
  mesh: linkerd(),
  workloads: { checkout: { ...base, on: ["east"], versions: { v1: { image: "a:1" }, v2: { image: "a:2" } } } },
  // @ts-expect-error "checkout-v3" is not a version of checkout
  splits: { checkout: { "checkout-v1": 90, "checkout-v3": 10 } },
});

export const rollouts = environment({
  clusters,
  mesh: istio({ mode: "ambient" }),
  workloads: { web: { ...base, on: ["east"], versions: { v1: image, v2: image } }, cart: { ...base, on: ["east"] } },
  rollouts: {
    web: steps({ from: "web-v1", to: "web-v2", shares: [10, 100], step: 1 }),
    cart: canary({ by: "flagger", prometheus: "http://prometheus:9090" }),
  },
});

export const stepToAnUnknownVersion = environment({
  clusters,
  mesh: consul(),
  workloads: { web: { ...base, on: ["east"], versions: { v1: image } } },
  // @ts-expect-error "web-v2" is not a version of web
  rollouts: { web: steps({ from: "web-v1", to: "web-v2", shares: [100], step: 0 }) },
});

// @ts-expect-error Istio runs in one mode or the other
export const modeless = istio({});

export const wrongMethod = environment({
  clusters,
  mesh: linkerd(),
  workloads: { web: { ...base, on: ["east"] } },
  // @ts-expect-error "FETCH" is not an HTTP method
  access: [allow("web").to("web", { methods: ["FETCH"] })],
});

export const wrongKey = environment({
  clusters,
  mesh: linkerd(),
  // @ts-expect-error the key is "workloads"
  workload: {},
});

// @ts-expect-error the key is "kubernetesVersion"
export const wrongClusterKey = eks({ region: "us-east-1", version: "1.34", cidr: "10.16.0.0/14", nodes: {} });

export const waiverOfAnUnknownCluster = environment({
  clusters,
  mesh: linkerd(),
  // @ts-expect-error "clusters.south" is not a cluster
  waivers: [{ resource: "clusters.south", until: "2026-12-31", reason: "PLAT-412" }],
});

const eksBase = { region: "us-east-1", kubernetesVersion: "1.34", cidr: "10.16.0.0/14" };

// @ts-expect-error Auto Mode makes the nodes: no pools of one's own
export const poolsBesideAutoMode = eks({ ...eksBase, nodes: {}, compute: { kind: "auto" } });

// @ts-expect-error Karpenter runs on a pool of nodes
export const karpenterOnNothing = eks({ ...eksBase, compute: { kind: "karpenter", nodePools: {} } });

// @ts-expect-error profiles are Fargate's, and pools Karpenter's
export const profilesOfKarpenter = eks({ ...eksBase, nodes: {}, compute: { kind: "karpenter", profiles: {} } });

// @ts-expect-error the policy is AmazonEKSViewPolicy
export const unknownPolicy = eks({ ...eksBase, nodes: {}, access: { ada: { principal: "", policies: { View: [] } } } });
