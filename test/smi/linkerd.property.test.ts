import * as fc from "fast-check";
import {
  allowed,
  type Facts,
  hasErrors,
  type HTTPRouteGroup,
  shares,
  type SmiDocument,
  type Subject,
  type TCPRoute,
  type TrafficTarget,
  translateLinkerd,
} from "../../smi";
import { linkerdAllows, linkerdShares } from "../../smi/linkerd";

const NAMESPACE = "shop";
const source = { file: "generated.yaml", document: 1, line: 1 };

const FACTS: Facts = {
  workloads: [
    {
      namespace: NAMESPACE,
      serviceAccount: "api",
      labels: { app: "api" },
      ports: [{ port: 8080 }, { port: 9090 }],
      probes: [{ port: 8080, path: "/healthz" }],
    },
    {
      namespace: NAMESPACE,
      serviceAccount: "db",
      labels: { app: "db" },
      ports: [{ port: 8080 }, { port: 9090 }],
      probes: [],
    },
    {
      namespace: NAMESPACE,
      serviceAccount: "many",
      name: "one",
      labels: { app: "many", v: "1" },
      ports: [{ port: 8080 }],
      probes: [{ port: 8080, path: "/" }],
    },
    {
      namespace: NAMESPACE,
      serviceAccount: "many",
      name: "two",
      labels: { app: "many", v: "2" },
      ports: [{ port: 8080 }, { port: 9090 }],
      probes: [],
    },
  ],
  services: ["api", "api-v1", "api-v2"].map((name) => ({
    namespace: NAMESPACE,
    name,
    selector: { app: name },
    ports: [{ port: 80 }],
  })),
};

const PATTERNS = [
  "/api",
  "/api/v1",
  "/",
  ".*",
  "/a|/ab",
  "/a(b|bc)",
  "/(x|xy)/",
  "/x.*y",
  "/.*\\.html",
  "^/v[12]/.*$",
  "/healthz",
  "/h[a-z]*",
  "/api$",
  "/(?i)API",
  "/b?b",
  "/orders/[0-9]+",
  "nope",
  "/a{2,3}",
  "/[^a-m]",
  "/.",
  "",
];
const VALUES = ["canary", "can.*", ".*", "a|ab", "(?:b|bc)", "[0-9]+"];
const PATHS = [
  "/",
  "/api",
  "/apix",
  "/api/v1",
  "/api/v1/x",
  "/API/v1",
  "/a",
  "/ab",
  "/abc",
  "/abcd",
  "/x/",
  "/xy/",
  "/xy",
  "/x-y",
  "/x/y.html",
  "/v1/",
  "/v3/",
  "/healthz",
  "/healthzz",
  "/hello",
  "/bb",
  "/b",
  "/orders/12",
  "/orders/x",
  "/aa",
  "/aaaa",
  "/zzz",
  "/.html",
];
const HEADER_VALUES = ["canary", "can", "a", "ab", "abc", "b", "bc", "12", ""];
const METHODS = ["GET", "POST", "PUT"];

const subject = (name: string): Subject => ({ namespace: NAMESPACE, serviceAccount: name });
const pattern = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PATTERNS) },
  { weight: 1, arbitrary: expressions() },
);

/** Small random expressions over few letters, so that they overlap often. */
function expressions(): fc.Arbitrary<string> {
  const { node } = fc.letrec<{ node: string; leaf: string }>((tie) => ({
    leaf: fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "/"),
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      tie("leaf"),
      fc.tuple(tie("node"), tie("node")).map(([left, right]) => left + right),
      fc.tuple(tie("node"), tie("node")).map(([left, right]) => `(?:${left}|${right})`),
      fc.tuple(tie("node"), fc.constantFrom("*", "+", "?", "{2}", "*?")).map(([item, count]) => `(?:${item})${count}`),
    ),
  }));
  return node.map((text) => `/${text}`);
}

const group = (name: string): fc.Arbitrary<HTTPRouteGroup> =>
  fc
    .array(
      fc.record(
        {
          pathRegex: pattern,
          anchor: fc.constantFrom("start" as const, "full" as const),
          methods: fc.subarray(METHODS, { minLength: 1 }),
          headers: fc
            .dictionary(fc.constantFrom("x-a", "x-b"), fc.constantFrom(...VALUES), {
              maxKeys: 2,
              noNullPrototype: true,
            })
            .map((headers) => Object.entries(headers).map(([key, regex]) => ({ name: key, regex }))),
        },
        { requiredKeys: [] },
      ),
      { minLength: 1, maxLength: 2 },
    )
    .map((matches) => ({
      kind: "HTTPRouteGroup",
      namespace: NAMESPACE,
      name,
      source,
      matches: matches.map((match, i) => ({ ...match, headers: match.headers ?? [], name: `m${i}` })),
    }));

