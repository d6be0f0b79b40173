import { createHash } from "node:crypto";
import { compare } from "./model";
import type { Problem } from "./problem";

/** A plain Kubernetes object, ready to be serialised. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
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
  const key = ({ kind, metadata }: KubernetesObject): string => `${kind}\0${metadata.namespace}\0${metadata.name}`;
  return [...objects].sort((left, right) => compare(key(left), key(right)));
}

/** The labels in the order of their names. */
export function sortKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([left], [right]) => compare(left, right)));
}

const MAX_NAME = 63;

/**
 * Gives names that are free, at most 63 characters long, and the same for the same input: a name that is too long, or
 * that several identities want, ends in a hash of its identity, whatever the order in which they ask.
 *
 * @param wanted Identity (unique) to the name it would like.
 */
export function assignNames(wanted: ReadonlyMap<string, string>): Map<string, string> {
  const claims = new Map<string, number>();
  for (const name of wanted.values()) claims.set(clean(name), (claims.get(clean(name)) ?? 0) + 1);
  return new Map(
    [...wanted].map(([identity, raw]) => {
      const name = clean(raw);
      return [identity, name.length <= MAX_NAME && claims.get(name) === 1 ? name : hashed(name, identity)];
    }),
  );
}

/** The name cut so that a hash of its identity fits behind it. */
function hashed(name: string, identity: string): string {
  const hash = createHash("sha256").update(identity).digest("hex").slice(0, 8);
  return `${name.slice(0, MAX_NAME - 9).replace(/[-.]+$/, "")}-${hash}`;
}

function clean(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return text === "" ? "x" : text;
}
