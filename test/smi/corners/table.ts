/** What SMI can say and a mesh may not: inputs that lie in corners, and what each mesh answers. */
import type { Facts, MeshName, ProblemCode, ServiceFacts, WorkloadFacts } from "../../../smi";

const pod = (name: string, over: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  namespace: "shop",
  serviceAccount: name,
  labels: { app: name },
  ports: [{ port: 8080 }],
  probes: [],
  ...over,
});
const service = (name: string, over: Partial<ServiceFacts> = {}): ServiceFacts => ({
  namespace: "shop",
  name,
  selector: { app: "checkout" },
  ports: [{ port: 80, targetPort: 8080, appProtocol: "http" }],
  waypoint: "waypoint",
  ...over,
});
const root = (over: Partial<ServiceFacts> = {}): Facts => ({
  workloads: [pod("checkout"), pod("web")],
  services: [
    service("checkout", over),
    ...["1", "2"].map((v) => service(`v${v}`, { selector: { app: "checkout", v } })),
    service("web", { selector: { app: "web" } }),
  ],
});
export const FACTS = root();
const TWO_PORTS: Facts = {
  ...FACTS,
  workloads: [pod("checkout", { ports: [{ port: 8080 }, { port: 9090 }] }), pod("web")],
};

const yaml = (group: string, version: string, kind: string, name: string, body: string): string =>
  `apiVersion: ${group}.smi-spec.io/${version}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\n${body}`;
const together = (...documents: readonly string[]): string => documents.join("\n---\n");
const group = (matches: string, name = "g"): string =>
  yaml("specs", "v1alpha4", "HTTPRouteGroup", name, `spec: {matches: [${matches}]}`);
const CHECKOUT = "{kind: ServiceAccount, name: checkout, namespace: shop}";
const WEB = "{kind: ServiceAccount, name: web, namespace: shop}";
const target = (rules = "{kind: HTTPRouteGroup, name: g}", sources = WEB, name = "t", destination = CHECKOUT): string =>
  yaml(
    "access",
    "v1alpha3",
    "TrafficTarget",
    name,
    `spec: {destination: ${destination}, rules: [${rules}], sources: [${sources}]}`,
  );
const access = (match: string): string => together(group(`{name: m, ${match}}`), target());
const tcp = (ports: string, name = "p"): string =>
  yaml("specs", "v1alpha4", "TCPRoute", name, `spec: {matches: {ports: [${ports}]}}`);
const TCP_AND_HTTP = "{kind: TCPRoute, name: p}, {kind: HTTPRouteGroup, name: g}";
const split = (backends: string, over = "", name = "s", service = "checkout"): string =>
  yaml("split", "v1alpha4", "TrafficSplit", name, `spec: {service: ${service}, backends: [${backends}]${over}}`);
const CANARY = "{service: v1, weight: 9}, {service: v2, weight: 1}";
const BETA = ", matches: [{kind: HTTPRouteGroup, name: g}]";
const draft = (schemes: string): string =>
  together(
    tcp(""),
    yaml("access", "v1alpha4", "IdentityBinding", "b", `spec: {schemes: {${schemes}}}`),
    yaml(
      "access",
      "v1alpha4",
      "TrafficTarget",
      "t",
      `spec: {destination: ${CHECKOUT}, rules: [{kind: TCPRoute, name: p}], sources: [{kind: IdentityBinding, name: b, namespace: shop}]}`,
    ),
  );

/** Codes of problems; none: translated exactly. */
type Answer = readonly ProblemCode[];
/** An answer of all meshes that can be asked, or one for some of them and `others` for the rest. */
type Answers = Answer | (Readonly<Partial<Record<MeshName, Answer>>> & { readonly others: Answer });

export interface Corner {
  readonly text: string;
  readonly facts?: Facts;
  readonly answers: Answers;
  /** Place of the first answer inside its document. */
  readonly at?: string;
}

const istio = (answer: Answer, others: Answer = []): Answers => ({ istio: answer, "istio-ambient": answer, others });

