import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { REPOSITORY } from "../kit/environment";

const rows = [
  ...readFileSync(join(REPOSITORY, "docs/clusters-evidence.md"), "utf8").matchAll(
    /^\| (.+?) +\| `([\w/.-]+)`: (.+?) +\|$/gm,
  ),
].map(([, what = "", file = "", title = ""]) => [what, file, title] as const);

test("docs/clusters-evidence.md names many tests", () => {
  expect(rows.length).toBeGreaterThan(50);
});

test.each(rows)("%s: %s has the test that docs/clusters-evidence.md names", (_what, file, title) => {
  const source = readFileSync(join(REPOSITORY, "test", file), "utf8").replaceAll('\\"', '"');

  expect(source.includes(title)).toBe(true);
});

/** Checks of EKS, AKS, IAM and KMS: checkov (CKV), trivy (AWS, AZU), kube-bench (CIS EKS and AKS 1.8). */
const CHECKS = [
  ...["AWS-0038", "AWS-0039", "AWS-0040", "AWS-0041", "AWS-0057"],
  ...["AZU-0040", "AZU-0041", "AZU-0042", "AZU-0043", "AZU-0065", "AZU-0066", "AZU-0067"],
  ...["CIS 2.1.1", "CIS 4.1.7", "CIS 4.3.1", "CIS 5.1.1", "CIS 5.2.1", "CIS 5.3.1", "CIS 5.4.1", "CIS 5.4.2"],
  ...["CIS 5.4.3", "CIS 5.4.4", "CIS 5.5.1", "CIS 5.5.2"],
  ...[7, 33, 37, 38, 39, 40, 58, 60, 61, 62, 63, 79, 100, 130, 274, 286, 287, 288, 289, 290, 339, 341, 355].map(
    (number) => `CKV_AWS_${number}`,
  ),
  "CKV2_AWS_56",
  ...[4, 5, 6, 7, 115, 116, 117, 141, 143, 168, 169, 170, 171, 172, 226, 227, 232].map(
    (number) => `CKV_AZURE_${number}`,
  ),
  "CKV2_AZURE_29",
];

test("a test names every check that clusters must answer", () => {
  const named = readdirSync(__dirname, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts") && !file.endsWith("evidence.test.ts"))
    .map((file) => readFileSync(join(__dirname, file), "utf8"))
    .join("\n");

  expect(CHECKS.filter((check) => !new RegExp(`${check}(?!\\d)`).test(named))).toEqual([]);
});
