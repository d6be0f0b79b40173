import {
  accessRule,
  type Facts,
  formatProblem,
  hasErrors,
  MESHES,
  type KubernetesObject,
  readSmi,
  type SmiDocument,
  type WorkloadFacts,
} from "../../smi";
import { consulAllows, consulDefaultDeny, type ConsulOptions, consulRefusals, translateConsul } from "../../smi/consul";

const workload = (serviceAccount: string, over: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  namespace: "shop",
  serviceAccount,
  labels: { app: serviceAccount },
  ports: [{ name: "http", port: 8080 }],
  probes: [],
  ...over,
});
const service = (name: string, over: Partial<Facts["services"][number]> = {}): Facts["services"][number] => ({
  namespace: "shop",
  name,
  selector: { app: name },
  ports: [{ name: "http", port: 80, targetPort: 8080 }],
  ...over,
});
const ACCOUNTS = ["web", "checkout", "catalog", "reports"];
const FACTS: Facts = {
  workloads: ACCOUNTS.map((name) => workload(name)),
  services: ACCOUNTS.map((name) => service(name)),
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
const yaml = (text: string): SmiDocument[] => [...readSmi([{ path: "shop.yaml", text }]).documents];
const rules = (list: string, match: string): SmiDocument[] =>
  yaml(
    `apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: t, namespace: shop}\nspec:\n  destination: {kind: ServiceAccount, name: checkout, namespace: shop}\n  sources: [{kind: ServiceAccount, name: web, namespace: shop}]\n  rules: ${list}\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: cart, namespace: shop}\nspec: {matches: [${match}]}\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: UDPRoute\nmetadata: {name: dns, namespace: shop}\nspec: {matches: {ports: [53]}}\n`,
  );
const CART = "[{kind: HTTPRouteGroup, name: cart}]";

/** What each source may do, per destination. */
function sources(objects: readonly KubernetesObject[]): Record<string, unknown> {
  const intentions = objects.filter(({ kind }) => kind === "ServiceIntentions");
  return Object.fromEntries(intentions.map(({ metadata, spec }) => [metadata.name, spec["sources"]]));
}

/** The criteria of the only source's permissions. */
function permissions(documents: readonly SmiDocument[], options?: ConsulOptions): unknown[] {
  const { objects, problems } = translateConsul(documents, FACTS, options);
  expect(problems.filter(({ severity }) => severity === "error").map(formatProblem)).toEqual([]);
  const [source] = sources(objects)["checkout"] as { permissions: { action: string; http: unknown }[] }[];
  expect(source!.permissions.every(({ action }) => action === "allow")).toBe(true);
  return source!.permissions.map(({ http }) => http);
}

describe("access", () => {
  test("each object says exactly this", () => {
    const { objects, problems } = translateConsul(allow("web", ["/cart"], { methods: ["GET"], ports: [8080] }), FACTS);
    expect(problems.map(({ code }) => code)).toEqual(["SMI-PATH-RAW"]);
    expect(objects).toEqual([
      {
        apiVersion: "consul.hashicorp.com/v1alpha1",
        kind: "ServiceDefaults",
        metadata: { name: "checkout", namespace: "shop" },
        spec: { protocol: "http" },
      },
      {
        apiVersion: "consul.hashicorp.com/v1alpha1",
        kind: "ServiceIntentions",
        metadata: { name: "checkout", namespace: "shop" },
        spec: {
          destination: { name: "checkout" },
          sources: [
            { name: "web", permissions: [{ action: "allow", http: { pathPrefix: "/cart", methods: ["GET"] } }] },
          ],
        },
      },
    ]);
  });

  test("all rules for a destination are one object, and each source is listed once, whatever the order of documents", () => {
    const documents = [
      ...allow("web", ["/api"]),
      ...allow("web", ["/api/v1"], { name: "second", methods: ["GET"] }),
      ...allow("reports", ["/report"]),
    ];
    const { objects } = translateConsul(documents, FACTS);
    expect(sources(objects)).toEqual({
      checkout: [
        { name: "reports", permissions: [{ action: "allow", http: { pathPrefix: "/report" } }] },
        {
          name: "web",
          permissions: [
            { action: "allow", http: { pathPrefix: "/api/v1", methods: ["GET"] } },
            { action: "allow", http: { pathPrefix: "/api" } },
          ],
        },
      ],
    });
    expect(translateConsul([...documents].reverse(), FACTS).objects).toEqual(objects);
  });

  test("a narrow rule does not narrow a broad one of the same source", () => {
    const { objects } = translateConsul(
      [...allow("web", ["/cart"], { methods: ["GET"] }), ...allow("web", undefined, { name: "all" })],
      FACTS,
    );
    const post = { source: "web", destination: "checkout", method: "POST", path: "/cart", headers: {} };
    expect(consulAllows(objects, post, "deny")).toBe(true);
    expect(consulAllows(objects, { ...post, source: "reports" }, "deny")).toBe(false);
  });

  test.each([
    ["/api", { pathPrefix: "/api" }],
    ["/v1\\.0", { pathPrefix: "/v1.0" }],
    ["/v1.0", { pathRegex: "(?:/v1.0).*" }],
    ["^/api.*", { pathPrefix: "/api" }],
    ["/api$", { pathExact: "/api" }],
    ["/a|/b", { pathRegex: "(?:/a|/b).*" }],
    ["^/v[12]/.*$", { pathRegex: "^/v[12]/.*$" }],
    ["/.*\\.html", { pathRegex: "(?:/.*\\.html).*" }],
    [".*", { pathPrefix: "/" }],
    ["[/a]", { pathPrefix: "/" }],
  ])("the path %s becomes %j", (path, expected) => {
    expect(permissions(rules(CART, `{name: m, pathRegex: '${path}'}`))).toEqual([expected]);
  });

  test("with full anchors an expression covers the whole path", () => {
    const full = (path: string): unknown =>
      permissions(rules(CART, `{name: m, pathRegex: '${path}'}`), { anchor: "full" })[0];
    expect(full("/api")).toEqual({ pathExact: "/api" });
    expect(full("/api/.*")).toEqual({ pathPrefix: "/api/" });
    expect(full("/a|/b")).toEqual({ pathRegex: "/a|/b" });
  });

  test("headers are exact, present or an expression, and a name may come twice", () => {
    const headers = "[{x-a: canary}, {x-a: 'c.*'}, {x-b: '.*'}, {x-c: ''}]";
    expect(permissions(rules(CART, `{name: m, headers: ${headers}}`))).toEqual([
      {
        header: [
          { name: "x-a", regex: "c.*" },
          { name: "x-a", exact: "canary" },
          { name: "x-b", present: true },
          { name: "x-c", regex: "^$" },
        ],
      },
    ]);
  });

  test("a TCP rule names the source without permissions and declares no protocol", () => {
    const facts = { ...FACTS, workloads: [workload("checkout", { ports: [{ port: 3306, protocol: "tcp" }] })] };
    const { objects, problems } = translateConsul(allow("web", undefined, { protocol: "tcp", ports: [3306] }), facts);
    expect(problems).toEqual([]);
    expect(objects.map(({ kind }) => kind)).toEqual(["ServiceIntentions"]);
    expect(sources(objects)).toEqual({ checkout: [{ name: "web", action: "allow" }] });
  });

  test("a source that may open any connection needs no permissions, whichever rule comes first", () => {
    for (const names of [
      ["a", "b"],
      ["b", "a"],
    ]) {
      const tcp = allow("web", undefined, { name: names[0], protocol: "tcp" });
      const { objects } = translateConsul([...tcp, ...allow("web", ["/cart"], { name: names[1] })], FACTS);
      expect(sources(objects)).toEqual({ checkout: [{ name: "web", action: "allow" }] });
    }
  });

  test("a path that no request has opens nothing, and a source with nothing else is left out", () => {
    const { objects, problems } = translateConsul(rules(CART, "{name: m, pathRegex: cart}"), FACTS);
    expect(objects).toEqual([]);
    expect(problems.map(formatProblem)).toEqual([
      'warning SMI-RE-NEVER shop.yaml#1 TrafficTarget shop/t spec.rules[0] (line 7): match "m" found pathRegex "cart", which no path matches: paths start with a slash. Write "/cart" or ".*cart".',
    ]);
  });

  test("the protocol is the Service's", () => {
    const ports = [{ port: 80, appProtocol: "grpc" }];
    const facts = { ...FACTS, services: FACTS.services.map((own) => ({ ...own, ports })) };
    const { objects } = translateConsul(allow("web", ["/cart.Cart/"]), facts);
    expect(objects[0]!.spec).toEqual({ protocol: "grpc" });
  });
});

describe("without ACLs", () => {
  const call = { source: "web", destination: "checkout", method: "GET", path: "/cart", headers: {} };

  test("the default deny is an intention from all to all, and with ACLs none is needed", () => {
    expect(consulDefaultDeny({ acls: true })).toEqual([]);
    expect(consulDefaultDeny({ acls: false, namespace: "consul" })).toEqual([
      {
        apiVersion: "consul.hashicorp.com/v1alpha1",
        kind: "ServiceIntentions",
        metadata: { name: "smi-default-deny", namespace: "consul" },
        spec: { destination: { name: "*" }, sources: [{ name: "*", action: "deny" }] },
      },
    ]);
  });

  test("what a source's permissions leave out is denied, though Consul's default is to allow", () => {
    const { objects } = translateConsul(allow("web", ["/cart"]), FACTS, { acls: false });
    const installed = [...objects, ...consulDefaultDeny({ acls: false })];
    expect(consulAllows(installed, call, "allow")).toBe(true);
    expect(consulAllows(installed, { ...call, path: "/admin" }, "allow")).toBe(false);
    expect(consulAllows(installed, { ...call, method: "OPTIONS", path: "*" }, "allow")).toBe(false);
    expect(consulAllows(installed, { ...call, source: "reports" }, "allow")).toBe(false);
    expect(consulAllows(installed, { ...call, destination: "catalog" }, "allow")).toBe(false);
  });

  test("the identity is the one Service that selects the ServiceAccount's pods", () => {
    const services = ACCOUNTS.map((name) => service(`${name}-svc`, { selector: { app: name } }));
    const { objects } = translateConsul(allow("web", ["/cart"]), { ...FACTS, services }, { acls: false });
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      "ServiceDefaults checkout-svc",
      "ServiceIntentions checkout-svc",
    ]);
    expect(sources(objects)["checkout-svc"]).toMatchObject([{ name: "web-svc" }]);
  });
});

