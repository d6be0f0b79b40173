import {
  type Facts,
  type KubernetesObject,
  readSmi,
  type ServicePort,
  type SmiDocument,
  split,
  translateIstio,
} from "../../smi";

const HTTP: ServicePort = { port: 80, appProtocol: "http" };
const service = (name: string, ports: ServicePort[] = [HTTP], over: object = {}): Facts["services"][number] => ({
  namespace: "shop",
  name,
  selector: { app: name },
  ports,
  ...over,
});
const NAMES = ["checkout", "checkout-v1", "checkout-v2"];
const facts = (ports?: ServicePort[], over: object = {}): Facts => ({
  workloads: [],
  services: NAMES.map((name) => service(name, ports, name === "checkout" ? over : {})),
});
const canary = (backends: Record<string, number> = { "checkout-v1": 90, "checkout-v2": 10 }, over = {}): SmiDocument =>
  split({ namespace: "shop", service: "checkout", backends, ...over });
const matched = (matches: string): SmiDocument[] => [
  ...readSmi([
    {
      path: "shop.yaml",
      text: `apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {name: ab, namespace: shop}\nspec:\n  service: checkout\n  matches: [{kind: HTTPRouteGroup, name: ab}]\n  backends: [{service: checkout-v1, weight: 1}]\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: ab, namespace: shop}\nspec: {matches: ${matches}}\n`,
    },
  ]).documents,
];

const spec = (documents: readonly SmiDocument[], known: Facts = facts(), options = {}): KubernetesObject["spec"] => {
  const { objects } = translateIstio(documents, known, options);
  expect(objects).toHaveLength(1);
  return objects[0]!.spec;
};
const codes = (documents: readonly SmiDocument[], known: Facts = facts()): string[] =>
  translateIstio(documents, known).problems.map(({ code }) => code);
const destination = (name: string, port: number): object => ({
  host: `${name}.shop.svc.cluster.local`,
  port: { number: port },
});

test("a canary is one VirtualService on the root, with a port for each destination", () => {
  expect(translateIstio([canary()], facts())).toEqual({
    objects: [
      {
        apiVersion: "networking.istio.io/v1",
        kind: "VirtualService",
        metadata: { name: "checkout", namespace: "shop" },
        spec: {
          hosts: ["checkout.shop.svc.cluster.local"],
          gateways: ["mesh"],
          http: [
            {
              name: "smi-checkout",
              route: [
                { destination: destination("checkout-v1", 80), weight: 90 },
                { destination: destination("checkout-v2", 80), weight: 10 },
              ],
            },
          ],
        },
      },
    ],
    problems: [],
  });
});

test("hosts end in the cluster's own domain", () => {
  expect(spec([canary()], facts(), { clusterDomain: "east.example" })["hosts"]).toEqual([
    "checkout.shop.svc.east.example",
  ]);
});

test("each port of the root has its own routes, and connections that are no HTTP are shared too", () => {
  const ports: ServicePort[] = [
    { port: 9000, name: "tcp-admin" },
    { port: 80, name: "http" },
    { port: 81, appProtocol: "kubernetes.io/h2c" },
  ];
  const { http, tcp } = spec([canary({ "checkout-v1": 1 })], facts(ports));
  const route = (port: number): object[] => [{ destination: destination("checkout-v1", port), weight: 1 }];
  expect(http).toEqual([
    { name: "smi-checkout-80", match: [{ port: 80 }], route: route(80) },
    { name: "smi-checkout-81", match: [{ port: 81 }], route: route(81) },
  ]);
  expect(tcp).toEqual([{ match: [{ port: 9000 }], route: route(9000) }]);
});

test("requests that match are split, all others go to the root", () => {
  const matches =
    '[{name: beta, pathRegex: /beta, methods: [GET, HEAD]}, {name: all, pathRegex: "/v[0-9]+/", headers: {x-user: "7", x-id: a|ab}}, {name: host, methods: [PUT], headers: {Host: shop.*}}]';
  expect(spec(matched(matches))["http"]).toEqual([
    {
      name: "smi-ab",
      match: [
        { name: "beta", uri: { prefix: "/beta" }, method: { regex: "GET|HEAD" } },
        {
          name: "all",
          uri: { regex: "(?:/v[0-9]+/).*" },
          headers: { "x-id": { regex: "a|ab" }, "x-user": { exact: "7" } },
        },
        { name: "host", method: { exact: "PUT" }, authority: { regex: "shop.*" } },
      ],
      route: [{ destination: destination("checkout-v1", 80), weight: 1 }],
    },
    { name: "smi-ab-root", route: [{ destination: destination("checkout", 80) }] },
  ]);
});

test("a group without a match splits nothing", () => {
  const source = { file: "spec" };
  const group: SmiDocument = { kind: "HTTPRouteGroup", namespace: "shop", name: "ab", source, matches: [] };
  const [ab] = matched("[{name: m, pathRegex: /a}]");
  expect(spec([ab!, group])["http"]).toEqual([
    { name: "smi-ab-root", route: [{ destination: destination("checkout", 80) }] },
  ]);
});

test("read in full, a path without operators is exact and others stay as they are", () => {
  const uris = (
    spec(matched("[{name: a, pathRegex: /a}, {name: b, pathRegex: /b|/c}]"), facts(), { anchor: "full" })["http"] as {
      match?: { uri: unknown }[];
    }[]
  )[0]!.match!.map(({ uri }) => uri);
  expect(uris).toEqual([{ exact: "/a" }, { regex: "/b|/c" }]);
});

