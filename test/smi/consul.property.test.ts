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
} from "../../smi";
import { consulAllows, consulDefaultDeny, consulRefusals, consulShares, translateConsul } from "../../smi/consul";
import { apportion, float32Sum } from "../../smi/consul/weights";

const NAMESPACE = "shop";
const RUNS = Number(process.env["SMI_RUNS"] ?? 800);
const source = { file: "generated.yaml", document: 1, line: 1 };

const workload = (serviceAccount: string, ports: number[], over: object = {}): Facts["workloads"][number] => ({
  namespace: NAMESPACE,
  serviceAccount,
  labels: { app: serviceAccount },
  ports: ports.map((port) => ({ port })),
  probes: [],
  ...over,
});
const service = (name: string, selector: Record<string, string>): Facts["services"][number] => ({
  namespace: NAMESPACE,
  name,
  selector,
  ports: [{ port: 80 }],
});
const ACCOUNTS = ["api", "db", "wide", "many", "s1", "s2", "s3"];

/** With ACLs a service has the name of its ServiceAccount, without them any name. */
const nameOf = (account: string, acls: boolean): string => (acls ? account : `${account}-svc`);
const factsFor = (acls: boolean): Facts => ({
  workloads: [
    ...["api", "db", "s1", "s2", "s3"].map((account) => workload(account, [8080])),
    workload("wide", [8080, 9090]),
    workload("many", [8080], { name: "one", labels: { app: "many", v: "1" } }),
    workload("many", [8080], { name: "two", labels: { app: "many", v: "2" } }),
  ],
  services: ACCOUNTS.map((account) => service(nameOf(account, acls), { app: account })),
});

const PATTERNS = [
  "/api",
  "/api/v1",
  "/",
  ".*",
  "/.*",
  "/a|/ab",
  "/a(b|bc)",
  "/(x|xy)/",
  "/x.*y",
  "/.*\\.html",
  "^/v[12]/.*$",
  "/api$",
  "^/api$",
  "/api.*?",
  "/(?i)API",
  "/b?b",
  "b?/b",
  "/orders/[0-9]+",
  "nope",
  "/a{2,3}",
  "/[^a-m]",
  "/.",
  "",
  "^",
  "$",
  "/$|/x",
  "/v1\\.0/",
];
const VALUES = ["canary", "can.*", ".*", "a|ab", "(?:b|bc)", "[0-9]+", "^12$", ""];
const PATHS = [
  "/",
  "/api",
  "/apix",
  "/api/v1/x",
  "/API/v1",
  "/a",
  "/abc",
  "/x/",
  "/xy/",
  "/x-y",
  "/x/y.html",
  "/v1/",
  "/v3/",
  "/v1.0/x",
  "/v1-0/x",
  "/bb",
  "/b",
  "/orders/12",
  "/orders/x",
  "/aaaa",
  "/zzz",
];
const HEADER_VALUES = ["canary", "can", "a", "ab", "abc", "b", "bc", "12", ""];
const METHODS = ["GET", "POST", "PUT"];

const subject = (name: string): Subject => ({ namespace: NAMESPACE, serviceAccount: name });
const pattern = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PATTERNS) },
  { weight: 1, arbitrary: expressions() },
);

/** Small random expressions over few letters, so that they match often. */
function expressions(): fc.Arbitrary<string> {
  const { node } = fc.letrec<{ node: string; leaf: string }>((tie) => ({
    leaf: fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "/", "^", "$", ".*"),
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      tie("leaf"),
      fc.tuple(tie("node"), tie("node")).map(([left, right]) => left + right),
      fc.tuple(tie("node"), tie("node")).map(([left, right]) => `(?:${left}|${right})`),
      fc.tuple(tie("node"), fc.constantFrom("*", "+", "?", "{2}", "*?")).map(([item, count]) => `(?:${item})${count}`),
    ),
  }));
  return fc.tuple(fc.constantFrom("/", ""), node).map(([start, text]) => start + text);
}

