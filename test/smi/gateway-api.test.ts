import * as fc from "fast-check";
import {
  accessRule,
  type Facts,
  formatProblem,
  hasErrors,
  type HTTPRouteGroup,
  shares,
  type SmiDocument,
  split,
  translateGatewayApi,
} from "../../smi";
import { gatewayShares, REGEX_RANKS } from "../../smi/gateway-api";

const NAMESPACE = "shop";
const source = { file: "shop.yaml", document: 1, line: 1 };
const service = (name: string, over: object = {}): Facts["services"][number] => ({
  namespace: NAMESPACE,
  name,
  selector: { app: name },
  ports: [{ port: 80 }],
  ...over,
});
const FACTS: Facts = {
  workloads: [],
  services: ["checkout", "checkout-v1", "checkout-v2"].map((name) => service(name)),
};
const canary = (backends: Record<string, number>): SmiDocument =>
  split({ namespace: NAMESPACE, service: "checkout", backends });
const group = (matches: HTTPRouteGroup["matches"]): SmiDocument => ({
  kind: "HTTPRouteGroup",
  namespace: NAMESPACE,
  name: "beta",
  source,
  matches,
});
const matchedBy = (document: SmiDocument): SmiDocument[] => [
  document,
  {
    ...(canary({ "checkout-v1": 3, "checkout-v2": 1 }) as Extract<SmiDocument, { kind: "TrafficSplit" }>),
    matches: [{ kind: "HTTPRouteGroup", name: "beta" }],
  },
];
const rules = (documents: readonly SmiDocument[]): unknown =>
  translateGatewayApi(documents, FACTS).objects[0]?.spec["rules"];
const codes = (documents: readonly SmiDocument[], facts = FACTS): string[] =>
  translateGatewayApi(documents, facts).problems.map(({ code }) => code);

test("a canary is one HTTPRoute on the root Service", () => {
  expect(translateGatewayApi([canary({ "checkout-v1": 90, "checkout-v2": 10 })], FACTS)).toEqual({
    objects: [
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata: { name: "checkout", namespace: NAMESPACE },
        spec: {
          parentRefs: [{ group: "", kind: "Service", name: "checkout", port: 80 }],
          rules: [
            {
              backendRefs: [
                { name: "checkout-v1", port: 80, weight: 90 },
                { name: "checkout-v2", port: 80, weight: 10 },
              ],
            },
          ],
        },
      },
    ],
    problems: [],
  });
});

const backendRefs = [
  { name: "checkout-v1", port: 80, weight: 3 },
  { name: "checkout-v2", port: 80, weight: 1 },
];
const root = { backendRefs: [{ name: "checkout", port: 80 }] };

test("without paths, the rule for the root ranks last by having no match", () => {
  const headers = [{ name: "x-beta", regex: "1" }];
  expect(rules(matchedBy(group([{ name: "beta", methods: ["GET", "PUT"], headers }])))).toEqual([
    {
      backendRefs,
      matches: [
        { headers: [{ type: "Exact", name: "x-beta", value: "1" }], method: "GET" },
        { headers: [{ type: "Exact", name: "x-beta", value: "1" }], method: "PUT" },
      ],
    },
    root,
  ]);
});

test("with a path, all matches have one, so that no mesh ranks the root above the split", () => {
  const any = { type: "RegularExpression", value: ".*" };
  const matches = [
    { name: "beta", pathRegex: "/beta", headers: [] },
    { name: "get", methods: ["GET"], headers: [] },
  ];
  expect(rules(matchedBy(group(matches)))).toEqual([
    {
      backendRefs,
      matches: [{ path: { type: "RegularExpression", value: "^(?:/beta).*$" } }, { path: any, method: "GET" }],
    },
    { ...root, matches: [{ path: any }] },
  ]);
});

test("weights that are too large are scaled, and a zero stays a zero", () => {
  const facts = { ...FACTS, services: ["checkout", "a", "b", "c"].map((name) => service(name)) };
  const { objects, problems } = translateGatewayApi([canary({ a: 3_000_001, b: 2_000_000, c: 0 })], facts);

  expect(problems.map(({ code }) => code)).toEqual(["SMI-WEIGHT-ROUNDED"]);
  expect(objects[0]!.spec["rules"]).toEqual([
    {
      backendRefs: [
        { name: "a", port: 80, weight: 1_000_000 },
        { name: "b", port: 80, weight: 666_666 },
        { name: "c", port: 80, weight: 0 },
      ],
    },
  ]);
});

test("the weights of a backend that is listed twice are added", () => {
  const twice: SmiDocument = {
    ...(canary({ "checkout-v1": 1 }) as Extract<SmiDocument, { kind: "TrafficSplit" }>),
    backends: [1, 2].map((weight) => ({ service: "checkout-v1", weight })),
  };

  expect(rules([twice])).toEqual([{ backendRefs: [{ name: "checkout-v1", port: 80, weight: 3 }] }]);
});

test("access rules are refused, since the Gateway API has no authorization", () => {
  const sa = (serviceAccount: string): { namespace: string; serviceAccount: string } => ({
    namespace: NAMESPACE,
    serviceAccount,
  });
  const access = accessRule({ name: "cart", from: [sa("web")], to: sa("checkout"), path: "access[0]" });
  const { objects, problems } = translateGatewayApi([...access, canary({ "checkout-v1": 1 })], FACTS);
  expect(objects).toEqual([]);
  expect(problems.map(formatProblem)).toEqual([
    "error SMI-ACCESS-UNSUPPORTED access[0] TrafficTarget shop/cart: found an access rule; the Gateway API has no authorization (GEP-3779 has no objects yet). Translate access rules for the mesh itself.",
  ]);
});

