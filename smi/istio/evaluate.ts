import type { WorkloadFacts } from "../facts";
import type { Subject } from "../model";
import { toJavaScript } from "../regex/matcher";

/**
 * What sidecars do with Istio's objects, after its reference
 * (https://istio.io/latest/docs/reference/config/security/authorization-policy/ and .../networking/virtual-service/).
 * It shares nothing with the translator, so that one can be tested against the other.
 */
export interface IstioRequest {
  /** Absent: a client without mutual TLS. */
  readonly source?: Subject & { readonly trustDomain?: string };
  /** Container port. */
  readonly port: number;
  /** `tcp`: a connection in which the sidecar sees no request. Default: `http`. */
  readonly protocol?: "http" | "tcp";
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface AnyObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Operation {
  readonly hosts?: readonly string[];
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
  readonly ports?: readonly string[];
}

export interface Rule {
  readonly from?: readonly { readonly source: { readonly principals?: readonly string[] } }[];
  readonly to?: readonly { readonly operation: Operation }[];
  readonly when?: readonly { readonly key: string; readonly values?: readonly string[] }[];
}

/** Whether a pod of the workload answers the request. Without any policy for the pod, it answers all. */
export function istioAllows(
  objects: readonly AnyObject[],
  workload: WorkloadFacts,
  request: IstioRequest,
  rootNamespace = "istio-system",
): boolean {
  const applying = objects.filter(
    ({ metadata, spec }) =>
      [workload.namespace, rootNamespace].includes(metadata.namespace) && selectsPod(spec, workload),
  );
  const strict = applying.some(
    ({ kind, spec }) =>
      kind === "PeerAuthentication" && (spec["mtls"] as { readonly mode?: string } | undefined)?.mode === "STRICT",
  );
  if (strict && !request.source) return false;
  const policies = applying.filter(({ kind }) => kind === "AuthorizationPolicy");
  if (policies.length === 0) return true;
  return policies.some(({ metadata, spec }) => {
    if ((spec["action"] ?? "ALLOW") !== "ALLOW") throw new Error(`the action of ${metadata.name} is not modelled`);
    return ((spec["rules"] ?? []) as readonly Rule[]).some((rule) => satisfies(rule, request));
  });
}

/** Whether a policy is for the pods of the workload: without a selector, for all of its namespace. */
export function selectsPod(spec: Readonly<Record<string, unknown>>, workload: WorkloadFacts): boolean {
  const selector = spec["selector"] as { readonly matchLabels?: Readonly<Record<string, string>> } | undefined;
  const labels = workload.podLabels ?? workload.labels;
  return Object.entries(selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value);
}

/** An absent or empty list restricts nothing. A rule that asks for HTTP never matches where there is none. */
export function satisfies({ from = [], to = [], when = [] }: Rule, request: IstioRequest): boolean {
  return (
    (from.length === 0 || from.some(({ source }) => isFrom(source.principals, request))) &&
    (to.length === 0 || to.some(({ operation }) => performs(operation, request))) &&
    when.every((condition) => holds(condition, request))
  );
}

function isFrom(principals: readonly string[] | undefined, { source }: IstioRequest): boolean {
  if (!principals) return true;
  if (!source) return false;
  const own =
    source.spiffe ?? `${source.trustDomain ?? "cluster.local"}/ns/${source.namespace}/sa/${source.serviceAccount}`;
  return principals.some((principal) => matchesText(principal, own));
}

function performs(operation: Operation, request: IstioRequest): boolean {
  const { hosts, methods, paths, ports, ...others } = operation;
  if (Object.keys(others).length > 0) throw new Error(`${Object.keys(others).join(", ")} is not modelled`);
  if ((hosts ?? methods ?? paths) && request.protocol === "tcp") return false;
  const host = request.headers["host"];
  return (
    (!ports || ports.includes(String(request.port))) &&
    (!methods || methods.some((method) => matchesHeader(method, request.method))) &&
    (!paths || paths.some((path) => matchesPath(path, request.path))) &&
    (!hosts || (host !== undefined && hosts.some((wanted) => matchesHeader(wanted.toLowerCase(), host.toLowerCase()))))
  );
}

function holds({ key, values }: NonNullable<Rule["when"]>[number], request: IstioRequest): boolean {
  const name = /^request\.headers\[([^\]]+)\]$/.exec(key)?.[1];
  if (name === undefined || !values?.length) throw new Error(`the condition on ${key} is not modelled`);
  const found = request.headers[name.toLowerCase()];
  return request.protocol !== "tcp" && found !== undefined && values.some((value) => matchesHeader(value, found));
}

