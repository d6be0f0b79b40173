import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { keyOf, type SmiDocument } from "./model";
import { describe, distinctProblems, type Problem, PROBLEM_CODES, type Source } from "./problem";
import { Cursor, isRecord } from "./reader/cursor";
import { readObject, type ReadResult, type Sink } from "./reader/object";

export type { OtherDocument, ReadResult } from "./reader/object";

export interface SmiFile {
  /** As messages show it. */
  readonly path: string;
  readonly text: string;
}

/**
 * Reads SMI documents of every served version into the normal form. A document with an error is left out and reported;
 * the others are read all the same, so that all problems are seen together.
 */
export function readSmi(files: readonly SmiFile[], options: { readonly defaultNamespace?: string } = {}): ReadResult {
  const sink: Sink = { documents: [], metrics: [], others: [], problems: [] };
  for (const file of files) {
    const lines = new LineCounter();
    const parsed = parseAllDocuments(file.text, { lineCounter: lines });
    let number = 0;
    for (const document of Array.isArray(parsed) ? parsed : []) {
      // A separator at the start or the end of a file makes an empty document, which kubectl does not count either.
      if (document.errors.length === 0 && document.contents === null) continue;
      number += 1;
      readDocument(document, file, number, lines, options.defaultNamespace ?? "default", sink);
    }
  }
  return { ...sink, problems: distinctProblems([...sink.problems, ...duplicates(sink.documents)]) };
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

const UNREADABLE = Symbol("unreadable");

function toValue(document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch {
    return UNREADABLE;
  }
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
