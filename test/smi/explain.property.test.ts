import fc from "fast-check";

import {
  accessRule,
  allowed,
  type HTTPRouteGroup,
  type Request,
  type SmiDocument,
  type TCPRoute,
  type TrafficTarget,
  type UDPRoute,
} from "../../smi";
import { compareAccess } from "../../smi/compare";
import { explain } from "../../smi/explain";

const PATHS = ["/a", "/a/b", "/ab", "/b", "/b/7", "/", "/c"];
const EXPRESSIONS = ["/a", "/a/.*", "/[ab]", "/b/[0-9]+", ".*", "/a|/b", "/c$"];
const source = { file: "rules.yaml", document: 1, line: 1 };
const subject = (serviceAccount: string) => ({ namespace: "shop", serviceAccount });

const match = fc.record({
  pathRegex: fc.option(fc.constantFrom(...EXPRESSIONS), { nil: undefined }),
  methods: fc.option(fc.uniqueArray(fc.constantFrom("GET", "POST"), { minLength: 1 }), { nil: undefined }),
  header: fc.option(fc.constantFrom("1", "[0-9]+", "a.*"), { nil: undefined }),
});

const rule = fc.record({
  sources: fc.uniqueArray(fc.constantFrom("web", "reports"), { minLength: 1 }),
  port: fc.option(fc.constantFrom(80, 81), { nil: undefined }),
  tcp: fc.option(fc.uniqueArray(fc.constantFrom(80, 81)), { nil: undefined }),
  udp: fc.option(fc.uniqueArray(fc.constantFrom(80, 81)), { nil: undefined, freq: 2 }),
  matches: fc.option(fc.array(match, { minLength: 1, maxLength: 3 }), { nil: undefined }),
});

const version = fc.array(rule, { maxLength: 3 }).map((rules): SmiDocument[] =>
  rules.flatMap(({ sources, port, tcp, udp, matches }, index): SmiDocument[] => {
    const head = { name: `r${index}`, namespace: "shop", source };
    const group: HTTPRouteGroup | undefined = matches && {
      kind: "HTTPRouteGroup",
      ...head,
      matches: matches.map(({ pathRegex, methods, header }, at) => ({
        name: `m${at}`,
        ...(pathRegex !== undefined && { pathRegex }),
        ...(methods && { methods }),
        headers: header === undefined ? [] : [{ name: "x-beta", regex: header }],
      })),
    };
    const target: TrafficTarget = {
      kind: "TrafficTarget",
      ...head,
      destination: { ...subject("shop"), ...(port !== undefined && { port }) },
      sources: sources.map(subject),
      rules: [
        ...(tcp ? [{ kind: "TCPRoute" as const, name: head.name }] : []),
        ...(udp ? [{ kind: "UDPRoute" as const, name: head.name }] : []),
        ...(group ? [{ kind: "HTTPRouteGroup" as const, name: head.name }] : []),
      ],
    };
    return [
      target,
      ...(group ? [group] : []),
      ...(tcp ? [{ kind: "TCPRoute" as const, ...head, ports: tcp }] : []),
      ...(udp ? [{ kind: "UDPRoute" as const, ...head, ports: udp }] : []),
    ];
  }),
);

const request = fc.record({
  protocol: fc.constantFrom("http" as const, "http" as const, "tcp" as const, "udp" as const),
  source: fc.constantFrom("web", "reports", "stranger").map(subject),
  destination: fc.constant(subject("shop")),
  port: fc.constantFrom(80, 81),
  method: fc.constantFrom("GET", "POST", "PUT"),
  path: fc.constantFrom(...PATHS),
  headers: fc.constantFrom<Record<string, string>>({}, { "x-beta": "1" }, { "x-beta": "12" }, { "x-beta": "ab" }),
});

const facts = {
  workloads: [{ ...subject("shop"), labels: { app: "shop" }, ports: [{ port: 80 }, { port: 81 }], probes: [] }],
  services: [],
};

