import { toJavaScript } from "../regex/matcher";

/**
 * What Consul does with the objects, after its documents and sources (https://github.com/hashicorp/consul, agent/xds and
 * agent/consul/discoverychain; https://github.com/hashicorp/consul-k8s, control-plane/api/v1alpha1). It shares nothing
 * with the translator, so that one can be tested against the other.
 */
export interface ConsulRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ConsulCall extends ConsulRequest {
  /** `tcp`: a connection in which the proxy sees no request. Default: `http`. */
  readonly protocol?: "http" | "tcp";
  /** Consul's names of the services. Intentions know no ports. */
  readonly source: string;
  /** The peer that the source is a service of. Default: this cluster itself. */
  readonly peer?: string;
  readonly destination: string;
}

interface AnyObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Header {
  readonly name: string;
  readonly present?: boolean;
  readonly exact?: string;
  readonly regex?: string;
}

interface Http {
  readonly pathExact?: string;
  readonly pathPrefix?: string;
  readonly pathRegex?: string;
  readonly header?: readonly Header[];
  readonly methods?: readonly string[];
}

interface Source {
  readonly name: string;
  readonly peer?: string;
  readonly action?: string;
  readonly permissions?: readonly { readonly action: string; readonly http?: Http }[];
}

interface Split {
  readonly weight: number;
  readonly service?: string;
  readonly serviceSubset?: string;
}

interface Route {
  readonly match?: { readonly http?: Http };
  readonly destination?: { readonly service?: string };
}

/**
 * Whether the destination's proxy lets the call through. The most exact intention decides: one for the destination
 * before one for `*`, and among those one for the source before one for `*`. What no intention, or no permission of the
 * one that decides, speaks of is left to the default: denied with ACLs, allowed without.
 */
export function consulAllows(
  objects: readonly AnyObject[],
  call: ConsulCall,
  defaultPolicy: "allow" | "deny",
): boolean {
  // The listener of a service that speaks HTTP reads requests, and closes what is none.
  if (call.protocol === "tcp" && protocolOf(objects, call.destination) !== "tcp") return false;
  const intentions = objects
    .filter(({ kind }) => kind === "ServiceIntentions")
    .flatMap(({ spec }) =>
      (spec["sources"] as readonly Source[]).map((source) => ({
        destination: (spec["destination"] as { name: string }).name,
        source,
      })),
    )
    .filter(
      ({ destination, source }) =>
        covers(destination, call.destination) && covers(source.name, call.source) && source.peer === call.peer,
    )
    .map((intention) => ({
      ...intention,
      precedence: (intention.destination === "*" ? 0 : 2) + (intention.source.name === "*" ? 0 : 1),
    }))
    .sort((left, right) => right.precedence - left.precedence);
  const decisive = intentions[0]?.source;
  if (!decisive) return defaultPolicy === "allow";
  if (!decisive.permissions) return decisive.action === "allow";
  if (protocolOf(objects, call.destination) === "tcp") return false;
  const permission = decisive.permissions.find(({ http }) => matchesHttp(http ?? {}, call));
  return (permission?.action ?? defaultPolicy) === "allow";
}

/**
 * The caller that has a SPIFFE identity of a peer: its trust domain is known from the peering, and the rest is compared as a
 * whole (agent/xds/rbac.go). Undefined: no service of a peer, whose certificate no proxy takes.
 */
export function peerOf(
  spiffe: string,
  peers: Readonly<Record<string, string>>,
): Pick<ConsulCall, "source" | "peer"> | undefined {
  const [trustDomain = "", ns, namespace, dc, , svc, source, ...rest] = spiffe.split("/");
  const peer = peers[trustDomain];
  const fits = ns === "ns" && namespace === "default" && dc === "dc" && svc === "svc" && rest.length === 0;
  return fits && source && peer !== undefined ? { source, peer } : undefined;
}

function covers(pattern: string, name: string): boolean {
  return pattern === "*" || pattern === name;
}

