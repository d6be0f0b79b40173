import { formatProblem, readSmi } from "../../smi";
import { DocumentIndex, subjectKey, withAccounts } from "../../smi/model";

const read = (text: string): ReturnType<typeof readSmi> => readSmi([{ path: "shop.yaml", text }]);
const messages = (text: string): string[] => read(text).problems.map(formatProblem);

const target = (version: string, body: string): string =>
  `apiVersion: access.smi-spec.io/${version}\nkind: TrafficTarget\nmetadata: {name: cart, namespace: shop}\n${body}`;

const SUBJECTS =
  "destination: {kind: ServiceAccount, name: checkout, namespace: shop}, sources: [{kind: ServiceAccount, name: web, namespace: shop}]";

const binding = (schemes: string, name = "web"): string =>
  `apiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: {name: ${name}, namespace: shop}\nspec: {schemes: {${schemes}}}`;

const METRICS = `apiVersion: metrics.smi-spec.io/v1alpha1
kind: TrafficMetrics
resource: {kind: Deployment, name: web, namespace: shop}
edge: {direction: from, side: server, resource: {}}
timestamp: 2026-04-08T22:25:55Z
window: 1m30s
metrics: [{name: p99_response_latency, unit: seconds, value: 10m}, {name: success_count, value: 100}]`;

