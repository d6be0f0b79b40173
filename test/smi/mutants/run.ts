/**
 * `npm run test:mutants`: makes one plausible mistake after another in a copy of the translators, and demands that the suites
 * notice each of them. Exit code 1 if one survives, or if the text that it changes is not there any more.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { type Mutant, MUTANTS } from "./mutants";

const home = resolve(__dirname, "../../..");
const copy = mkdtempSync(join(tmpdir(), "isthmus-mutants-"));
const COPIED = [
  "smi",
  "test/smi",
  // What jest is configured with.
  "test/kit",
  "local/engine/no-closures.js",
  "examples/shop",
  "docs/smi.md",
  "package.json",
  "jest.config.js",
  "tsconfig.json",
];
/** A hundredth of what `npm run test:oracle` asks, which still finds what is wrong with a common rule. */
const REQUESTS = "40000";

/** Whether a suite passes on the copy: a jest file, or `oracle` with the name of a mesh. */
function passes(suite: string): boolean {
  const [what, mesh] = suite.split(" ");
  const args =
    what === "oracle"
      ? ["-r", "esbuild-register", "test/smi/oracle/run.ts", "--requests", REQUESTS, ...(mesh ? ["--mesh", mesh] : [])]
      : ["node_modules/jest/bin/jest.js", "--bail", "--silent", "--runInBand", `test/smi/${what}.test.ts`];
  return spawnSync(process.execPath, args, { cwd: copy, stdio: "ignore" }).status === 0;
}

function isCaught({ file, find, replace, suites }: Mutant): "caught" | "SURVIVED" | "NOT FOUND" {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  if (text.split(find).length !== 2) return "NOT FOUND";
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  try {
    return suites.some((suite) => !passes(suite)) ? "caught" : "SURVIVED";
  } finally {
    writeFileSync(path, text);
  }
}

function main(): void {
  for (const name of COPIED) cpSync(join(home, name), join(copy, name), { recursive: true });
  symlinkSync(join(home, "node_modules"), join(copy, "node_modules"));
  const only = process.argv.slice(2);
  const mutants = MUTANTS.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
  // A suite that fails by itself would catch everything.
  const broken = [...new Set(mutants.flatMap(({ suites }) => suites))].filter((suite) => !passes(suite));
  if (broken.length > 0) throw new Error(`fail without any mistake: ${broken.join(", ")}`);
  const results = mutants.map((mutant) => {
    const result = isCaught(mutant);
    process.stdout.write(`${result.padEnd(10)} ${mutant.name} (${mutant.file})\n`);
    return result;
  });
  const caught = results.filter((result) => result === "caught").length;
  process.stdout.write(`${caught} of ${results.length} mistakes are caught\n`);
  process.exitCode = caught === results.length ? 0 : 1;
}

try {
  main();
} finally {
  rmSync(copy, { recursive: true, force: true });
}
