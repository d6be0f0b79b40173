/** The example of docs/testing.md: a test holds that the document shows this file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

// example
import * as aws from "@pulumi/aws/s3";
import { Provider } from "@pulumi/aws/provider";

import { errorsOf, Life, succeeded } from "./life";

/** The program under test: a bucket that keeps its versions for some days. */
function program(days: number) {
  return () => {
    const provider = new Provider("aws", { region: "eu-west-1" });
    const bucket = new aws.Bucket("reports", {}, { provider });
    const versioning = new aws.BucketVersioning(
      "reports",
      { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } },
      { provider },
    );
    const rule = { id: "old", status: "Enabled", noncurrentVersionExpiration: { noncurrentDays: days } };
    new aws.BucketLifecycleConfiguration(
      "reports",
      { bucket: bucket.bucket, rules: [rule] },
      { provider, dependsOn: [versioning] },
    );
    return { name: bucket.bucket };
  };
}

test("a longer retention replaces nothing, and destroy takes the rules before the bucket", async () => {
  const life = new Life();
  succeeded(await life.up(program(30)));
  await expect(life).toHaveLedgerEqualToState();

  expect(await life.preview(program(90))).toReplaceNothing();
  succeeded(await life.up(program(90)));
  expect(await life.up(program(90))).toChangeNothing();

  const gone = succeeded(await life.destroy());
  expect(gone).toDeleteBefore(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration reports",
    "aws:s3/bucket:Bucket reports",
  );
  expect(life.ledger()).toEqual([]);
});

test("an answer that is lost on its way does not make a second bucket", async () => {
  const life = new Life().inject("create aws:s3/bucket:Bucket=lost-response");

  const first = await life.up(program(30));
  expect(errorsOf(first)).toEqual([expect.stringContaining("broke before its answer came")]);
  expect(life.ledger().map(({ type }) => type)).toEqual(["aws:s3/bucket:Bucket"]);

  succeeded(await life.up(program(30)));
  await expect(life).toHaveLedgerEqualToState();
});

test("the rules wait for the versioning, by an edge and not by luck", async () => {
  const life = new Life();
  succeeded(await life.up(program(30)));

  const graph = await life.graph();
  const rules = graph.find("reports", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration");
  const versioning = graph.find("reports", "aws:s3/bucketVersioning:BucketVersioning");
  expect(graph.waitsFor(rules.urn)).toContain(versioning.urn);
});
// end of the example

test("docs/testing.md shows exactly this", () => {
  const root = join(__dirname, "..", "..");
  const source = readFileSync(__filename, "utf8");
  const example = /\/\/ example\n([\s\S]*?)\/\/ end of the example\n/.exec(source)?.[1]?.trim();
  const shown = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "docs", "testing.md"), "utf8"))?.[1]?.trim();
  expect(shown).toBe(example);
});
