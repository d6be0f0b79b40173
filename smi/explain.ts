import { type Protocol, type Request, satisfies } from "./meaning";
import {
  type AccessRule,
  type Anchor,
  DocumentIndex,
  type HTTPRouteGroup,
  type HttpMatch,
  type SmiDocument,
  subjectKey,
  type TCPRoute,
  type TrafficTarget,
  type UDPRoute,
} from "./model";
import { sortedNumbers } from "./order";
import { listed } from "./reader/suggest";
import { matches } from "./regex/matcher";

/** What allows a request: a TrafficTarget with the routes that it names. */
export interface AllowingRule {
  readonly target: TrafficTarget;
  /** The TCPRoute, or for a datagram the UDPRoute, that admits the port; absent if the target names none. */
  readonly route?: TCPRoute | UDPRoute;
  /** The match that admits the request; absent if the target has no HTTP rules. */
  readonly group?: HTTPRouteGroup;
  readonly match?: HttpMatch;
}

/** Why one TrafficTarget does not allow a request. */
export interface Refusal {
  readonly target: TrafficTarget;
  /** e.g. `match cart: found the path "/x", allowed: /cart`. */
  readonly reasons: readonly string[];
}

export interface Explanation {
  readonly allowed: boolean;
  /** Every rule that allows it. */
  readonly by: readonly AllowingRule[];
  /** Every TrafficTarget of the destination that does not. Those that name the source come first. */
  readonly refusals: readonly Refusal[];
}

/** The meaning of a request with its reasons: what `allowed` decides, and why. */
export function explain(
  documents: readonly SmiDocument[],
  request: Request,
  options: { readonly anchor?: Anchor; readonly trustDomain?: string } = {},
): Explanation {
  const index = new DocumentIndex(documents, options);
  const by: AllowingRule[] = [];
  const [near, far]: [Refusal[], Refusal[]] = [[], []];
  for (const target of index.targets) {
    if (subjectKey(target.destination) !== subjectKey(request.destination)) continue;
    const names = target.sources.map(subjectKey);
    if (!names.includes(subjectKey(request.source))) {
      far.push({ target, reasons: [`found the source ${subjectKey(request.source)}, allowed: ${listed(names)}`] });
      continue;
    }
    const reasons = judgePort(index, target, request);
    const found = reasons.length === 0 ? judgeRequest(index, target, request, options.anchor ?? "start") : undefined;
    if (found && found.allowing.length > 0) by.push(...found.allowing);
    else near.push({ target, reasons: [...reasons, ...(found?.reasons ?? [])] });
  }
  return { allowed: by.length > 0, by, refusals: [...near, ...far] };
}

function judgePort(index: DocumentIndex, target: TrafficTarget, request: Request): string[] {
  const { port } = request;
  const own = target.destination.port;
  if (own !== undefined && own !== port) return [`found port ${port}, allowed: ${own}`];
  const routes = routesOf(index, target, request.protocol);
  if (routes.length === 0 || routes.some((route) => opens(route, port))) return [];
  const ports = sortedNumbers(new Set(routes.flatMap((route) => route.ports)));
  return [`found port ${port}, allowed: ${listed(ports.map(String))}`];
}

/** The routes that give the target's ports for a protocol. */
export function routesOf(
  index: DocumentIndex,
  { rules, namespace }: TrafficTarget,
  protocol: Protocol = "http",
): (TCPRoute | UDPRoute)[] {
  return rules.flatMap(({ kind, name }) =>
    protocol === "udp"
      ? kind === "UDPRoute"
        ? (index.udp(namespace, name) ?? [])
        : []
      : kind === "TCPRoute"
        ? (index.tcp(namespace, name) ?? [])
        : [],
  );
}

function opens({ ports }: TCPRoute | UDPRoute, port: number): boolean {
  return ports.length === 0 || ports.includes(port);
}

function judgeRequest(
  index: DocumentIndex,
  target: TrafficTarget,
  request: Request,
  anchor: Anchor,
): { readonly allowing: AllowingRule[]; readonly reasons: string[] } {
  const { protocol } = request;
  const route = routesOf(index, target, protocol).find((each) => opens(each, request.port));
  const head = { target, ...(route && { route }) };
  const rules = protocol === "udp" ? [] : target.rules.filter(({ kind }) => kind === "HTTPRouteGroup");
  if (rules.length === 0) {
    if (route) return { allowing: [head], reasons: [] };
    const none = { http: "has no rules for requests", tcp: "has no TCPRoute", udp: "has no UDPRoute" }[
      protocol ?? "http"
    ];
    return { allowing: [], reasons: [none] };
  }
  if (protocol === "tcp") {
    const groups = listed(rules.map(({ name }) => name));
    return { allowing: [], reasons: [`found a connection without a request, allowed: requests of ${groups}`] };
  }
  const allowing: AllowingRule[] = [];
  const reasons: string[] = [];
  for (const { group, match } of rules.flatMap((rule) => matchesOf(index, target, rule))) {
    if (satisfies(match, request, anchor)) allowing.push({ ...head, group, match });
    else reasons.push(`match ${match.name} of ${group.name}: ${mismatch(match, request, anchor)}`);
  }
  return { allowing, reasons };
}

/** The matches that a rule names. */
export function matchesOf(
  index: DocumentIndex,
  target: TrafficTarget,
  rule: AccessRule,
): { readonly group: HTTPRouteGroup; readonly match: HttpMatch }[] {
  const group = rule.kind === "HTTPRouteGroup" ? index.group(target.namespace, rule.name) : undefined;
  if (!group) return [];
  const picked = group.matches.filter(({ name }) => !rule.matches || rule.matches.some((own) => own.name === name));
  return picked.map((match) => ({ group, match }));
}

function mismatch(match: HttpMatch, request: Request, anchor: Anchor): string {
  const path = match.pathRegex;
  const reads = match.anchor ?? anchor;
  const reasons = [
    ...(path === undefined || matches(path, reads, request.path)
      ? []
      : [`found the path "${request.path}", allowed: ${reads === "start" ? "what starts with " : ""}${path}`]),
    ...(!match.methods || match.methods.includes(request.method)
      ? []
      : [`found the method ${request.method}, allowed: ${match.methods.join(", ")}`]),
    ...match.headers.flatMap(({ name, regex }) => {
      const value = request.headers[name];
      if (value !== undefined && matches(regex, "full", value)) return [];
      return [`found ${value === undefined ? "no header" : `"${value}" in`} "${name}", allowed: ${regex}`];
    }),
  ];
  return reasons.join("; ");
}
