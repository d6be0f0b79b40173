import * as fc from "fast-check";

import { readPreviews, renderReport, sanitize, type PreviewDocument } from "../../../cli/report";
import { create, plain, preview, remove, replace, rows, update, urn } from "./documents";

const EKS = "aws:eks/cluster:Cluster";
const SUBNET = "aws:ec2/subnet:Subnet";
const OTHER = "aws:rds/instance:Instance";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

describe("secrets", () => {
  test.each([
    ["as the CLI shows it", "[secret]"],
    ["as a state file seals it", { [SIGNATURE]: SECRET, ciphertext: "v1:abc" }],
    ["as a state file exported in plain text", { [SIGNATURE]: SECRET, plaintext: '"s3cr3t-2"' }],
    ["inside a secret object", undefined],
  ])("a property that becomes secret, %s, shows neither side", (_, marked) => {
    const step =
      marked === undefined
        ? update(OTHER, "db", "auth.pin", { auth: { pin: "s3cr3t-1" } }, { auth: "[secret]" })
        : update(OTHER, "db", "pin", { pin: "s3cr3t-1" }, { pin: marked });
    const report = renderReport([preview("dev", [step])]);

    expect(report).not.toContain("s3cr3t");
    expect(report).not.toContain("abc");
    expect(rows(report, "### What changes")[0]?.[4]).toBe(`${marked === undefined ? "auth.pin" : "pin"} (secret)`);
  });

  test("a property that stops being secret shows neither side", () => {
    const report = renderReport([
      preview("dev", [update(OTHER, "db", "pin", { pin: "[secret]" }, { pin: "s3cr3t-1" })]),
    ]);

    expect(report).not.toContain("s3cr3t");
  });

  test("the old value of a new secret is taken out of errors, policy messages and other properties", () => {
    const steps = [
      update(OTHER, "db", "pin", { pin: "s3cr3t-1" }, { pin: "[secret]" }),
      update(SUBNET, "s", "note", { note: "pin is s3cr3t-1!" }, { note: "none" }),
    ];
    const report = renderReport([
      preview("dev", steps, {
        notes: ["tried s3cr3t-1"],
        diagnostics: [{ severity: "error", message: "login with s3cr3t-1 failed" }],
        policyViolations: [
          { urn: urn(EKS, "e"), policy: "p", level: "advisory", outcome: "fail", message: "is s3cr3t-1" },
        ],
      }),
    ]);

    expect(report).not.toContain("s3cr3t");
    expect(plain(report)).toContain("login with [secret] failed");
    expect(plain(report)).toContain('note: "pin is [secret]!" → "none"');
  });

  test("an output named in additionalSecretOutputs is secret", () => {
    const step = update(OTHER, "db", "pin", { pin: "s3cr3t-1" }, { pin: "s3cr3t-2" });
    const newState = { ...step.newState, additionalSecretOutputs: ["pin"] };

    expect(renderReport([preview("dev", [{ ...step, newState }])])).not.toContain("s3cr3t");
  });

  test.each([
    [
      "a Kubernetes Secret",
      "kubernetes:core/v1:Secret",
      "data.any",
      { data: { any: "c2VjcmV0" } },
      { data: { any: "b3RoZXI=" } },
    ],
    [
      "a password that nobody marked",
      OTHER,
      "masterPassword",
      { masterPassword: "c2VjcmV0" },
      { masterPassword: "b3RoZXI=" },
    ],
  ])("%s is not shown", (_, type, path, before, after) => {
    const report = renderReport([preview("dev", [update(type, "it", path, before, after)])]);

    expect(plain(report)).not.toMatch(/c2VjcmV0|b3RoZXI=/);
  });

  test("a key in PEM form is not shown, wherever it is", () => {
    const step = update(SUBNET, "s", "note", { note: "-----BEGIN PRIVATE KEY-----MIIE" }, { note: "none" });

    expect(renderReport([preview("dev", [step])])).not.toContain("MIIE");
  });
});

test("a sanitized document holds no secret and gives the same report", () => {
  const before = {
    pin: "s3cr3t-1",
    list: [{ pin: "s3cr3t-2" }],
    note: "s3cr3t-1!",
    key: "-----BEGIN s3cr3t-3",
    size: 1,
  };
  const after = { pin: "[secret]", list: [{ pin: "[secret]" }], note: "none", key: "none", size: 2 };
  const rest = {
    config: { "isthmus:plain": "s3cr3t-1" },
    changeSummary: { update: 3 },
    notes: ["s3cr3t-1"],
    diagnostics: [{ severity: "error", message: "s3cr3t-2" }],
    policyViolations: [
      { urn: urn(EKS, "e"), policy: "p", level: "mandatory", outcome: "fail", message: "s3cr3t-1" } as const,
    ],
  };
  const paths = ["pin", "list[0].pin", "note", "size"];
  const document = preview(
    "dev",
    paths.map((path) => update(OTHER, path, path, before, after)),
    rest,
  );
  const stored = JSON.stringify([sanitize(document)]);

  expect(stored).not.toContain("s3cr3t");
  expect(renderReport(readPreviews("ignored", stored))).toBe(renderReport([document]));
  expect(plain(renderReport([document]))).toContain("size: 1 → 2");
});

