import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import { destroy, MemoryStore, preview, previewRefresh, refresh, toPulumiEvent, up } from "../../../../local/engine";
import type { RunOptions } from "../../../../local/engine";
import { serializeResource } from "../../../../local/state/deployment";
import { SIGNATURE } from "../../../../local/protocol/property";
import { CorpusCloud } from "./cloud";
import type { Generation, Lifecycle } from "./lifecycle";
import { Identifiers, observeRun, observeState, references } from "./observation";
import type { EventLine, Json, Observed, ObservedRun } from "./observation";
import "../../../kit/lean-sdk";

const VERBS: Readonly<Record<ReturnType<typeof verbOf>, { readonly plan?: typeof up; readonly run: typeof up }>> = {
  up: { plan: preview, run: up },
  refresh: { plan: previewRefresh, run: refresh },
  destroy: { run: destroy },
};

/** Takes a program through its life on the embedded engine. */
export async function observeEmbedded(lifecycle: Lifecycle): Promise<Observed[]> {
  const cloud = new CorpusCloud(lifecycle.found);
  const store = new MemoryStore();
  const ids = new Identifiers();
  const observed: Observed[] = [];
  let before: readonly Json[] = [];
  for (const [index, generation] of lifecycle.generations.entries()) {
    cloud.enter(generation);
    const options = { ...optionsOf(lifecycle, generation, index), providers: cloud, store };
    const { plan, run } = VERBS[verbOf(generation)];
    const planned = plan === undefined ? undefined : await lines(plan, options);
    const done = await lines(run, options);
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
  if (object[SIGNATURE] === "1b47061264138c4ac30d75fd1eb44270") {
    // A state that the CLI exported holds the JSON text.
    const { plaintext, value: open = null } = object;
    return { secret: openSecrets(typeof plaintext === "string" ? (JSON.parse(plaintext) as JavaScriptValue) : open) };
  }
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, openSecrets(item)]));
}

/** The verb that the generation runs. */
export function verbOf({ verb, program }: Generation): "up" | "destroy" | "refresh" {
  return verb ?? (program === undefined ? "destroy" : "up");
}

/** The stack's configuration: it tells a program in a process of its own which one it is. */
export function configOf({ name }: Lifecycle, { config }: Generation, index: number): Record<string, string> {
  return { "corpus:lifecycle": name, "corpus:generation": String(index), ...config };
}

function optionsOf(
  lifecycle: Lifecycle,
  generation: Generation,
  index: number,
): Pick<RunOptions, "project" | "stack" | "program" | "config" | "replace"> {
  const nodeArgs = ["-r", require.resolve("esbuild-register")];
  return {
    project: "test",
    stack: "local",
    config: configOf(lifecycle, generation, index),
    replace: (generation.replace ?? []).map((name) => `urn:pulumi:local::test::toy:index:Thing::${name}`),
    program:
      lifecycle.child === true
        ? { kind: "child", main: "main.ts", directory: __dirname, nodeArgs }
        : { kind: "inline", run: async () => generation.program?.() },
  };
}

async function lines(run: typeof up, options: RunOptions): Promise<Events> {
  const found: EventLine[] = [];
  const { succeeded } = await run({
    ...options,
    onEvent: (event) => void found.push(toPulumiEvent(event) as EventLine),
  });
  return { succeeded, lines: found };
}
