import { toJavaScript } from "../regex/matcher";

/**
 * What a mesh does with HTTPRoutes on a Service, after the Gateway API's own text
 * (https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule). It shares nothing with the translator, so that one
 * can be tested against the other.
 */
export interface GatewayCall {
  readonly namespace: string;
  readonly service: string;
  /** Port of the Service. */
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Where implementations rank an expression for the path, which the API leaves to them: below every prefix (Istio,
 * pilot/pkg/config/kube/gateway), between exact paths and prefixes (Cilium), or by the characters it matched (Linkerd).
 */
export const REGEX_RANKS = ["below-prefix", "above-prefix", "by-length"] as const;
export type RegexRank = (typeof REGEX_RANKS)[number];

interface AnyObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface StringMatch {
  readonly type?: string;
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
  readonly backendRefs?: readonly { readonly name: string; readonly port?: number; readonly weight?: number }[];
}

interface ServiceRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly port?: number;
}

/** The share of each backend, by `name:port`; empty if no rule takes the call, which is then answered 404. */
export function gatewayShares(
  objects: readonly AnyObject[],
  call: GatewayCall,
  regexRank: RegexRank,
): Record<string, number> {
  const routes = objects.filter(
    ({ kind, metadata, spec }) =>
      kind === "HTTPRoute" &&
      metadata.namespace === call.namespace &&
      (spec["parentRefs"] as readonly ServiceRef[]).some(
        (ref) =>
          ref.group === "" &&
          ref.kind === "Service" &&
          ref.name === call.service &&
          (ref.port === undefined || ref.port === call.port),
      ),
  );
  if (routes.length === 0) return { [`${call.service}:${call.port}`]: 1 };
  if (routes.length > 1) throw new Error(`${routes.length} HTTPRoutes on one port, whose order depends on their age`);
  const rule = bestRule(routes[0]!.spec["rules"] as readonly Rule[], call, regexRank);
  const backends = rule?.backendRefs ?? [];
  const total = backends.reduce((sum, { weight }) => sum + (weight ?? 1), 0);
  return Object.fromEntries(
    backends
      .filter(({ weight }) => weight !== 0)
      .map(({ name, port, weight }) => [`${name}:${port}`, (weight ?? 1) / total]),
  );
}

/** Path, then method, then number of headers; of equals, the first rule. */
type Rank = readonly [kind: number, length: number, method: number, headers: number];

function bestRule(rules: readonly Rule[], call: GatewayCall, regexRank: RegexRank): Rule | undefined {
  let best: { readonly rule: Rule; readonly rank: Rank } | undefined;
  for (const rule of rules) {
    // An empty list restricts as little as none.
    for (const match of rule.matches?.length ? rule.matches : [{}]) {
      const rank = rankOf(match, call, regexRank);
      if (rank && (!best || isHigher(rank, best.rank))) best = { rule, rank };
    }
  }
  return best?.rule;
}

function isHigher(left: Rank, right: Rank): boolean {
  const at = left.findIndex((value, i) => value !== right[i]);
  return at >= 0 && left[at]! > right[at]!;
}

function rankOf(match: RouteMatch, call: GatewayCall, regexRank: RegexRank): Rank | undefined {
  if (match.method !== undefined && match.method !== call.method) return undefined;
  const path = rankOfPath(match.path ?? { type: "PathPrefix", value: "/" }, call.path, regexRank);
  if (!path) return undefined;
  for (const { type = "Exact", name, value } of match.headers ?? []) {
    const found = call.headers[name!.toLowerCase()];
    if (found === undefined || !(type === "Exact" ? found === value : matchesAll(value, found))) return undefined;
  }
  return [...path, match.method === undefined ? 0 : 1, match.headers?.length ?? 0];
}

function rankOfPath(
  { type = "PathPrefix", value }: StringMatch,
  path: string,
  regexRank: RegexRank,
): readonly [number, number] | undefined {
  const byLength = regexRank === "by-length";
  if (type === "Exact") return path === value ? [byLength ? 0 : 3, path.length] : undefined;
  if (type === "RegularExpression") {
    if (!matchesAll(value, path)) return undefined;
    if (byLength) return [0, path.length];
    return [regexRank === "above-prefix" ? 2.5 : 1, value.length];
  }
  // A prefix ends at a segment; a slash at its end is ignored.
  const prefix = value.replace(/\/$/, "");
  const matched = path === prefix || path.startsWith(`${prefix}/`);
  return matched ? [byLength ? 0 : 2, Math.max(1, prefix.length)] : undefined;
}

const compiled = new Map<string, RegExp>();

/** The first match that the expression finds must cover the whole text, which every implementation agrees on. */
function matchesAll(pattern: string, text: string): boolean {
  const matcher = compiled.get(pattern) ?? new RegExp(toJavaScript(pattern), "s");
  compiled.set(pattern, matcher);
  const found = matcher.exec(text);
  return found !== null && found.index === 0 && found[0].length === text.length;
}