test("a backend that is listed twice gets both of its weights", () => {
  const twice = canary({ "checkout-v1": 90, "checkout-v2": 10 }) as Extract<SmiDocument, { kind: "TrafficSplit" }>;
  const documents = [{ ...twice, backends: [...twice.backends, { service: "checkout-v2", weight: 20 }] }];
  expect(codes(documents)).toEqual(["SMI-BACKEND-DUPLICATE"]);
  expect((spec(documents)["http"] as { route: { weight: number }[] }[])[0]!.route.map(({ weight }) => weight)).toEqual([
    90, 30,
  ]);
});

test("weights are kept as they are up to what Istio can add up, and no share disappears above", () => {
  const weights = (backends: Record<string, number>): number[] =>
    (spec([canary(backends)])["http"] as { route: { weight: number }[] }[])[0]!.route.map(({ weight }) => weight);
  expect(weights({ "checkout-v1": 2_000_000_000, "checkout-v2": 7 })).toEqual([2_000_000_000, 7]);
  expect(weights({ "checkout-v1": 2 ** 40, "checkout-v2": 2 ** 39 })).toEqual([2, 1]);
  const [none, most, least] = weights({ checkout: 0, "checkout-v1": 2 ** 50 + 1, "checkout-v2": 1 });
  expect([none, least]).toEqual([0, 1]);
  expect(most).toBeLessThan(2 ** 31);
});

test.each<[string, SmiDocument[], Facts, string[]]>([
  [
    "a single backend of weight 0, which Istio would send everything",
    [canary({ "checkout-v1": 0 })],
    facts(),
    ["SMI-WEIGHT"],
  ],
  ["all weights zero", [canary({ "checkout-v1": 0, "checkout-v2": 0 })], facts(), ["SMI-WEIGHT"]],
  ["a negative weight", [canary({ "checkout-v1": -1, "checkout-v2": 2 })], facts(), ["SMI-WEIGHT"]],
  ["no backends", [canary({})], facts(), ["SMI-EMPTY"]],
  ["an unknown root", [canary({ "checkout-v1": 1 }, { service: "checkuot" })], facts(), ["SMI-SERVICE"]],
  ["an unknown leaf", [canary({ "checkout-v3": 1 })], facts(), ["SMI-LEAF-MISSING"]],
  ["the root as a leaf", [canary({ checkout: 1, "checkout-v2": 1 })], facts(), ["SMI-SPLIT-SELF"]],
  [
    "two splits of one root, whose VirtualServices would merge in no order",
    [canary(), canary({ "checkout-v2": 1 }, { name: "second" })],
    facts(),
    ["SMI-SPLIT-CONFLICT", "SMI-SPLIT-CONFLICT"],
  ],
  [
    "a split inside a split",
    [canary(), canary({ "checkout-v2": 1 }, { service: "checkout-v1" })],
    facts(),
    ["SMI-SPLIT-NESTED"],
  ],
  [
    "a leaf without the root's port",
    [canary({ "checkout-v1": 1 })],
    { workloads: [], services: [service("checkout"), service("checkout-v1", [{ port: 81, name: "http" }])] },
    ["SMI-LEAF-PORT"],
  ],
  [
    "a leaf that speaks something else on the root's port",
    [canary({ "checkout-v1": 1 })],
    { workloads: [], services: [service("checkout"), service("checkout-v1", [{ port: 80, name: "tcp-web" }])] },
    ["SMI-LEAF-PORT"],
  ],
  ["a headless root", [canary()], facts([HTTP], { headless: true }), ["SMI-HEADLESS-BALANCE"]],
  ["a headless root of TCP", [canary()], facts([{ port: 3306 }], { headless: true }), ["SMI-HEADLESS"]],
  ["another name of an external host", [canary()], facts([HTTP], { externalName: true }), ["SMI-HEADLESS"]],
  ["a port whose protocol is guessed", [canary()], facts([{ port: 8000 }]), ["SMI-PORT-PROTOCOL"]],
  [
    "a port of TLS beside one of HTTP",
    [canary()],
    facts([HTTP, { port: 443, name: "https" }]),
    ["SMI-SPLIT-PORT-SKIPPED"],
  ],
  ["a port of TLS alone", [canary()], facts([{ port: 443, name: "tls-web" }]), ["SMI-SPLIT-PROTOCOL"]],
  [
    "matches on a port of TCP",
    matched("[{name: m, pathRegex: /a}]"),
    facts([{ port: 6379, name: "redis" }]),
    ["SMI-SPLIT-PROTOCOL"],
  ],
  ["one header twice", matched("[{name: m, headers: [{x: a}, {x: b}]}]"), facts(), ["SMI-HDR-DUP"]],
  ["a pseudo-header", matched("[{name: m, headers: {':path': /a}}]"), facts(), ["SMI-RE-HDR"]],
  [
    "an expression that is too long",
    matched(`[{name: m, pathRegex: "/[${"a".repeat(1020)}]"}]`),
    facts(),
    ["SMI-LIMIT"],
  ],
])("%s", (_, documents, known, expected) => {
  expect(codes(documents, known)).toEqual(expected);
});