test.each<[string, SmiDocument[], Facts, string[]]>([
  ["all weights zero", [canary({ "checkout-v1": 0, "checkout-v2": 0 })], FACTS, ["SMI-WEIGHT"]],
  ["a single zero", [canary({ "checkout-v1": 0 })], FACTS, ["SMI-WEIGHT"]],
  ["an unknown leaf", [canary({ "checkout-v3": 1 })], FACTS, ["SMI-LEAF-MISSING"]],
  [
    "more backends than a rule has",
    [canary(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`v${i}`, 1])))],
    {
      workloads: [],
      services: ["checkout", ...Array.from({ length: 17 }, (_, i) => `v${i}`)].map((name) => service(name)),
    },
    ["SMI-LIMIT"],
  ],
  [
    "more matches than a rule has",
    matchedBy(group(Array.from({ length: 65 }, (_, i) => ({ name: `m${i}`, pathRegex: `/${i}`, headers: [] })))),
    FACTS,
    ["SMI-LIMIT"],
  ],
  [
    "a method that the API does not list",
    matchedBy(group([{ name: "m", methods: ["LINK"], headers: [] }])),
    FACTS,
    ["SMI-METHOD"],
  ],
  [
    "a header twice",
    matchedBy(group([{ name: "m", headers: ["a", "b"].map((regex) => ({ name: "x", regex })) }])),
    FACTS,
    ["SMI-HDR-DUP"],
  ],
  ["the host", matchedBy(group([{ name: "m", headers: [{ name: "host", regex: "a" }] }])), FACTS, ["SMI-HOST"]],
  [
    "a headless root",
    [canary({ "checkout-v1": 1 })],
    { ...FACTS, services: FACTS.services.map((own) => ({ ...own, headless: true })) },
    ["SMI-HEADLESS"],
  ],
  [
    "a root of TCP",
    [canary({ "checkout-v1": 1 })],
    { ...FACTS, services: FACTS.services.map((own) => ({ ...own, ports: [{ port: 80, appProtocol: "tcp" }] })) },
    ["SMI-SPLIT-PROTOCOL"],
  ],
])("%s", (_, documents, facts, expected) => {
  expect(codes(documents, facts)).toEqual(expected);
});

test("the shares are SMI's, wherever a mesh ranks expressions", () => {
  const match = fc.record(
    {
      pathRegex: fc.constantFrom(
        "/",
        ".*",
        "/a",
        "/a$",
        "/a|/ab",
        "/a(b|bc)",
        "/x.*y",
        "^/v[12]/.*$",
        "/.",
        "nope",
        "",
      ),
      anchor: fc.constantFrom("start" as const, "full" as const),
      methods: fc.subarray(["GET", "POST", "PUT"], { minLength: 1 }),
      headers: fc.subarray([
        { name: "x-a", regex: "a|ab" },
        { name: "x-b", regex: ".*b" },
      ]),
    },
    { requiredKeys: [] },
  );
  const run = fc.record({
    matches: fc.option(fc.array(match, { maxLength: 3 })),
    weights: fc.tuple(fc.oneof(fc.nat(100), fc.nat(5_000_000)), fc.nat(100)),
    call: fc.record({
      method: fc.constantFrom("GET", "POST", "DELETE"),
      path: fc.constantFrom("/", "/a", "/ab", "/abc", "/abcd", "/x-y", "/v1/", "/v3/", "/a/b"),
      headers: fc.dictionary(fc.constantFrom("x-a", "x-b"), fc.constantFrom("a", "ab", "abc", "b"), {
        noNullPrototype: true,
      }),
    }),
  });
  const seen = { split: 0, root: 0 };
  fc.assert(
    fc.property(run, ({ matches, weights, call }) => {
      const named = (matches ?? []).map((each, i) => ({ ...each, headers: each.headers ?? [], name: `m${i}` }));
      const plain = canary({ "checkout-v1": weights[0], "checkout-v2": weights[1] });
      const documents = matches
        ? [group(named), { ...plain, matches: [{ kind: "HTTPRouteGroup", name: "beta" }] }]
        : [plain];
      const { objects, problems } = translateGatewayApi(documents as SmiDocument[], FACTS);
      if (hasErrors(problems)) return weights[0] + weights[1] === 0;
      const at = { ...call, namespace: NAMESPACE, service: "checkout" };
      const expected = shares(documents as SmiDocument[], at);
      seen[expected["checkout"] === 1 ? "root" : "split"] += 1;
      for (const rank of REGEX_RANKS) {
        const actual = gatewayShares(objects, { ...at, port: 80 }, rank);
        expect(Object.keys(actual).sort()).toEqual(
          Object.keys(expected)
            .map((name) => `${name}:80`)
            .sort(),
        );
        for (const [name, share] of Object.entries(expected)) expect(actual[`${name}:80`]).toBeCloseTo(share, 5);
      }
      return true;
    }),
    { numRuns: Number(process.env["SMI_RUNS"] ?? 800), seed: 13 },
  );
  expect(Math.min(seen.split, seen.root)).toBeGreaterThan(100);
});