const group = (name: string): fc.Arbitrary<HTTPRouteGroup> =>
  fc
    .array(
      fc.record(
        {
          pathRegex: pattern,
          anchor: fc.constantFrom("start" as const, "full" as const),
          methods: fc.subarray(METHODS, { minLength: 1 }),
          headers: fc.array(fc.tuple(fc.constantFrom("x-a", "x-b"), fc.constantFrom(...VALUES)), { maxLength: 2 }),
        },
        { requiredKeys: [] },
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((matches) => ({
      kind: "HTTPRouteGroup",
      namespace: NAMESPACE,
      name,
      source,
      matches: matches.map(({ headers = [], ...match }, i) => ({
        ...match,
        headers: headers.map(([header, regex]) => ({ name: header, regex })),
        name: `m${i}`,
      })),
    }));

const tcp = (name: string): fc.Arbitrary<TCPRoute> =>
  fc
    .constantFrom([], [8080], [8080], [8080], [8080, 9090])
    .map((ports) => ({ kind: "TCPRoute", namespace: NAMESPACE, name, source, ports }));

const target = (name: string): fc.Arbitrary<TrafficTarget> =>
  fc
    .record({
      destination: fc.constantFrom("api", "api", "api", "db", "db", "many", "many", "wide"),
      port: fc.constantFrom(undefined, undefined, undefined, 8080),
      sources: fc.subarray(["s1", "s2", "s3"], { minLength: 1 }),
      rules: fc.subarray(["HTTPRouteGroup g1", "HTTPRouteGroup g2", "TCPRoute t1"], { minLength: 1 }),
      only: fc.option(fc.constant("m0")),
    })
    .map(({ destination, port, sources, rules, only }) => ({
      kind: "TrafficTarget",
      namespace: NAMESPACE,
      name,
      source,
      destination: { ...subject(destination), ...(port === undefined ? {} : { port }) },
      sources: sources.map(subject),
      rules: rules.map((rule) => {
        const [kind, route] = rule.split(" ") as ["HTTPRouteGroup" | "TCPRoute", string];
        return { kind, name: route, ...(only && kind === "HTTPRouteGroup" ? { matches: [{ name: only }] } : {}) };
      }),
    }));

const documents: fc.Arbitrary<SmiDocument[]> = fc
  .tuple(group("g1"), group("g2"), tcp("t1"), target("one"), fc.option(target("two")), fc.option(target("three")))
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

test("no request is allowed or denied by Consul that SMI decides otherwise, unless a problem says so", () => {
  const seen = { translated: 0, refused: 0, permitted: 0, denied: 0 };
  fc.assert(
    fc.property(
      documents,
      fc.boolean(),
      fc.array(request, { minLength: 12, maxLength: 12 }),
      (rules, acls, requests) => {
        const facts = factsFor(acls);
        const { objects, problems } = translateConsul(rules, facts, { acls });
        if (hasErrors(problems)) {
          seen.refused += 1;
          return;
        }
        seen.translated += 1;
        const installed = [...objects, ...consulDefaultDeny({ acls })];
        expect(consulRefusals(installed)).toEqual([]);
        for (const { serviceAccount, ports } of facts.workloads) {
          for (const [position, { port }] of ports.entries()) {
            for (const each of requests) {
              const destination = subject(serviceAccount);
              const expected = allowed(rules, { ...each, source: subject(each.source), destination, port }).allowed;
              const actual = consulAllows(
                installed,
                { ...each, source: nameOf(each.source, acls), destination: nameOf(serviceAccount, acls) },
                acls ? "deny" : "allow",
              );
              seen[expected ? "permitted" : "denied"] += 1;
              if (actual !== expected) {
                throw new Error(
                  `port ${port} of ${serviceAccount}: SMI says ${expected}, Consul ${actual}, for ${JSON.stringify(each)}`,
                );
              }
              // Before Consul 2.0 only the first port is in the mesh.
              if (expected && position > 0) expect(problems.map(({ code }) => code)).toContain("SMI-PORT-SINGLE");
            }
          }
        }
      },
    ),
    { numRuns: RUNS, seed: 11 },
  );
  // Otherwise the test would prove little: most inputs must be expressible, and some requests must pass.
  expect(seen.translated).toBeGreaterThan(seen.refused);
  expect(seen.permitted).toBeGreaterThan(4 * RUNS);
  expect(seen.denied).toBeGreaterThan(4 * RUNS);
});

test("Consul's shares of a split are SMI's, in both modes, with and without matches", () => {
  const LEAVES = ["web-v1", "web-v2", "web-v3", "web-v4"];
  const facts: Facts = {
    workloads: [],
    services: [
      service("web", { app: "web" }),
      ...LEAVES.map((name) => service(name, { app: "web", "example.com/version": name.slice(4) })),
    ],
  };
  const weights = fc.array(fc.oneof(fc.nat(3), fc.nat(100), fc.nat(5_000_000)), { minLength: 1, maxLength: 4 });
  const example = fc.record({
    group: group("g1"),
    split: fc.constantFrom("services" as const, "subsets" as const),
    matched: fc.boolean(),
    weights,
    call: request,
  });
  let split = 0;
  fc.assert(
    fc.property(example, ({ group: routes, split: mode, matched, weights: given, call }) => {
      const rules: SmiDocument[] = [
        routes,
        {
          kind: "TrafficSplit",
          namespace: NAMESPACE,
          name: "canary",
          source,
          service: "web",
          backends: given.map((weight, i) => ({ service: LEAVES[i]!, weight })),
          ...(matched ? { matches: [{ kind: "HTTPRouteGroup", name: "g1" }] } : {}),
        },
      ];
      const { objects, problems } = translateConsul(rules, facts, { split: mode });
      const codes = problems.map(({ code }) => code);
      if (hasErrors(problems)) {
        expect(given.every((weight) => weight === 0) || codes.includes("SMI-SPLIT-MODE")).toBe(true);
        return;
      }
      split += 1;
      expect(consulRefusals(objects)).toEqual([]);
      const expected = shares(rules, { ...call, namespace: NAMESPACE, service: "web" });
      const actual = consulShares(objects, { ...call, service: "web" });
      const leafOf = (instances: string): string => instances.replace(/\.web$/, "");
      const found = new Map(Object.entries(actual).map(([name, share]) => [leafOf(name), share]));
      for (const name of found.keys()) expect(Object.keys(expected)).toContain(name);
      for (const [name, share] of Object.entries(expected)) {
        if (!found.has(name)) expect(codes).toContain("SMI-WEIGHT-LOST");
        // A hundredth of a percent for rounding, and one for each weight that Envoy cuts.
        expect(Math.abs((found.get(name) ?? 0) - share)).toBeLessThan(0.0001 * (given.length + 1));
      }
    }),
    { numRuns: 600, seed: 11 },
  );
  expect(split).toBeGreaterThan(300);
});

test("10,000 sets of weights add up to exactly 100 in single precision, and no share moves by a hundredth of a percent", () => {
  const weight = fc.oneof(fc.constant(0), fc.nat(10), fc.nat(1000), fc.maxSafeNat());
  let rounded = 0;
  let reordered = 0;
  fc.assert(
    fc.property(fc.array(weight, { minLength: 1, maxLength: 12 }), (weights) => {
      fc.pre(weights.some((each) => each > 0));
      const { shares: found, lost } = apportion(weights);
      const total = weights.reduce((sum, each) => sum + each, 0);
      const wrong = found.filter(
        ({ index, percent }) =>
          Math.round(percent * 100) / 100 !== percent ||
          (weights[index] === 0 && percent !== 0) ||
          lost.includes(index) !== (weights[index]! > 0 && percent === 0) ||
          Math.abs(percent - (weights[index]! / total) * 100) >= 0.01 + 1e-9,
      );
      const indexes = new Set(found.map(({ index }) => index));
      if (float32Sum(found.map(({ percent }) => percent)) !== 100) throw new Error("the sum is not 100");
      if (found.length !== weights.length || indexes.size !== weights.length) throw new Error("a weight is missing");
      if (wrong.length > 0) throw new Error(`wrong shares: ${JSON.stringify(wrong)}`);
      if (found.some(({ percent }) => !Number.isInteger(percent))) rounded += 1;
      if (found.some(({ index }, position) => index !== position)) reordered += 1;
    }),
    { numRuns: 10_000, seed: 11 },
  );
  // The search for an order must have been needed.
  expect(rounded).toBeGreaterThan(5000);
  expect(reordered).toBeGreaterThan(300);
});
