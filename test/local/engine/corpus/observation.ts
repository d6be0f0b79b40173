import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import { UNKNOWN_SENTINEL } from "../../../../local/protocol/property";

/** One resource of a deployment, as Pulumi's `ResourceV3` with its secrets open: `{secret: value}`. */
export type Json = { readonly [key: string]: JavaScriptValue };

/** What one run did, in a form that does not depend on when and where it ran. */
export interface ObservedRun {
  readonly succeeded: boolean;
  /** Every step with its reasons, sorted: independent steps come in any order. */
  readonly steps: readonly string[];
  /** Who came first, of every two steps about the same resource or about one and what it refers to. */
  readonly order: readonly string[];
  /** First line of every error, with the resource it is about. */
  readonly errors: readonly string[];
  readonly changes: Readonly<Record<string, number>>;
  /** What hooks wrote when they were called, sorted. Absent for programs without any. */
  readonly hooks?: readonly string[];
}

/** What one generation of a program led to. */
export interface Observed {
  readonly generation: string;
  readonly preview?: ObservedRun;
  readonly run: ObservedRun;
  /** Resources that are not as they were before, by URN; null for those that are gone. */
  readonly state: Readonly<Record<string, JavaScriptValue>>;
}

interface StateInEvent {
  readonly custom?: boolean;
  readonly provider?: string;
  readonly inputs?: Json;
}

interface Metadata {
  readonly op: string;
  readonly urn: string;
  readonly old: StateInEvent | null;
  readonly new: StateInEvent | null;
  readonly keys?: readonly string[];
  readonly diffs?: readonly string[];
  readonly detailedDiff?: Readonly<Record<string, { readonly diffKind: string; readonly inputDiff: boolean }>> | null;
}

/** The parts of Pulumi's engine events that count here. */
export interface EventLine {
  readonly resourcePreEvent?: { readonly metadata: Metadata };
  readonly resOutputsEvent?: { readonly metadata: Metadata };
  readonly resOpFailedEvent?: { readonly metadata: Metadata };
  readonly diagnosticEvent?: { readonly urn?: string; readonly message: string; readonly severity: string };
  readonly summaryEvent?: { readonly resourceChanges?: Readonly<Record<string, number>> | null };
}

interface Entry {
  readonly metadata: Metadata;
  readonly start: number;
  end: number;
  failed: boolean;
}

/** Numbers the ids that an engine draws at random, in the order in which they are met. */
export class Identifiers {
  private readonly numbers = new Map<string, number>();

  replace(text: string): string {
    return text.replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, (id) => {
      if (id === UNKNOWN_SENTINEL) return "<unknown>";
      if (!this.numbers.has(id)) this.numbers.set(id, this.numbers.size + 1);
      return `<id ${this.numbers.get(id)}>`;
    });
  }
}

/** What the messages begin with that hooks of the corpus write. */
export const HOOK = "hook: ";

const STACK = "pulumi:pulumi:Stack::test-local";
const TOYS = "pulumi:providers:toy::toys";

/** A URN without what is the same in all of them; a thing by its name alone. */
export function short(urn: string): string {
  return urn.replace(/^urn:pulumi:local::test::/, "").replace(/^toy:index:Thing::/, "");
}

/** Every pair of a resource and one that it refers to, in any of the given deployments. */
export function references(...deployments: readonly (readonly Json[])[]): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (const resource of deployments.flat()) {
    const { urn, parent, provider, deletedWith, dependencies } = resource;
    const targets = [parent, String(provider ?? "").replace(/::[^:]*$/, ""), deletedWith];
    for (const target of [...targets, ...((dependencies ?? []) as readonly string[])])
      if (typeof target === "string" && target !== "") pairs.add(`${String(urn)} ${target}`);
  }
  return pairs;
}

/** Brings the events of a run into the form in which they can be compared. */
export function observeRun(
  succeeded: boolean,
  lines: readonly EventLine[],
  refers: ReadonlySet<string>,
  ids: Identifiers,
): ObservedRun {
  const entries: Entry[] = [];
  const errors = new Set<string>();
  const hooks: string[] = [];
  let changes: Readonly<Record<string, number>> = {};
  for (const [at, line] of lines.entries()) {
    if (line.resourcePreEvent !== undefined)
      entries.push({ metadata: line.resourcePreEvent.metadata, start: at, end: Infinity, failed: false });
    const ended = line.resOutputsEvent?.metadata ?? line.resOpFailedEvent?.metadata;
    const entry = entries.find(
      ({ metadata, end }) => end === Infinity && metadata.op === ended?.op && metadata.urn === ended.urn,
    );
    if (entry !== undefined) {
      entry.end = at;
      entry.failed = line.resOpFailedEvent !== undefined;
    }
    const { diagnosticEvent: diagnostic } = line;
    // The CLI closes every failed run with a line of its own.
    if (diagnostic?.severity === "error" && !/^(update|preview|destroy) failed$/.test(diagnostic.message.trim()))
      errors.add(errorText(diagnostic));
    if (diagnostic?.message.startsWith(HOOK) === true) hooks.push(diagnostic.message.slice(HOOK.length).trim());
    changes = line.summaryEvent?.resourceChanges ?? changes;
  }
  return {
    succeeded,
    steps: entries.map((entry) => ids.replace(stepText(entry))).sort(),
    order: [...new Set(orderOf(entries, refers))].sort(),
    errors: [...errors].map((text) => ids.replace(text)).sort(),
    changes: Object.fromEntries(Object.entries(changes).sort(([a], [b]) => (a < b ? -1 : 1))),
    ...(hooks.length > 0 ? { hooks: hooks.sort() } : {}),
  };
}

