import {
  accessRule,
  type Facts,
  formatProblem,
  istioAmbientDefaultDeny,
  type ServiceFacts,
  type SmiDocument,
  split,
  translateIstioAmbient,
  translateLinkerd,
  type WorkloadFacts,
} from "../../smi";
import { ambientAllows } from "../../smi/istio-ambient";

const sa = (serviceAccount: string) => ({ namespace: "shop", serviceAccount });
const pod = (name: string, over: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  ...sa(name),
  labels: { app: name },
  ports: [{ port: 8080 }],
  probes: [],
  ...over,
});
const service = (name: string, over: Partial<ServiceFacts> = {}): ServiceFacts => ({
  namespace: "shop",
  name,
  selector: { app: name },
  ports: [{ port: 80, targetPort: 8080, appProtocol: "http" }],
  waypoint: "waypoint",
  ...over,
});
const FACTS: Facts = { workloads: [pod("checkout"), pod("web")], services: [service("checkout")] };
const cart = accessRule({ name: "cart", from: [sa("web")], to: sa("checkout"), methods: ["GET"], paths: ["/cart"] });
const tcp = accessRule({ name: "db", from: [sa("web")], to: sa("checkout"), ports: [8080], protocol: "tcp" });
const request = { source: sa("web"), port: 8080, method: "GET", path: "/cart", headers: {} };

const translate = (documents: readonly SmiDocument[], facts = FACTS, options = {}) =>
  translateIstioAmbient(documents, facts, options);
const codes = (...args: Parameters<typeof translate>): string[] => translate(...args).problems.map(({ code }) => code);

test("rules for requests stand at a waypoint, which alone the pods admit", () => {
  const { objects, problems } = translate(cart);

  expect(problems.map(formatProblem)).toEqual([
    `warning SMI-WAYPOINT-DIRECT spec TrafficTarget shop/cart to: requests to the addresses of single pods of "shop/checkout" are denied: rules for requests are enforced by the waypoint, which stands before Services. Call a Service.`,
    expect.stringContaining("warning SMI-PATH-RAW Istio, 1 policy with patterns for paths"),
  ]);
  const security = "security.istio.io/v1";
  expect(objects).toEqual([
    {
      apiVersion: security,
      kind: "AuthorizationPolicy",
      metadata: { name: "cart", namespace: "shop" },
      spec: {
        action: "ALLOW",
        rules: [
          {
            from: [{ source: { principals: ["cluster.local/ns/shop/sa/web"] } }],
            to: [{ operation: { methods: ["GET"], paths: ["/cart*"] } }],
          },
        ],
        targetRefs: [{ group: "", kind: "Service", name: "checkout" }],
      },
    },
    {
      apiVersion: security,
      kind: "AuthorizationPolicy",
      metadata: { name: "checkout-from-waypoint", namespace: "shop" },
      spec: {
        action: "ALLOW",
        rules: [
          {
            from: [{ source: { principals: ["cluster.local/ns/shop/sa/waypoint"] } }],
            to: [{ operation: { ports: ["8080"] } }],
          },
        ],
        selector: { matchLabels: { app: "checkout" } },
      },
    },
    {
      apiVersion: security,
      kind: "AuthorizationPolicy",
      metadata: { name: "waypoint-smi-deny", namespace: "shop" },
      spec: { targetRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "waypoint" }] },
    },
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { name: "waypoint", namespace: "shop", labels: { "istio.io/waypoint-for": "service" } },
      spec: { gatewayClassName: "istio-waypoint", listeners: [{ name: "mesh", port: 15008, protocol: "HBONE" }] },
    },
  ]);
});

test("rules for connections need no waypoint, but pass one that is there", () => {
  const names = (waypoint: string | undefined): string[] =>
    translate(tcp, { ...FACTS, services: [service("checkout", { waypoint })] }).objects.map(
      ({ metadata, spec }) => `${metadata.name} ${"selector" in spec ? "at pods" : "at waypoint"}`,
    );

  expect(names(undefined)).toEqual(["db at pods"]);
  expect(names("waypoint")).toEqual([
    "checkout-from-waypoint at pods",
    "db at pods",
    "db-waypoint at waypoint",
    "waypoint-smi-deny at waypoint",
  ]);
});

test("a Service of the namespace that no rule names is no way past the waypoint, whatever the mesh's default", () => {
  const facts = {
    ...FACTS,
    services: [
      ...FACTS.services,
      service("side-door", { selector: { app: "checkout" }, ports: [{ port: 81, targetPort: 9090 }] }),
    ],
  };
  const workload = pod("checkout", { ports: [{ port: 8080 }, { port: 9090 }] });
  const rules = accessRule({ name: "cart", from: [sa("web")], to: sa("checkout"), ports: [8080], paths: ["/cart"] });
  const { objects } = translate(rules, { ...facts, workloads: [workload, pod("web")] });

  for (const deny of [[], istioAmbientDefaultDeny()]) {
    const asks = (over: object): boolean =>
      ambientAllows([...objects, ...deny], facts, workload, { ...request, ...over });
    expect(asks({ service: "checkout" })).toBe(true);
    expect(asks({ service: "checkout", path: "/admin" })).toBe(false);
    expect(asks({ service: "side-door", port: 9090 })).toBe(false);
    expect(asks({})).toBe(false);
    expect(asks({ source: sa("waypoint"), service: "checkout" })).toBe(false);
  }
});