describe("what cannot be said is an error, and then nothing is emitted", () => {
  const one = (documents: readonly SmiDocument[], facts: Facts = FACTS, options?: ConsulOptions): string => {
    const { objects, problems } = translateConsul(documents, facts, options);
    expect(objects).toEqual([]);
    expect(hasErrors(problems)).toBe(true);
    return problems
      .filter(({ severity }) => severity === "error")
      .map(formatProblem)
      .join("\n");
  };
  const withWorkloads = (...workloads: WorkloadFacts[]): Facts => ({
    ...FACTS,
    workloads: [
      ...FACTS.workloads.filter((own) => !workloads.some((w) => w.serviceAccount === own.serviceAccount)),
      ...workloads,
    ],
  });

  test("a ServiceAccount whose Service has another name, with ACLs", () => {
    const services = [service("checkout-svc", { selector: { app: "checkout" } })];
    expect(one(allow("web", ["/cart"]), { ...FACTS, services })).toBe(
      'error SMI-SA-SERVICE access[0] TrafficTarget shop/web-checkout to: found the ServiceAccount "shop/checkout", the Service of its pods is checkout-svc; with ACLs a pod needs one Service of its ServiceAccount\'s name. Name it "checkout".',
    );
  });

  test("a port that is not all that the service opens", () => {
    const facts = withWorkloads(workload("checkout", { ports: [{ port: 8080 }, { port: 9090 }] }));
    expect(one(allow("web", ["/cart"], { ports: [8080] }), facts)).toBe(
      'error SMI-PORT-SHARED access[0] TrafficTarget shop/web-checkout to: found rules for port 8080, container ports of "shop/checkout": 8080, 9090. A Consul intention opens all ports of a service; name all of them, or let the pods declare these only.',
    );
  });

  test("one name in two namespaces, even if no rule speaks of the other", () => {
    const facts = withWorkloads(workload("web"), workload("web", { namespace: "blog" }));
    expect(one(allow("web", ["/cart"]), facts)).toBe(
      'error SMI-NAME-COLLISION access[0] TrafficTarget shop/web-checkout from[0]: found "web" in the namespaces blog, shop; without Consul Enterprise both are the one service "web". Rename one of them.',
    );
  });

  test.each<[string, () => string, string]>([
    ["UDP", () => one(rules("[{kind: UDPRoute, name: dns}]", "{name: m, pathRegex: /}")), "SMI-UDP"],
    ["a port that no container has", () => one(allow("web", ["/"], { ports: [80] })), "SMI-PORT"],
    ["an unknown method", () => one(allow("web", ["/"], { methods: ["PROPFIND"] })), "SMI-METHOD"],
    ["a Host header", () => one(rules(CART, "{name: m, headers: {Host: a}}")), "SMI-HOST"],
    [
      "a match that does not exist",
      () => one(rules("[{kind: HTTPRouteGroup, name: carts}]", "{name: m, pathRegex: /}")),
      "SMI-REF",
    ],
    ["no workload", () => one(allow("web", ["/"], { to: sa("nobody") })), "SMI-SA-UNRESOLVED"],
    ["no Service", () => one(allow("web", ["/"]), { ...FACTS, services: [] }), "SMI-SA-SERVICE"],
    [
      "HTTP rules for a service with a port of tcp",
      () =>
        one(
          allow("web", ["/"]),
          withWorkloads(workload("checkout", { ports: [{ port: 8080 }, { port: 1, protocol: "tcp" }] })),
        ),
      "SMI-PORT",
    ],
    [
      "a Service with pods of two ServiceAccounts",
      () => one(allow("web", ["/"]), withWorkloads(workload("admin", { labels: { app: "web", role: "admin" } }))),
      "SMI-SA-SERVICE",
    ],
    [
      "a source that is not known, without ACLs",
      () => one(allow("stranger", ["/"]), FACTS, { acls: false }),
      "SMI-SA-SERVICE",
    ],
    [
      "pods of two Services, without ACLs",
      () =>
        one(
          allow("web", ["/"]),
          { ...FACTS, services: [...FACTS.services, service("extra", { selector: { app: "web" } })] },
          { acls: false },
        ),
      "SMI-SA-SERVICE",
    ],
    [
      "one name in two namespaces, both of them sources",
      () => one(allow("web", ["/"], { from: [sa("web"), { namespace: "blog", serviceAccount: "web" }] })),
      "SMI-NAME-COLLISION",
    ],
  ])("%s", (_, run, code) => {
    expect(run()).toContain(`error ${code} `);
  });
});

