import { accessRule, type Facts, readSmi, type SmiDocument, split, type WorkloadFacts } from "../../smi";
import { type ConsulOptions, consulRefusals, consulShares, translateConsul } from "../../smi/consul";

const VERSION = "app.kubernetes.io/version";
const service = (name: string, selector: Record<string, string>, over: object = {}): Facts["services"][number] => ({
  namespace: "shop",
  name,
  selector,
  ports: [{ name: "http", port: 80, targetPort: 8080 }],
  ...over,
});
const workload = (serviceAccount: string, version: string): WorkloadFacts => ({
  namespace: "shop",
  serviceAccount,
  name: version,
  labels: { app: "checkout", [VERSION]: version },
  ports: [{ port: 8080 }],
  probes: [],
});
const SERVICES = [
  service("checkout", { app: "checkout" }),
  ...["v1", "v2", "v3"].map((version) => service(`checkout-${version}`, { app: "checkout", [VERSION]: version })),
  service("catalog", { app: "catalog" }),
];
const FACTS: Facts = { workloads: ["v1", "v2"].map((version) => workload("checkout", version)), services: SERVICES };
const OWN_ACCOUNTS: Facts = {
  workloads: ["v1", "v2"].map((version) => workload(`checkout-${version}`, version)),
  services: SERVICES,
};

const canary = (backends: Record<string, number>, over: object = {}): SmiDocument =>
  split({ namespace: "shop", service: "checkout", backends, path: "splits.checkout", ...over });
const matched = (match: string): SmiDocument[] => [
  ...readSmi([
    {
      path: "shop.yaml",
      text: `apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {name: beta, namespace: shop}\nspec:\n  service: checkout\n  matches: [{kind: HTTPRouteGroup, name: beta}]\n  backends: [{service: checkout-v1, weight: 1}, {service: checkout-v2, weight: 3}]\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: beta, namespace: shop}\nspec: {matches: [${match}]}\n`,
    },
  ]).documents,
];

function codes(documents: readonly SmiDocument[], facts: Facts = FACTS, options?: ConsulOptions): string[] {
  return translateConsul(documents, facts, options).problems.map(({ code }) => code);
}

/** Spec by kind and name. */
function specs(
  documents: readonly SmiDocument[],
  options?: ConsulOptions,
  facts: Facts = FACTS,
): Record<string, unknown> {
  const { objects } = translateConsul(documents, facts, options);
  expect(consulRefusals(objects)).toEqual([]);
  return Object.fromEntries(objects.map(({ kind, metadata, spec }) => [`${kind} ${metadata.name}`, spec]));
}

