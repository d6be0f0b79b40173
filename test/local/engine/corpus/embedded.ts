import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import { destroy, MemoryStore, preview, toPulumiEvents, up } from "../../../../local/engine";
import type { RunOptions } from "../../../../local/engine";
import { serializeResource } from "../../../../local/engine/deployment";
import { SIGNATURE } from "../../../../local/protocol/property";
import { CorpusCloud } from "./cloud";
import type { Generation, Lifecycle } from "./lifecycle";
import { Identifiers, observeRun, observeState, references } from "./observation";
import type { EventLine, Json, Observed, ObservedRun } from "./observation";

/** Takes a program through its life on the embedded engine. */
export async function observeEmbedded(lifecycle: Lifecycle): Promise<Observed[]> {
  const cloud = new CorpusCloud(lifecycle.found);
  const store = new MemoryStore();
  const ids = new Identifiers();
  const observed: Observed[] = [];
  let before: readonly Json[] = [];
  for (const [index, generation] of lifecycle.generations.entries()) {
    cloud.faults = generation.faults ?? {};
    const options = optionsOf(lifecycle, generation, index);
    const planned =
      generation.program === undefined ? undefined : await lines(preview, { ...options, providers: cloud, store });
    const done = await lines(generation.program === undefined ? destroy : up, { ...options, providers: cloud, store });
    const after = (await store.load()).resources.map(
      (resource) => openSecrets(serializeResource(resource) as JavaScriptValue) as Json,
    );
    observed.push(observe(generation.name, planned, done, before, after, ids));
    before = after;
  }
  return observed;
}

/** One generation's observation, from whichever engine. */
export function observe(
  generation: string,
  planned: Events | undefined,
  done: Events,
  before: readonly Json[],
  after: readonly Json[],
  ids: Identifiers,
): Observed {
  const refers = references(before, after);
  // The state comes first: it is sorted, so that ids get their numbers in an order that does not depend on the run.
  const state = observeState(before, after, ids);
  const look = (events: Events): ObservedRun => observeRun(events.succeeded, events.lines, refers, ids);
  return { generation, ...(planned === undefined ? {} : { preview: look(planned) }), run: look(done), state };
}

/** The end and the events of a run. */
export interface Events {
  readonly succeeded: boolean;
  readonly lines: readonly EventLine[];
}

/** Secrets as `{secret: value}`, at whatever depth. */
export function openSecrets(value: JavaScriptValue): JavaScriptValue {
  if (Array.isArray(value)) return value.map(openSecrets);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Json;
  if (object[SIGNATURE] === "1b47061264138c4ac30d75fd1eb44270") return { secret: openSecrets(object.value ?? null) };
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, openSecrets(item)]));
}

function optionsOf(
  { name, child }: Lifecycle,
  { program, config }: Generation,
  index: number,
): Pick<RunOptions, "project" | "stack" | "program" | "config"> {
  const all = { "corpus:lifecycle": name, "corpus:generation": String(index), ...config };
  const nodeArgs = ["-r", require.resolve("esbuild-register")];
  return {
    project: "test",
    stack: "local",
    config: all,
    program:
      child === true
        ? { kind: "child", main: "main.ts", directory: __dirname, nodeArgs }
        : { kind: "inline", run: async () => program?.() },
  };
}

async function lines(run: typeof up, options: RunOptions): Promise<Events> {
  const found: EventLine[] = [];
  const { succeeded } = await run({
    ...options,
    onEvent: (event) => void found.push(...(toPulumiEvents(event) as EventLine[])),
  });
  return { succeeded, lines: found };
}
