import { MARKER, readPreviews, renderReport, type PreviewPolicyViolation } from "../../../cli/report";
import { create, plain, preview, remove, replace, rows, update, urn } from "./documents";

const EKS = "aws:eks/cluster:Cluster";
const SUBNET = "aws:ec2/subnet:Subnet";
const ROLE = "aws:iam/role:Role";
const CHANGES = "### What changes";

test("the replacement of a cluster is the first row, with the property that causes it", () => {
  const report = renderReport([
    preview("dev", [
      create(SUBNET, "a"),
      update(SUBNET, "b", "tags.team", { tags: { team: "x" } }, { tags: { team: "y" } }),
      remove(SUBNET, "c"),
      ...replace(EKS, "east", "vpcConfig.subnetIds", { name: "e" }, { name: "e" }),
      update(ROLE, "node", "description", { description: "old" }, { description: "new" }),
    ]),
  ]);

  expect(rows(report, CHANGES)).toEqual([
    ["**data loss**", "dev", "replace", "east aws:eks:Cluster", "vpcConfig.subnetIds (changed)"],
    ["**disruption**", "dev", "delete", "c aws:ec2:Subnet", "no longer in the program"],
    ["access", "dev", "update", "node aws:iam:Role", 'description: "old" → "new"'],
    ["update", "dev", "update", "b aws:ec2:Subnet", 'tags.team: "x" → "y"'],
    ["new", "dev", "create 1", "no component", "1 aws:ec2:Subnet"],
  ]);
  expect(report.startsWith(`${MARKER}\n\n## Isthmus preview: a cluster or data would be lost\n`)).toBe(true);
});

test("a replacement shows the values that force it and hides those that only change along", () => {
  const steps = replace(EKS, "east", "name", { name: "e1", tags: "t1" }, { name: "e2", tags: "t2" }).map((step) => ({
    ...step,
    detailedDiff: { ...step.detailedDiff, tags: { kind: "update", inputDiff: true } },
  }));

  expect(rows(renderReport([preview("dev", steps)]), CHANGES)[0]?.[4]).toBe('name: "e1" → "e2"');
});

test("a replacement that deletes first, or that protection will refuse, says so", () => {
  const [created, replaced, deleted] = replace(EKS, "east", "name", { name: "e1" }, { name: "e2" });
  const state = { ...replaced!.oldState, protect: true };
  const report = renderReport([preview("dev", [deleted!, { ...replaced!, oldState: state }, created!])]);

  expect(rows(report, CHANGES)[0]?.[4]).toBe(
    'name: "e1" → "e2"; **the old one is deleted before the new one stands**; **protected: the update will refuse**',
  );
});

test.each([
  ["aws:s3/bucket:Bucket", "**data loss**"],
  ["azure-native:storage/v20240101:StorageAccount", "**data loss**"],
  ["azure-native:containerservice:ManagedCluster", "**data loss**"],
  ["aws:kms/key:Key", "**data loss**"],
  ["kubernetes:core/v1:Namespace", "**data loss**"],
  ["aws:iam/role:Role", "**disruption**"],
])("the deletion of %s is a matter of %s", (type, risk) => {
  expect(rows(renderReport([preview("dev", [remove(type, "it")])]), CHANGES)[0]?.[0]).toBe(risk);
});

test.each([
  "aws:iam/rolePolicy:RolePolicy",
  "azure-native:authorization:RoleAssignment",
  "azure-native:managedidentity:FederatedIdentityCredential",
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
])("a new %s is shown as a change of access", (type) => {
  expect(rows(renderReport([preview("dev", [create(type, "it")])]), CHANGES)[0]?.[0]).toBe("access");
});

test("new resources are counted by component, and components themselves are not listed", () => {
  const parent = urn("isthmus:network:VpcNetwork", "east");
  const component = { ...create("isthmus:network:VpcNetwork", "east"), newState: { custom: false } };
  const report = renderReport([
    preview("dev", [
      component,
      create(SUBNET, "b", parent),
      create(SUBNET, "a", parent),
      create("aws:ec2/vpc:Vpc", "v", parent),
    ]),
  ]);

  expect(rows(report, CHANGES)).toEqual([
    ["new", "dev", "create 3", "east isthmus:network:VpcNetwork", "2 aws:ec2:Subnet, 1 aws:ec2:Vpc"],
  ]);
});

test("two environments are in one report, the worst change of both first", () => {
  const report = renderReport([
    preview("dev", [create(SUBNET, "a")], { changeSummary: { create: 1, same: 40 } }),
    preview("prod", [remove("aws:s3/bucket:Bucket", "orders")], { changeSummary: { delete: 1, same: 90 } }),
  ]);

  expect(plain(report)).toContain(
    [
      "| Environment | Verdict | Create | Update | Replace | Delete | Unchanged |",
      "|---|---|---|---|---|---|---|",
      "| dev | adds or updates only | 1 | 0 | 0 | 0 | 40 |",
      "| prod | **deletes or replaces 1 cluster, store or key** | 0 | 0 | 0 | 1 | 90 |",
    ].join("\n"),
  );
  expect(rows(report, CHANGES).map((cells) => cells[1])).toEqual(["prod", "dev"]);
});

