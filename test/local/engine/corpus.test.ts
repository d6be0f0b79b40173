import * as fs from "node:fs";
import * as path from "node:path";

import { differences, withDifferences } from "./corpus/differences";
import { observeEmbedded } from "./corpus/embedded";
import type { Observed } from "./corpus/observation";
import { lifecycles } from "./corpus/programs";

const directory = path.join(__dirname, "corpus", "recorded");

/** What Pulumi's own CLI did with the same programs over the same provider. */
function recorded(name: string): Observed[] {
  return JSON.parse(fs.readFileSync(path.join(directory, `${name}.json`), "utf8")) as Observed[];
}

/** Processes of their own, which take their time: they run beside the others. */
const running = new Map<string, Promise<Observed[]>>();
beforeAll(() => {
  // The SDK keeps a stack trace with every resource, and jest maps every frame of it.
  Error.stackTraceLimit = 0;
  for (const lifecycle of lifecycles)
    if (lifecycle.child === true) running.set(lifecycle.name, observeEmbedded(lifecycle));
});

describe("the embedded engine does what the real CLI does", () => {
  test.each(lifecycles.map((lifecycle) => [lifecycle.name, lifecycle] as const))("%s", async (name, lifecycle) => {
    expect(await (running.get(name) ?? observeEmbedded(lifecycle))).toEqual(withDifferences(name, recorded(name)));
  });
});

test("every program has a record, every record a program, and every accepted difference a place", () => {
  const names = lifecycles.map(({ name }) => name);
  expect(fs.readdirSync(directory).sort()).toEqual(names.map((name) => `${name}.json`).sort());
  for (const { lifecycle, generation } of differences) {
    const generations = lifecycles.find(({ name }) => name === lifecycle)?.generations ?? [];
    expect(generations.map(({ name }) => name)).toContain(generation);
  }
});