test("an explanation decides as the meaning does, and names the rule when it allows and a reason when it does not", () => {
  fc.assert(
    fc.property(version, request, (documents, asked) => {
      const explanation = explain(documents, asked);
      expect(explanation.allowed).toBe(allowed(documents, asked).allowed);
      const targets = documents.filter(({ kind }) => kind === "TrafficTarget").length;
      const named = new Set(explanation.by.map(({ target }) => target.name)).size;
      expect(named + explanation.refusals.length).toBe(targets);
      expect(explanation.refusals.every(({ reasons }) => reasons.length > 0)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("a comparison misses no request that becomes allowed or denied, and every witness is one", () => {
  fc.assert(
    fc.property(version, version, fc.array(request, { minLength: 10, maxLength: 10 }), (before, after, asked) => {
      const { differences, undecided } = compareAccess(before, after, facts);
      const changeOf = (one: Request): string | undefined => {
        const [was, is] = [allowed(before, one).allowed, allowed(after, one).allowed];
        return was === is ? undefined : is ? "allowed" : "denied";
      };
      expect(undecided).toEqual([]);
      for (const { witness, becomes } of differences) expect(changeOf(witness)).toBe(becomes);
      for (const one of asked) {
        const change = changeOf(one);
        if (change === undefined) continue;
        const told = differences.some(
          ({ becomes, witness }) =>
            becomes === change &&
            witness.source.serviceAccount === one.source.serviceAccount &&
            (witness.protocol === "udp") === (one.protocol === "udp"),
        );
        expect(told).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});

/** The example of TrafficTarget v1alpha3 for layer 4 (https://github.com/servicemeshinterface/smi-spec, apis/traffic-access). */
test("a TCPRoute and a UDPRoute of one target are each for their own protocol", () => {
  const rule = (protocol: "tcp" | "udp", ports: number[]): SmiDocument[] =>
    accessRule({ name: "consul", from: [subject("web")], to: subject("shop"), protocol, ports });
  const [tcpRoute, target] = rule("tcp", [8300, 8301, 8302]) as [TCPRoute, TrafficTarget];
  const [udpRoute, other] = rule("udp", [8301, 8302]) as [UDPRoute, TrafficTarget];
  const documents = [tcpRoute, udpRoute, { ...target, rules: [...target.rules, ...other.rules] }];
  const ask = (protocol: "http" | "tcp" | "udp", port: number): string | undefined => {
    const asked = {
      protocol,
      source: subject("web"),
      destination: subject("shop"),
      port,
      method: "GET",
      path: "/",
      headers: {},
    };
    return allowed(documents, asked).by;
  };

  expect(ask("tcp", 8300)).toBe("TrafficTarget shop/consul, TCPRoute consul");
  expect(ask("http", 8300)).toBe("TrafficTarget shop/consul, TCPRoute consul");
  expect(ask("udp", 8301)).toBe("TrafficTarget shop/consul, UDPRoute consul");
  expect(ask("udp", 8300)).toBeUndefined();
  expect(compareAccess(documents, rule("tcp", [8300, 8301, 8302]), facts).differences).toMatchObject([
    { becomes: "denied", witness: { protocol: "udp", port: 8301 }, rule: { route: { kind: "UDPRoute" } } },
  ]);
});

test("rules for requests in place of rules for connections deny the connections", () => {
  const to = { name: "db", from: [subject("web")], to: subject("shop"), ports: [80] };
  const [before, after] = [accessRule({ ...to, protocol: "tcp" }), accessRule(to)];

  expect(compareAccess(before, after, facts).differences).toMatchObject([
    { becomes: "denied", witness: { protocol: "tcp", port: 80 }, rule: { route: { kind: "TCPRoute" } } },
  ]);
  // What is new for requests and connections alike is said once.
  expect(compareAccess([], before, facts).differences).toMatchObject([
    { becomes: "allowed", witness: { port: 80, method: "GET", path: "/" } },
  ]);
});

test("expressions that cannot be analysed are said, not skipped", () => {
  const documents = (pathRegex: string): SmiDocument[] => [
    {
      kind: "TrafficTarget",
      name: "t",
      namespace: "shop",
      source,
      destination: subject("shop"),
      sources: [subject("web")],
      rules: [{ kind: "HTTPRouteGroup", name: "g" }],
    },
    { kind: "HTTPRouteGroup", name: "g", namespace: "shop", source, matches: [{ name: "m", pathRegex, headers: [] }] },
  ];

  expect(compareAccess(documents("/a\\b"), documents("/b"), facts)).toEqual({
    differences: [],
    undecided: ["shop/web to shop/shop: the path expressions are too complex together, or have word boundaries"],
  });
});
