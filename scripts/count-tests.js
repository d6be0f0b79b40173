"use strict";

/**
 * Adds up what CI has seen, `node count-tests.js STEPS_PASSED STEPS_FAILED REPORT...`, and prints `N passed, N failed`.
 * Every suite file in the tree must be in a report with at least one test that ran: a missing report or suite, and a
 * skipped test, count as failures.
 */
const { existsSync, readFileSync, readdirSync } = require("node:fs");
const { join, resolve } = require("node:path");

const [stepsPassed, stepsFailed, ...reports] = process.argv.slice(2);
let passed = Number(stepsPassed);
let failed = Number(stepsFailed);
const seen = new Set();

for (const path of reports) {
  if (!existsSync(path)) {
    failed += 1;
    console.log(`no report ${path}: the suite did not run`);
    continue;
  }
  for (const suite of JSON.parse(readFileSync(path, "utf8")).testResults) {
    const ran = suite.assertionResults.filter(({ status }) => status === "passed" || status === "failed");
    const notRun = suite.assertionResults.length - ran.length;
    passed += ran.filter(({ status }) => status === "passed").length;
    failed += ran.filter(({ status }) => status === "failed").length + notRun;
    if (notRun > 0) console.log(`${suite.name}: ${notRun} tests did not run`);
    if (ran.length > 0) seen.add(resolve(suite.name));
  }
}

const suites = readdirSync("test", { recursive: true })
  .map((name) => resolve(join("test", name)))
  .filter((name) => name.endsWith(".test.ts"));
for (const suite of suites.filter((name) => !seen.has(name))) {
  failed += 1;
  console.log(`${suite}: no test of it ran`);
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
