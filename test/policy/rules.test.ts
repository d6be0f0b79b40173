import { evaluate, rules, UNKNOWN } from "../../policy";
import { aksCases, eksCases, podCases, secretCases, storageCases, trustCases, type Case } from "./cases";

function verdict({ type, properties }: Case) {
  return evaluate({ type, name: "it", properties }).map(({ outcome, message }) => [outcome, message]);
}

const tables = {
  "eks-endpoint-restricted": eksCases,
  "aks-no-local-accounts": aksCases,
  "storage-not-public": storageCases,
  "iam-trust-exact": trustCases,
  "no-privileged-pod": podCases,
};

for (const [rule, cases] of Object.entries(tables)) {
  describe(rule, () => {
    test.each(cases)("$title", (example) => {
      expect(verdict(example)).toEqual(example.expected);
    });

    test("each outcome carries the rule's name and level", () => {
      for (const { type, properties } of cases) {
        for (const outcome of evaluate({ type, name: "it", properties })) {
          expect([outcome.policy, outcome.level]).toEqual([rule, "mandatory"]);
        }
      }
    });
  });
}

describe("secrets", () => {
  test.each(secretCases)("$title", (example) => {
    expect(verdict(example)).toEqual(example.expected);
  });
});

test("a resource that no rule is about has no outcome", () => {
  expect(evaluate({ type: "aws:ec2/vpc:Vpc", name: "net", properties: {} })).toEqual([]);
  expect(evaluate({ type: "kubernetes:core/v1:ConfigMap", name: "net", properties: { data: UNKNOWN } })).toEqual([]);
});

test("a free text is never quoted, since an engine may not say that it is secret", () => {
  const publicAccess = "hunter2-*";
  const [outcome] = evaluate({ type: "azure-native:storage:BlobContainer", name: "c", properties: { publicAccess } });

  expect(outcome?.message).toMatch(/^publicAccess: found another text, allowed: "None"\./);
});

test("a rule that breaks fails the resource", () => {
  const broken = {
    ...rules[0]!,
    kind: "cloud" as const,
    name: "broken",
    checks: [
      {
        type: "aws:ec2/vpc:Vpc",
        run: () => {
          throw new TypeError("s3cr3t is not a function");
        },
      },
    ],
  };

  expect(evaluate({ type: "aws:ec2/vpc:Vpc", name: "net", properties: {} }, [broken])).toEqual([
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
    const outcomes = evaluate({ type: "kubernetes:core/v1:Pod", name: "p", properties: {} }, [rule]);

    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["fail"]);
  }
});

test("rules have unique names, sorted, and a sentence that ends", () => {
  const names = rules.map((rule) => rule.name);

  expect(names).toEqual([...new Set(names)].sort());
  for (const rule of rules) expect(rule.description).toMatch(/\.$/);
});