const tcp = (name: string): fc.Arbitrary<TCPRoute> =>
  fc.subarray([8080, 9090]).map((ports) => ({ kind: "TCPRoute", namespace: NAMESPACE, name, source, ports }));

const target = (name: string): fc.Arbitrary<TrafficTarget> =>
  fc
    .record({
      destination: fc.constantFrom("api", "api", "db", "many"),
      sources: fc.subarray(["s1", "s2", "s3"], { minLength: 1 }),
      rules: fc.subarray(["HTTPRouteGroup g1", "HTTPRouteGroup g2", "TCPRoute t1", "TCPRoute t2"], { minLength: 1 }),
      only: fc.option(fc.constant("m0")),
    })
    .map(({ destination, sources, rules, only }) => ({
      kind: "TrafficTarget",
      namespace: NAMESPACE,
      name,
      source,
      destination: subject(destination),
      sources: sources.map(subject),
      rules: rules.map((rule) => {
        const [kind, route] = rule.split(" ") as ["HTTPRouteGroup" | "TCPRoute", string];
        return { kind, name: route, ...(only && kind === "HTTPRouteGroup" ? { matches: [{ name: only }] } : {}) };
      }),
    }));

const documents: fc.Arbitrary<SmiDocument[]> = fc
  .tuple(
    group("g1"),
    group("g2"),
    tcp("t1"),
    tcp("t2"),
    target("one"),
    fc.option(target("two")),
    fc.option(target("three")),
  )
  .map((all) => all.filter((document) => document !== null));

const request = fc.record({
  source: fc.constantFrom("s1", "s2", "s3"),
  method: fc.constantFrom(...METHODS, "DELETE"),
  path: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...PATHS) },
    fc.string({ unit: fc.constantFrom("a", "b", "/", "c"), maxLength: 6 }).map((text) => `/${text}`),
  ),
  headers: fc.dictionary(fc.constantFrom("x-a", "x-b"), fc.constantFrom(...HEADER_VALUES), {
    maxKeys: 2,
    noNullPrototype: true,
  }),
});

test("no request is allowed or denied by Linkerd that SMI decides otherwise, unless an error says so", () => {
  let translated = 0;
  let refused = 0;
  let permitted = 0;
  fc.assert(
    fc.property(documents, fc.array(request, { minLength: 12, maxLength: 12 }), (rules, requests) => {
      const { objects, problems } = translateLinkerd(rules, FACTS);
      if (hasErrors(problems)) {
        refused += 1;
        return;
      }
      translated += 1;
      for (const workload of FACTS.workloads) {
        for (const { port } of workload.ports) {
          for (const each of requests) {
            const probe =
              each.method === "GET" && workload.probes.some((own) => own.port === port && own.path === each.path);
            const expected =
              probe || allowed(rules, { ...each, source: subject(each.source), destination: workload, port }).allowed;
            const actual = linkerdAllows(objects, workload, { ...each, source: subject(each.source), port });
            if (expected) permitted += 1;
            if (actual !== expected)
              throw new Error(
                `port ${port} of ${workload.serviceAccount}: SMI says ${expected}, Linkerd ${actual}, for ${JSON.stringify(each)}`,
              );
          }
        }
      }
    }),
    { numRuns: Number(process.env["SMI_RUNS"] ?? 800), seed: 7 },
  );
  // Otherwise the test would prove little: most inputs must be expressible, and some requests must pass.
  expect(translated).toBeGreaterThan(9 * refused);
  expect(permitted).toBeGreaterThan(5000);
});

test("Linkerd's shares of a split are SMI's", () => {
  const split = fc.record({
    group: group("g1"),
    matched: fc.boolean(),
    weights: fc.tuple(fc.nat(5_000_000), fc.nat(100)),
    call: request,
  });
  fc.assert(
    fc.property(split, ({ group: routes, matched, weights, call }) => {
      const backends = ["api-v1", "api-v2"].map((service, i) => ({ service, weight: weights[i]! }));
      const rules: SmiDocument[] = [
        routes,
        {
          kind: "TrafficSplit",
          namespace: NAMESPACE,
          name: "api",
          source,
          service: "api",
          backends,
          ...(matched ? { matches: [{ kind: "HTTPRouteGroup", name: "g1" }] } : {}),
        },
      ];
      const { objects, problems } = translateLinkerd(rules, FACTS);
      if (hasErrors(problems)) return weights[0] + weights[1] === 0;
      const expected = shares(rules, { ...call, namespace: NAMESPACE, service: "api" });
      const actual = linkerdShares(objects, { ...call, namespace: NAMESPACE, service: "api", port: 80 });
      expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
      for (const [service, share] of Object.entries(expected)) expect(actual[service]).toBeCloseTo(share, 5);
      return true;
    }),
    { numRuns: 500, seed: 7 },
  );
});
