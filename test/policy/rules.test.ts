import { evaluate, rules, UNKNOWN, type PolicyResource, type PolicyValue } from "../../policy";
import {
  aksCases,
  eksCases,
  podCases,
  redundancyCases,
  resourceOf,
  secretCases,
  storageCases,
  supportCases,
  trustCases,
  type Case,
} from "./cases";

/** Rules with tests of their own below: what they say depends on the stack. */
const BY_STACK = ["aks-hardening-options", "clusters-and-data-guarded"];

/** What a rule, or every rule, says of a case. */
function verdict(example: Case, rule?: string) {
  return evaluate(resourceOf(example))
    .filter(({ policy }) => !BY_STACK.includes(policy) && (rule === undefined || policy === rule))
    .map(({ outcome, message }) => [outcome, message]);
}

const tables = {
  "eks-endpoint-restricted": eksCases,
  "eks-nodes-redundant": redundancyCases,
  "eks-standard-support": supportCases,
  "aks-no-local-accounts": aksCases,
  "storage-not-public": storageCases,
  "iam-trust-exact": trustCases,
  "no-privileged-pod": podCases,
};

for (const [rule, cases] of Object.entries(tables)) {
  describe(rule, () => {
    test.each(cases)("$title", (example) => {
      expect(verdict(example, rule)).toEqual(example.expected);
    });

    test("each outcome carries the rule's name and level", () => {
      const { level: declared } = rules.find(({ name }) => name === rule)!;
      for (const example of cases) {
        const outcomes = evaluate(resourceOf(example)).filter(({ policy }) => policy === rule);
        expect(outcomes.map(({ level }) => level)).toEqual(outcomes.map(() => declared));
        expect(outcomes.length).toBe(example.expected.length);
      }
    });
  });
}

describe("secrets", () => {
  test.each(secretCases)("$title", (example) => {
    expect(verdict(example)).toEqual(example.expected);
  });
});

describe("clusters-and-data-guarded", () => {
  const unguarded = (change: Partial<PolicyResource> = {}) =>
    evaluate(resourceOf({ type: "aws:s3/bucket:Bucket", properties: {}, protect: false, ...change }))
      .filter(({ policy }) => policy === "clusters-and-data-guarded")
      .map(({ outcome, message }) => `${outcome} ${message}`.trim());
  const waived = (until: PolicyValue): Partial<PolicyResource> => ({
    properties: { tags: { "isthmus:unguarded-until": until } },
  });

  test.each([
    ["a guarded bucket", { protect: true }],
    ["an unguarded one in local", { stack: "local" }],
    ["an unguarded one in dev", { stack: "dev" }],
    ["one with a waiver, on its last day", waived("2026-11-25")],
  ])("lets %s pass", (_, change) => {
    expect(unguarded(change)).toEqual(["pass"]);
  });

  test("fails an unguarded one elsewhere, and one whose waiver has expired", () => {
    const [allowed, next] = [
      "true, or a waiver that has not expired",
      "Guard it, or add a waiver to the environment's spec",
    ];
    expect(unguarded()).toEqual([`fail options.protect: found false, allowed: ${allowed}. ${next}.`]);
    expect(unguarded(waived("2026-11-24"))).toEqual([
      `fail tags.isthmus:unguarded-until: found a day that is past, allowed: ${allowed}. ${next}.`,
    ]);
  });

  test("is undetermined while the tag is not known", () => {
    expect(unguarded(waived(UNKNOWN))).toEqual([
      expect.stringMatching(/^undetermined tags\.isthmus:unguarded-until is not known yet/),
    ]);
  });
});

test("a resource that no rule is about has no outcome", () => {
  expect(evaluate(resourceOf({ type: "aws:ec2/vpc:Vpc", properties: {} }))).toEqual([]);
  expect(evaluate(resourceOf({ type: "kubernetes:core/v1:ConfigMap", properties: { data: UNKNOWN } }))).toEqual([]);
});

test("a free text is never quoted, since an engine may not say that it is secret", () => {
  const publicAccess = "hunter2-*";
  const [outcome] = evaluate(resourceOf({ type: "azure-native:storage:BlobContainer", properties: { publicAccess } }));

  expect(outcome?.message).toMatch(/^publicAccess: found another text, allowed: "None"\./);
});

test("a rule that breaks fails the resource", () => {
  const broken = {
    ...rules[0]!,
    kind: "cloud" as const,
    name: "broken",
    level: "mandatory" as const,
    checks: [
      {
        type: "aws:ec2/vpc:Vpc",
        run: () => {
          throw new TypeError("s3cr3t is not a function");
        },
      },
    ],
  };

  expect(evaluate(resourceOf({ type: "aws:ec2/vpc:Vpc", properties: {} }), [broken])).toEqual([
    {
      policy: "broken",
      level: "mandatory",
      outcome: "fail",
      message: "(rule): found TypeError in the rule itself, allowed: an answer. Report this as a bug.",
    },
  ]);
});

test("a CEL expression that is not a boolean, fails to run or does not parse fails the resource", () => {
  for (const expression of ["'yes'", "object.absent == 1", "1 / 0 == 1", "object.("]) {
    const rule = {
      ...rules[0]!,
      kind: "kubernetes" as const,
      match: [{ group: "", kind: "Pod", resource: "pods" }],
      variables: [],
      validations: [{ expression, problem: { path: "spec", found: "f", allowed: "a", next: "n" } }],
    };
    const outcomes = evaluate(resourceOf({ type: "kubernetes:core/v1:Pod", properties: {} }), [rule]);

    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["fail"]);
  }
});

test("rules have unique names, sorted, and a sentence that ends", () => {
  const names = rules.map((rule) => rule.name);

  expect(names).toEqual([...new Set(names)].sort());
  for (const rule of rules) expect(rule.description).toMatch(/\.$/);
});

describe("aks-hardening-options", () => {
  const type = "azure-native:containerservice:ManagedCluster";
  const all = {
    diskEncryptionSetID: "an id",
    addonProfiles: { omsagent: { enabled: true } },
    securityProfile: { azureKeyVaultKms: { enabled: true }, defender: { securityMonitoring: { enabled: true } } },
  };
  const found = (properties: PolicyResource["properties"], stack = "prod") =>
    evaluate({ ...resourceOf({ type, properties }), stack })
      .filter(({ policy }) => policy === "aks-hardening-options")
      .map(({ level, outcome, message }) => [level, outcome, message]);

  test("with all of them passes, and so does any cluster of local and dev", () => {
    const passed = [["advisory", "pass", ""]];
    expect([found(all), found({}, "local"), found({}, "dev")]).toEqual([passed, passed, passed]);
  });

  test("advises each that is missing", () => {
    expect(found({}).map(([level, outcome]) => `${String(level)} ${String(outcome)}`)).toEqual(
      Array<string>(4).fill("advisory fail"),
    );
    expect(found({ ...all, diskEncryptionSetID: null })).toEqual([
      [
        "advisory",
        "fail",
        "diskEncryptionSetID: found nothing, allowed: the id of a disk encryption set. Set diskEncryptionSetId before the cluster is made: changing it replaces the cluster.",
      ],
    ]);
  });

  test("is undetermined where a value is not known yet", () => {
    expect(found({ ...all, addonProfiles: UNKNOWN }).map(([, outcome]) => outcome)).toEqual(["undetermined"]);
  });
});
