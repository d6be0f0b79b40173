import type { SmiDocument, TrafficMetrics } from "../model";
import { describe, distinctProblems, type Problem, PROBLEM_CODES, type Source } from "../problem";
import { readIdentityBinding, readTrafficTarget } from "./access";
import { Cursor, type DocumentContext, isRecord } from "./cursor";
import { type ObjectHead, readHead } from "./metadata";
import { readTrafficMetrics } from "./metrics";
import { readHttpRouteGroup, readPortRoute } from "./specs";
import { readTrafficSplit } from "./split";
import { identify, type SmiKind, type Version } from "./versions";

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
  /** What meshes reported. It is no input of a translation, so that each is reported as `SMI-METRICS` too. */
  readonly metrics: readonly TrafficMetrics[];
  /** Documents of other kinds (Deployment, Service, ...), unread; the items of a list each by itself. */
  readonly others: readonly OtherDocument[];
  /** All problems of all files, in the order of reading. */
  readonly problems: readonly Problem[];
}

/** Fields of all objects; `kubectl get -o yaml` writes a status. */
const OBJECT_FIELDS = ["apiVersion", "kind", "metadata", "status"];

/** Where the parts of what is read go. */
export interface Sink {
  readonly documents: SmiDocument[];
  readonly metrics: TrafficMetrics[];
  readonly others: OtherDocument[];
  readonly problems: Problem[];
}

/**
 * Reads objects that are not text any more, such as those that an API server gives: SMI documents of every served version
 * into the normal form. The source of each must be its own, as messages tell objects apart by it.
 */
export function readSmiObjects(
  objects: readonly { readonly value: Readonly<Record<string, unknown>>; readonly source: Source }[],
): ReadResult {
  const sink: Sink = { documents: [], metrics: [], others: [], problems: [] };
  for (const { value, source } of objects) {
    readObject({ value, source, path: [], lineOf: () => undefined }, source.file, "default", sink);
  }
  return { ...sink, problems: distinctProblems(sink.problems) };
}

export function readObject(
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
  if (kind === "TrafficMetrics") {
    const metrics = readTrafficMetrics(root, source);
    if (metrics) sink.metrics.push(metrics);
    const message = `found ${kind}, ${PROBLEM_CODES["SMI-METRICS"].summary}; remove the document`;
    root.get("kind").fail("SMI-METRICS", message);
    return;
  }
  const head = readHead(root, source, defaultNamespace);
  if (!head) return;
  context.label = describe({ ...head, kind });
  root.fields([...OBJECT_FIELDS, ...bodyFields(kind, version)], hintsFor(kind, version));
  const read = readKind(root, head, kind, version);
  if (read) sink.documents.push(read);
}

function readKind(
  root: Cursor,
  head: ObjectHead,
  kind: Exclude<SmiKind, "TrafficMetrics">,
  version: Version,
): SmiDocument | undefined {
  switch (kind) {
    case "TrafficTarget":
      return readTrafficTarget(root, head, version);
    case "IdentityBinding":
      return readIdentityBinding(root, head);
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
