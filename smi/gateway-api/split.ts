import { type Facts, findService, type ServiceFacts, type ServicePort, type WorkloadFacts } from "../facts";
import type { Anchor, Backend, DocumentIndex, HttpMatch, TrafficSplit } from "../model";
import type { NamedPlan } from "../objects";
import { sorted } from "../order";
import { type Problem, problemAt } from "../problem";
import { listed } from "../reader/suggest";
import { checkConflicts, checkLeaves, containersBehind, matchesOf, rootMissing, weigh } from "../splits";
import { checkMatch, type GatewayMatch, headerMatch, LIMITS, pathMatch } from "./match";

/** One HTTPRoute that shares the requests to one port of a root Service. */
export interface SplitPlan extends NamedPlan {
  readonly parent: Readonly<Record<string, unknown>>;
  readonly rules: readonly object[];
}

/** Who reads the routes. */
export interface RouteReader {
  /** For messages. */
  readonly name: string;
  readonly isOpaque: IsOpaque;
  /** Tells whether the mesh takes a Service's port for something else than HTTP. Default: by its `appProtocol` alone. */
  readonly isOpaqueService?: (port: ServicePort) => boolean;
}

/** Tells whether rules made this port of a workload opaque, so that no request can be seen in it. */
export type IsOpaque = (workload: WorkloadFacts, port: number) => boolean;

/** `appProtocol` values in which a mesh sees requests. */
const HTTP_PROTOCOLS = ["http", "http2", "h2c", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws"];

/** Plans the HTTPRoutes of all splits. */
export function planSplits(
  index: DocumentIndex,
  facts: Facts,
  anchor: Anchor,
  reader: RouteReader,
): { readonly splits: SplitPlan[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const splits = index.splits.flatMap((split) => {
    const root = findService(facts, split.namespace, split.service);
    const matches = matchesOf(index, split, (match, position) => checkMatch(match, split, position, reader.name));
    const ports = root ? splitPorts(split, root, facts, reader) : { http: [], problems: [rootMissing(split, facts)] };
    const { backends, problems: weightProblems } = weigh(split, LIMITS);
    problems.push(
      ...matches.problems,
      ...tooMany(split, matches.matches),
      ...ports.problems,
      ...weightProblems,
      ...checkConflicts(index, split),
      ...checkLeaves(split, ports.http, facts),
    );
    return ports.http.map((port) => toPlan(split, port, ports.http.length > 1, backends, matches.matches, anchor));
  });
  return { splits, problems };
}

function toPlan(
  split: TrafficSplit,
  port: ServicePort,
  several: boolean,
  backends: readonly Backend[],
  matches: readonly HttpMatch[],
  anchor: Anchor,
): SplitPlan {
  const backendRefs = backends.map(({ service, weight }) => ({ name: service, port: port.port, weight }));
  const root = { backendRefs: [{ name: split.service, port: port.port }] };
  const found = matches.flatMap((match) => toGatewayMatches(match, anchor));
  const rules = split.matches ? matchedRules(found, backendRefs, root) : [{ backendRefs }];
  return {
    identity: `split ${split.name} ${port.port}`,
    wantedName: several ? `${split.name}-${port.port}` : split.name,
    namespace: split.namespace,
    parent: { group: "", kind: "Service", name: split.service, port: port.port },
    rules,
    origin: [split],
  };
}

function tooMany(split: TrafficSplit, matches: readonly HttpMatch[]): Problem[] {
  const count = matches.reduce((sum, { methods }) => sum + (methods?.length ?? 1), 0);
  if (count <= LIMITS.matchesPerRule) return [];
  const message = `needs ${count} matches (each method counts), allowed: ${LIMITS.matchesPerRule}; use fewer methods`;
  return [problemAt("SMI-LIMIT", split, undefined, message)];
}

/** Any path, as an expression. */
const EVERY_PATH: GatewayMatch["path"] = { type: "RegularExpression", value: ".*" };

/**
 * The rule for what is split, before the one for the root.
 *
 * How an expression ranks beside a PathPrefix is left to implementations, and Istio ranks it below: a rule for the root
 * without a path, which is the prefix `/`, would take every request. So as soon as one match has a path, all have one,
 * and that of the root is the shortest expression, in the last rule: it ranks last by any reading.
 * (https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule)
 */
function matchedRules(matches: readonly GatewayMatch[], backendRefs: readonly object[], root: object): object[] {
  if (matches.length === 0) return [root];
  if (!matches.some(({ path }) => path)) return [{ backendRefs, matches }, root];
  const withPath = matches.map((match) => ({ path: EVERY_PATH, ...match }));
  return [
    { backendRefs, matches: withPath },
    { ...root, matches: [{ path: EVERY_PATH }] },
  ];
}

/** One match has one method, so several methods are several matches. */
function toGatewayMatches(match: HttpMatch, anchor: Anchor): GatewayMatch[] {
  const path =
    match.pathRegex === undefined ? undefined : pathMatch({ pattern: match.pathRegex, anchor: match.anchor ?? anchor });
  const headers = match.headers.map(({ name, regex }) => headerMatch(name, regex));
  return (match.methods ?? [undefined]).map((method) => ({
    ...(path ? { path } : {}),
    ...(headers.length > 0 ? { headers } : {}),
    ...(method === undefined ? {} : { method }),
  }));
}

/** The root's ports that carry HTTP. */
function splitPorts(
  split: TrafficSplit,
  root: ServiceFacts,
  facts: Facts,
  reader: RouteReader,
): { readonly http: ServicePort[]; readonly problems: Problem[] } {
  if (root.headless || root.externalName) {
    const message = `found ${root.headless ? "a headless" : "an ExternalName"} Service "${root.name}"; ${reader.name} only splits Services with a cluster IP. Give it one.`;
    return { http: [], problems: [problemAt("SMI-HEADLESS", split, split.position, message)] };
  }
  const carries = (port: ServicePort): boolean =>
    (port.appProtocol === undefined || HTTP_PROTOCOLS.includes(port.appProtocol)) &&
    !reader.isOpaqueService?.(port) &&
    !containersBehind(root, port, facts).some((behind) => reader.isOpaque(behind.workload, behind.port));
  const http = sorted(root.ports.filter(carries), (left, right) => left.port - right.port);
  const rest = root.ports.filter((port) => !carries(port));
  if (http.length === 0 || (split.matches && rest.length > 0)) {
    const ports = listed((rest.length > 0 ? rest : root.ports).map(({ port }) => String(port)));
    const message = `found ports of "${root.name}" that do not carry HTTP (${ports}: by appProtocol, or because only TCP rules open them); splits share requests. Use HTTP there${split.matches ? ", or a root with HTTP ports only" : ""}.`;
    return { http, problems: [problemAt("SMI-SPLIT-PROTOCOL", split, split.position, message)] };
  }
  return {
    http,
    problems: rest.map(({ port }) =>
      problemAt(
        "SMI-SPLIT-PORT-SKIPPED",
        split,
        split.position,
        `port ${port} of "${root.name}" does not carry HTTP; its connections all go to the root`,
      ),
    ),
  };
}
