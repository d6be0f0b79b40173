import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { keyOf, type SmiDocument } from "./model";
import { describe, distinctProblems, type Problem, PROBLEM_CODES, type Source } from "./problem";
import { readTrafficTarget } from "./reader/access";
import { Cursor, type DocumentContext, isRecord } from "./reader/cursor";
import { type ObjectHead, readHead } from "./reader/metadata";
import { readHttpRouteGroup, readPortRoute } from "./reader/specs";
import { readTrafficSplit } from "./reader/split";
import { identify, type SmiKind, type Version } from "./reader/versions";

export interface SmiFile {
  /** As messages show it. */
  readonly path: string;
  readonly text: string;
}

/** A document that is not SMI, for those who take facts from it. */
export interface OtherDocument {
  readonly source: Source;
  readonly value: Readonly<Record<string, unknown>>;
  /** Place inside the document, of an item of a list. */
  readonly path: readonly (string | number)[];
  /** Line of a field, given from the document's root. */
  readonly lineOf: (path: readonly (string | number)[]) => number | undefined;
}

export interface ReadResult {
  readonly documents: readonly SmiDocument[];
  /** Documents of other kinds (Deployment, Service, ...), unread; the items of a list each by itself. */
  readonly others: readonly OtherDocument[];
  /** All problems of all files, in the order of reading. */
  readonly problems: readonly Problem[];
}

/** Fields of all objects; `kubectl get -o yaml` writes a status. */
const OBJECT_FIELDS = ["apiVersion", "kind", "metadata", "status"];

/**
 * Reads SMI documents of every served version into the normal form. A document with an error is left out and reported;
 * the others are read all the same, so that all problems are seen together.
 */
export function readSmi(files: readonly SmiFile[], options: { readonly defaultNamespace?: string } = {}): ReadResult {
  const documents: SmiDocument[] = [];
  const others: OtherDocument[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const lines = new LineCounter();
    const parsed = parseAllDocuments(file.text, { lineCounter: lines });
    let number = 0;
    for (const document of Array.isArray(parsed) ? parsed : []) {
      // A separator at the start or the end of a file makes an empty document, which kubectl does not count either.
      if (document.errors.length === 0 && document.contents === null) continue;
      number += 1;
      readDocument(document, file, number, lines, options.defaultNamespace ?? "default", {
        documents,
        others,
        problems,
      });
    }
  }
  problems.push(...duplicates(documents));
  return { documents, others, problems: distinctProblems(problems) };
}

interface Sink {
  readonly documents: SmiDocument[];
  readonly others: OtherDocument[];
  readonly problems: Problem[];
}

function readDocument(
  document: Document.Parsed,
  file: SmiFile,
  number: number,
  lines: LineCounter,
  defaultNamespace: string,
  sink: Sink,
): void {
  const label = `${file.path}#${number}`;
  if (document.errors.length > 0) {
    for (const error of document.errors) {
      const message = `${error.message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, "")}; correct the YAML`;
      sink.problems.push({
        code: "SMI-YAML",
        severity: "error",
        where: label,
        line: lines.linePos(error.pos[0]).line,
        message,
      });
    }
    return;
  }
  const lineOf = (path: readonly (string | number)[]): number | undefined => lineAt(document, lines, path);
  const value = toValue(document);
  if (value === UNREADABLE) {
    new Cursor({ label, problems: sink.problems, lineOf }, undefined).fail(
      "SMI-YAML",
      "has an alias (*name) without its anchor (&name), or too many; write the value out",
    );
    return;
  }
  for (const object of objectsIn(value, [])) {
    const line = lineOf(object.path);
    const source: Source = { file: file.path, document: number, ...(line === undefined ? {} : { line }) };
    readObject({ ...object, source, lineOf }, label, defaultNamespace, sink);
  }
}

