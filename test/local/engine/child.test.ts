import * as fs from "node:fs";
import * as path from "node:path";

import { MemoryStore, up } from "../../../local/engine";
import type { RunOptions } from "../../../local/engine";
import { errors, steps, ToyCloud } from "./toy";

/** Beside this file, so that programs find the SDK the way a real one does. */
let directory: string;
beforeEach(() => (directory = fs.mkdtempSync(path.join(__dirname, ".program-"))));
afterEach(() => fs.rmSync(directory, { recursive: true }));

const PRELUDE = `
  const pulumi = require("@pulumi/pulumi");
  class Thing extends pulumi.CustomResource {
    constructor(name, args, options) { super("toy:index:Thing", name, { computed: undefined, ...args }, options); }
  }
  const provider = new (class extends pulumi.ProviderResource { constructor() { super("toy", "toys", {}); } })();
`;

function program(source: string, more: Partial<RunOptions> = {}): RunOptions & { providers: ToyCloud } {
  fs.writeFileSync(path.join(directory, "package.json"), "{}");
  fs.writeFileSync(path.join(directory, "index.ts"), PRELUDE + source);
  return {
    project: "test",
    stack: "local",
    program: { kind: "child", main: "index.ts", directory, nodeArgs: ["-r", require.resolve("esbuild-register")] },
    store: new MemoryStore(),
    ...more,
    providers: new ToyCloud(),
  };
}

test("an unchanged TypeScript program runs as a child process, with its configuration and its output", async () => {
  const before = { ...process.env };
  const options = program(
    `
    const size: string = new pulumi.Config().require("size");
    console.log("hello from the program");
    const a = new Thing("a", { size, password: new pulumi.Config().requireSecret("password") }, { provider });
    export const out = a.computed;
  `,
    { config: { "test:size": "big", "test:password": "open sesame" }, secretConfigKeys: ["test:password"] },
  );
  const result = await up(options);
  expect(errors(result)).toEqual([]);
  expect(steps(result)).toEqual(["create a"]);
  expect(result.outputs).toEqual({ out: "computed of a-1" });
  expect(result.diagnostics.map(({ message }) => message)).toContain("hello from the program");
  expect(process.env).toEqual(before);
});

test("a failed resource ends the program, with one error and without a stack trace", async () => {
  const options = program(`
    const bad = new Thing("bad", {}, { provider });
    new Thing("after", { value: bad.computed }, { provider });
  `);
  options.providers.faults = { "create:bad": new Error("quota exceeded") };
  const result = await up(options);
  expect(errors(result)).toEqual(["quota exceeded"]);
  expect(result.succeeded).toBe(false);
});

test("a program that throws shows its message, not the stack", async () => {
  const result = await up(program(`throw new Error("the region is missing");`));
  expect(result.succeeded).toBe(false);
  expect(errors(result).join("\n")).toContain("the region is missing");
  expect(errors(result).join("\n")).not.toMatch(/^\s+at /m);
});

test("serialized functions are refused by name", async () => {
  const result = await up(
    program(`
      const dynamic = require("@pulumi/pulumi/dynamic");
      class Made extends dynamic.Resource {}
      new Made({ create: async () => ({ id: "1", outs: {} }) }, "made", {});
    `),
  );
  expect(errors(result).join("\n")).toContain(
    "the embedded engine does not support dynamic providers and serialized functions: run this program with the real Pulumi " +
      "CLI, which does",
  );
});

test.each([
  ["stack transforms", "pulumi.runtime.registerResourceTransform(() => undefined); new Thing('a', {}, { provider });"],
  ["method calls on remote components", "pulumi.runtime.call('toy:index:Thing/ask', {}, provider);"],
])("%s are refused by name", async (feature, source) => {
  const result = await up(program(source));
  expect(errors(result)).toEqual([
    `the embedded engine does not support ${feature}: run this program with the real Pulumi CLI, which does`,
  ]);
});

test("a program that does not end is killed when the run is stopped", async () => {
  const stop = new AbortController();
  const options = program(`new Thing("a", {}, { provider }); setInterval(() => {}, 1000);`, { signal: stop.signal });
  const running = up({
    ...options,
    onEvent: (event) => {
      if (event.kind === "step-finished" && event.step.urn.endsWith("::a")) stop.abort();
    },
  });
  expect((await running).succeeded).toBe(false);
  expect((await options.store.load()).resources.map(({ urn }) => urn.split("::").pop())).toContain("a");
});
