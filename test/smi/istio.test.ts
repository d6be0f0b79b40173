import {
  accessRule,
  type Facts,
  formatProblem,
  istioDefaultDeny,
  type IstioOptions,
  type KubernetesObject,
  readSmi,
  type SmiDocument,
  translateIstio,
  type WorkloadFacts,
} from "../../smi";

/** With paths normalised as the warning about them asks for. */
const translate: typeof translateIstio = (documents, facts, options = {}) =>
  translateIstio(documents, facts, { ...options, acknowledge: ["SMI-PATH-RAW", ...(options.acknowledge ?? [])] });

const workload = (serviceAccount: string, over: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  namespace: "shop",
  serviceAccount,
  labels: { app: serviceAccount },
  ports: [{ name: "http", port: 8080 }],
  probes: [{ port: 8080, path: "/healthz" }],
  ...over,
});
const FACTS: Facts = {
  workloads: ["web", "checkout", "catalog", "reports"].map((name) => workload(name)),
  services: [],
};
const sa = (serviceAccount: string): { namespace: string; serviceAccount: string } => ({
  namespace: "shop",
  serviceAccount,
});
const allow = (from: string, paths?: string[], over: object = {}): SmiDocument[] =>
  accessRule({
    name: `${from}-checkout`,
    from: [sa(from)],
    to: sa("checkout"),
    path: "access[0]",
    ...(paths ? { paths } : {}),
    ...over,
  });
/** A rule of `web` for `checkout` with these matches, as YAML. */
const rules = (matches: string, group = "HTTPRouteGroup"): SmiDocument[] => [
  ...readSmi([
    {
      path: "shop.yaml",
      text: `apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: cart, namespace: shop}\nspec:\n  destination: {kind: ServiceAccount, name: checkout, namespace: shop}\n  sources: [{kind: ServiceAccount, name: web, namespace: shop}]\n  rules: [{kind: ${group}, name: cart}]\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: ${group}\nmetadata: {name: cart, namespace: shop}\nspec: {matches: ${matches}}\n`,
    },
  ]).documents,
];

type Rule = Readonly<Record<"from" | "to" | "when", unknown>>;

function only(objects: readonly KubernetesObject[]): Rule {
  expect(objects).toHaveLength(1);
  const found = objects[0]!.spec["rules"] as Rule[];
  expect(found).toHaveLength(1);
  return found[0]!;
}

const codes = (documents: readonly SmiDocument[], facts: Facts = FACTS, options: IstioOptions = {}): string[] =>
  translate(documents, facts, options).problems.map(({ code }) => code);

