import { readFileSync } from "node:fs";
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