describe("versions", () => {
  test("a TrafficTarget of every version means the same rule", () => {
    const rule = "[{kind: HTTPRouteGroup, name: cart, matches: [get]}]";
    const subjects = (port: string): string =>
      `destination: {kind: ServiceAccount, name: checkout, namespace: shop${port}}\nsources: [{kind: ServiceAccount, name: web, namespace: shop}]`;
    const indent = (text: string): string => text.replace(/^/gm, "  ");
    const texts = {
      v1alpha1: target("v1alpha1", `${subjects(", port: 8080")}\nspecs: ${rule}`),
      v1alpha2: target("v1alpha2", `spec:\n${indent(`${subjects(', port: "8080"')}\nrules: ${rule}`)}`),
      v1alpha3: target("v1alpha3", `spec:\n${indent(`${subjects("")}\nrules: ${rule}`)}`),
    };
    const [first, second, third] = Object.values(texts).map((text) => {
      const { documents, problems } = read(text);
      expect(problems).toEqual([]);
      const found = documents[0]!;
      if (found.kind !== "TrafficTarget") throw new Error("not a TrafficTarget");
      return {
        destination: found.destination.serviceAccount,
        port: found.destination.port,
        sources: found.sources.map(({ serviceAccount }) => serviceAccount),
        rules: found.rules.map(({ name, matches }) => [name, matches?.map((match) => match.name)]),
      };
    });
    expect(first).toEqual({ destination: "checkout", port: 8080, sources: ["web"], rules: [["cart", ["get"]]] });
    expect(second).toEqual(first);
    expect(third).toEqual({ ...first, port: undefined });
  });

  test("a TrafficTarget of the v1alpha4 draft takes its ServiceAccounts from IdentityBindings", () => {
    const draft = target(
      "v1alpha4",
      "spec: {destination: {kind: IdentityBinding, group: access.smi-spec.io, name: shop, namespace: shop}, sources: [{kind: IdentityBinding, name: web, namespace: shop}], rules: [{kind: TCPRoute, name: all}]}",
    );
    const { documents, problems } = read(
      [
        draft,
        binding('serviceAccount: front, spiffeIdentities: ["spiffe://cluster.local/ns/pay/sa/till", other.example/x]'),
        binding("serviceAccount: checkout", "shop"),
      ].join("\n---\n"),
    );

    expect(problems).toEqual([]);
    const [found] = new DocumentIndex(documents).targets;
    expect(withAccounts(documents)).toEqual([found, ...documents.slice(1)]);
    expect(subjectKey(found!.destination)).toBe("shop/checkout");
    expect(found!.sources.map(subjectKey)).toEqual(["shop/front", "pay/till", "spiffe://other.example/x"]);
  });

  test("metrics are read in milliseconds and seconds, and are no input of a translation", () => {
    const { metrics, problems } = read(METRICS);

    expect(problems.map(({ code }) => code)).toEqual(["SMI-METRICS"]);
    expect(metrics).toMatchObject([
      {
        resource: { kind: "Deployment", namespace: "shop", name: "web" },
        edge: { direction: "from", side: "server", resource: {} },
        window: 90,
        metrics: { p99_response_latency: 10, success_count: 100 },
      },
    ]);
  });

  test("headers are read as a map and as a list of maps, methods as a set", () => {
    const group = (headers: string): unknown =>
      read(
        `apiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: g, namespace: shop}\nspec: {matches: [{name: m, methods: [POST, GET, GET], headers: ${headers}}]}`,
      ).documents.map((document) => (document.kind === "HTTPRouteGroup" ? document.matches[0] : undefined))[0];
    const expected = {
      name: "m",
      methods: ["GET", "POST"],
      headers: [
        { name: "user-agent", regex: ".*Firefox.*" },
        { name: "x-beta", regex: "1" },
      ],
    };
    expect(group('{X-Beta: "1", User-Agent: .*Firefox.*}')).toMatchObject(expected);
    expect(group('[{user-agent: .*Firefox.*}, {x-beta: "1"}]')).toMatchObject(expected);
  });

  test.each([
    ["v1alpha1", "1", "500m", [1000, 500]],
    ["v1alpha1", "900m", "100m", [900, 100]],
    ["v1alpha1", "2", "1000m", [2, 1]],
    ["v1alpha2", "90", "10", [90, 10]],
    ["v1alpha4", "0", "1", [0, 1]],
  ])("weights of %s: %s and %s", (version, first, second, expected) => {
    const text = `apiVersion: split.smi-spec.io/${version}\nkind: TrafficSplit\nmetadata: {name: s, namespace: shop}\nspec: {service: shop.shop.svc.cluster.local, backends: [{service: a, weight: ${first}}, {service: b.shop, weight: ${second}}]}`;
    const { documents, problems } = read(text);
    expect(problems).toEqual([]);
    expect(documents[0]).toMatchObject({
      service: "shop",
      backends: [
        { service: "a", weight: expected[0] },
        { service: "b", weight: expected[1] },
      ],
    });
  });

  test("documents of other kinds are handed on, not refused", () => {
    const { documents, others, problems } = read("---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n---\n");
    expect({ documents, problems }).toEqual({ documents: [], problems: [] });
    expect(others).toMatchObject([
      {
        source: { file: "shop.yaml", document: 1, line: 2 },
        value: { apiVersion: "v1", kind: "Service", metadata: { name: "web" } },
      },
    ]);
  });
});