/** By their names in docs/smi.md. The numbers stay as they are; a letter tells variants of one apart. */
export const CORNERS: Readonly<Record<string, Corner>> = {
  "1 a path that is a finite set of texts and prefixes": { text: access("pathRegex: '/v[12]/'"), answers: [] },
  "2 a path that policies of Istio cannot say": {
    text: access("pathRegex: '/orders/[0-9]+$'"),
    answers: istio(["SMI-RE-PATH"]),
    at: "spec.rules[0]",
  },
  "2b a path of which Istio's templates leave a little out": {
    text: access("pathRegex: '/orders/[^/]+$'"),
    answers: istio(["SMI-RE-PATH-NARROWED"]),
    at: "spec.rules[0]",
  },
  "2c a path whose form says more than it means": {
    text: access("pathRegex: '.*q^b$|.*/x$'"),
    answers: istio(["SMI-RE-PATH"]),
    at: "spec.rules[0]",
  },
  "3 the same path in a split": {
    text: together(group("{name: m, pathRegex: '/orders/[0-9]+$'}"), split(CANARY, BETA)),
    answers: [],
  },
  "4 what RE2 does not know": {
    text: access("pathRegex: '/(?!x)'"),
    answers: ["SMI-RE2"],
    at: "spec.matches[0].pathRegex",
  },
  "5 alternatives of which one starts another": { text: access("pathRegex: '/a|/ab'"), answers: [] },
  "6 a header that is a prefix": { text: access("headers: {x-beta: 'can.*'}"), answers: [] },
  "7 a header that contains a text": {
    text: access("headers: {x-beta: '.*can.*'}"),
    answers: istio(["SMI-RE-HDR"]),
    at: "spec.rules[0]",
  },
  "8 one header twice, as a list of maps": {
    text: access("headers: [{x-beta: 'a.*'}, {x-beta: '.*b'}]"),
    answers: { linkerd: ["SMI-HDR-DUP"], others: [] },
    at: "spec.rules[0]",
  },
  "8b one header twice in a split": {
    text: together(group("{name: m, headers: [{x: 'a.*'}, {x: '.*b'}]}"), split(CANARY, BETA)),
    answers: { consul: [], others: ["SMI-HDR-DUP"] },
    at: "spec.matches[0]",
  },
  "9 the host": {
    text: access("headers: {Host: '(?i)shop\\.example'}"),
    answers: { ...istio([], ["SMI-HOST"]) } as Answers,
  },
  "10 a method in lower case": {
    text: access("methods: [get]"),
    answers: ["SMI-METHOD-CASE"],
    at: "spec.matches[0].methods[0]",
  },
  "10b a method that the Gateway API does not list": {
    text: access("methods: [LINK]"),
    answers: istio([], ["SMI-METHOD"]),
  },
  "10c any method": { text: access("pathRegex: /cart, methods: ['*']"), answers: [] },
  "11 a ServiceAccount without a workload": {
    text: access("pathRegex: /"),
    facts: { workloads: [pod("web")], services: [] },
    answers: ["SMI-SA-UNRESOLVED"],
    at: "spec.destination",
  },
  "11b labels that another ServiceAccount's pods have": {
    text: access("pathRegex: /"),
    facts: {
      ...FACTS,
      workloads: [pod("checkout"), pod("web", { podLabels: { app: "checkout" }, labels: { app: "x" } })],
    },
    answers: ["SMI-SA-AMBIGUOUS"],
    at: "spec.destination",
  },
  "12 destination.port of v1alpha2": {
    text: together(
      group("{name: m, pathRegex: /cart}"),
      yaml(
        "access",
        "v1alpha2",
        "TrafficTarget",
        "t",
        `spec: {destination: {kind: ServiceAccount, name: checkout, namespace: shop, port: 8080}, rules: [{kind: HTTPRouteGroup, name: g}], sources: [${WEB}]}`,
      ),
    ),
    facts: TWO_PORTS,
    answers: { consul: ["SMI-PORT-SHARED"], others: [] },
    at: "spec.destination",
  },
  "13 no rules": { text: target(""), answers: ["SMI-EMPTY"], at: "spec.rules" },
  "13b no sources": { text: together(group("{name: m, pathRegex: /}"), target(undefined, "")), answers: ["SMI-EMPTY"] },
  "14 a rule without matches": { text: access("pathRegex: /cart"), answers: [] },
  "15 a group that is not there": { text: target(), answers: ["SMI-REF"], at: "spec.rules[0]" },
  "15b a match that is not there": {
    text: together(group("{name: m, pathRegex: /}"), target("{kind: HTTPRouteGroup, name: g, matches: [n]}")),
    answers: ["SMI-REF"],
    at: "spec.rules[0].matches[0]",
  },
  "15c matches without names": { text: group("{pathRegex: /}"), answers: ["SMI-MATCH-NAME"], at: "spec.matches[0]" },
  "16 a match of nothing": {
    text: together(group("{name: m}"), target()),
    answers: ["SMI-MATCH-ALL"],
    at: "spec.matches[0]",
  },
  "17 targets that meet": {
    text: together(
      group("{name: m, pathRegex: /api}"),
      target(),
      group("{name: m, pathRegex: /api/v1}", "h"),
      target("{kind: HTTPRouteGroup, name: h}", "{kind: ServiceAccount, name: jobs, namespace: shop}", "u"),
    ),
    answers: [],
  },
  "17b targets whose meeting cannot be told": {
    text: together(
      group("{name: m, pathRegex: '/a\\b'}"),
      target(),
      group("{name: m, pathRegex: '/a.*b'}", "h"),
      target("{kind: HTTPRouteGroup, name: h}", "{kind: ServiceAccount, name: jobs, namespace: shop}", "u"),
    ),
    answers: { ...istio(["SMI-RE-PATH"]), linkerd: ["SMI-OVERLAP"], others: [] } as Answers,
    at: "spec.rules[0]",
  },
  "18 one source with two rules": {
    text: together(group("{name: m, pathRegex: /a}"), target(), target(undefined, `${WEB}, ${WEB}`, "u")),
    answers: [],
  },
  "19 a TCPRoute for any port": { text: together(tcp(""), target("{kind: TCPRoute, name: p}")), answers: [] },
  "20 ports and requests": {
    text: together(tcp("8080"), group("{name: m, pathRegex: /cart}"), target(TCP_AND_HTTP)),
    facts: TWO_PORTS,
    answers: { consul: ["SMI-PORT-SHARED"], others: [] },
  },
  "21 a UDPRoute": {
    text: together(
      yaml("specs", "v1alpha4", "UDPRoute", "u", "spec: {matches: {ports: [53]}}"),
      target("{kind: UDPRoute, name: u}"),
    ),
    answers: ["SMI-UDP"],
    at: "spec.rules[0]",
  },
  "22 a destination of another namespace": {
    text: target(undefined, WEB, "t", "{kind: ServiceAccount, name: a, namespace: pay}"),
    answers: ["SMI-NAMESPACE"],
    at: "spec.destination.namespace",
  },
  "23 a source without namespace": {
    text: together(tcp(""), target("{kind: TCPRoute, name: p}", "{kind: ServiceAccount, name: web}")),
    answers: ["SMI-NAMESPACE-DEFAULT"],
    at: "spec.sources[0]",
  },
  "24 a backend of another namespace": {
    text: split("{service: v1.pay, weight: 1}"),
    answers: ["SMI-CROSS-NAMESPACE"],
    at: "spec.backends[0].service",
  },
  "24b a backend by its whole name": {
    text: split("{service: v1.shop.svc.cluster.local, weight: 1}, {service: v2.shop, weight: 1}"),
    answers: [],
  },
  "25 the root among its backends": {
    text: split("{service: checkout, weight: 1}, {service: v1, weight: 1}"),
    answers: ["SMI-SPLIT-SELF"],
    at: "spec.backends[0]",
  },
  "26 weights of which all are zero": {
    text: split("{service: v1, weight: 0}, {service: v2, weight: 0}"),
    answers: ["SMI-WEIGHT"],
  },
  "27 one backend with zero": { text: split("{service: v1, weight: 0}"), answers: ["SMI-WEIGHT"] },
  "28 a negative weight": {
    text: split("{service: v1, weight: -1}"),
    answers: ["SMI-WEIGHT"],
    at: "spec.backends[0].weight",
  },
  "28b a quantity after v1alpha1": {
    text: split("{service: v1, weight: 100m}"),
    answers: ["SMI-WEIGHT"],
    at: "spec.backends[0].weight",
  },
  "29 a backend twice": {
    text: split("{service: v1, weight: 1}, {service: v1, weight: 2}, {service: v2, weight: 1}"),
    answers: ["SMI-BACKEND-DUPLICATE"],
    at: "spec.backends[1]",
  },
  "30 weights above a million": {
    text: split("{service: v1, weight: 3000001}, {service: v2, weight: 2000000}"),
    answers: { istio: [], consul: [], others: ["SMI-WEIGHT-ROUNDED"] },
  },
  "31 a share below a hundredth of a percent": {
    text: split("{service: v1, weight: 30000}, {service: v2, weight: 1}"),
    answers: { consul: ["SMI-WEIGHT-LOST"], others: [] },
    at: "spec.backends[1]",
  },
  "32 a backend without the root's port": {
    text: split(CANARY),
    facts: root({ ports: [{ port: 81, appProtocol: "http" }] }),
    answers: ["SMI-LEAF-PORT"],
    at: "spec.backends[0]",
  },
  "33 a backend that is not there yet": {
    text: split("{service: v1, weight: 1}, {service: v3, weight: 1}"),
    answers: ["SMI-LEAF-MISSING"],
    at: "spec.backends[1]",
  },
  "34 two splits of one root": {
    text: together(split(CANARY), split(CANARY, "", "z")),
    answers: ["SMI-SPLIT-CONFLICT"],
    at: "spec.service",
  },
  "35 a backend that is split": {
    text: together(split(CANARY), split("{service: v1a, weight: 1}", "", "z", "v1")),
    facts: {
      ...FACTS,
      services: [...FACTS.services, service("v1a", { selector: { app: "checkout", v: "1", x: "a" } })],
    },
    answers: { consul: ["SMI-SPLIT-FLATTENED"], others: ["SMI-SPLIT-NESTED"] },
    at: "spec.backends[0]",
  },
  "36 a split that matches with a TCPRoute": {
    text: split(CANARY, ", matches: [{kind: TCPRoute, name: p}]"),
    answers: ["SMI-SPLIT-MATCH"],
    at: "spec.matches[0].kind",
  },
  "37 a headless root": {
    text: split(CANARY),
    facts: root({ headless: true }),
    answers: { istio: ["SMI-HEADLESS-BALANCE"], others: ["SMI-HEADLESS"] },
    at: "spec.service",
  },
  "38 matches on a root that is not HTTP": {
    text: together(group("{name: m, pathRegex: /}"), split(CANARY, BETA)),
    facts: root({ ports: [{ port: 80, targetPort: 8080, appProtocol: "tcp" }] }),
    answers: ["SMI-SPLIT-PROTOCOL"],
    at: "spec.service",
  },
  "39 an identity of labels": {
    text: draft("podLabelSelectors: [{matchLabels: {app: web}}]"),
    answers: ["SMI-BINDING"],
    at: "spec.sources[0]",
  },
  "40 an identity of another trust domain": {
    text: draft("spiffeIdentities: [spiffe://other.example/ns/a/sa/b]"),
    answers: istio([], ["SMI-IDENTITY"]),
  },
  "40b an identity of the mesh's own": {
    text: draft("spiffeIdentities: [spiffe://cluster.local/ns/shop/sa/web]"),
    answers: [],
  },
  "43 a kind in the wrong group": {
    text: yaml("specs", "v1alpha4", "TrafficSplit", "s", "spec: {}"),
    answers: ["SMI-KIND"],
    at: "apiVersion",
  },
  "44 metrics": {
    text: "apiVersion: metrics.smi-spec.io/v1alpha1\nkind: TrafficMetrics\nresource: {kind: Pod, name: a}\nedge: {direction: to}\ntimestamp: 2026-04-08T22:25:55Z\nwindow: 30s\nmetrics: []",
    answers: ["SMI-METRICS"],
    at: "kind",
  },
  "45 names that are too long for what is made of them": {
    text: together(group("{name: m, pathRegex: /cart}"), target(undefined, WEB, `t${"x".repeat(200)}`)),
    answers: [],
  },
  "46 a star for a source": {
    text: together(tcp(""), target("{kind: TCPRoute, name: p}", '{kind: ServiceAccount, name: "*", namespace: shop}')),
    answers: ["SMI-NAME"],
    at: "spec.sources[0].name",
  },
  "46b a star for a source's namespace": {
    text: together(tcp(""), target("{kind: TCPRoute, name: p}", '{kind: ServiceAccount, name: web, namespace: "*"}')),
    answers: ["SMI-NAME"],
    at: "spec.sources[0].namespace",
  },
  "46c a star for a backend": {
    text: split('{service: v1, weight: 1}, {service: "*", weight: 1}'),
    answers: ["SMI-NAME"],
    at: "spec.backends[1].service",
  },
};
