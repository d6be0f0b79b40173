/** What each code means and how severe it is. Codes are part of the public surface: they are never renamed or reused. */
export const PROBLEM_CODES = {
  "SMI-YAML": { severity: "error", summary: "the file is not valid YAML" },
  "SMI-KIND": { severity: "error", summary: "kind is not served by this API group" },
  "SMI-VERSION": { severity: "error", summary: "version was never served for this kind" },
  "SMI-UNKNOWN-FIELD": { severity: "error", summary: "field does not exist in this version" },
  "SMI-FIELD": { severity: "error", summary: "field is missing or has the wrong type" },
  "SMI-NAME": { severity: "error", summary: "name is not a Kubernetes name" },
  "SMI-DUPLICATE": { severity: "error", summary: "two documents describe the same object" },
  "SMI-METRICS": {
    severity: "error",
    summary: "TrafficMetrics is what a mesh reports, and no rule that it could be given",
  },
  "SMI-BINDING": { severity: "error", summary: "an IdentityBinding does not say which ServiceAccount it stands for" },
  "SMI-IDENTITY": {
    severity: "error",
    summary: "the mesh cannot tell who calls: from another trust domain, or through a gateway between clusters",
  },
  "SMI-EMPTY": {
    severity: "error",
    summary: "a TrafficTarget without rules or sources, or a TrafficSplit without backends",
  },
  "SMI-NAMESPACE": { severity: "error", summary: "TrafficTarget and destination are in different namespaces" },
  "SMI-NAMESPACE-DEFAULT": { severity: "warning", summary: "a subject without namespace takes the TrafficTarget's" },
  "SMI-CROSS-NAMESPACE": { severity: "error", summary: "a split names a Service of another namespace" },
  "SMI-REF": { severity: "error", summary: "a rule names a route, or a match, that does not exist" },
  "SMI-MATCH-NAME": { severity: "error", summary: "a match of an HTTPRouteGroup has no name or one that is taken" },
  "SMI-MATCH-ALL": { severity: "warning", summary: "a match without path, method and header matches every request" },
  "SMI-METHOD": { severity: "error", summary: "the mesh's API has no such HTTP method" },
  "SMI-METHOD-CASE": { severity: "warning", summary: "an HTTP method is not in upper case" },
  "SMI-RE2": { severity: "error", summary: "the regular expression is not RE2 syntax" },
  "SMI-RE-PATH": { severity: "error", summary: "the path expression cannot be expressed in the mesh" },
  "SMI-RE-PATH-WIDENED": { severity: "warning", summary: "a prefix that admits more replaces the path expression" },
  "SMI-RE-PATH-NARROWED": { severity: "warning", summary: "the path expression admits paths that the mesh denies" },
  "SMI-RE-HDR": { severity: "error", summary: "the header expression cannot be expressed in the mesh" },
  "SMI-RE-NEVER": { severity: "warning", summary: "the path expression matches no path at all" },
  "SMI-HDR-DUP": { severity: "error", summary: "one match names the same header twice" },
  "SMI-HOST": { severity: "error", summary: "a match on the Host header cannot be expressed in the mesh" },
  "SMI-ACCESS-UNSUPPORTED": { severity: "error", summary: "the API has no objects for access rules" },
  "SMI-ROOT-NAMESPACE": { severity: "error", summary: "policies of this namespace would apply in all namespaces" },
  "SMI-UDP": { severity: "error", summary: "UDP does not pass through the mesh" },
  "SMI-PORT": { severity: "error", summary: "a port is not a container port of the destination" },
  "SMI-SA-UNRESOLVED": { severity: "error", summary: "no workload runs as the destination ServiceAccount" },
  "SMI-SA-AMBIGUOUS": { severity: "error", summary: "the workload's labels also select another ServiceAccount's pods" },
  "SMI-OVERLAP": { severity: "error", summary: "overlapping matches cannot be made disjoint for the mesh" },
  "SMI-LIMIT": { severity: "error", summary: "the result exceeds a limit of the mesh's API" },
  "SMI-PATH-RAW": {
    severity: "warning",
    summary: "the mesh compares paths without the normalisation that makes them safe",
  },
  "SMI-PROBE-DENIED": { severity: "warning", summary: "the kubelet's probes are denied, since they have no identity" },
  "SMI-HTTP-ON-TCP": { severity: "warning", summary: "HTTP rules never match on a port that the mesh takes for TCP" },
  "SMI-PORT-PROTOCOL": { severity: "warning", summary: "a port's protocol is not declared, so the mesh guesses it" },
  "SMI-PROBE-OPEN": { severity: "warning", summary: "a probe's path is open to everyone although a rule covers it" },
  "SMI-TCP-HTTP": { severity: "warning", summary: "a TCP rule on a port that other rules make HTTP admits HTTP only" },
  "SMI-MANIFEST": {
    severity: "warning",
    summary: "a manifest says something from which nothing can be known: labels, ports or probes that lead nowhere",
  },
  "SMI-SOURCE": { severity: "warning", summary: "no ServiceAccount or workload has the name of a source" },
  "SMI-SERVICE": { severity: "error", summary: "the split's root Service is unknown" },
  "SMI-HEADLESS": { severity: "error", summary: "a headless or ExternalName Service cannot be split" },
  "SMI-HEADLESS-BALANCE": {
    severity: "warning",
    summary: "clients that resolve the pods of a headless Service are not split",
  },
  "SMI-WEIGHT": { severity: "error", summary: "a weight is not usable" },
  "SMI-WEIGHT-ROUNDED": { severity: "warning", summary: "weights were scaled and are no longer exact" },
  "SMI-BACKEND-DUPLICATE": { severity: "warning", summary: "a backend is listed twice; its weights are added" },
  "SMI-LEAF-MISSING": {
    severity: "warning",
    summary: "a backend's Service is unknown; its share fails until it exists",
  },
  "SMI-LEAF-PORT": { severity: "error", summary: "a backend's Service lacks a port of the root" },
  "SMI-SPLIT-SELF": { severity: "warning", summary: "a split lists its root among its backends" },
  "SMI-SPLIT-NESTED": { severity: "warning", summary: "a backend is itself split; the inner split is not applied" },
  "SMI-SPLIT-CONFLICT": { severity: "error", summary: "two splits have the same root Service" },
  "SMI-SPLIT-MATCH": { severity: "error", summary: "a split can only match with an HTTPRouteGroup" },
  "SMI-SPLIT-PROTOCOL": { severity: "error", summary: "the split's root does not carry HTTP" },
  "SMI-SPLIT-PORT-SKIPPED": {
    severity: "warning",
    summary: "one port of the split's root does not carry HTTP and is not split",
  },
  "SMI-SA-SERVICE": { severity: "error", summary: "a ServiceAccount has no service of its own in the mesh" },
  "SMI-NAME-COLLISION": { severity: "error", summary: "the mesh cannot tell one name in two namespaces apart" },
  "SMI-PORT-SHARED": { severity: "error", summary: "the mesh opens all ports of a service together, not some of them" },
  "SMI-PORT-SINGLE": { severity: "warning", summary: "the mesh may carry one port of a service only" },
  "SMI-SERVICE-IGNORE": { severity: "warning", summary: "a Service must be hidden from the mesh" },
  "SMI-SPLIT-FLATTENED": { severity: "error", summary: "a backend is itself split, and the mesh would apply both" },
  "SMI-SPLIT-LEAF": { severity: "error", summary: "a backend's pods cannot be told from the root's other pods" },
  "SMI-SPLIT-MODE": { severity: "error", summary: "the split needs the other mode of splitting" },
  "SMI-PEER-SETUP": { severity: "warning", summary: "callers of a peer need the service exported to them" },
  "SMI-SPLIT-SETUP": { severity: "warning", summary: "a split needs labels or annotations on Services and pods" },
  "SMI-CONFLICT": { severity: "error", summary: "an object of the mesh, or a field of it, belongs to somebody else" },
  "SMI-REJECTED": { severity: "error", summary: "the API server refuses an object of the mesh" },
  "SMI-WAYPOINT-SERVICE": {
    severity: "error",
    summary: "no Service leads to a port whose requests a waypoint must see",
  },
  "SMI-WAYPOINT-SHARED": {
    severity: "error",
    summary: "a Service leads to several ServiceAccounts, which a waypoint cannot tell apart",
  },
  "SMI-WAYPOINT-CLUSTERS": { severity: "error", summary: "calls from other clusters skip the waypoint" },
  "SMI-WAYPOINT-DIRECT": {
    severity: "warning",
    summary: "requests to addresses of pods are denied, as they skip the waypoint",
  },
  "SMI-WAYPOINT-SETUP": {
    severity: "warning",
    summary: "Services need the label that leads them through the waypoint",
  },
  "SMI-WEIGHT-LOST": { severity: "warning", summary: "a share is too small for the mesh and gets no traffic" },
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;
export type Severity = "error" | "warning";

/** One thing that is wrong with the input, or lost in translation. */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: Severity;
  /** File, document and field, e.g. `shop.yaml#2 TrafficTarget shop/cart spec.rules[0].matches[1]`. */
  readonly where: string;
  /** Line in the file, from 1, where it is known. */
  readonly line?: number;
  /** What was found, what is allowed, and what to do next. */
  readonly message: string;
}

