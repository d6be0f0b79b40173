import { type AllowingRule, explain, matchesOf, routesOf } from "./explain";
import type { Facts } from "./facts";
import type { Request } from "./meaning";
import {
  type Anchor,
  DocumentIndex,
  type HttpMatch,
  keyOf,
  type SmiDocument,
  type Subject,
  subjectKey,
  type TrafficTarget,
} from "./model";
import { compare, sortedNumbers } from "./order";
import { witnesses } from "./regex/witness";

/** Requests of one kind that one version allows and the other denies. */
export interface Difference {
  /** What they become with the second version. */
  readonly becomes: "allowed" | "denied";
  /** One of them. */
  readonly witness: Request;
  /** The rule that allows them now, or that allowed them before. */
  readonly rule: AllowingRule;
}

export interface Comparison {
  /** By source, destination, what they become, rule, and path. */
  readonly differences: readonly Difference[];
  /** What could not be compared, with the reason; then the differences are not all there are. */
  readonly undecided: readonly string[];
}

/** Bounds what one pair of ServiceAccounts may cost. */
const MAX_REQUESTS = 100_000;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/**
 * Which requests become allowed or denied from one version of the rules to the next. Every combination of what the rules
 * of both versions can tell apart is asked once: pairs of ServiceAccounts, container ports, methods, and one path and one
 * header value per cell of the expressions; connections without a request, and datagrams. So no difference is missed, unless
 * `undecided` says so.
 */
export function compareAccess(
  before: readonly SmiDocument[],
  after: readonly SmiDocument[],
  facts: Facts,
  options: { readonly anchor?: Anchor; readonly trustDomain?: string } = {},
): Comparison {
  const anchor = options.anchor ?? "start";
  const indexes = [new DocumentIndex(before, options), new DocumentIndex(after, options)] as const;
  const differences: Difference[] = [];
  const undecided: string[] = [];
  for (const { source, destination } of pairsOf(indexes)) {
    const [old, next] = indexes.map((index) => relevant(index, source, destination)) as [Relevant, Relevant];
    if (old.signature === next.signature) continue;
    const found = new Map<string, Difference>();
    const ports = portsOf([old, next], destination, facts);
    const requests = requestsOf([old, next], ports, anchor);
    if (typeof requests === "string") {
      undecided.push(`${subjectKey(source)} to ${subjectKey(destination)}: ${requests}`);
      continue;
    }
    const seen = new Set<string>();
    for (const request of [...requests, ...connectionsOf(ports), ...datagramsOf([old, next])]) {
      const witness = { source, destination, ...request };
      const [was, is] = [explain(old.documents, witness, { anchor }), explain(next.documents, witness, { anchor })];
      if (was.allowed === is.allowed) continue;
      const becomes = is.allowed ? "allowed" : "denied";
      const rule = (is.by[0] ?? was.by[0])!;
      const { protocol = "http", path, port } = request;
      // What is true of a port's requests is not said again of its connections.
      if (protocol === "tcp" && seen.has(`${becomes} ${port}`)) continue;
      if (protocol === "http") seen.add(`${becomes} ${port}`);
      const what = protocol === "http" ? path : protocol;
      const key = `${becomes} ${keyOf(rule.target)} ${rule.group?.name ?? ""} ${rule.match?.name ?? ""} ${what}`;
      if (!found.has(key)) found.set(key, { becomes, witness, rule });
    }
    differences.push(...[...found.keys()].sort(compare).map((key) => found.get(key)!));
  }
  return { differences, undecided };
}

/** Pairs that a rule of either version names; no other pair is ever allowed. */
function pairsOf(indexes: readonly DocumentIndex[]): { readonly source: Subject; readonly destination: Subject }[] {
  const pairs = new Map<string, { source: Subject; destination: Subject }>();
  const plain = ({ namespace, serviceAccount, spiffe }: Subject): Subject => ({
    namespace,
    serviceAccount,
    ...(spiffe === undefined ? {} : { spiffe }),
  });
  for (const target of indexes.flatMap(({ targets }) => targets)) {
    for (const source of target.sources) {
      pairs.set(`${subjectKey(source)} ${subjectKey(target.destination)}`, {
        source: plain(source),
        destination: plain(target.destination),
      });
    }
  }
  return [...pairs.keys()].sort(compare).map((key) => pairs.get(key)!);
}

/** What one version says about a pair. */
interface Relevant {
  readonly documents: readonly SmiDocument[];
  readonly ports: readonly number[];
  readonly udpPorts: readonly number[];
  /** Whether a route opens UDP on ports that none names. */
  readonly anyUdpPort: boolean;
  readonly matches: readonly HttpMatch[];
  /** Equal for versions that say the same. */
  readonly signature: string;
}