test("no changes says so and has no tables of changes", () => {
  const report = renderReport([
    preview("dev", [{ op: "same", urn: urn(EKS, "east") }], { changeSummary: { same: 1 } }),
  ]);

  expect(plain(report)).toBe(
    [
      MARKER,
      "",
      "## Isthmus preview: no changes",
      "",
      "| Environment | Verdict | Create | Update | Replace | Delete | Unchanged |",
      "|---|---|---|---|---|---|---|",
      "| dev | no changes | 0 | 0 | 0 | 0 | 1 |",
      "",
    ].join("\n"),
  );
});

test("a failed preview shows its errors and what it had found", () => {
  const report = renderReport([
    preview("dev", [remove(EKS, "east")], {
      diagnostics: [
        { severity: "warning", message: "mind this" },
        { severity: "error", message: "clusters.east: found <b>\nallowed: one of @team" },
      ],
    }),
  ]);

  expect(report).toContain("## Isthmus preview: a preview failed\n");
  expect(report).toContain(
    "### <code>dev</code> failed\n\nThe preview did not finish, so what is listed below may be incomplete.\n\n" +
      "<pre>clusters.east&#58; found &#60;b&#62;\nallowed&#58; one of &#64;team</pre>\n",
  );
  expect(report).not.toContain("mind this");
  expect(rows(report, CHANGES)).toHaveLength(1);
});

test("a preview that printed no document is a failed one", () => {
  for (const [text, said] of [
    ["", "The preview printed nothing."],
    ["panic: oh", "The preview did not print a JSON document."],
    ['{"steps": 3}', "The preview did not print a JSON document."],
    ["[3]", "The preview did not print a JSON document."],
  ] as const) {
    const report = renderReport(readPreviews("dev", text));
    expect(plain(report)).toContain("| dev | **preview failed** | ? | ? | ? | ? | ? |");
    expect(report).toContain(said);
  }
});

test("a preview that could not be made is neither a success nor a failure", () => {
  const report = renderReport([{ environment: "prod", notes: ["No credentials here: rendered offline."] }]);

  expect(plain(report)).toContain("| prod | not previewed | ? | ? | ? | ? | ? |");
  expect(plain(report)).toContain("> prod: No credentials here: rendered offline.");
});

test("the environment is the stack's name when the document does not say it", () => {
  expect(plain(renderReport([{ steps: [create(EKS, "east")] }]))).toContain("| dev | adds or updates only |");
});

test("policy results: mandatory failures first, undetermined always, advice last", () => {
  const violation = (level: "advisory" | "mandatory", outcome: "fail" | "undetermined"): PreviewPolicyViolation => ({
    urn: urn(EKS, `${level}-${outcome}`),
    policy: "eks-endpoint-restricted",
    level,
    outcome,
    message: "found nothing | allowed: a list",
  });
  const report = renderReport([
    preview("dev", [], {
      policyViolations: [
        violation("advisory", "fail"),
        violation("mandatory", "undetermined"),
        violation("mandatory", "fail"),
      ],
    }),
  ]);

  const words = "found nothing &#124; allowed: a list";
  expect(rows(report, "### Policy")).toEqual([
    ["**blocked**", "dev", "eks-endpoint-restricted", "mandatory-fail aws:eks:Cluster", words],
    ["undetermined", "dev", "eks-endpoint-restricted", "mandatory-undetermined aws:eks:Cluster", words],
    ["advisory", "dev", "eks-endpoint-restricted", "advisory-fail aws:eks:Cluster", words],
  ]);
  expect(report).toContain("| **blocked by policy** |");
});

test("the order of steps does not change the report", () => {
  const steps = [
    create(SUBNET, "a"),
    remove(SUBNET, "b"),
    remove(EKS, "c"),
    update(ROLE, "d", "x", { x: 1 }, { x: 2 }),
  ];

  expect(renderReport([preview("dev", [...steps].reverse())])).toBe(renderReport([preview("dev", steps)]));
});

test("the log is linked only at an https address that cannot break out", () => {
  expect(renderReport([], { runUrl: "https://github.com/o/r/actions/runs/1" })).toContain(
    "[Log of the run](https://github.com/o/r/actions/runs/1)",
  );
  expect(renderReport([], { runUrl: "javascript:alert(1)" })).not.toContain("Log of the run");
  expect(renderReport([], { runUrl: "https://x/) <img>" })).not.toContain("Log of the run");
});
