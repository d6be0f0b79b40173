import * as fc from "fast-check";
import type { Facts, HTTPRouteGroup, HttpMatch, SmiDocument, Subject, TCPRoute, TrafficTarget } from "../../smi";

export const NAMESPACE = "shop";
export const source = { file: "generated.yaml", document: 1, line: 1 };

const workload = (serviceAccount: string, labels: Record<string, string>, ports: number[]): Facts["workloads"][0] => ({
  namespace: NAMESPACE,
  serviceAccount,
  labels,
  ports: ports.map((port) => ({ port })),
  probes: [],
});
export const FACTS: Facts = {
  workloads: [
    workload("api", { app: "api" }, [8080, 9090]),
    workload("db", { app: "db" }, [8080, 9090]),
    workload("many", { app: "many", v: "1" }, [8080, 9090]),
    workload("many", { app: "many", v: "2" }, [8080, 9090]),
    workload("idle", { app: "idle" }, [8080]),
  ],
  services: ["api", "api-v1", "api-v2"].map((name) => ({
    namespace: NAMESPACE,
    name,
    selector: { app: name },
    ports: [
      { port: 80, appProtocol: "http" },
      { port: 81, name: "grpc-api" },
    ],
  })),
};

/** Most of them can be said in Istio; the last ones cannot, or not exactly. */
const PATTERNS = [
  ...[
    "/api",
    "/api/v1",
    "/",
    ".*",
    "/a|/ab",
    "/a(b|bc)",
    "/(x|xy)/",
    "^/v[12]/.*$",
    "/api$",
    "/(?i)API",
    "/b?b",
    "nope",
  ],
  ...["/a{2,3}", "/orders/[0-9]", "", "/orders/[^/]+$", "/orders/[^/]+/items/", "/orders(?:/[^/]+)?$", "/orders/?$"],
  ...["^/a\\*b", "/x/.*", ".*/health$", "/orders/[^/]+", "/.*\\.html$", "/x/.*/y$"],
];
const UNSAYABLE = ["/x.*y", "/orders/[0-9]+$", "/[^a-m]", "/.", "/a\\b"];
const VALUES = ["canary", "can.*", ".*", "a|ab", "(?:b|bc)", ".*ry", "a.*|.*b"];
const HOSTS = ["(?i)shop\\.example", "(?i).*\\.example", ".*"];
const PATHS = [
  ...[
    "/",
    "/api",
    "/apix",
    "/api/v1",
    "/api/v1/x",
    "/API/v1",
    "/aPi",
    "/a",
    "/ab",
    "/abc",
    "/abcd",
    "/x/",
    "/xy/",
    "/xy",
  ],
  ...[
    "/x/y",
    "/x//y",
    "/x/y/y",
    "/x/y.html",
    "/.html",
    "/v1/",
    "/v3/",
    "/health",
    "/x/health",
    "/healthz",
    "/bb",
    "/b",
  ],
  ...[
    "/orders",
    "/orders/",
    "/orders/12",
    "/orders/1/",
    "/orders/a*b",
    "/orders/1/items",
    "/orders/1/items/",
    "/aa",
    "/a*b",
  ],
  ...["/orders/*/items/7", "/aaaa", "/zzz"],
];
const HEADER_VALUES = ["canary", "can", "a", "ab", "abc", "b", "bc", "12", "", "ry", "*"];
const METHODS = ["GET", "POST", "PUT"];

/** Small random expressions over few letters. */
export const expression = fc
  .letrec<{ node: string; leaf: string }>((tie) => ({
    leaf: fc.constantFrom("a", "b", "[ab]", "/", "[^/]+", ".*", "$"),
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      tie("leaf"),
      fc.tuple(tie("node"), tie("node")).map(([left, right]) => left + right),
      fc.tuple(tie("node"), tie("node")).map(([left, right]) => `(?:${left}|${right})`),
      fc.tuple(tie("node"), fc.constantFrom("?", "{2}", "*")).map(([item, count]) => `(?:${item})${count}`),
    ),
  }))
  .node.map((text) => `/${text}`);

export const subject = (name: string): Subject => ({ namespace: NAMESPACE, serviceAccount: name });

const match = fc.record(
  {
    pathRegex: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...PATTERNS) },
      { weight: 1, arbitrary: fc.constantFrom(...UNSAYABLE) },
      { weight: 1, arbitrary: expression },
    ),
    anchor: fc.constantFrom("start" as const, "full" as const),
    methods: fc.subarray(METHODS, { minLength: 1 }),
    headers: fc
      .array(
        fc.oneof(
          fc.record({ name: fc.constantFrom("x-a", "x-b"), regex: fc.constantFrom(...VALUES) }),
          fc.record({ name: fc.constant("host"), regex: fc.constantFrom(...HOSTS) }),
        ),
        { maxLength: 2 },
      )
      .filter((headers) => headers.filter(({ name }) => name === "host").length < 2),
  },
  { requiredKeys: [] },
);

export const group = (name: string): fc.Arbitrary<HTTPRouteGroup> =>
  fc.array(match, { minLength: 1, maxLength: 2 }).map((matches) => ({
    kind: "HTTPRouteGroup",
    namespace: NAMESPACE,
    name,
    source,
    matches: matches.map((each, i): HttpMatch => ({ ...each, headers: each.headers ?? [], name: `m${i}` })),
  }));

const tcp = (name: string): fc.Arbitrary<TCPRoute> =>
  fc.subarray([8080, 9090]).map((ports) => ({ kind: "TCPRoute", namespace: NAMESPACE, name, source, ports }));

const target = (name: string): fc.Arbitrary<TrafficTarget> =>
  fc
    .record({
      destination: fc.constantFrom("api", "api", "db", "many"),
      port: fc.option(fc.constantFrom(8080, 9090), { freq: 5 }),
      sources: fc.subarray(["s1", "s2", "s3"], { minLength: 1 }),
      rules: fc.subarray(["HTTPRouteGroup g1", "HTTPRouteGroup g2", "TCPRoute t1", "TCPRoute t2"], { minLength: 1 }),
      only: fc.option(fc.constant("m0")),
    })
    .map(({ destination, port, sources, rules, only }) => ({
      kind: "TrafficTarget",
      namespace: NAMESPACE,
      name,
      source,
      destination: { ...subject(destination), ...(port === null ? {} : { port }) },
      sources: sources.map(subject),
      rules: rules.map((rule) => {
        const [kind, route] = rule.split(" ") as ["HTTPRouteGroup" | "TCPRoute", string];
        return { kind, name: route, ...(only && kind === "HTTPRouteGroup" ? { matches: [{ name: only }] } : {}) };
      }),
    }));

export const documents: fc.Arbitrary<SmiDocument[]> = fc
  .tuple(group("g1"), group("g2"), tcp("t1"), tcp("t2"), target("one"), fc.option(target("two")))
  .map((all) => all.filter((document) => document !== null));

export const path = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PATHS) },
  fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), maxLength: 6 }).map((text) => `/${text}`),
);
export const request = fc.record({
  source: fc.constantFrom("s1", "s2", "s3"),
  method: fc.constantFrom(...METHODS, "DELETE"),
  path,
  headers: fc
    .tuple(
      fc.dictionary(fc.constantFrom("x-a", "x-b"), fc.constantFrom(...HEADER_VALUES), { noNullPrototype: true }),
      fc.option(fc.constantFrom("shop.example", "SHOP.example", "a.example", "example")),
    )
    .map(([headers, host]) => (host === null ? headers : { ...headers, host })),
});