/** A star alone means that the header is there, whatever its value. */
function matchesHeader(wanted: string, found: string): boolean {
  return wanted === "*" || matchesText(wanted, found);
}

function matchesText(wanted: string, found: string): boolean {
  if (wanted === "") throw new Error("Istio refuses empty values");
  if (wanted === "*") return found !== "";
  if (wanted.startsWith("*")) return found.endsWith(wanted.slice(1));
  return wanted.endsWith("*") ? found.startsWith(wanted.slice(0, -1)) : found === wanted;
}

/** Characters of a path segment that Envoy's templates know (RFC 3986, without the star). */
const PCHAR = "a-zA-Z0-9._~%!$&'()+,;:@=-";

function matchesPath(wanted: string, found: string): boolean {
  if (!/[{}]/.test(wanted)) return matchesText(wanted, found);
  const inner = wanted.replace(/^\/|\/$/g, "").split("/");
  const expressions = inner.map((segment, i) => {
    if (segment === "{*}") return `[${PCHAR}]+`;
    if (segment === "{**}" && !inner.slice(i + 1).some((later) => later.includes("{"))) return `[/${PCHAR}]*`;
    if (!new RegExp(`^[${PCHAR}]+$`).test(segment)) throw new Error(`Istio refuses the path ${wanted}`);
    return segment.replace(/[.$()+]/g, "\\$&");
  });
  return new RegExp(`^/${expressions.join("/")}${wanted.endsWith("/") ? "/" : ""}$`).test(found);
}

/** A call to a port of a Service. */
export interface IstioCall extends Pick<IstioRequest, "protocol" | "method" | "path" | "headers"> {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
}

interface Destination {
  readonly destination: { readonly host: string; readonly port?: { readonly number: number } };
  readonly weight?: number;
}

type StringMatch = Readonly<Partial<Record<"exact" | "prefix" | "regex", string>>>;

interface HttpMatch {
  readonly name?: string;
  readonly port?: number;
  readonly uri?: StringMatch;
  readonly method?: StringMatch;
  readonly authority?: StringMatch;
  readonly headers?: Readonly<Record<string, StringMatch>>;
}

interface Route {
  readonly match?: readonly HttpMatch[];
  readonly route: readonly Destination[];
}

/** The share of each backend, by `host:port`; empty if no route takes the call, which is then answered 404. */
export function istioShares(
  objects: readonly AnyObject[],
  call: IstioCall,
  clusterDomain = "cluster.local",
): Record<string, number> {
  const host = `${call.service}.${call.namespace}.svc.${clusterDomain}`;
  const own = objects.filter(
    ({ kind, spec }) => kind === "VirtualService" && (spec["hosts"] as readonly string[]).includes(host),
  );
  if (own.length > 1) throw new Error(`${own.length} VirtualServices for ${host}, whose merging has no order`);
  const direct = { [`${host}:${call.port}`]: 1 };
  const routes = own[0]?.spec[call.protocol ?? "http"] as readonly Route[] | undefined;
  if (!routes) return direct;
  const found = routes.find(({ match }) => !match || match.some((each) => matchesCall(each, call)));
  if (!found) return call.protocol === "tcp" ? direct : {};
  // One destination is given no weight, so that it takes all whatever its weight says.
  const [first] = found.route;
  if (first && found.route.length === 1) return { [keyOf(first)]: 1 };
  const total = found.route.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  if (total === 0) throw new Error("Istio refuses weights of which all are 0");
  const result: Record<string, number> = {};
  for (const each of found.route) {
    if (each.weight) result[keyOf(each)] = (result[keyOf(each)] ?? 0) + each.weight / total;
  }
  return result;
}

function keyOf({ destination }: Destination): string {
  if (!destination.port) throw new Error(`a destination of ${destination.host} has no port`);
  return `${destination.host}:${destination.port.number}`;
}

function matchesCall(match: HttpMatch, call: IstioCall): boolean {
  const { port, uri, method, authority, headers = {} } = match;
  return (
    (port === undefined || port === call.port) &&
    (!uri || matchesString(uri, call.path)) &&
    (!method || matchesString(method, call.method)) &&
    (!authority || matchesString(authority, call.headers["host"])) &&
    Object.entries(headers).every(([name, wanted]) => matchesString(wanted, call.headers[name]))
  );
}

function matchesString({ exact, prefix, regex }: StringMatch, found: string | undefined): boolean {
  if (found === undefined) return false;
  if (exact !== undefined) return found === exact;
  if (prefix !== undefined) return found.startsWith(prefix);
  return regex === undefined || new RegExp(`^(?:${toJavaScript(regex)})$`, "s").test(found);
}
