import type { Facts } from "../facts";
import { checkSources, readFacts } from "../manifests";
import type { Mesh, MeshOptions } from "../meshes";
import type { SmiDocument, Subject, TrafficSplit } from "../model";
import type { KubernetesObject } from "../objects";
import { describe, distinctProblems, hasErrors, type Problem } from "../problem";
import { readSmiObjects } from "../reader/object";
import { describeManifest, type Manifest, type SmiObject } from "./keep";

/** What is to be in a namespace, and what is to be said about its SMI objects. */
export interface Desired {
  readonly objects: readonly KubernetesObject[];
  /** Problems by SMI object, `Kind namespace/name`; an object with an error among them is refused. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
  /** Problems that are about no single object. */
  readonly others: readonly Problem[];
}

/** `Kind namespace/name`. */
export function smiKey(document: { readonly kind: string; readonly namespace: string; readonly name: string }): string {
  return `${document.kind} ${document.namespace}/${document.name}`;
}

interface Read {
  readonly documents: readonly SmiDocument[];
  readonly problems: readonly Problem[];
}

const reads = new WeakMap<SmiObject, Read>();

/** An SMI object is read once; those of thousands that did not change are not read again. */
function read(object: SmiObject, key: string): Read {
  const known = reads.get(object);
  if (known) return known;
  const { documents, problems } = readSmiObjects([{ value: object.value, source: { file: fileOf(key) } }]);
  const result = { documents, problems };
  reads.set(object, result);
  return result;
}

/** The splits among SMI objects, without those that cannot be read. */
export function splitsAmong(objects: ReadonlyMap<string, SmiObject>): readonly TrafficSplit[] {
  return [...objects].flatMap(([key, object]) =>
    read(object, key).documents.flatMap((document) => (document.kind === "TrafficSplit" ? [document] : [])),
  );
}

/** Messages begin with it, so that each is told from those of other objects: without a space, as paths of files may not be. */
function fileOf(key: string): string {
  return `cluster:${key.replace(" ", "/")}`;
}

/**
 * What the SMI objects of one namespace mean on a mesh. An object that is refused is as if it were not there: what a
 * TrafficTarget would have allowed is denied, and the others stand as they are. In a cluster nobody waits for all of them to
 * be right, as compiling does.
 */
export function desire(
  objects: ReadonlyMap<string, SmiObject>,
  facts: Facts,
  accounts: readonly Subject[],
  mesh: Mesh,
  options: MeshOptions,
): Desired {
  const keys = new Map([...objects.keys()].map((key) => [fileOf(key), key]));
  const found: Problem[] = [];
  let documents: SmiDocument[] = [];
  for (const [key, object] of objects) {
    const { documents: own, problems } = read(object, key);
    documents.push(...own);
    found.push(...problems);
  }
  found.push(...checkSources(documents, accounts));
  for (;;) {
    const { objects: made, problems } = mesh.translate(documents, facts, options);
    if (!hasErrors(problems)) return assign(made, [...found, ...problems], keys, options);
    const errors = problems.filter(({ severity }) => severity === "error");
    found.push(...errors);
    const refused = new Set(errors.map(({ where }) => keys.get(where.split(" ")[0]!)));
    const left = documents.filter((document) => !refused.has(smiKey(document)));
    // An error that no object is to blame for is every rule's: nothing can be said of any of them.
    if (left.length === documents.length) return assign([], [...found, ...blame(documents, errors)], keys, options);
    documents = left;
  }
}

function blame(documents: readonly SmiDocument[], errors: readonly Problem[]): Problem[] {
  const rules = documents.filter(({ kind }) => kind === "TrafficTarget" || kind === "TrafficSplit");
  return rules.flatMap((rule) => errors.map((error) => ({ ...error, where: describe(rule) })));
}

function assign(
  objects: readonly KubernetesObject[],
  found: readonly Problem[],
  keys: ReadonlyMap<string, string>,
  { acknowledge = [] }: MeshOptions,
): Desired {
  const problems = new Map<string, Problem[]>();
  const others: Problem[] = [];
  for (const problem of distinctProblems(found)) {
    if (problem.severity === "warning" && acknowledge.includes(problem.code)) continue;
    const [file, kind, name, ...path] = problem.where.split(" ");
    const key = keys.get(file!);
    if (key === undefined) others.push(problem);
    else {
      // A complaint about what is not an object yet has no kind and name before its path.
      const where = `${kind} ${name}` === key ? path.join(" ") : [kind, name, ...path].filter(Boolean).join(" ");
      const own = problems.get(key);
      if (own) own.push({ ...problem, where });
      else problems.set(key, [{ ...problem, where }]);
    }
  }
  return { objects, problems, others };
}

/** The facts of a namespace, or of several, from what runs there. */
export function factsOf(manifests: Iterable<Manifest>): {
  readonly facts: Facts;
  readonly accounts: readonly Subject[];
  readonly problems: readonly Problem[];
} {
  return readFacts(
    [...manifests].map((value) => ({
      value,
      source: { file: describeManifest(value) },
      path: [],
      lineOf: () => undefined,
    })),
  );
}