describe("callers in a peer", () => {
  const trustDomain = "8b3f1c2e.consul";
  const draft = (identity: string): SmiDocument[] =>
    yaml(
      `apiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: {name: far, namespace: shop}\nspec: {schemes: {spiffeIdentities: ["spiffe://${identity}"]}}\n---\napiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: {name: checkout, namespace: shop}\nspec: {schemes: {serviceAccount: checkout}}\n---\napiVersion: access.smi-spec.io/v1alpha4\nkind: TrafficTarget\nmetadata: {name: t, namespace: shop}\nspec:\n  destination: {kind: IdentityBinding, name: checkout, namespace: shop}\n  sources: [{kind: IdentityBinding, name: far, namespace: shop}]\n  rules: ${CART}\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: cart, namespace: shop}\nspec: {matches: [{name: m, pathRegex: /cart}]}\n`,
    );
  const options: ConsulOptions = { peers: { [trustDomain]: "north" } };
  const web = `${trustDomain}/ns/default/dc/dc2/svc/web`;

  test("are named with their peer, beside callers of the same name here", () => {
    const { objects, problems } = translateConsul([...draft(web), ...allow("web", ["/api"])], FACTS, options);
    expect(problems.map(({ code }) => code)).toEqual(["SMI-PEER-SETUP", "SMI-PATH-RAW"]);
    expect(sources(objects)).toEqual({
      checkout: [
        { name: "web", permissions: [{ action: "allow", http: { pathPrefix: "/api" } }] },
        { name: "web", peer: "north", permissions: [{ action: "allow", http: { pathPrefix: "/cart" } }] },
      ],
    });
    expect(consulRefusals(objects)).toEqual([]);
    const asks = (spiffe: string | undefined, path: string): boolean => {
      const source = { ...sa("web"), ...(spiffe === undefined ? {} : { spiffe }) };
      const request = { source, destination: sa("checkout"), port: 8080, method: "GET", path, headers: {} };
      return MESHES.consul.allows!(objects, FACTS, workload("checkout"), request, options);
    };
    expect(asks(web, "/cart")).toBe(true);
    expect(asks(undefined, "/api")).toBe(true);
    expect([asks(web, "/api"), asks(undefined, "/cart"), asks(web.replace("web", "jobs"), "/cart")]).toEqual([
      false,
      false,
      false,
    ]);
    expect(asks(web.replace(trustDomain, "other.consul"), "/cart")).toBe(false);
  });

  test.each([
    ["of a cluster that is no peer", draft(web), {}, "Name its peer in the option peers"],
    [
      "that are no services of Consul",
      draft(`${trustDomain}/ns/shop/sa/web`),
      options,
      `here: ${trustDomain}/ns/default/dc`,
    ],
    ["without ACLs", draft(web), { ...options, acls: false }, "Install Consul with ACLs."],
  ])("%s are refused", (_, documents, given, message) => {
    const { objects, problems } = translateConsul(documents, FACTS, given);
    expect(objects).toEqual([]);
    expect(problems.map(formatProblem).join("\n")).toContain("error SMI-IDENTITY shop.yaml#3");
    expect(problems.map(formatProblem).join("\n")).toContain(message);
  });
});