describe("backends as subsets", () => {
  test("a subset is the root's pods with the labels that the backend's selector adds", () => {
    expect(specs([canary({ "checkout-v1": 90, "checkout-v2": 10 })])).toEqual({
      "ServiceDefaults checkout": { protocol: "http" },
      "ServiceResolver checkout": {
        subsets: {
          "checkout-v1": { filter: "Service.Meta.version == v1" },
          "checkout-v2": { filter: "Service.Meta.version == v2" },
        },
      },
      "ServiceSplitter checkout": {
        splits: [
          { weight: 90, serviceSubset: "checkout-v1" },
          { weight: 10, serviceSubset: "checkout-v2" },
        ],
      },
    });
  });

  test("what the pods and Services need is said once, with the values", () => {
    const { problems } = translateConsul([canary({ "checkout-v1": 90, "checkout-v2": 10 })], FACTS);
    expect(problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'SMI-SPLIT-SETUP: needs the label consul.hashicorp.com/service-ignore: "true" on the Services checkout-v1, checkout-v2, and on the pods the annotations consul.hashicorp.com/service-meta-version: v1 (checkout-v1), consul.hashicorp.com/service-meta-version: v2 (checkout-v2). Then acknowledge SMI-SPLIT-SETUP.',
    ]);
  });

  test("values that the filter language would misread are quoted", () => {
    const services = [
      service("checkout", { app: "checkout" }),
      service("checkout-v1", { app: "checkout", "release-train": "1.2", zone: "in" }),
    ];
    const { "ServiceResolver checkout": resolver } = specs([canary({ "checkout-v1": 1 })], {}, { ...FACTS, services });
    expect(resolver).toEqual({
      subsets: { "checkout-v1": { filter: 'Service.Meta["release-train"] == "1.2" and Service.Meta.zone == "in"' } },
    });
  });

  test("matched requests go to a service without pods that has the splitter, all others to the root", () => {
    const documents = matched("{name: firefox, headers: {user-agent: '.*Firefox.*'}}, {name: beta, pathRegex: /beta}");
    expect(specs(documents)).toEqual({
      "ServiceDefaults checkout": { protocol: "http" },
      "ServiceDefaults checkout-smi-beta": { protocol: "http" },
      "ServiceResolver checkout": {
        subsets: {
          "checkout-v1": { filter: "Service.Meta.version == v1" },
          "checkout-v2": { filter: "Service.Meta.version == v2" },
        },
      },
      "ServiceRouter checkout": {
        routes: [
          {
            match: { http: { header: [{ name: "user-agent", regex: ".*Firefox.*" }] } },
            destination: { service: "checkout-smi-beta" },
          },
          { match: { http: { pathPrefix: "/beta" } }, destination: { service: "checkout-smi-beta" } },
        ],
      },
      "ServiceSplitter checkout-smi-beta": {
        splits: [
          { weight: 25, service: "checkout", serviceSubset: "checkout-v1" },
          { weight: 75, service: "checkout", serviceSubset: "checkout-v2" },
        ],
      },
    });
    const { objects } = translateConsul(documents, FACTS);
    const call = { service: "checkout", method: "GET", headers: {} };
    expect(consulShares(objects, { ...call, path: "/beta/1" })).toEqual({
      "checkout-v1.checkout": 0.25,
      "checkout-v2.checkout": 0.75,
    });
    expect(consulShares(objects, { ...call, path: "/" })).toEqual({ checkout: 1 });
  });

  test("matches that no request has leave the root alone", () => {
    expect(specs(matched("{name: never, pathRegex: beta}"))).toEqual({});
    expect(codes(matched("{name: never, pathRegex: beta}"))).toContain("SMI-RE-NEVER");
  });

  test("the name of the service without pods is free and short enough", () => {
    const long = "a-split-whose-name-is-far-too-long-for-a-service-of-consul-to-have";
    const [document] = matched("{name: beta, pathRegex: /beta}");
    const names = (facts: Facts, name: string): string[] =>
      translateConsul([...matched("{name: beta, pathRegex: /beta}").slice(1), { ...document!, name }], facts)
        .objects.filter(({ kind }) => kind === "ServiceSplitter")
        .map(({ metadata }) => metadata.name);
    expect(names(FACTS, long)[0]!.length).toBeLessThanOrEqual(63);
    const taken = { ...FACTS, services: [...SERVICES, service("checkout-smi-beta", { app: "other" })] };
    expect(names(taken, "beta")).toEqual([expect.stringMatching(/^checkout-smi-beta-[0-9a-f]{8}$/)]);
  });

  test("an unknown backend is a subset without pods", () => {
    const documents = [canary({ "checkout-v1": 9, "checkout-v9": 1 })];
    expect(specs(documents)["ServiceResolver checkout"]).toMatchObject({
      subsets: { "checkout-v9": { filter: 'Service.Meta["smi-missing"] == "checkout-v9"' } },
    });
    expect(codes(documents)).toContain("SMI-LEAF-MISSING");
  });

  test("rules for the root's ServiceAccount and a split of it meet in one service", () => {
    const rule = accessRule({
      name: "all",
      from: [{ namespace: "shop", serviceAccount: "web" }],
      to: { namespace: "shop", serviceAccount: "checkout" },
    });
    expect(Object.keys(specs([...rule, canary({ "checkout-v1": 9, "checkout-v2": 1 })]))).toEqual([
      "ServiceDefaults checkout",
      "ServiceIntentions checkout",
      "ServiceResolver checkout",
      "ServiceSplitter checkout",
    ]);
  });
});

