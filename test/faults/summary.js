"use strict";

/** Collects what every suite of the matrix has counted, and prints it as one table at the end. */
const { mkdtempSync, existsSync, readFileSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

exports.setup = () => {
  process.env.ISTHMUS_FAULTS = join(mkdtempSync(join(tmpdir(), "isthmus-faults-")), "counts");
};

exports.teardown = () => {
  const file = process.env.ISTHMUS_FAULTS;
  if (!existsSync(file)) return;
  const rows = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  rmSync(file);
  const total = (index) => String(rows.reduce((sum, row) => sum + Number(row[index]), 0));
  const lines = [["scenario", "kind of fault", "faults", "survived"], ...rows, ["all", "", total(2), total(3)]];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column].length)));
  const text = (line) =>
    line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])));
  process.stderr.write(`\n${lines.map((line) => text(line).join("  ").trimEnd()).join("\n")}\n`);
};
