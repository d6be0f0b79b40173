import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { REPOSITORY } from "../kit/environment";

/** Type-checks a file as `npm run typecheck` does, and gives the lines with errors. */
function errorLines(file: string): number[] {
  const tsc = join(REPOSITORY, "node_modules", "typescript-7", "bin", "tsc");
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "commonjs"];
  try {
    execFileSync(process.execPath, [tsc, "--ignoreConfig", ...options, "--moduleResolution", "bundler", file], {
      encoding: "utf8",
    });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout: string };
    return [...stdout.matchAll(/\.ts\((\d+),\d+\): error/g)].map((match) => Number(match[1]));
  }
}

test("every wrong reference in a spec is a compile error, and nothing else is", () => {
  const source = readFileSync(join(__dirname, "spec.types.ts"), "utf8");
  const directive = /@ts-expect-error/;
  const expected = source.split("\n").flatMap((line, index) => (directive.test(line) ? [index + 1] : []));
  const undirected = join(__dirname, "spec.undirected.ts");
  // Without the directives the errors show themselves, each on the line after one.
  writeFileSync(undirected, source.replace(/@ts-expect-error/g, "expected:"));
  try {
    expect(errorLines(undirected).map((line) => line - 1)).toEqual(expected);
    expect(expected.length).toBe(15);
  } finally {
    rmSync(undirected);
  }
});