describe("backends as services", () => {
  const services: ConsulOptions = { split: "services" };

  test("the splitter names them, and all have the root's protocol", () => {
    expect(specs([canary({ "checkout-v1": 90, "checkout-v2": 10 })], services, OWN_ACCOUNTS)).toEqual({
      "ServiceDefaults checkout": { protocol: "http" },
      "ServiceDefaults checkout-v1": { protocol: "http" },
      "ServiceDefaults checkout-v2": { protocol: "http" },
      "ServiceSplitter checkout": {
        splits: [
          { weight: 90, service: "checkout-v1" },
          { weight: 10, service: "checkout-v2" },
        ],
      },
    });
  });

  test("rules for a backend's ServiceAccount are about the backend's service", () => {
    const rule = accessRule({
      name: "v1",
      from: [{ namespace: "shop", serviceAccount: "web" }],
      to: { namespace: "shop", serviceAccount: "checkout-v1" },
    });
    const documents = [...rule, canary({ "checkout-v1": 9, "checkout-v2": 1 })];
    expect(specs(documents, services, OWN_ACCOUNTS)["ServiceIntentions checkout-v1"]).toMatchObject({
      destination: { name: "checkout-v1" },
    });
  });

  test("with ACLs they may not share a ServiceAccount, without ACLs they may", () => {
    const documents = [canary({ "checkout-v1": 9, "checkout-v2": 1 })];
    expect(codes(documents, FACTS, services)).toEqual(["SMI-SA-SERVICE", "SMI-SA-SERVICE"]);
    expect(codes(documents, FACTS, { ...services, acls: false })).toEqual(["SMI-SPLIT-SETUP"]);
  });

  test("a split with matches needs the root as a service", () => {
    expect(codes(matched("{name: beta, pathRegex: /beta}"), OWN_ACCOUNTS, services)).toEqual(["SMI-SPLIT-MODE"]);
  });
});

describe("weights", () => {
  const splits = (backends: Record<string, number>): unknown =>
    (specs([canary(backends)])["ServiceSplitter checkout"] as { splits: { weight: number; serviceSubset: string }[] })
      .splits;

  test("become percentages with at most two decimals, and a zero stays a zero", () => {
    expect(splits({ "checkout-v1": 1, "checkout-v2": 1, "checkout-v3": 1 })).toEqual([
      { weight: 33.34, serviceSubset: "checkout-v1" },
      { weight: 33.33, serviceSubset: "checkout-v2" },
      { weight: 33.33, serviceSubset: "checkout-v3" },
    ]);
    expect(splits({ "checkout-v1": 3000, "checkout-v2": 1000, "checkout-v3": 0 })).toEqual([
      { weight: 75, serviceSubset: "checkout-v1" },
      { weight: 25, serviceSubset: "checkout-v2" },
      { weight: 0, serviceSubset: "checkout-v3" },
    ]);
  });

  test("a share that Consul cannot express gets nothing, and that is said", () => {
    const documents = [canary({ "checkout-v1": 1_000_000, "checkout-v2": 1 })];
    expect(specs(documents)["ServiceSplitter checkout"]).toEqual({
      splits: [
        { weight: 100, serviceSubset: "checkout-v1" },
        { weight: 0, serviceSubset: "checkout-v2" },
      ],
    });
    expect(codes(documents)).toContain("SMI-WEIGHT-LOST");
  });
});

