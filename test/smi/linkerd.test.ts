import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  accessRule,
  type Facts,
  formatProblem,
  type KubernetesObject,
  readSmi,
  type SmiDocument,
  translateLinkerd,
  type WorkloadFacts,
} from "../../smi";

const workload = (serviceAccount: string, over: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  namespace: "shop",
  serviceAccount,
  labels: { app: serviceAccount },
  ports: [{ name: "http", port: 8080 }],
  probes: [{ port: 8080, path: "/healthz" }],
  ...over,
});
const service = (name: string): Facts["services"][number] => ({
  namespace: "shop",
  name,
  selector: { app: name },
  ports: [{ name: "http", port: 80, targetPort: 8080 }],
});
const FACTS: Facts = {
  workloads: ["web", "checkout", "catalog", "reports"].map((name) => workload(name)),
  services: ["web", "checkout", "checkout-v1", "checkout-v2", "catalog", "catalog-v1", "catalog-v2"].map(service),
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

/** Who may send what, per HTTPRoute: the objects as a person reads them. */
function summary(objects: readonly KubernetesObject[]): Record<string, unknown> {
  const find = (kind: string, name: string): KubernetesObject | undefined =>
    objects.find((object) => object.kind === kind && object.metadata.name === name);
  return Object.fromEntries(
    objects
      .filter(({ kind }) => kind === "HTTPRoute")
      .map(({ metadata: { name }, spec }) => {
        const rules = spec["rules"] as {
          matches: { path?: { value: string }; method?: string; headers?: { name: string; value: string }[] }[];
        }[];
        const requests = rules.flatMap(({ matches }) =>
          matches.map(({ path, method, headers }) =>
            [
              method ?? "*",
              path?.value ?? "*",
              ...(headers ?? []).map((header) => `${header.name}: ${header.value}`),
            ].join(" "),
          ),
        );
        const identities = find("MeshTLSAuthentication", name)?.spec["identityRefs"] as { name: string }[] | undefined;
        return [name, { requests, from: identities?.map((identity) => identity.name) ?? "everyone" }];
      }),
  );
}

function codes(documents: readonly SmiDocument[], facts: Facts = FACTS): string[] {
  return translateLinkerd(documents, facts).problems.map(({ code }) => code);
}

describe("the shop's example", () => {
  const files = ["routes.yaml", "access.yaml", "split.yaml"].map((name) => {
    return { path: `examples/shop/${name}`, text: readFileSync(join(__dirname, "../../examples/shop", name), "utf8") };
  });

  test("is read without a problem and gives these routes", () => {
    const { documents, problems } = readSmi(files);
    expect(problems).toEqual([]);
    const translation = translateLinkerd(documents, FACTS);
    expect(translation.problems.map(({ code }) => code)).toEqual(["SMI-PATH-RAW"]);
    expect(summary(translation.objects.filter(({ metadata }) => metadata.name !== "catalog"))).toEqual({
      "catalog-8080-probes": { requests: ["GET /healthz"], from: "everyone" },
      "catalog-8080-products": { requests: ["GET ^(?:/products).*$"], from: ["web"] },
      "checkout-8080-cart": { requests: ["GET ^(?:/cart).*$", "POST ^(?:/cart).*$"], from: ["web"] },
      "checkout-8080-probes": { requests: ["GET /healthz"], from: "everyone" },
    });
    expect(translation.objects.find(({ metadata }) => metadata.name === "catalog")).toEqual({
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "catalog", namespace: "shop" },
      spec: {
        parentRefs: [{ group: "", kind: "Service", name: "catalog", port: 80 }],
        rules: [
          {
            backendRefs: [
              { name: "catalog-v1", port: 80, weight: 90 },
              { name: "catalog-v2", port: 80, weight: 10 },
            ],
          },
        ],
      },
    });
  });

  test("gives the same objects whatever the order of its documents", () => {
    const { documents } = readSmi(files);
    const { objects } = translateLinkerd(documents, FACTS);
    expect(
      translateLinkerd([...documents].reverse(), {
        workloads: [...FACTS.workloads].reverse(),
        services: FACTS.services,
      }).objects,
    ).toEqual(objects);
  });
});