describe("access", () => {
  test("a TrafficTarget is one policy that says exactly this", () => {
    const documents = accessRule({
      name: "cart",
      from: [sa("web"), { namespace: "ops", serviceAccount: "probe" }],
      to: sa("checkout"),
      methods: ["GET", "POST"],
      paths: ["/cart", "/v1.0/"],
      ports: [8080],
    });
    expect(translate(documents, FACTS, { trustDomain: "shop.example" })).toEqual({
      objects: [
        {
          apiVersion: "security.istio.io/v1",
          kind: "AuthorizationPolicy",
          metadata: { name: "cart", namespace: "shop" },
          spec: {
            action: "ALLOW",
            selector: { matchLabels: { app: "checkout" } },
            rules: [
              {
                from: [{ source: { principals: ["shop.example/ns/ops/sa/probe", "shop.example/ns/shop/sa/web"] } }],
                to: [
                  { operation: { methods: ["GET", "POST"], paths: ["/cart*"], ports: ["8080"] } },
                  { operation: { methods: ["GET", "POST"], paths: ["/v1.0/*"], ports: ["8080"] } },
                ],
              },
            ],
          },
        },
      ],
      problems: [],
    });
  });

  test("the order of documents and workloads does not matter", () => {
    const documents = [...allow("web", ["/cart"]), ...allow("reports", ["/report"])];
    expect(translate([...documents].reverse(), { ...FACTS, workloads: [...FACTS.workloads].reverse() })).toEqual(
      translate(documents, FACTS),
    );
  });

  test("overlapping rules are policies of their own, since they add up", () => {
    const { objects } = translate([...allow("web", ["/api"]), ...allow("reports", ["/api/v1"])], FACTS);
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(["reports-checkout", "web-checkout"]);
  });

  test("a rule for any request still speaks of HTTP, so that it opens no other protocol", () => {
    expect(only(translate(allow("web"), FACTS).objects).to).toEqual([{ operation: { methods: ["*"] } }]);
  });

  test("a TCP rule names its ports, or nothing if it opens all", () => {
    const tcp = (ports: number[]): unknown =>
      only(translate(allow("web", undefined, { protocol: "tcp", ports }), FACTS).objects).to;
    expect(tcp([8080])).toEqual([{ operation: { ports: ["8080"] } }]);
    expect(tcp([])).toBeUndefined();
  });

  test("headers are conditions, all of which must hold, in a rule of their own", () => {
    const matches =
      '[{name: a, pathRegex: /a}, {name: b, pathRegex: /b, headers: [{x-id: "1|2.*"}, {x-id: .*3}, {x-user: .*}]}]';
    const { objects, problems } = translate(rules(matches), FACTS);
    expect(problems).toEqual([]);
    expect((objects[0]!.spec["rules"] as Rule[]).map(({ to, when }) => ({ to, when }))).toEqual([
      { to: [{ operation: { paths: ["/a*"] } }], when: undefined },
      {
        to: [{ operation: { paths: ["/b*"] } }],
        when: [
          { key: "request.headers[x-id]", values: ["*3"] },
          { key: "request.headers[x-id]", values: ["1", "2*"] },
          { key: "request.headers[x-user]", values: ["*"] },
        ],
      },
    ]);
  });

  test("a match on the host is an operation, which Istio compares in any case", () => {
    const found = only(translate(rules("[{name: m, headers: {Host: '(?i).*\\.shop\\.example'}}]"), FACTS).objects);
    expect(found).toMatchObject({ to: [{ operation: { hosts: ["*.shop.example"] } }] });
    expect(codes(rules("[{name: m, headers: {Host: shop\\.example}}]"))).toEqual(["SMI-HOST"]);
  });

  test("two workloads of one ServiceAccount get a policy each, and none for pods that another one selects", () => {
    const facts = {
      ...FACTS,
      workloads: [
        workload("checkout", { name: "v1", labels: { app: "checkout", version: "v1" } }),
        workload("checkout", { labels: { app: "checkout", version: "v2" } }),
        workload("checkout", { name: "debug", labels: { app: "checkout", version: "v2", debug: "on" } }),
        workload("checkout", { name: "again", labels: { version: "v1", app: "checkout" } }),
      ],
    };
    const { objects } = translate(allow("web", ["/cart"]), facts);
    expect(objects.map(({ metadata }) => metadata.name)).toEqual([
      "web-checkout-again",
      "web-checkout-app-checkout-version-v2",
    ]);
  });
});

