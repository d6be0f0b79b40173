import type { WorkloadFacts } from "../facts";
import type { Subject } from "../model";
import { toJavaScript } from "../regex/matcher";

/**
 * What Linkerd does with the objects, after its own documents and sources
 * (https://github.com/linkerd/linkerd2-proxy, linkerd/http/route and linkerd/app/inbound/src/policy; the control plane's
 * policy-controller). It shares nothing with the translator, so that one can be tested against the other.
 */
export interface LinkerdRequest {
  /** Absent: a client outside the mesh, such as the kubelet. */
  readonly source?: Subject;
  readonly port: number;
  /** `tcp`: a connection in which the proxy sees no request. Default: `http`. */
  readonly protocol?: "http" | "tcp";
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface AnyObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Ref {
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
  readonly port?: number;
}

interface StringMatch {
  readonly type: string;
  readonly name?: string;
  readonly value: string;
}

interface RouteMatch {
  readonly path?: StringMatch;
  readonly headers?: readonly StringMatch[];
  readonly method?: string;
}

interface Rule {
  readonly matches?: readonly RouteMatch[];
  readonly backendRefs?: readonly (Ref & { readonly weight?: number })[];
}

/** Whether a pod of the workload answers the request, with `defaultInboundPolicy: deny`. */
export function linkerdAllows(
  objects: readonly AnyObject[],
  workload: WorkloadFacts,
  request: LinkerdRequest,
): boolean {
  const local = objects.filter(({ metadata }) => metadata.namespace === workload.namespace);
  const probe =
    request.protocol !== "tcp" &&
    request.method === "GET" &&
    workload.probes.some(({ port, path }) => port === request.port && path === request.path);
  const servers = local.filter(
    ({ kind, spec }) => kind === "Server" && spec["port"] === request.port && selectsPod(spec, workload),
  );
  if (servers.length > 1)
    throw new Error(`Servers ${servers.map(({ metadata }) => metadata.name).join(", ")} select one pod and port`);
  const server = servers[0];
  if (!server) return probe;
  const onServer = policiesFor(local, "Server", server.metadata.name);
  if (server.spec["proxyProtocol"] === "opaque") return isAuthorized(local, onServer, request.source);
  // A Server of HTTP closes a connection in which there is something else.
  if (request.protocol === "tcp") return false;
  const routes = local.filter(
    ({ kind, spec }) =>
      kind === "HTTPRoute" &&
      parents(spec).some(({ kind: parent, name }) => parent === "Server" && name === server.metadata.name),
  );
  // Probes are let through by themselves only while no route is attached.
  if (routes.length === 0) return probe || isAuthorized(local, onServer, request.source);
  const route = bestRule(routes, request)?.route;
  if (!route) return false;
  return isAuthorized(local, [...policiesFor(local, "HTTPRoute", route.metadata.name), ...onServer], request.source);
}

/** The share of each backend for a call to a Service's port. */
export function linkerdShares(
  objects: readonly AnyObject[],
  call: Omit<LinkerdRequest, "source"> & { readonly namespace: string; readonly service: string },
): Record<string, number> {
  const routes = objects.filter(
    ({ kind, metadata, spec }) =>
      kind === "HTTPRoute" &&
      metadata.namespace === call.namespace &&
      parents(spec).some((ref) => ref.kind === "Service" && ref.name === call.service && ref.port === call.port),
  );
  if (routes.length === 0) return { [call.service]: 1 };
  const backends = bestRule(routes, call)?.rule.backendRefs ?? [];
  const total = backends.reduce((sum, { weight }) => sum + (weight ?? 1), 0);
  return Object.fromEntries(
    backends.filter(({ weight }) => weight !== 0).map(({ name, weight }) => [name, (weight ?? 1) / total]),
  );
}

function selectsPod(spec: Readonly<Record<string, unknown>>, workload: WorkloadFacts): boolean {
  const { matchLabels } = spec["podSelector"] as { matchLabels: Record<string, string> };
  const labels = workload.podLabels ?? workload.labels;
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
}

function parents(spec: Readonly<Record<string, unknown>>): readonly Ref[] {
  return spec["parentRefs"] as readonly Ref[];
}

function policiesFor(objects: readonly AnyObject[], kind: string, name: string): AnyObject[] {
  return objects.filter((object) => {
    const target = object.spec["targetRef"] as Ref | undefined;
    return object.kind === "AuthorizationPolicy" && target?.kind === kind && target.name === name;
  });
}

/** One policy suffices; inside it, every authentication is needed. */
function isAuthorized(
  objects: readonly AnyObject[],
  policies: readonly AnyObject[],
  source: Subject | undefined,
): boolean {
  return policies.some(({ spec }) =>
    (spec["requiredAuthenticationRefs"] as readonly Ref[]).every((ref) => {
      const found = objects.find(({ kind, metadata }) => kind === ref.kind && metadata.name === ref.name);
      // Every address is in one of the networks that are emitted; an IPv4 and an IPv6 range of everything.
      if (found?.kind === "NetworkAuthentication") return true;
      const identities = (found?.spec["identityRefs"] ?? []) as readonly { name: string; namespace: string }[];
      return (
        source !== undefined &&
        identities.some(({ name, namespace }) => name === source.serviceAccount && namespace === source.namespace)
      );
    }),
  );
}

type Rank = readonly [path: number, method: number, headers: number];

interface Candidate {
  readonly route: AnyObject;
  readonly rule: Rule;
  readonly rank: Rank;
}

/** The rule with the highest rank. Two routes of one rank are a conflict whose outcome depends on their age. */
function bestRule(routes: readonly AnyObject[], request: Omit<LinkerdRequest, "source">): Candidate | undefined {
  const candidates = routes.flatMap((route) =>
    (route.spec["rules"] as readonly Rule[]).flatMap((rule) =>
      (rule.matches ?? [{}]).flatMap((match): Candidate[] => {
        const rank = rankOf(match, request);
        return rank ? [{ route, rule, rank }] : [];
      }),
    ),
  );
  // The sort is stable: of equal ranks in one route, the first rule wins.
  const [best, ...others] = candidates.sort((left, right) => compareRanks(right.rank, left.rank));
  const rival = others.find(({ route, rank }) => route !== best!.route && compareRanks(rank, best!.rank) === 0);
  if (best && rival) {
    throw new Error(
      `HTTPRoutes ${best.route.metadata.name} and ${rival.route.metadata.name} tie for ${request.method} ${request.path}`,
    );
  }
  return best;
}

function compareRanks(left: Rank, right: Rank): number {
  const at = left.findIndex((value, i) => value !== right[i]);
  return at < 0 ? 0 : left[at]! - right[at]!;
}

function rankOf(match: RouteMatch, { method, path, headers }: Omit<LinkerdRequest, "source">): Rank | undefined {
  if (match.method !== undefined && match.method !== method) return undefined;
  const length = match.path ? pathRank(match.path, path) : 1;
  if (length === undefined) return undefined;
  for (const { type, name, value } of match.headers ?? []) {
    const found = headers[name!.toLowerCase()];
    if (found === undefined || !(type === "Exact" ? found === value : findsAll(value, found))) return undefined;
  }
  return [length, match.method === undefined ? 0 : 1, match.headers?.length ?? 0];
}

/** Characters matched: the rank of a path, whatever the type of the match. */
function pathRank({ type, value }: StringMatch, path: string): number | undefined {
  if (type === "Exact") return path === value ? path.length : undefined;
  if (type === "RegularExpression") return findsAll(value, path) ? path.length : undefined;
  if (value === "/") return 1;
  const prefix = value.replace(/\/+$/, "");
  const rest = path.replace(/\/+$/, "").startsWith(prefix) ? path.replace(/\/+$/, "").slice(prefix.length) : undefined;
  return rest === "" || rest?.startsWith("/") ? prefix.length : undefined;
}

const compiled = new Map<string, RegExp>();

/** The proxy takes the first leftmost match and asks whether it covers the text; it does not look for a longer one. */
function findsAll(pattern: string, text: string): boolean {
  const matcher = compiled.get(pattern) ?? new RegExp(toJavaScript(pattern), "s");
  compiled.set(pattern, matcher);
  const found = matcher.exec(text);
  return found !== null && found.index === 0 && found[0].length === text.length;
}
