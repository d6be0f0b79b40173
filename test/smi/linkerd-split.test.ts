import { accessRule, type Facts, type SmiDocument, split, translateLinkerd, type WorkloadFacts } from "../../smi";

const workload = (serviceAccount: string): WorkloadFacts => ({
  namespace: "shop",
  serviceAccount,
  labels: { app: serviceAccount },
  ports: [{ name: "http", port: 8080 }],
  probes: [],
});
const service = (name: string): Facts["services"][number] => ({
  namespace: "shop",
  name,
  selector: { app: name },
  ports: [{ name: "http", port: 80, targetPort: 8080 }],
});
const FACTS: Facts = {
  workloads: ["web", "checkout", "catalog"].map(workload),
  services: ["checkout", "checkout-v1", "checkout-v2", "catalog", "catalog-v1"].map(service),
};

const tcpRule = accessRule({
  name: "tcp",
  from: [{ namespace: "shop", serviceAccount: "web" }],
  to: { namespace: "shop", serviceAccount: "checkout" },
  protocol: "tcp",
});

function codes(documents: readonly SmiDocument[], facts: Facts): string[] {
  return translateLinkerd(documents, facts).problems.map(({ code }) => code);
}

describe("splits", () => {
  const canary = (backends: Record<string, number>, over: object = {}): SmiDocument =>
    split({ namespace: "shop", service: "checkout", backends, ...over });
  const weights = (document: SmiDocument): unknown => {
    const [route] = translateLinkerd([document], FACTS).objects;
    return (
      route?.spec["rules"] as { backendRefs: { name: string; weight: number }[] }[] | undefined
    )?.[0]!.backendRefs.map(({ name, weight }) => [name, weight]);
  };

  test("a typed split becomes weighted backends with the root's port", () => {
    expect(weights(canary({ "checkout-v1": 90, "checkout-v2": 10 }))).toEqual([
      ["checkout-v1", 90],
      ["checkout-v2", 10],
    ]);
  });

  test("large weights are scaled exactly where that is possible, and a share never disappears", () => {
    expect(weights(canary({ "checkout-v1": 3_000_000, "checkout-v2": 1_000_000 }))).toEqual([
      ["checkout-v1", 3],
      ["checkout-v2", 1],
    ]);
    const uneven = canary({ "checkout-v1": 9_000_000_001, "checkout-v2": 1, checkout: 0 });
    expect(weights(uneven)).toEqual([
      ["checkout", 0],
      ["checkout-v1", 1_000_000],
      ["checkout-v2", 1],
    ]);
    expect(codes([uneven], FACTS)).toContain("SMI-WEIGHT-ROUNDED");
  });

  test.each([
    ["all weights zero", [canary({ "checkout-v1": 0, "checkout-v2": 0 })], FACTS, ["SMI-WEIGHT"]],
    ["a single zero", [canary({ "checkout-v1": 0 })], FACTS, ["SMI-WEIGHT"]],
    ["a negative weight", [canary({ "checkout-v1": -1, "checkout-v2": 2 })], FACTS, ["SMI-WEIGHT"]],
    ["no backends", [canary({})], FACTS, ["SMI-EMPTY"]],
    ["an unknown root", [canary({ "checkout-v1": 1 }, { service: "checkuot" })], FACTS, ["SMI-SERVICE"]],
    ["an unknown leaf", [canary({ "checkout-v3": 1 })], FACTS, ["SMI-LEAF-MISSING"]],
    ["the root as a leaf", [canary({ checkout: 1, "checkout-v2": 1 })], FACTS, ["SMI-SPLIT-SELF"]],
    [
      "two splits of one root",
      [canary({ "checkout-v1": 1 }), canary({ "checkout-v2": 1 }, { name: "second" })],
      FACTS,
      ["SMI-SPLIT-CONFLICT", "SMI-SPLIT-CONFLICT"],
    ],
    [
      "a split inside a split",
      [canary({ catalog: 1 }), canary({ "catalog-v1": 1 }, { service: "catalog" })],
      FACTS,
      ["SMI-SPLIT-NESTED"],
    ],
    [
      "a headless root",
      [canary({ "checkout-v1": 1 })],
      { ...FACTS, services: FACTS.services.map((own) => ({ ...own, headless: true })) },
      ["SMI-HEADLESS"],
    ],
    [
      "a root of TCP",
      [canary({ "checkout-v1": 1 })],
      { ...FACTS, services: FACTS.services.map((own) => ({ ...own, ports: [{ port: 80, appProtocol: "tcp" }] })) },
      ["SMI-SPLIT-PROTOCOL"],
    ],
    [
      "a leaf without the root's port",
      [canary({ "checkout-v1": 1 })],
      {
        ...FACTS,
        services: FACTS.services.map((own) => (own.name === "checkout-v1" ? { ...own, ports: [{ port: 81 }] } : own)),
      },
      ["SMI-LEAF-PORT"],
    ],
    ["a root that only TCP rules open", [canary({ "checkout-v1": 1 }), ...tcpRule], FACTS, ["SMI-SPLIT-PROTOCOL"]],
  ])("%s", (_, documents, facts, expected) => {
    expect(codes(documents, facts)).toEqual(expected);
  });
});