test("a split is routed by the waypoint, and what it leads to admits the waypoint", () => {
  const versions = ["1", "2"].map((v) => pod("checkout", { name: `v${v}`, labels: { app: "checkout", v } }));
  const facts: Facts = {
    workloads: [...versions, pod("web")],
    services: [
      // The root selects nothing by itself: all of its requests go to the leaves.
      service("checkout", { selector: {} }),
      ...["1", "2"].map((v) => service(`checkout-v${v}`, { selector: { app: "checkout", v } })),
    ],
  };
  const canary = split({ namespace: "shop", service: "checkout", backends: { "checkout-v1": 9, "checkout-v2": 1 } });
  const { objects } = translate([...cart, canary], facts);

  expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    "AuthorizationPolicy cart",
    "AuthorizationPolicy checkout-from-waypoint-v1",
    "AuthorizationPolicy checkout-from-waypoint-v2",
    "AuthorizationPolicy waypoint-smi-deny",
    "Gateway waypoint",
    "HTTPRoute checkout",
  ]);
  for (const workload of versions) {
    const all = [...objects, ...istioAmbientDefaultDeny()];
    expect(ambientAllows(all, facts, workload, { ...request, service: "checkout" })).toBe(true);
    expect(ambientAllows(all, facts, workload, { ...request, service: "checkout", method: "POST" })).toBe(false);
  }
});

test("Services without the label are named, and their requests are denied until they have it", () => {
  const facts = { ...FACTS, services: [service("checkout", { waypoint: undefined })] };
  const { objects, problems } = translate(cart, facts);

  expect(problems.map(formatProblem)).toContain(
    "warning SMI-WAYPOINT-SETUP Istio, namespace shop: needs the label istio.io/use-waypoint: waypoint on the Services checkout; until then their requests do not pass the waypoint, and are denied. Then acknowledge SMI-WAYPOINT-SETUP.",
  );
  expect(ambientAllows(objects, facts, FACTS.workloads[0]!, { ...request, service: "checkout" })).toBe(false);
});

const twoPorts = pod("checkout", { ports: [{ port: 8080 }, { port: 9090 }] });
const onePort = accessRule({ name: "cart", from: [sa("web")], to: sa("checkout"), ports: [8080], paths: ["/cart"] });

test.each<[string, Facts, string]>([
  ["no Service leads to the pods", { ...FACTS, services: [] }, "SMI-WAYPOINT-SERVICE"],
  [
    "the only Service is headless",
    { ...FACTS, services: [service("checkout", { headless: true })] },
    "SMI-WAYPOINT-SERVICE",
  ],
  [
    "a Service leads to two ServiceAccounts with rules",
    {
      workloads: [
        pod("checkout", { podLabels: { app: "checkout", tier: "x" } }),
        pod("web", { podLabels: { app: "web", tier: "x" } }),
      ],
      services: [service("both", { selector: { tier: "x" } })],
    },
    "SMI-WAYPOINT-SHARED",
  ],
  [
    "a Service leads to a port beside that of the rule",
    {
      workloads: [twoPorts],
      services: [
        service("checkout", {
          ports: [
            { port: 80, targetPort: 8080 },
            { port: 81, targetPort: 9090 },
          ],
        }),
      ],
    },
    "SMI-PORT-SHARED",
  ],
  [
    "more Services than a policy has targets",
    { ...FACTS, services: Array.from({ length: 17 }, (_, at) => service(`s${at}`, { selector: { app: "checkout" } })) },
    "SMI-LIMIT",
  ],
])("%s: refused", (_, facts, code) => {
  const rules = [
    ...onePort,
    ...accessRule({ name: "back", from: [sa("checkout")], to: sa("web"), protocol: "tcp", ports: [8080] }),
  ].filter(({ name }) => name !== "back" || facts.workloads.some(({ serviceAccount }) => serviceAccount === "web"));
  const { objects, problems } = translate(rules, facts);

  expect(objects).toEqual([]);
  expect(problems.filter(({ severity }) => severity === "error").map((problem) => problem.code)).toContain(code);
});

test("Linkerd's gateway between clusters hides who calls, so a caller from elsewhere is refused", () => {
  const away = accessRule({ name: "away", from: [sa("jobs")], to: sa("checkout"), paths: ["/"] });
  const codesOf = (documents: SmiDocument[], multiCluster: "flat" | "gateway"): string[] =>
    translateLinkerd(documents, FACTS, { multiCluster, acknowledge: ["SMI-PATH-RAW"] }).problems.map(
      ({ code }) => code,
    );

  expect(codesOf(away, "gateway")).toEqual(["SMI-IDENTITY"]);
  expect(codesOf(away, "flat")).toEqual([]);
  expect(codesOf(cart, "gateway")).toEqual([]);
});

test("a caller of several trust domains is one principal for each", () => {
  const { objects } = translate(tcp, FACTS, { trustDomain: "east.example", trustDomainAliases: ["north.example"] });
  const { rules } = objects.find(({ metadata }) => metadata.name === "db")!.spec as { rules: object[] };

  expect(rules[0]).toMatchObject({
    from: [{ source: { principals: ["east.example/ns/shop/sa/web", "north.example/ns/shop/sa/web"] } }],
  });
});

test("a mesh of several clusters refuses what a waypoint would have to see, and keeps rules for ports", () => {
  expect(codes(cart, FACTS, { multiCluster: "flat" })).toContain("SMI-WAYPOINT-CLUSTERS");
  expect(codes(tcp, FACTS, { multiCluster: "gateway" })).toEqual([]);
});

test("a port that no Service leads to is named among what is denied", () => {
  const { problems } = translate(cart, { ...FACTS, workloads: [twoPorts, pod("web")] });

  expect(problems[0]!.message).toContain("and all to port 9090, to which no Service leads, are denied");
});