test("an unknown value is named, not shown as its code", () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const report = renderReport([preview("dev", [update(SUBNET, "s", "vpcId", { vpcId: "vpc-1" }, { vpcId: unknown })])]);

  expect(rows(report, "### What changes")[0]?.[4]).toBe('vpcId: "vpc-1" → known after the change');
});

test("a hostile value stays in its cell, pings nobody and links nowhere", () => {
  const hostile =
    "a|b`c</code>\n\n# <!-- isthmus-report --> @org/team #1 [x](http://evil) www.evil.example \u202e<img src=x>";
  const report = renderReport([preview("dev", [update(SUBNET, hostile, "tag", { tag: hostile }, { tag: "none" })])]);
  const lines = report.split("\n").filter((line) => line.startsWith("|"));

  expect(lines).toHaveLength(6);
  expect(lines[5]?.split("|")).toHaveLength(7);
  expect(report.match(/<!--/g)).toHaveLength(1);
  expect(report.replace(/<code>[^<]*<\/code>/g, "")).not.toMatch(/org|evil|img/);
  expect(report).not.toMatch(/@|`|<img|http:|www\.|\u202e/);
});

/** A document of any names and values, with a little of everything. */
const documents = fc
  .array(
    fc.record({
      op: fc.constantFrom("create", "update", "delete", "replace", "same", "import"),
      name: fc.string({ unit: "binary", maxLength: 40 }),
      value: fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.constant(null)),
    }),
    { maxLength: 60 },
  )
  .map((parts): PreviewDocument => {
    const steps = parts.flatMap(({ op, name, value }, index) => {
      const id = `${name}${index}`;
      if (op === "create") return [create(SUBNET, id)];
      if (op === "delete") return [remove(EKS, id)];
      if (op === "replace") return replace(EKS, id, "p", { p: value }, { p: "x" });
      return [{ ...update(SUBNET, id, "p", { p: value }, { p: "x" }), op }];
    });
    const message = parts.map(({ name }) => name).join("\n");
    return preview("dev", steps, { diagnostics: [{ severity: "error", message }] });
  });

test("whatever the names and values are, a report keeps the limit and every table keeps its columns", () => {
  fc.assert(
    fc.property(documents, fc.integer({ min: 0, max: 20_000 }), (document, limit) => {
      const report = renderReport([document], { limit });
      expect(report.length).toBeLessThanOrEqual(Math.max(limit, 24));
      const outside = report.replace(/<pre>[^<]*<\/pre>/g, "").replace(/<code>[^<]*<\/code>/g, "");
      for (const line of outside.split("\n").filter((one) => one.startsWith("|"))) {
        expect([6, 8]).toContain(line.split("|").length - 1);
      }
      expect(outside).not.toMatch(/[@`]/);
    }),
    { numRuns: 60 },
  );
});

test("too many changes: harmless rows are folded into counts, dangerous ones stay", () => {
  const steps = [
    ...Array.from({ length: 600 }, (_, index) => update(SUBNET, `update-${index}`, "t", { t: "a" }, { t: "b" })),
    ...Array.from({ length: 40 }, (_, index) => remove(SUBNET, `delete-${index}`)),
    ...replace(EKS, "east", "name", { name: "a" }, { name: "b" }),
    create(SUBNET, "new-1"),
    create(SUBNET, "new-2"),
  ];
  const report = renderReport([preview("dev", steps)]);
  const shown = rows(report, "### What changes");
  const updates = shown.filter(([risk]) => risk === "update").length;

  expect(report.length).toBeLessThanOrEqual(60_000);
  expect(report.length).toBeGreaterThan(58_000);
  expect(shown[0]?.[3]).toBe("east aws:eks:Cluster");
  expect(shown.filter(([risk]) => risk === "**disruption**")).toHaveLength(40);
  expect(report).toContain(`Left out for length, lowest risk first: ${600 - updates} updates, 2 creations.`);
  expect(report).not.toContain("Did not fit");
});

test("too many dangerous changes: they get shorter, and what does not fit is said loudly", () => {
  const long = "x".repeat(90);
  const several = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      replace(EKS, `east-${index}`, "name", { name: long }, { name: `${long}2` }),
    ).flat();
  const some = renderReport([preview("dev", several(250))]);
  const many = renderReport([preview("dev", several(1000))]);

  expect(rows(some, "### What changes")).toHaveLength(250);
  expect(some.length).toBeLessThanOrEqual(60_000);
  expect(many.length).toBeLessThanOrEqual(60_000);
  const left = 1000 - rows(many, "### What changes").length;
  expect(many).toContain(`**Did not fit: ${left} replacements that need review. Read the job's log.**`);
});