describe("problems", () => {
  const changed = (over: Partial<Facts["services"][number]>, only?: string): Facts => ({
    ...FACTS,
    services: SERVICES.map((own) => (only === undefined || own.name === only ? { ...own, ...over } : own)),
  });
  const tcpRule = accessRule({
    name: "tcp",
    from: [{ namespace: "shop", serviceAccount: "web" }],
    to: { namespace: "shop", serviceAccount: "checkout" },
    protocol: "tcp",
  });
  const twoSplits = [canary({ "checkout-v1": 1 }), canary({ "checkout-v2": 1 }, { name: "second" })];
  const nested = [canary({ "checkout-v1": 1 }), canary({ "checkout-v2": 1 }, { service: "checkout-v1" })];
  const elsewhere = canary({ other: 1 }, { namespace: "blog" });
  const both = { ...FACTS, services: [...SERVICES, service("checkout", { app: "blog" }, { namespace: "blog" })] };

  test.each<[string, SmiDocument[], Facts, string[]]>([
    ["all weights zero", [canary({ "checkout-v1": 0, "checkout-v2": 0 })], FACTS, ["SMI-WEIGHT"]],
    ["a single zero", [canary({ "checkout-v1": 0 })], FACTS, ["SMI-WEIGHT"]],
    ["a negative weight", [canary({ "checkout-v1": -1, "checkout-v2": 2 })], FACTS, ["SMI-WEIGHT"]],
    ["no backends", [canary({})], FACTS, ["SMI-EMPTY"]],
    ["an unknown root", [canary({ "checkout-v1": 1 }, { service: "chekcout" })], FACTS, ["SMI-SERVICE"]],
    [
      "the root as a backend",
      [canary({ checkout: 1, "checkout-v2": 1 })],
      FACTS,
      ["SMI-SPLIT-SELF", "SMI-SPLIT-SETUP"],
    ],
    ["two splits of one root", twoSplits, FACTS, ["SMI-SPLIT-CONFLICT", "SMI-SPLIT-CONFLICT"]],
    ["a split inside a split", nested, FACTS, ["SMI-SPLIT-FLATTENED", "SMI-SPLIT-LEAF"]],
    [
      "roots of one name",
      [canary({ checkout: 1 }), elsewhere],
      both,
      ["SMI-NAME-COLLISION", "SMI-LEAF-MISSING", "SMI-NAME-COLLISION", "SMI-SPLIT-SELF"],
    ],
    ["a headless root", [canary({ "checkout-v1": 1 })], changed({ headless: true }), ["SMI-HEADLESS"]],
    [
      "a root of TCP",
      [canary({ "checkout-v1": 1 })],
      changed({ ports: [{ port: 80, appProtocol: "tcp" }] }),
      ["SMI-SPLIT-PROTOCOL"],
    ],
    [
      "a root that only TCP rules open",
      [canary({ "checkout-v1": 1, "checkout-v2": 1 }), ...tcpRule],
      FACTS,
      ["SMI-SPLIT-PROTOCOL"],
    ],
    [
      "a root of HTTP that only TCP rules open, whose other connections the split ends",
      [canary({ "checkout-v1": 1, "checkout-v2": 1 }), ...tcpRule],
      changed({ ports: [{ port: 80, targetPort: 8080, appProtocol: "http" }] }),
      ["SMI-SPLIT-SETUP", "SMI-TCP-HTTP"],
    ],
    [
      "a backend without the root's port",
      [canary({ "checkout-v1": 1 })],
      changed({ ports: [{ port: 81 }] }, "checkout-v1"),
      ["SMI-LEAF-PORT"],
    ],
    ["a backend with other pods", [canary({ catalog: 1 })], FACTS, ["SMI-SPLIT-LEAF"]],
  ])("%s", (_, documents, facts, expected) => {
    expect(codes(documents, facts)).toEqual(expected);
  });

  test("a backend listed twice is one share", () => {
    const [document] = matched("{name: beta, pathRegex: /beta}");
    if (document?.kind !== "TrafficSplit") throw new Error("no split");
    const { matches: _, ...rest } = document;
    const twice = { ...rest, backends: [...document.backends, { service: "checkout-v1", weight: 4 }] };
    expect(specs([twice])["ServiceSplitter checkout"]).toMatchObject({ splits: [{ weight: 62.5 }, { weight: 37.5 }] });
    expect(codes([twice])).toContain("SMI-BACKEND-DUPLICATE");
  });
});