describe("what deserves a look is a warning", () => {
  const codes = (documents: readonly SmiDocument[], facts: Facts = FACTS, options?: ConsulOptions): string[] =>
    translateConsul(documents, facts, options).problems.map(({ code }) => code);

  test("paths as they are sent, until that is acknowledged", () => {
    expect(codes(allow("web", ["/cart"]))).toEqual(["SMI-PATH-RAW"]);
    expect(codes(allow("web", ["/cart"]), FACTS, { acknowledge: ["SMI-PATH-RAW"] })).toEqual([]);
    expect(codes(allow("web"))).toEqual([]);
  });

  test("a second port, which only newer versions carry", () => {
    const workloads = [workload("checkout", { ports: [{ port: 8080 }, { port: 9090 }] })];
    expect(codes(allow("web"), { ...FACTS, workloads })).toEqual(["SMI-PORT-SINGLE"]);
    expect(codes(allow("web", undefined, { ports: [8080, 9090] }), { ...FACTS, workloads })).toEqual([
      "SMI-PORT-SINGLE",
    ]);
  });

  test("a second Service that selects the pods", () => {
    const services = [...FACTS.services, service("all", { selector: { app: "checkout" } })];
    expect(codes(allow("web"), { ...FACTS, services })).toEqual(["SMI-SERVICE-IGNORE"]);
  });

  test("a TCP rule beside HTTP rules", () => {
    const tcp = allow("reports", undefined, { protocol: "tcp" });
    expect(codes([...allow("web"), ...tcp])).toEqual(["SMI-TCP-HTTP"]);
  });
});