describe("access", () => {
  test("each object says exactly this", () => {
    const { objects } = translateLinkerd(allow("web", ["/cart"], { methods: ["GET"], ports: [8080] }), FACTS);
    const named = (kind: string): unknown =>
      objects.find((object) => object.kind === kind && object.metadata.name !== "checkout-8080-probes");
    const name = "checkout-8080-web-checkout";
    expect(objects).toHaveLength(7);
    expect(named("Server")).toEqual({
      apiVersion: "policy.linkerd.io/v1beta3",
      kind: "Server",
      metadata: { name: "checkout-8080", namespace: "shop" },
      spec: {
        podSelector: { matchLabels: { app: "checkout" } },
        port: 8080,
        proxyProtocol: "HTTP/1",
        accessPolicy: "deny",
      },
    });
    expect(named("HTTPRoute")).toEqual({
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name, namespace: "shop" },
      spec: {
        parentRefs: [{ group: "policy.linkerd.io", kind: "Server", name: "checkout-8080" }],
        rules: [{ matches: [{ path: { type: "RegularExpression", value: "^(?:/cart).*$" }, method: "GET" }] }],
      },
    });
    expect(named("AuthorizationPolicy")).toEqual({
      apiVersion: "policy.linkerd.io/v1alpha1",
      kind: "AuthorizationPolicy",
      metadata: { name, namespace: "shop" },
      spec: {
        targetRef: { group: "gateway.networking.k8s.io", kind: "HTTPRoute", name },
        requiredAuthenticationRefs: [{ group: "policy.linkerd.io", kind: "MeshTLSAuthentication", name }],
      },
    });
    expect(named("MeshTLSAuthentication")).toEqual({
      apiVersion: "policy.linkerd.io/v1alpha1",
      kind: "MeshTLSAuthentication",
      metadata: { name, namespace: "shop" },
      spec: { identityRefs: [{ kind: "ServiceAccount", name: "web", namespace: "shop" }] },
    });
  });

  test("a path inside another one keeps both sources, and what is left keeps its own", () => {
    const { objects } = translateLinkerd([...allow("web", ["/api"]), ...allow("reports", ["/api/v1"])], FACTS);
    expect(summary(objects)).toEqual({
      "checkout-8080-probes": { requests: ["GET /healthz"], from: "everyone" },
      "checkout-8080-reports-checkout-web-checkout": { requests: ["* ^(?:/api/v1).*$"], from: ["reports", "web"] },
      "checkout-8080-web-checkout": { requests: ["* ^(?:/api(?:[^/].*|/(?:[^v].*|v(?:[^1].*)?)?)?)$"], from: ["web"] },
    });
  });

  test("equal requests of two rules share one route", () => {
    const { objects } = translateLinkerd([...allow("web", ["/cart"]), ...allow("reports", ["/cart"])], FACTS);
    expect(Object.values(summary(objects))).toContainEqual({ requests: ["* ^(?:/cart).*$"], from: ["reports", "web"] });
  });

  test("overlapping paths of the same sources stay as they were written", () => {
    const { objects } = translateLinkerd(allow("web", ["/api", "/api/v1"]), FACTS);
    expect(Object.values(summary(objects))).toContainEqual({
      requests: ["* ^(?:/api).*$", "* ^(?:/api/v1).*$"],
      from: ["web"],
    });
  });

  test("a rule for everything leaves the probe alive, below all routes with a path", () => {
    const translation = translateLinkerd(
      [...allow("web"), ...allow("reports", ["/report"], { methods: ["GET"] })],
      FACTS,
    );
    expect(summary(translation.objects)).toEqual({
      "checkout-8080-probes": { requests: ["GET /healthz"], from: "everyone" },
      "checkout-8080-reports-checkout-web-checkout": { requests: ["GET ^(?:/report).*$"], from: ["reports", "web"] },
      "checkout-8080-web-checkout": {
        requests: ["* /", "* /healthz", "* ^(?:/report).*$"],
        from: ["web"],
      },
    });
    expect(translation.problems.map(({ code }) => code)).toContain("SMI-PROBE-OPEN");
  });

  test("typed paths are literal", () => {
    const { objects } = translateLinkerd(allow("web", ["/v1.0/*"]), FACTS);
    expect(Object.values(summary(objects))).toContainEqual({ requests: ["* ^(?:/v1\\.0/\\*).*$"], from: ["web"] });
  });

  test("a TCP rule makes the port opaque and names the sources on the Server", () => {
    const facts = { ...FACTS, workloads: [workload("checkout", { ports: [{ port: 3306 }], probes: [] })] };
    const { objects } = translateLinkerd(allow("web", undefined, { protocol: "tcp", ports: [3306] }), facts);
    expect(objects.map(({ kind, metadata: { name } }) => `${kind} ${name}`)).toEqual([
      "AuthorizationPolicy checkout-3306",
      "MeshTLSAuthentication checkout-3306",
      "Server checkout-3306",
    ]);
    expect(objects[0]!.spec["targetRef"]).toEqual({
      group: "policy.linkerd.io",
      kind: "Server",
      name: "checkout-3306",
    });
    expect(objects[2]!.spec).toMatchObject({ proxyProtocol: "opaque", port: 3306 });
  });

  test("two workloads of one ServiceAccount get a Server each, and none for pods that another selects", () => {
    const facts = {
      ...FACTS,
      workloads: [
        workload("checkout", { name: "v1", labels: { app: "checkout", version: "v1" } }),
        workload("checkout", { name: "v2", labels: { app: "checkout", version: "v2" } }),
        workload("checkout", { name: "debug", labels: { app: "checkout", version: "v2", debug: "on" } }),
      ],
    };
    const { objects } = translateLinkerd(allow("web", ["/cart"]), facts);
    expect(objects.filter(({ kind }) => kind === "Server").map(({ metadata }) => metadata.name)).toEqual([
      "checkout-v1-8080",
      "checkout-v2-8080",
    ]);
  });

  test("names fit 63 characters and stay apart", () => {
    const long = "a-service-account-with-a-name-that-is-far-too-long-for-comfort";
    const facts = { ...FACTS, workloads: [workload(long)] };
    const rules = ["one", "two"].flatMap((name) =>
      accessRule({ name: `${name}-${long}`, from: [sa(name)], to: sa(long), paths: [`/${name}`] }),
    );
    const { objects } = translateLinkerd(rules, facts);
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(objects.every(({ metadata }) => metadata.name.length <= 63)).toBe(true);
  });
});

