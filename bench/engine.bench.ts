import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { FileStore, preview, toPulumiEvent, up, type RunOptions, type RunResult } from "../local/engine";
import { Keyring } from "../local/protocol/crypter";
import { CorpusCloud } from "../test/local/engine/corpus/cloud";
import { MemoryWatch } from "./engine/memory";
import { makeThings } from "./engine/things";
import type { Bench, Measurement } from "./measurement";

/** Speed and size of the embedded engine, with a state in a folder and every event written out as JSON. */
export const bench: Bench = {
  title: "the embedded engine, on a cloud that takes no time",
  async *run() {
    const seconds = new Map<number, number>();
    for (const count of [200, 2000, 4000]) yield* asChildProcess(count, seconds);
    yield growth(seconds);
    yield* inProcess(1000);
  },
};

async function* asChildProcess(count: number, seconds: Map<number, number>): AsyncIterable<Measurement> {
  const goals = count === 2000 ? { up: 20, preview: 15, memory: 900 } : undefined;
  const nodeArgs = ["-r", require.resolve("esbuild-register")];
  const main = "program.ts";
  const directory = path.join(__dirname, "engine");
  yield* withStack({ kind: "child", main, directory, nodeArgs }, count, async function* (options) {
    const memory = new MemoryWatch();
    const first = await timed(() => up(options));
    const made = memory.stop();
    seconds.set(count, first);
    yield { what: `up of ${count} resources, as a child process`, value: first, unit: "s", goal: goals?.up };
    const value = await timed(() => preview(options));
    yield { what: `preview of ${count} resources without changes`, value, unit: "s", goal: goals?.preview };
    yield { what: `memory of both processes, ${count} resources`, value: made, unit: "MB", goal: goals?.memory };
  });
}

/** How much more the last resources of a large stack cost than the first ones. */
function growth(seconds: ReadonlyMap<number, number>): Measurement {
  const [small = 0, middle = 0, large = 0] = [200, 2000, 4000].map((count) => seconds.get(count));
  const value = (large - middle) / 2000 / ((middle - small) / 1800);
  return {
    what: "cost of a resource from 2,000 to 4,000, over one from 200 to 2,000",
    value,
    unit: "times",
    goal: 1.3,
  };
}

async function* inProcess(count: number): AsyncIterable<Measurement> {
  const run = async (): Promise<void> => makeThings(count);
  // As in the tests: the SDK keeps a stack trace with every resource, which costs more than the engine itself.
  Error.stackTraceLimit = 4;
  yield* withStack({ kind: "inline", run }, count, async function* (options) {
    const warmUp = await timed(() => up(options));
    const unchanged = await timed(() => up(options));
    const per = (total: number): number => (total * 1000) / count;
    yield { what: `a step of up in process, of ${count} creates`, value: per(warmUp), unit: "ms", goal: 5 };
    yield { what: `a step of up in process, of ${count} unchanged`, value: per(unchanged), unit: "ms", goal: 5 };
  });
}

async function* withStack(
  program: RunOptions["program"],
  count: number,
  use: (options: RunOptions) => AsyncIterable<Measurement>,
): AsyncIterable<Measurement> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "bench-"));
  const events = fs.createWriteStream(path.join(directory, "events.jsonl"));
  try {
    yield* use({
      project: "bench",
      stack: "local",
      program,
      config: { "bench:count": String(count) },
      providers: new CorpusCloud(),
      store: new FileStore(path.join(directory, "state"), new Keyring("passphrase")),
      onEvent: (event) => void events.write(`${JSON.stringify(toPulumiEvent(event))}\n`),
    });
  } finally {
    events.end();
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** Seconds that a run takes. */
async function timed(run: () => Promise<RunResult>): Promise<number> {
  const start = process.hrtime.bigint();
  const result = await run();
  const value = Number(process.hrtime.bigint() - start) / 1e9;
  if (!result.succeeded) throw new Error(result.diagnostics.map(({ message }) => message).join("\n"));
  return value;
}