describe("path expressions", () => {
  const paths = (regex: string, options: IstioOptions = {}): unknown => {
    const { objects, problems } = translate(rules(`[{name: m, pathRegex: '${regex}'}]`), FACTS, options);
    if (objects.length === 0) return problems.map(({ code }) => code);
    const [to] = (only(objects).to ?? []) as { operation: { paths?: string[] } }[];
    return [...(to?.operation.paths ?? ["any"]), ...problems.map(({ code }) => code)];
  };

  test.each([
    ["/api", ["/api*"]],
    ["^/api$", ["/api"]],
    ["/api(/.*)?$", ["/api", "/api/*"]],
    ["/v[12]/", ["/v1/*", "/v2/*"]],
    ["/a|/ab", ["/a*"]],
    [".*", ["any"]],
    ["/", ["any"]],
    [".*\\.html$", ["*.html"]],
    ["/users/[A-Za-z0-9._~%!$&()+,;:@=''-]+/cart$", ["/users/{*}/cart"]],
    ["/a\\*", ["/a**"]],
    ["/users/[^/]+$", ["/users/{*}", "SMI-RE-PATH-NARROWED"]],
    ["/users/[^/]+", ["/users/{*}", "/users/{*}/{**}", "SMI-RE-PATH-NARROWED"]],
    ["/files/.*/raw$", ["/files/{**}/raw", "SMI-RE-PATH-NARROWED"]],
    ["cart", ["SMI-RE-NEVER"]],
    ["/a\\*$", ["SMI-RE-PATH"]],
    ["/a\\{b", ["SMI-RE-PATH"]],
    ["/orders/[0-9]+$", ["SMI-RE-PATH"]],
    ["/x.*y", ["SMI-RE-PATH"]],
    ["/users/[^/]+/cart", ["SMI-RE-PATH"]],
    ["/a\\b", ["SMI-RE-PATH"]],
    // What looks like a suffix, but is less: some characters are not among these, and a start is only at the start.
    ["/[!-~]*\\.html$", ["SMI-RE-PATH"]],
    [".*\\.html$|/x^y$", ["SMI-RE-PATH"]],
  ])("%s", (regex, expected) => {
    expect(paths(regex)).toEqual(expected);
  });

  test("read in full, an expression ends where the path does", () => {
    expect(paths("/api", { anchor: "full" })).toEqual(["/api"]);
    expect(paths("/api/.*", { anchor: "full" })).toEqual(["/api/*"]);
  });

  test("an error tells what could be done, and what that would admit", () => {
    const { objects, problems } = translate(rules("[{name: m, pathRegex: '/orders/[0-9]+$'}]"), FACTS);
    expect(objects).toEqual([]);
    expect(problems.map(formatProblem)).toEqual([
      'error SMI-RE-PATH shop.yaml#1 TrafficTarget shop/cart spec.rules[0] (line 7): match "m": found pathRegex "/orders/[0-9]+$", in which what follows the match is free; Istio\'s policies only know texts, prefixes (text*), suffixes (*text), and the segments {*} and {**}. Write expressions for those, such as /orders/[^/]+$. The smallest prefix that contains it is "/orders/*", which also admits "/orders/"; the option widen takes it.',
    ]);
  });

  test("widening is asked for, takes the smallest prefix, and shows a request that becomes allowed", () => {
    expect(paths("/orders/[0-9]+$", { widen: true })).toEqual(["/orders/*", "SMI-RE-PATH-WIDENED"]);
    expect(paths("/[^a]", { widen: true })).toEqual(["any", "SMI-RE-PATH-WIDENED"]);
    // What cannot be analysed has no smallest prefix.
    expect(paths("/a\\b", { widen: true })).toEqual(["SMI-RE-PATH"]);
    const { problems } = translate(rules("[{name: m, pathRegex: '/orders/[0-9]+$'}]"), FACTS, { widen: true });
    expect(problems[0]!.message).toContain('"/orders/" becomes allowed');
  });

  test("a match that no path satisfies opens nothing, not everything", () => {
    expect(translate(rules("[{name: m, pathRegex: cart}]"), FACTS).objects).toEqual([]);
  });
});

