import type { Protocol } from "./meaning";
import type {
  HTTPRouteGroup,
  HttpMatch,
  SmiDocument,
  Subject,
  TCPRoute,
  TrafficSplit,
  TrafficTarget,
  UDPRoute,
} from "./model";
import { compare, sortedNumbers } from "./order";
import type { Source } from "./problem";
import { escapeRegex } from "./regex/syntax";

export interface AccessRuleArgs {
  /** Name of the TrafficTarget and its routes, unique in the destination's namespace. */
  readonly name: string;
  readonly from: readonly Subject[];
  readonly to: Subject;
  /** HTTP methods, upper case. Default: any. */
  readonly methods?: readonly string[];
  /**
   * Literal prefixes of the path, not expressions: `/cart` admits `/cart`, `/cart/7` and, as SMI reads prefixes,
   * `/cartoon`; write `/cart/` to keep the last one out. Default: any path.
   */
  readonly paths?: readonly string[];
  /** Container ports. Default: every port of the destination. */
  readonly ports?: readonly number[];
  /**
   * `tcp` admits connections of any protocol, `udp` datagrams, which no mesh carries; neither can be combined with methods
   * or paths. Default: `http`.
   */
  readonly protocol?: Protocol;
  /** The rule's place in the spec, for messages. Default: `spec`. */
  readonly path?: string;
}

/**
 * The SMI documents of one typed access rule: a TrafficTarget, and for `http` an HTTPRouteGroup, with a TCPRoute if it names
 * ports; for `tcp` a TCPRoute, for `udp` a UDPRoute.
 *
 * @throws RangeError if `tcp` or `udp` is combined with methods or paths.
 */
export function accessRule(args: AccessRuleArgs): SmiDocument[] {
  const { name, to, from, ports = [], protocol = "http" } = args;
  const source: Source = { file: args.path ?? "spec" };
  if (protocol !== "http" && (args.methods?.length || args.paths?.length)) {
    throw new RangeError(`${source.file}: found methods or paths on a ${protocol} rule; they need protocol "http"`);
  }
  const head = { name, namespace: to.namespace, source };
  const routes: (TCPRoute | UDPRoute | HTTPRouteGroup)[] = [];
  if (protocol !== "http" || ports.length > 0) {
    const kind = protocol === "udp" ? "UDPRoute" : "TCPRoute";
    routes.push({ kind, ...head, ports: sortedNumbers(new Set(ports)) });
  }
  if (protocol === "http") routes.push({ kind: "HTTPRouteGroup", ...head, matches: matchesOf(args) });
  const target: TrafficTarget = {
    kind: "TrafficTarget",
    ...head,
    destination: { ...to, position: { path: "to" } },
    sources: from.map((subject, index) => ({ ...subject, position: { path: `from[${index}]` } })),
    rules: routes.map(({ kind }) => ({ kind, name })),
  };
  return [...routes, target];
}

function matchesOf({ name, methods, paths = [] }: AccessRuleArgs): HttpMatch[] {
  const common = { ...(methods?.length ? { methods: [...new Set(methods)].sort() } : {}), headers: [] };
  // An explicit expression for "any path": a match with nothing in it would be reported as a likely mistake.
  if (paths.length === 0) return [{ name, pathRegex: ".*", ...common, position: { path: "paths" } }];
  return [...new Set(paths)].map((path, index) => ({
    name: paths.length === 1 ? name : `${name}-${slug(path)}`,
    pathRegex: escapeRegex(path),
    anchor: "start",
    ...common,
    position: { path: `paths[${index}]` },
  }));
}

function slug(path: string): string {
  const words = path.toLowerCase().match(/[a-z0-9]+/g);
  return words ? words.join("-") : "root";
}

export interface SplitArgs {
  /** Default: the root Service's name. */
  readonly name?: string;
  readonly namespace: string;
  /** The root Service, which clients call. */
  readonly service: string;
  /** Relative weight per Service, integers from 0. */
  readonly backends: Readonly<Record<string, number>>;
  /** The split's place in the spec, for messages. Default: `spec`. */
  readonly path?: string;
}

/** The TrafficSplit of one typed entry. Weights are checked by the translators, as those of YAML files are. */
export function split(args: SplitArgs): TrafficSplit {
  return {
    kind: "TrafficSplit",
    name: args.name ?? args.service,
    namespace: args.namespace,
    source: { file: args.path ?? "spec" },
    service: args.service,
    backends: Object.entries(args.backends)
      .sort(([left], [right]) => compare(left, right))
      .map(([service, weight]) => ({ service, weight, position: { path: service } })),
  };
}