function relevant(index: DocumentIndex, source: Subject, destination: Subject): Relevant {
  const targets = index.targets.filter(
    (target) =>
      subjectKey(target.destination) === subjectKey(destination) &&
      target.sources.some((own) => subjectKey(own) === subjectKey(source)),
  );
  const tcp = targets.flatMap((target) => routesOf(index, target));
  const udp = targets.flatMap((target) => routesOf(index, target, "udp"));
  const http = targets.flatMap((target) => target.rules.flatMap((rule) => matchesOf(index, target, rule)));
  const documents = [...new Set<SmiDocument>([...targets, ...tcp, ...udp, ...http.map(({ group }) => group)])];
  return {
    documents,
    ports: [...targets.flatMap((target) => target.destination.port ?? []), ...tcp.flatMap(({ ports }) => ports)],
    udpPorts: [...targets.flatMap((target) => target.destination.port ?? []), ...udp.flatMap(({ ports }) => ports)],
    anyUdpPort: udp.some(({ ports }) => ports.length === 0),
    matches: http.map(({ match }) => match),
    signature: JSON.stringify([
      targets.map(signatureOf),
      [...tcp, ...udp].map(({ kind, name, ports }) => [kind, name, ports]),
      http.map(({ group, match: { position: _, ...match } }) => [group.name, match]),
    ]),
  };
}

function signatureOf({ name, destination, rules }: TrafficTarget): unknown {
  return [
    name,
    destination.port,
    rules.map((rule) => [rule.kind, rule.name, rule.matches?.map((match) => match.name)]),
  ];
}

/** Container ports; where no fact names one, a port that no rule speaks of as well. */
function portsOf(versions: readonly Relevant[], destination: Subject, facts: Facts): number[] {
  const mentioned = versions.flatMap(({ ports }) => ports);
  const workloads = facts.workloads.filter((workload) => subjectKey(workload) === subjectKey(destination));
  const known = workloads.flatMap(({ ports }) => ports.map(({ port }) => port));
  const other = [8080, 8081, 8082].find((port) => !mentioned.includes(port))!;
  return [...new Set([...known, ...mentioned, ...(known.length === 0 ? [other] : [])])].sort(
    (left, right) => left - right,
  );
}

type Bare = Omit<Request, "source" | "destination">;

const NO_REQUEST = { method: "", path: "", headers: {} };

function connectionsOf(ports: readonly number[]): Bare[] {
  return ports.map((port) => ({ protocol: "tcp", port, ...NO_REQUEST }));
}

/** One to each port that a rule names, and to one of the others if they differ too. */
function datagramsOf(versions: readonly Relevant[]): Bare[] {
  const ports = new Set(versions.flatMap(({ udpPorts }) => udpPorts));
  let other = 65_535;
  while (ports.has(other)) other -= 1;
  if (versions.some(({ anyUdpPort }) => anyUdpPort)) ports.add(other);
  return sortedNumbers(ports).map((port) => ({ protocol: "udp", port, ...NO_REQUEST }));
}

/** Requests that stand for all that the matches can tell apart, or why there are none. */
function requestsOf(versions: readonly Relevant[], ports: readonly number[], anchor: Anchor): Bare[] | string {
  const matches = versions.flatMap((version) => version.matches);
  const limited = matches.filter(({ pathRegex }) => pathRegex !== undefined);
  const paths = witnesses(
    limited.map((match) => ({ pattern: match.pathRegex!, anchor: match.anchor ?? anchor })),
    "path",
  );
  if (!paths) return "the path expressions are too complex together, or have word boundaries";
  const requests: Bare[] = [];
  for (const { text: path, members } of paths) {
    // Matches for other paths cannot tell requests for this one apart.
    const here = matches.filter((match) => match.pathRegex === undefined || members.includes(limited.indexOf(match)));
    const headers = headersOf(here);
    if (typeof headers === "string") return headers;
    for (const method of methodsOf(here)) {
      for (const values of headers) {
        for (const port of ports) requests.push({ port, method, path, headers: values });
        if (requests.length > MAX_REQUESTS) return `the rules tell more than ${MAX_REQUESTS} requests apart`;
      }
    }
  }
  return requests;
}

/** Methods that are named, and one that is not. */
function methodsOf(matches: readonly HttpMatch[]): string[] {
  const named = [...new Set(matches.flatMap(({ methods }) => methods ?? []))].sort(compare);
  const other = METHODS.find((method) => !named.includes(method)) ?? "TRACE";
  return [...named, other].sort((left, right) => METHODS.indexOf(left) - METHODS.indexOf(right));
}

/** For every header that is named: not there, and one value per cell. */
function headersOf(matches: readonly HttpMatch[]): Readonly<Record<string, string>>[] | string {
  const names = [...new Set(matches.flatMap(({ headers }) => headers.map(({ name }) => name)))].sort(compare);
  let combinations: Record<string, string>[] = [{}];
  for (const name of names) {
    const patterns = matches.flatMap(({ headers }) => headers.filter((header) => header.name === name));
    const values = witnesses(
      [...new Set(patterns.map(({ regex }) => regex))].map((pattern) => ({ pattern, anchor: "full" as const })),
      "value",
    );
    if (!values) return `the expressions for the header "${name}" are too complex together, or have word boundaries`;
    combinations = combinations.flatMap((map) => [map, ...values.map(({ text }) => ({ ...map, [name]: text }))]);
    if (combinations.length > MAX_REQUESTS) return `the rules tell more than ${MAX_REQUESTS} requests apart`;
  }
  return combinations;
}