describe("what cannot be said is an error, and then nothing is emitted", () => {
  const tcpService = {
    namespace: "shop",
    name: "checkout",
    selector: { app: "checkout" },
    ports: [{ port: 80, targetPort: "http", name: "tcp-checkout" }],
  };
  test.each<[string, SmiDocument[], Facts, string[]]>([
    ["a header's expression", rules("[{name: m, headers: {x-id: .*a.*}}]"), FACTS, ["SMI-RE-HDR"]],
    ["a header that must be empty", rules("[{name: m, headers: {x-id: ''}}]"), FACTS, ["SMI-RE-HDR"]],
    ["a pseudo-header", rules("[{name: m, headers: {':path': /a}}]"), FACTS, ["SMI-RE-HDR"]],
    ["the host twice", rules("[{name: m, headers: {host: .*, ':authority': .*}}]"), FACTS, ["SMI-HDR-DUP"]],
    ["a method with a wildcard", allow("web", ["/"], { methods: ["G*"] }), FACTS, ["SMI-METHOD"]],
    ["UDP", rules("{ports: [53]}", "UDPRoute"), FACTS, ["SMI-UDP"]],
    ["an unknown ServiceAccount", allow("web", ["/"], { to: sa("checkouts") }), FACTS, ["SMI-SA-UNRESOLVED"]],
    ["a port that no container has", allow("web", ["/"], { ports: [80] }), FACTS, ["SMI-PORT"]],
    [
      "labels that select others",
      allow("web", ["/"]),
      { ...FACTS, workloads: [...FACTS.workloads, workload("thief", { labels: { app: "checkout", role: "x" } })] },
      ["SMI-SA-AMBIGUOUS"],
    ],
    [
      "a workload without labels, whose policy would be the namespace's",
      allow("web", ["/"]),
      { ...FACTS, workloads: [workload("checkout", { labels: {} })] },
      ["SMI-SA-AMBIGUOUS"],
    ],
    [
      "more rules than a policy has",
      rules(`[${Array.from({ length: 513 }, (_, i) => `{name: m${i}, headers: {x: "${i}"}}`).join(", ")}]`),
      FACTS,
      ["SMI-LIMIT"],
    ],
  ])("%s", (_, documents, facts, expected) => {
    const { objects, problems } = translate(documents, facts);
    expect(objects).toEqual([]);
    expect(problems.map(({ code }) => code)).toEqual(expected);
  });

  test("the root namespace, whose policies hold everywhere", () => {
    expect(codes(allow("web", ["/"]), FACTS, { rootNamespace: "shop" })).toEqual(["SMI-ROOT-NAMESPACE"]);
  });

  test("HTTP rules on a port that a Service declares as TCP are reported, since they never match", () => {
    const facts = { ...FACTS, services: [tcpService] };
    expect(codes(allow("web", ["/cart"], { ports: [8080] }), facts)).toEqual(["SMI-HTTP-ON-TCP"]);
    expect(codes(allow("web", undefined, { ports: [8080], protocol: "tcp" }), facts)).toEqual([]);
  });

  test("probes that the injector leaves alone are reported, and a warning that is accepted is not repeated", () => {
    const options: IstioOptions = { rewriteProbes: false };
    expect(codes(allow("web", ["/cart"]), FACTS, options)).toEqual(["SMI-PROBE-DENIED"]);
    expect(codes(allow("web", ["/cart"]), FACTS, { ...options, acknowledge: ["SMI-PROBE-DENIED"] })).toEqual([]);
  });
});

test("patterns for paths need the mesh to normalise slashes, and say so once", () => {
  const { problems } = translateIstio([...allow("web", ["/cart"]), ...allow("reports", ["/report"])], FACTS);
  expect(problems.map(({ code, where }) => `${code} ${where}`)).toEqual([
    "SMI-PATH-RAW Istio, 2 policies with patterns for paths",
  ]);
  expect(translateIstio(rules("[{name: m, pathRegex: /cart$}]"), FACTS).problems).toEqual([]);
});

test("the default deny is one policy without rules and strict mutual TLS, in the root namespace", () => {
  expect(istioDefaultDeny({ rootNamespace: "aks-istio-system" })).toEqual([
    {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name: "smi-default-deny", namespace: "aks-istio-system" },
      spec: {},
    },
    {
      apiVersion: "security.istio.io/v1",
      kind: "PeerAuthentication",
      metadata: { name: "default", namespace: "aks-istio-system" },
      spec: { mtls: { mode: "STRICT" } },
    },
  ]);
  expect(istioDefaultDeny().map(({ metadata }) => metadata.namespace)).toEqual(["istio-system", "istio-system"]);
});