/** `kubectl get -o yaml` wraps objects in a list, whose items need not say their kind if the list does (`PodList`). */
function* objectsIn(
  value: unknown,
  path: readonly (string | number)[],
): Generator<{ readonly value: unknown; readonly path: readonly (string | number)[] }> {
  const kind = isRecord(value) ? value["kind"] : undefined;
  if (!isRecord(value) || typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(value["items"])) {
    yield { value, path };
    return;
  }
  const own = kind === "List" ? {} : { apiVersion: value["apiVersion"], kind: kind.slice(0, -"List".length) };
  for (const [index, item] of value["items"].entries()) {
    yield* objectsIn(isRecord(item) ? { ...own, ...item } : item, [...path, "items", index]);
  }
}

function readObject(
  object: Omit<OtherDocument, "value"> & { readonly value: unknown },
  label: string,
  defaultNamespace: string,
  sink: Sink,
): void {
  const { value, source, path, lineOf } = object;
  const context: DocumentContext = { label, problems: sink.problems, lineOf };
  const root = new Cursor(context, value, path);
  const identified = identify(root);
  if (identified.is === "other") {
    if (isRecord(value)) sink.others.push({ source, value, path, lineOf });
    return;
  }
  if (identified.is === "refused") return;
  const { kind, version } = identified;
  const head = readHead(root, source, defaultNamespace);
  if (!head) return;
  context.label = describe({ ...head, kind });
  root.fields([...OBJECT_FIELDS, ...bodyFields(kind, version)], hintsFor(kind, version));
  const read = readKind(root, head, kind, version);
  if (read) sink.documents.push(read);
}

const UNREADABLE = Symbol("unreadable");

function toValue(document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch {
    return UNREADABLE;
  }
}

function readKind(root: Cursor, head: ObjectHead, kind: SmiKind, version: Version): SmiDocument | undefined {
  switch (kind) {
    case "TrafficTarget":
      return readTrafficTarget(root, head, version);
    case "HTTPRouteGroup":
      return readHttpRouteGroup(root, head, version);
    case "TCPRoute":
      return readPortRoute("TCPRoute", root, head, version);
    case "UDPRoute":
      return readPortRoute("UDPRoute", root, head, version);
    case "TrafficSplit":
      return readTrafficSplit(root, head, version);
  }
}

/** Where the body of an object is: early versions have no `spec`. */
function bodyFields(kind: SmiKind, version: Version): string[] {
  if (kind === "TrafficTarget" && version === "v1alpha1") return ["destination", "specs", "sources"];
  if (kind === "HTTPRouteGroup" && (version === "v1alpha1" || version === "v1alpha2")) return ["matches"];
  return ["spec"];
}

function hintsFor(kind: SmiKind, version: Version): Record<string, string> {
  const spec = `In ${version} it belongs under "spec".`;
  if (bodyFields(kind, version)[0] === "spec") return { matches: spec, destination: spec, sources: spec, rules: spec };
  return {
    spec: `${kind} has no "spec" in ${version}; write its fields at the top, or use a later version.`,
    rules: 'Write "specs".',
  };
}

/** Line of the node at the path, or of the closest one above it that exists. */
function lineAt(document: Document.Parsed, lines: LineCounter, path: readonly (string | number)[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
    if (Array.isArray(range) && typeof range[0] === "number") return lines.linePos(range[0]).line;
  }
  return undefined;
}

/** An object that is described twice: `kubectl apply` would silently keep the last. */
function duplicates(documents: readonly SmiDocument[]): Problem[] {
  const first = new Map<string, SmiDocument>();
  return documents.flatMap((document): Problem[] => {
    const key = `${document.kind} ${keyOf(document)}`;
    const before = first.get(key);
    if (!before) {
      first.set(key, document);
      return [];
    }
    const { severity } = PROBLEM_CODES["SMI-DUPLICATE"];
    const where = describe(document);
    const line = document.source.line;
    const message = `is described already by ${before.source.file}#${before.source.document}; rename or remove one of them`;
    return [{ code: "SMI-DUPLICATE", severity, where, ...(line === undefined ? {} : { line }), message }];
  });
}