describe("what cannot be said is an error, and then nothing is emitted", () => {
  const yaml = (text: string): SmiDocument[] => [...readSmi([{ path: "shop.yaml", text }]).documents];
  const rules = (list: string, more = ""): SmiDocument[] =>
    yaml(
      `apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: t, namespace: shop}\nspec:\n  destination: {kind: ServiceAccount, name: checkout, namespace: shop}\n  sources: [{kind: ServiceAccount, name: web, namespace: shop}]\n  rules: ${list}\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: cart, namespace: shop}\nspec: {matches: [{name: get, pathRegex: /cart${more}}]}\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: UDPRoute\nmetadata: {name: dns, namespace: shop}\nspec: {matches: {ports: [53]}}\n`,
    );
  const one = (documents: readonly SmiDocument[], facts: Facts = FACTS): string => {
    const { objects, problems } = translateLinkerd(documents, facts);
    expect(objects).toEqual([]);
    return problems
      .filter(({ severity }) => severity === "error")
      .map(formatProblem)
      .join("\n");
  };

  test.each([
    ["cart", "", 'found pathRegex "cart", which no path matches: paths start with a slash. Write "/cart" or ".*cart".'],
    ["/a\\nb", "", 'found pathRegex "/a\\u000ab", which no path matches: it asks for what no path has'],
    ["/cart", ', headers: {x-b: "a\\nb"}', "found headers (x-b) with values that no request has; correct them"],
  ])("a match that no request satisfies: %j%s", (path, more, message) => {
    const documents = rules("[{kind: HTTPRouteGroup, name: cart}]", more).map((document) =>
      document.kind === "HTTPRouteGroup"
        ? { ...document, matches: document.matches.map((match) => ({ ...match, pathRegex: path })) }
        : document,
    );
    const never = translateLinkerd(documents, FACTS).problems.filter(({ code }) => code === "SMI-RE-NEVER");

    expect(never.map(({ message: text }) => text.replaceAll("\\n", "\\u000a"))).toEqual([
      expect.stringContaining(message),
    ]);
  });

  test("references", () => {
    expect(one(rules("[{kind: HTTPRouteGroup, name: carts}]"))).toBe(
      'error SMI-REF shop.yaml#1 TrafficTarget shop/t spec.rules[0] (line 7): found HTTPRouteGroup "carts", in namespace "shop" there are: cart. Did you mean "cart"?',
    );
    expect(one(rules("[{kind: HTTPRouteGroup, name: cart, matches: [get, put]}]"))).toBe(
      'error SMI-REF shop.yaml#1 TrafficTarget shop/t spec.rules[0].matches[1] (line 7): found the match "put", in shop/cart there are: get.',
    );
  });

  test("a ServiceAccount without workload", () => {
    const message = one(allow("web", ["/"], { to: sa("checkouts") }));
    expect(message).toBe(
      'error SMI-SA-UNRESOLVED access[0] TrafficTarget shop/web-checkout to: found the ServiceAccount "shop/checkouts", known workloads run as: shop/catalog, shop/checkout, shop/reports, shop/web. Did you mean "shop/checkout"? Add its workload, or correct the name.',
    );
  });

  test.each([
    ["UDP", (): string => one(rules("[{kind: UDPRoute, name: dns}]")), "SMI-UDP"],
    ["a port that no container has", (): string => one(allow("web", ["/"], { ports: [80] })), "SMI-PORT"],
    ["an unknown method", (): string => one(allow("web", ["/"], { methods: ["PROPFIND"] })), "SMI-METHOD"],
    [
      "a Host header",
      (): string => one(rules("[{kind: HTTPRouteGroup, name: cart}]", ", headers: {Host: a}")),
      "SMI-HOST",
    ],
    [
      "a header twice",
      (): string => one(rules("[{kind: HTTPRouteGroup, name: cart}]", ", headers: [{x: a}, {x: b}]")),
      "SMI-HDR-DUP",
    ],
    [
      "labels that select others",
      (): string =>
        one(allow("web", ["/"]), {
          ...FACTS,
          workloads: [...FACTS.workloads, workload("thief", { labels: { app: "checkout", role: "thief" } })],
        }),
      "SMI-SA-AMBIGUOUS",
    ],
    [
      "overlaps without a short disjoint form",
      (): string =>
        one([
          ...rules("[{kind: HTTPRouteGroup, name: cart}]", "/.*(abcdef|fedcba|acebdf).*(123456|654321)"),
          ...allow("reports", ["/cart"]),
          ...yaml(
            "apiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: x, namespace: shop}\nspec: {matches: [{name: m, pathRegex: '/.*x{3}.*y{3}.*z{3}'}]}\n---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: x, namespace: shop}\nspec: {destination: {kind: ServiceAccount, name: checkout, namespace: shop}, sources: [{kind: ServiceAccount, name: catalog, namespace: shop}], rules: [{kind: HTTPRouteGroup, name: x}]}",
          ),
        ]),
      "SMI-OVERLAP",
    ],
  ])("%s", (_, run, code) => {
    expect(run()).toContain(`error ${code} `);
  });

  test("an accepted warning is not repeated", () => {
    expect(translateLinkerd(allow("web", ["/cart"]), FACTS, { acknowledge: ["SMI-PATH-RAW"] }).problems).toEqual([]);
    expect(codes(allow("web", ["/cart"]))).toEqual(["SMI-PATH-RAW"]);
  });
});
