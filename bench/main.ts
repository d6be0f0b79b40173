/**
 * `npm run bench [name...]`: runs the benchmarks of this folder, one file each, and prints what they measure beside their
 * goals. A new one is a file `<name>.bench.ts` that exports `bench`.
 */
import * as fs from "node:fs";
import * as path from "node:path";

import type { Bench } from "./measurement";

export async function main(names: readonly string[]): Promise<void> {
  const files = fs.readdirSync(__dirname).filter((file) => file.endsWith(".bench.ts"));
  const known = files.map((file) => path.basename(file, ".bench.ts")).sort();
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no benchmark ${unknown.join(", ")}; there are ${known.join(", ")}`);
  for (const name of names.length > 0 ? names : known) {
    const { bench } = (await import(`./${name}.bench`)) as { readonly bench: Bench };
    process.stdout.write(`${name}: ${bench.title}\n`);
    for await (const { what, value, unit, goal } of bench.run()) {
      const verdict = goal === undefined ? "" : value <= goal ? `goal ${goal}: met` : `goal ${goal}: MISSED`;
      const number = value.toFixed(value < 100 ? 1 : 0).padStart(8);
      process.stdout.write(`  ${what.padEnd(64)} ${number} ${unit.padEnd(8)} ${verdict}`.trimEnd() + "\n");
      if (verdict.endsWith("MISSED")) process.exitCode = 1;
    }
  }
}
