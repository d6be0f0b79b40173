import {
  type Anchor,
  DocumentIndex,
  type HttpMatch,
  keyOf,
  type SmiDocument,
  subjectKey,
  type Subject,
  type TrafficTarget,
} from "./model";
import { matches } from "./regex/matcher";

/** `tcp`: a connection in which no request is seen. `udp`: a datagram. */
export type Protocol = "http" | "tcp" | "udp";

/** A request as the destination's proxy sees it. */
export interface Request {
  /** Default: `http`. For the others, method, path and headers say nothing. */
  readonly protocol?: Protocol;
  readonly source: Subject;
  readonly destination: Subject;
  /** Container port. */
  readonly port: number;
  readonly method: string;
  /** Path without its query, starting with a slash. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Verdict {
  readonly allowed: boolean;
  /** The rule that allows it, e.g. `TrafficTarget shop/web-catalog, HTTPRouteGroup catalog, match products`. */
  readonly by?: string;
}

export interface MeaningOptions {
  /** How path expressions without an anchor of their own are read. Default: `start`. */
  readonly anchor?: Anchor;
  /** Of the mesh, whose identities are ServiceAccounts. Default: `cluster.local`. */
  readonly trustDomain?: string;
}

/**
 * What SMI itself says about a request: denied unless a TrafficTarget allows it. The reference for every mesh's
 * translation; it knows no mesh, and no probes, which the kubelet sends without an identity.
 */
export function allowed(documents: readonly SmiDocument[], request: Request, options: MeaningOptions = {}): Verdict {
  const index = new DocumentIndex(documents, options);
  for (const target of index.targets) {
    if (subjectKey(target.destination) !== subjectKey(request.destination)) continue;
    if (!target.sources.some((source) => subjectKey(source) === subjectKey(request.source))) continue;
    if (target.destination.port !== undefined && target.destination.port !== request.port) continue;
    const rule =
      request.protocol === "udp"
        ? udpRuleFor(index, target, request.port)
        : ruleFor(index, target, request, options.anchor ?? "start");
    if (rule !== undefined) return { allowed: true, by: `TrafficTarget ${keyOf(target)}, ${rule}` };
  }
  return { allowed: false };
}

/** UDPRoutes open UDP beside what the other rules open of TCP: the target is their union. */
function udpRuleFor(index: DocumentIndex, target: TrafficTarget, port: number): string | undefined {
  const found = target.rules.find(({ kind, name }) => {
    const ports = kind === "UDPRoute" ? index.udp(target.namespace, name)?.ports : undefined;
    return ports !== undefined && (ports.length === 0 || ports.includes(port));
  });
  return found && `UDPRoute ${found.name}`;
}

/**
 * Ports and requests are a conjunction; several rules of one sort are alternatives. No HTTPRouteGroup admits a connection in
 * which no request is seen.
 */
function ruleFor(index: DocumentIndex, target: TrafficTarget, request: Request, anchor: Anchor): string | undefined {
  const tcp = target.rules.filter((rule) => rule.kind === "TCPRoute");
  const http = target.rules.filter((rule) => rule.kind === "HTTPRouteGroup");
  const port = tcp.find(({ name }) => {
    const ports = index.tcp(target.namespace, name)?.ports;
    return ports !== undefined && (ports.length === 0 || ports.includes(request.port));
  });
  if (tcp.length > 0 && !port) return undefined;
  if (http.length === 0) return port && `TCPRoute ${port.name}`;
  if (request.protocol === "tcp") return undefined;
  for (const rule of http) {
    for (const match of index.group(target.namespace, rule.name)?.matches ?? []) {
      if (rule.matches && !rule.matches.some(({ name }) => name === match.name)) continue;
      if (satisfies(match, request, anchor)) return `HTTPRouteGroup ${rule.name}, match ${match.name}`;
    }
  }
  return undefined;
}

/** Path, method and every header of one match. */
export function satisfies(
  match: HttpMatch,
  request: Pick<Request, "method" | "path" | "headers">,
  anchor: Anchor,
): boolean {
  if (match.methods && !match.methods.includes(request.method)) return false;
  if (match.pathRegex !== undefined && !matches(match.pathRegex, match.anchor ?? anchor, request.path)) return false;
  return match.headers.every(({ name, regex }) => {
    const value = request.headers[name];
    return value !== undefined && matches(regex, "full", value);
  });
}

/** A call to a Service, before it is split. */
export interface Call extends Pick<Request, "method" | "path" | "headers"> {
  readonly namespace: string;
  readonly service: string;
}

/** The share of each Service that may answer the call; shares add up to 1. A call that is not split goes to the root. */
export function shares(
  documents: readonly SmiDocument[],
  call: Call,
  options: { readonly anchor?: Anchor } = {},
): Record<string, number> {
  const index = new DocumentIndex(documents);
  const split = index.splits.find(({ namespace, service }) => namespace === call.namespace && service === call.service);
  const groups = split?.matches?.map(({ name }) => index.group(call.namespace, name)?.matches ?? []);
  const applies = !groups || groups.flat().some((match) => satisfies(match, call, options.anchor ?? "start"));
  if (!split || !applies) return { [call.service]: 1 };
  const total = split.backends.reduce((sum, { weight }) => sum + weight, 0);
  const result: Record<string, number> = {};
  for (const { service, weight } of split.backends)
    if (weight > 0) result[service] = (result[service] ?? 0) + weight / total;
  return result;
}