/** The gist of an error, without what the CLI wraps around it: lists, stack traces, advice on its own commands. */
function errorText({ urn = "", message }: { readonly urn?: string; readonly message: string }): string {
  const lines = message.trim().split("\n");
  const first = lines[0] ?? "";
  const listed = lines.filter((line) => /^\s*\* /.test(line)).map((line) => line.replace(/^\s*\* /, ""));
  const thrown = /Error: (.*)/.exec(message)?.[1];
  const gist = /^\d+ errors? occurred:$/.test(first)
    ? listed.join("; ")
    : /^Running program '.*' failed with an unhandled exception:$/.test(first)
      ? (thrown ?? first)
      : first.replace(/^Preview failed: /, "").replace(/, or use the command:$/, "");
  return [...(urn === "" ? [] : [short(urn)]), gist.replaceAll("urn:pulumi:local::test::", "")].join(": ");
}

function stepText({ metadata, failed }: Entry): string {
  const { op, urn, keys = [], diffs = [], detailedDiff, new: next } = metadata;
  const details = Object.entries(detailedDiff ?? {}).map(
    ([path, { diffKind, inputDiff }]) => `${path} ${diffKind}${inputDiff ? "" : " (state)"}`,
  );
  const unknown = Object.entries(next?.inputs ?? {})
    .filter(([, value]) => JSON.stringify(value).includes(UNKNOWN_SENTINEL))
    .map(([key]) => key);
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ["replaces for", keys],
    ["changes", diffs],
    ["in detail", details],
    ["unknown", unknown],
    ["failed", failed ? ["yes"] : []],
  ];
  const texts = parts
    .filter(([, list]) => list.length > 0)
    .map(([word, list]) => `${word}: ${[...list].sort().join(", ")}`);
  return [`${op} ${short(urn)}`, ...texts].join("; ");
}

function orderOf(entries: readonly Entry[], refers: ReadonlySet<string>): string[] {
  // Refreshes do not wait for each other.
  const counted = entries.filter(
    ({ metadata: { op, urn } }) => !["same", "refresh"].includes(op) && short(urn) !== STACK,
  );
  return counted.flatMap((one) =>
    counted.flatMap((other) => {
      const [a, b] = [one.metadata, other.metadata];
      const connected = a.urn === b.urn || refers.has(`${a.urn} ${b.urn}`) || refers.has(`${b.urn} ${a.urn}`);
      const marks = a.urn !== b.urn && (a.op === "replace" || b.op === "replace");
      if (!connected || marks || one.start >= other.start) return [];
      const together = endOf(one) > other.start;
      return [`${a.op} ${short(a.urn)} ${together ? "with" : "before"} ${b.op} ${short(b.urn)}`];
    }),
  );
}

/** A component is there from its start; its end only says that the program has registered its outputs. */
function endOf({ metadata, start, end }: Entry): number {
  return metadata.new !== null && metadata.new.custom !== true ? start : end;
}

/** The resources that differ between two deployments, in the form in which they can be compared. */
export function observeState(before: readonly Json[], after: readonly Json[], ids: Identifiers): Observed["state"] {
  const old = byKey(before, ids);
  const now = byKey(after, ids);
  const changed = [...now].filter(([key, resource]) => JSON.stringify(resource) !== JSON.stringify(old.get(key)));
  const gone = [...old.keys()].filter((key) => !now.has(key)).map((key): [string, null] => [key, null]);
  return Object.fromEntries([...changed, ...gone].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function byKey(resources: readonly Json[], ids: Identifiers): Map<string, Json> {
  const sorted = [...resources].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return new Map(sorted.map((resource) => [keyOf(resource), stateOf(resource, ids)]));
}

function keyOf({ urn, delete: old, id }: Json): string {
  return short(String(urn)) + (old === true ? ` (old, ${String(id)})` : "");
}

/** What is left out is what most resources have: the stack as parent, the usual provider, no dependencies. */
function stateOf(resource: Json, ids: Identifiers): Json {
  const { urn: _, type: __, created, modified, sourcePosition, stackTrace, delete: ___, ...rest } = resource;
  const text = ids.replace(JSON.stringify(rest)).replaceAll("urn:pulumi:local::test::", "");
  const { custom, parent, provider, dependencies, propertyDependencies, ...state } = JSON.parse(text) as Json;
  const lists = Object.entries((propertyDependencies ?? {}) as { [key: string]: readonly string[] | null })
    .filter(([, list]) => list !== null && list.length > 0)
    .map(([key, list]): [string, JavaScriptValue] => [key, [...(list ?? [])].sort()]);
  const usual = String(provider).startsWith(`${TOYS}::`);
  const all: { [key: string]: JavaScriptValue | undefined } = {
    ...state,
    component: custom === true ? undefined : true,
    parent: parent === STACK ? undefined : (parent ?? null),
    provider: usual ? undefined : (provider ?? undefined),
    dependencies: Array.isArray(dependencies) ? [...dependencies].sort() : undefined,
    propertyDependencies: lists.length > 0 ? Object.fromEntries(lists.sort(([a], [b]) => (a < b ? -1 : 1))) : undefined,
  };
  return sorted(JSON.parse(JSON.stringify(all)) as JavaScriptValue) as Json;
}

function sorted(value: JavaScriptValue): JavaScriptValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item as JavaScriptValue)]));
}
