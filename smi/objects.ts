import { createHash } from "node:crypto";
import { groupBy } from "./facts";
import type { TrafficSplit, TrafficTarget } from "./model";
import { compare, sortedTexts } from "./order";
import { madeFrom } from "./origin";
import type { Problem } from "./problem";

/** A plain Kubernetes object, ready to be serialised. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What a translator made of the documents. */
export interface Translation {
  /** Sorted by kind, namespace and name; empty if any problem is an error. */
  readonly objects: readonly KubernetesObject[];
  readonly problems: readonly Problem[];
}

/** Sorted by kind, namespace and name. */
export function sortObjects(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return [...objects].sort(
    (left, right) =>
      compare(left.kind, right.kind) ||
      compare(left.metadata.namespace, right.metadata.namespace) ||
      compare(left.metadata.name, right.metadata.name),
  );
}

/** The labels in the order of their names. */
export function sortKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(sortedTexts(Object.keys(record)).map((name) => [name, record[name]!]));
}

/** What becomes an object, before it has a name. */
export interface NamedPlan {
  /** Unique in its namespace, and independent of the order of documents. */
  readonly identity: string;
  readonly wantedName: string;
  readonly namespace: string;
  /** The rules that it is made from. */
  readonly origin: readonly (TrafficTarget | TrafficSplit)[];
}

/** Emits an object for each plan. Names are unique in a namespace, so plans of one kind are emitted together. */
export function emitNamed<T extends NamedPlan>(
  plans: readonly T[],
  emit: (plan: T, name: string) => KubernetesObject,
): KubernetesObject[] {
  return [...groupBy(plans, ({ namespace }) => namespace).values()].flatMap((here) => {
    const names = assignNames(new Map(here.map(({ identity, wantedName }) => [identity, wantedName])));
    return here.map((plan) => madeFrom(emit(plan, names.get(plan.identity)!), plan.origin));
  });
}

const MAX_NAME = 63;

/**
 * Gives names that are free, at most 63 characters long, and the same for the same input: a name that is too long, or
 * that several identities want, ends in a hash of its identity, whatever the order in which they ask.
 *
 * @param wanted Identity (unique) to the name it would like.
 */
export function assignNames(wanted: ReadonlyMap<string, string>): Map<string, string> {
  const names = new Map<string, string>();
  const claims = new Map<string, number>();
  for (const [identity, raw] of wanted) {
    const name = clean(raw);
    names.set(identity, name);
    claims.set(name, (claims.get(name) ?? 0) + 1);
  }
  for (const [identity, name] of names) {
    if (name.length > MAX_NAME || claims.get(name) !== 1) names.set(identity, hashed(name, identity));
  }
  return names;
}

/** The name cut so that a hash of its identity fits behind it. */
function hashed(name: string, identity: string): string {
  const hash = createHash("sha256").update(identity).digest("hex").slice(0, 8);
  return `${name.slice(0, MAX_NAME - 9).replace(/[-.]+$/, "")}-${hash}`;
}

/** What most names are already. */
const CLEAN = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

function clean(name: string): string {
  if (CLEAN.test(name)) return name;
  const text = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return text === "" ? "x" : text;
}
