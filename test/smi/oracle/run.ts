/** `npm run test:oracle`: SMI's meaning against a model of each mesh, over many generated worlds. Exit code 1 for a mismatch. */
import { parseArgs } from "node:util";

import * as fc from "fast-check";

import { type Mesh, MESHES } from "../../../smi";
import { emptyTally, judge, type Tally } from "./judge";
import { worlds } from "./worlds";

const PER_WORLD = 40;
const BATCH = 20;
const SHOWN = 3;
const LONGEST = 4000;

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    mesh: { type: "string" },
  },
});
const wanted = Number(values.requests);
const started = Date.now();
const tallies = new Map<Mesh, Tally>(
  Object.values(MESHES)
    .filter(({ name }) => values.mesh === undefined || name === values.mesh)
    .map((mesh) => [mesh, emptyTally()]),
);
const sum = (count: (tally: Tally) => number): number =>
  [...tallies.values()].reduce((total, tally) => total + count(tally), 0);

for (let batch = 0; sum(({ requests }) => requests) < wanted; batch++) {
  for (const world of fc.sample(worlds(PER_WORLD), { numRuns: BATCH, seed: Number(values.seed) * 1_000_003 + batch })) {
    for (const [mesh, tally] of tallies) judge(mesh, world, tally);
  }
}

const COLUMNS = ["worlds", "refused", "requests", "allowed", "denied", "warned"] as const;
const row = (cells: readonly (string | number)[]): string =>
  cells.map((cell, at) => (at === 0 ? String(cell).padEnd(14) : String(cell).padStart(11))).join("");
const lines = [
  row(["", ...COLUMNS, "mismatches"]),
  ...[...tallies].map(([mesh, tally]) =>
    row([mesh.name, ...COLUMNS.map((column) => tally[column]), tally.mismatches.length]),
  ),
  row([
    "together",
    ...COLUMNS.map((column) => sum((tally) => tally[column])),
    sum(({ mismatches }) => mismatches.length),
  ]),
  `${((Date.now() - started) / 1000).toFixed(0)} s, seed ${values.seed}`,
];
process.stdout.write(`${lines.join("\n")}\n`);
for (const mismatch of [...tallies.values()].flatMap(({ mismatches }) => mismatches).slice(0, SHOWN)) {
  process.stderr.write(`\n${mismatch.slice(0, LONGEST)}\n`);
}
process.exitCode = sum(({ mismatches }) => mismatches.length) > 0 ? 1 : 0;