function protocolOf(objects: readonly AnyObject[], service: string): string {
  const found = objects.find(({ kind, metadata }) => kind === "ServiceDefaults" && metadata.name === service);
  return (found?.spec["protocol"] as string | undefined) ?? "tcp";
}

function matchesHttp(http: Http, { method, path, headers }: ConsulRequest): boolean {
  if (http.pathExact !== undefined && http.pathExact !== path) return false;
  if (http.pathPrefix !== undefined && !path.startsWith(http.pathPrefix)) return false;
  if (http.pathRegex !== undefined && !fullMatch(http.pathRegex, path)) return false;
  if (http.methods && !http.methods.includes(method)) return false;
  return (http.header ?? []).every(({ name, present, exact, regex }) => {
    const value = name === ":method" ? method : headers[name.toLowerCase()];
    if (value === undefined) return false;
    return present === true || exact === value || (regex !== undefined && fullMatch(regex, value));
  });
}

const compiled = new Map<string, RegExp>();

function fullMatch(pattern: string, text: string): boolean {
  const matcher = compiled.get(pattern) ?? new RegExp(`^(?:${toJavaScript(pattern)})$`, "s");
  compiled.set(pattern, matcher);
  return matcher.test(text);
}

/**
 * The share of each group of instances for a call to a service: `service` for all of its instances, `subset.service` for
 * those of a subset. The router of the service decides first, then the splitter of where it leads, then resolvers.
 */
export function consulShares(
  objects: readonly AnyObject[],
  call: ConsulRequest & { readonly service: string },
): Record<string, number> {
  const router = entry(objects, "ServiceRouter", call.service);
  const route = ((router?.spec["routes"] ?? []) as readonly Route[]).find(({ match }) =>
    matchesHttp(match?.http ?? {}, call),
  );
  const shares: Record<string, number> = {};
  const leaves = flatten(objects, route?.destination?.service ?? call.service, 100, []);
  const total = leaves.reduce((sum, { units }) => sum + units, 0);
  for (const { target, units } of leaves) if (units > 0) shares[target] = (shares[target] ?? 0) + units / total;
  return shares;
}

/** A split that leads to another splitter, without naming a subset, is replaced by the other's splits. */
function flatten(
  objects: readonly AnyObject[],
  service: string,
  percent: number,
  above: readonly string[],
): { readonly target: string; readonly units: number }[] {
  const splitter = above.includes(service) ? undefined : entry(objects, "ServiceSplitter", service);
  // Envoy's weights are integers: the product is in single precision and cut, not rounded.
  const units = Math.trunc(Math.fround(Math.fround(percent) * 100));
  if (!splitter) return [{ target: service, units }];
  return (splitter.spec["splits"] as readonly Split[]).flatMap(({ weight, service: next, serviceSubset }) => {
    const part = (percent * weight) / 100;
    if (serviceSubset === undefined) return flatten(objects, next ?? service, part, [...above, service]);
    const target = `${serviceSubset}.${next ?? service}`;
    return [{ target, units: Math.trunc(Math.fround(Math.fround(part) * 100)) }];
  });
}

function entry(objects: readonly AnyObject[], kind: string, name: string): AnyObject | undefined {
  return objects.find((object) => object.kind === kind && object.metadata.name === name);
}

/** Why Consul's admission webhooks or servers would refuse the objects; empty if they would not. */
export function consulRefusals(objects: readonly AnyObject[]): string[] {
  const named = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  return [
    ...repeated(named).map((name) => `${name}: exists twice`),
    ...objects.flatMap((object) => {
      const refuse = (found: boolean, why: string): string[] =>
        found ? [`${object.kind} ${object.metadata.name}: ${why}`] : [];
      const { name } = object.metadata;
      const isTcp = protocolOf(objects, name) === "tcp";
      switch (object.kind) {
        case "ServiceIntentions":
          return intentionRefusals(object, objects, refuse);
        case "ServiceSplitter":
          return [...refuse(isTcp, "protocol is not http"), ...splitterRefusals(object, objects, refuse)];
        case "ServiceRouter":
          return [
            ...refuse(isTcp, "protocol is not http"),
            ...(object.spec["routes"] as readonly Route[]).flatMap(({ match, destination }) => [
              ...httpRefusals(match?.http ?? {}, refuse),
              ...refuse(protocolOf(objects, destination?.service ?? name) === "tcp", "leads to another protocol"),
            ]),
          ];
        default:
          return [];
      }
    }),
  ];
}