/** Where an object was written. */
export interface Source {
  /** Path of the file, or for a typed rule its path in the spec (`access[2]`). */
  readonly file: string;
  /** Number of the document in the file, from 1; absent for typed rules. */
  readonly document?: number;
  /** Line of the document's first field, from 1; absent for typed rules. */
  readonly line?: number;
}

/** Where a field was written, inside its document. */
export interface Position {
  /** As in the document's own version, e.g. `spec.rules[0]`, or `specs[0]` in v1alpha1. */
  readonly path: string;
  readonly line?: number;
}

/** The part of an SMI object that messages need. */
export interface Located {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly source: Source;
}

/** `shop.yaml#2 TrafficTarget shop/cart`. */
export function describe(document: Located): string {
  return `${describeSource(document.source)} ${document.kind} ${document.namespace}/${document.name}`;
}

/** `shop.yaml#2`, or the path in the spec of a typed rule. */
export function describeSource(source: Source): string {
  return source.document === undefined ? source.file : `${source.file}#${source.document}`;
}

/** A problem at a field of a document. */
export function problemAt(
  code: ProblemCode,
  document: Located,
  position: Position | undefined,
  message: string,
): Problem {
  const where = position ? `${describe(document)} ${position.path}` : describe(document);
  const line = position?.line ?? document.source.line;
  return { code, severity: PROBLEM_CODES[code].severity, where, ...(line === undefined ? {} : { line }), message };
}

/** Whether any of the problems is an error, so that nothing may be emitted. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error");
}

/** One line for people: `error SMI-REF shop.yaml#2 ... (line 14): message`. */
export function formatProblem(problem: Problem): string {
  const line = problem.line === undefined ? "" : ` (line ${problem.line})`;
  return `${problem.severity} ${problem.code} ${problem.where}${line}: ${problem.message}`;
}

/** Removes repetitions, keeping the first of each; the order of reading is kept. */
export function distinctProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = `${problem.code}\0${problem.where}\0${problem.message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