describe("mistakes are found together, each with its place and the way out", () => {
  test("several documents with several mistakes", () => {
    const text = [
      target("v1alpha3", `spec: {${SUBJECTS}, rulez: []}`),
      "apiVersion: specs.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {name: s}",
      "apiVersion: split.smi-spec.io/v1beta1\nkind: TrafficSplit\nmetadata: {name: s}",
      "a: [",
    ].join("\n---\n");
    expect(messages(text)).toEqual([
      'error SMI-UNKNOWN-FIELD shop.yaml#1 TrafficTarget shop/cart spec.rulez (line 4): found the field "rulez", allowed: destination, rules, sources. Did you mean "rules"?',
      "error SMI-EMPTY shop.yaml#1 TrafficTarget shop/cart spec.rules (line 4): is empty, so nothing is allowed; write at least one entry, or delete the TrafficTarget",
      'error SMI-KIND shop.yaml#2 apiVersion (line 6): found TrafficSplit in "specs.smi-spec.io/v1alpha4"; its group is split.smi-spec.io. Write "split.smi-spec.io/v1alpha4".',
      'error SMI-VERSION shop.yaml#3 apiVersion (line 10): found "split.smi-spec.io/v1beta1", served for TrafficSplit: v1alpha1, v1alpha2, v1alpha3, v1alpha4. Write "split.smi-spec.io/v1alpha4" in its form.',
      expect.stringMatching(/^error SMI-YAML shop\.yaml#4 \(line 14\): .+; correct the YAML$/),
    ]);
  });

  const spec = (kind: string, version: string, body: string): string =>
    `apiVersion: ${kind === "TrafficSplit" ? "split" : "specs"}.smi-spec.io/${version}\nkind: ${kind}\nmetadata: {name: x, namespace: shop}\n${body}`;

  test.each([
    [
      "a negative weight",
      spec("TrafficSplit", "v1alpha2", "spec: {service: a, backends: [{service: b, weight: -1}]}"),
      "SMI-WEIGHT",
      "spec.backends[0].weight",
      "found -1",
    ],
    [
      "a fraction",
      spec("TrafficSplit", "v1alpha4", "spec: {service: a, backends: [{service: b, weight: 0.5}]}"),
      "SMI-WEIGHT",
      "spec.backends[0].weight",
      "found 0.5",
    ],
    [
      "a quantity after v1alpha1",
      spec("TrafficSplit", "v1alpha2", "spec: {service: a, backends: [{service: b, weight: 100m}]}"),
      "SMI-WEIGHT",
      "spec.backends[0].weight",
      "belong to v1alpha1; write 100",
    ],
    [
      "another namespace's Service",
      spec("TrafficSplit", "v1alpha2", "spec: {service: a, backends: [{service: b.other, weight: 1}]}"),
      "SMI-CROSS-NAMESPACE",
      "spec.backends[0].service",
      '"shop", such as "b"',
    ],
    [
      "a Service as an object",
      spec("TrafficSplit", "v1alpha2", "spec: {service: {name: a}, backends: [{service: b, weight: 1}]}"),
      "SMI-FIELD",
      "spec.service",
      'Write service: "a".',
    ],
    [
      "split matches before v1alpha3",
      spec("TrafficSplit", "v1alpha2", "spec: {service: a, matches: [], backends: [{service: b, weight: 1}]}"),
      "SMI-UNKNOWN-FIELD",
      "spec.matches",
      "known since",
    ],
    [
      "a lookahead",
      spec("HTTPRouteGroup", "v1alpha4", "spec: {matches: [{name: m, pathRegex: '/(?!admin).*'}]}"),
      "SMI-RE2",
      "spec.matches[0].pathRegex",
      "the lookaround (?!",
    ],
    [
      "a back reference",
      spec("HTTPRouteGroup", "v1alpha4", "spec: {matches: [{name: m, pathRegex: '/(a)\\1'}]}"),
      "SMI-RE2",
      "spec.matches[0].pathRegex",
      "the back reference \\1",
    ],
    [
      "a header's name that is none",
      spec("HTTPRouteGroup", "v1alpha4", 'spec: {matches: [{name: m, headers: {"x y": a}}]}'),
      "SMI-FIELD",
      "spec.matches[0].headers.x y",
      'found "x y", allowed: the name of a header',
    ],
    [
      "counts inside of counts, above what RE2 takes",
      spec("HTTPRouteGroup", "v1alpha4", "spec: {matches: [{name: m, pathRegex: '/((a{10}){10}){11}'}]}"),
      "SMI-RE2",
      "spec.matches[0].pathRegex",
      "counts inside of counts, together above 1000",
    ],
    [
      "two matches of one name",
      spec("HTTPRouteGroup", "v1alpha2", "matches: [{name: m, pathRegex: /a}, {name: m, pathRegex: /b}]"),
      "SMI-MATCH-NAME",
      "matches[1].name",
      "a second time",
    ],
    [
      "a match without a name",
      spec("HTTPRouteGroup", "v1alpha4", "spec: {matches: [{pathRegex: /a}]}"),
      "SMI-MATCH-NAME",
      "spec.matches[0]",
      "has no name",
    ],
    [
      "a match of everything",
      spec("HTTPRouteGroup", "v1alpha4", "spec: {matches: [{name: m}]}"),
      "SMI-MATCH-ALL",
      "spec.matches[0]",
      'pathRegex: ".*"',
    ],
    [
      "lower-case methods",
      spec("HTTPRouteGroup", "v1alpha4", "spec: {matches: [{name: m, methods: [get]}]}"),
      "SMI-METHOD-CASE",
      "spec.matches[0].methods[0]",
      '"GET" is used',
    ],
    [
      "matches outside spec",
      spec("HTTPRouteGroup", "v1alpha4", "matches: [{name: m, pathRegex: /}]"),
      "SMI-UNKNOWN-FIELD",
      "matches",
      'under "spec"',
    ],
    [
      "an IdentityBinding before the draft",
      target("v1alpha3", `spec: {${SUBJECTS.replace("ServiceAccount", "IdentityBinding")}, rules: []}`),
      "SMI-FIELD",
      "spec.destination.kind",
      "known since access.smi-spec.io/v1alpha4",
    ],
    [
      "labels and a ServiceAccount in one binding",
      binding("serviceAccount: a, podLabelSelectors: [{name: x, matchLabels: {app: a}}]"),
      "SMI-FIELD",
      "spec.schemes",
      "exclude each other",
    ],
    ["a binding of nobody", binding(""), "SMI-FIELD", "spec.schemes", "names nobody"],
    [
      "a SPIFFE identity without a path",
      binding("spiffeIdentities: [cluster.local]"),
      "SMI-FIELD",
      "spec.schemes.spiffeIdentities[0]",
      "allowed: <trust domain>/<path>",
    ],
    [
      "metrics",
      "apiVersion: metrics.smi-spec.io/v1alpha1\nkind: TrafficMetrics",
      "SMI-METRICS",
      "kind",
      "is what a mesh reports",
    ],
    [
      "an unknown unit",
      METRICS.replace("unit: seconds", "unit: minutes"),
      "SMI-FIELD",
      "metrics[0].unit",
      "allowed: ms, s, seconds",
    ],
    [
      "a misspelt group",
      "apiVersion: split.smi-sepc.io/v1alpha2\nkind: TrafficSplit",
      "SMI-KIND",
      "apiVersion",
      'Write "split.smi-spec.io/v1alpha2".',
    ],
    [
      "a target in another namespace",
      target(
        "v1alpha3",
        "spec: {destination: {kind: ServiceAccount, name: a, namespace: pay}, sources: [{kind: ServiceAccount, name: web, namespace: shop}], rules: [{kind: TCPRoute, name: t}]}",
      ),
      "SMI-NAMESPACE",
      "spec.destination.namespace",
      'to "pay"',
    ],
    [
      "a source without namespace",
      target(
        "v1alpha3",
        "spec: {destination: {kind: ServiceAccount, name: a, namespace: shop}, sources: [{kind: ServiceAccount, name: web}], rules: [{kind: TCPRoute, name: t}]}",
      ),
      "SMI-NAMESPACE-DEFAULT",
      "spec.sources[0]",
      '"shop"',
    ],
  ])("%s", (_, text, code, path, excerpt) => {
    const found = read(text).problems.find((problem) => problem.code === code);
    expect(found?.where).toMatch(new RegExp(`${path.replace(/[[\]]/g, "\\$&")}$`));
    expect(found?.message).toContain(excerpt);
    expect(found?.line).toBeGreaterThan(0);
  });

  test("one object written twice", () => {
    const text = "apiVersion: specs.smi-spec.io/v1alpha3\nkind: TCPRoute\nmetadata: {name: t, namespace: shop}\n";
    expect(messages(`${text}---\n${text}`)).toEqual([
      "error SMI-DUPLICATE shop.yaml#2 TCPRoute shop/t (line 5): is described already by shop.yaml#1; rename or remove one of them",
    ]);
  });
});