type Refuse = (found: boolean, why: string) => string[];

function intentionRefusals({ spec }: AnyObject, objects: readonly AnyObject[], refuse: Refuse): string[] {
  const sources = spec["sources"] as readonly Source[];
  const destination = (spec["destination"] as { name: string }).name;
  const isTcp = destination === "*" || protocolOf(objects, destination) === "tcp";
  return [
    ...refuse(sources.length === 0, "has no source"),
    ...refuse(repeated(sources.map(({ name, peer = "" }) => `${peer}/${name}`)).length > 0, "names a source twice"),
    ...sources.flatMap(({ action, permissions }) => [
      ...refuse((action === undefined) === (permissions === undefined), "needs either an action or permissions"),
      ...refuse(permissions?.length === 0, "has no permission"),
      ...refuse(permissions !== undefined && isTcp, "has permissions on a protocol that is not http"),
      ...(permissions ?? []).flatMap(({ http }) => [
        ...refuse(!http || Object.keys(http).length === 0, "has an empty permission"),
        ...httpRefusals(http ?? {}, refuse),
      ]),
    ]),
  ];
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"];

function httpRefusals({ pathExact, pathPrefix, pathRegex, header, methods }: Http, refuse: Refuse): string[] {
  const paths = [pathExact, pathPrefix, pathRegex].filter((path) => path !== undefined && path !== "");
  return [
    ...refuse(paths.length > 1, "has several forms of a path"),
    ...refuse(
      [pathExact, pathPrefix].some((path) => path !== undefined && !path.startsWith("/")),
      "path has no slash",
    ),
    ...refuse(methods?.some((method) => !METHODS.includes(method)) ?? false, "has an unknown method"),
    ...refuse(repeated(methods ?? []).length > 0, "has a method twice"),
    ...(header ?? []).flatMap(({ exact, present, regex }) =>
      refuse([exact, present, regex].filter(Boolean).length !== 1, "needs one form of a header"),
    ),
  ];
}

function splitterRefusals({ metadata, spec }: AnyObject, objects: readonly AnyObject[], refuse: Refuse): string[] {
  const splits = spec["splits"] as readonly Split[];
  const sum = splits.reduce((total, { weight }) => Math.fround(total + Math.fround(weight)), 0);
  const scaled = splits.reduce((total, { weight }) => total + Math.round(Math.fround(Math.fround(weight) * 100)), 0);
  const targets = splits.map(({ service, serviceSubset }) => `${serviceSubset ?? ""}.${service ?? metadata.name}`);
  return [
    ...refuse(sum !== 100, `weights add up to ${sum}`),
    ...refuse(scaled !== 10_000, `weights add up to ${scaled} hundredths`),
    ...refuse(
      splits.some(({ weight }) => weight !== 0 && (weight > 100 || weight < 0.01)),
      "a weight is out of range",
    ),
    ...refuse(repeated(targets).length > 0, "names a destination twice"),
    ...splits.flatMap(({ service = metadata.name, serviceSubset }) => [
      ...refuse(protocolOf(objects, service) === "tcp", `${service} is not http`),
      ...refuse(
        serviceSubset !== undefined &&
          (entry(objects, "ServiceResolver", service)?.spec["subsets"] as Record<string, unknown> | undefined)?.[
            serviceSubset
          ] === undefined,
        `${service} has no subset ${serviceSubset}`,
      ),
    ]),
  ];
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
}
