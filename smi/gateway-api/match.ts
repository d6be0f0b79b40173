import { checkExpressions, checkMethods } from "../match";
import type { HeaderMatch, HttpMatch, TrafficTarget, TrafficSplit } from "../model";
import { type Position, type Problem, problemAt } from "../problem";
import type { Language } from "../regex/automaton";
import { literalOf } from "../regex/literal";
import { parseRegex } from "../regex/parse";
import { ANY, type Regex } from "../regex/syntax";

/** A match of a Gateway API HTTPRoute. */
export interface GatewayMatch {
  readonly path?: { readonly type: "Exact" | "RegularExpression"; readonly value: string };
  readonly headers?: readonly {
    readonly type: "Exact" | "RegularExpression";
    readonly name: string;
    readonly value: string;
  }[];
  readonly method?: string;
}

/** Limits of the Gateway API (https://gateway-api.sigs.k8s.io/reference/spec/). */
export const LIMITS = {
  rules: 16,
  matchesPerRule: 64,
  matches: 128,
  backends: 16,
  headers: 16,
  path: 1024,
  header: 4096,
  weight: 1_000_000,
};

/** Room for `^(?:` and `).*$` around a path expression. */
export const MAX_PATH_PATTERN = LIMITS.path - 8;

/**
 * The path match. The proxy asks for the leftmost-first match to cover the whole path, so that `a|ab` would miss `ab`:
 * every expression is wrapped and anchored. A PathPrefix ends at a segment, which SMI's prefixes do not.
 */
export function pathMatch({ pattern, anchor }: Language): NonNullable<GatewayMatch["path"]> {
  const literal = anchor === "full" ? literalOf(pattern) : undefined;
  if (literal !== undefined && isExactPath(literal)) return { type: "Exact", value: literal };
  return { type: "RegularExpression", value: anchor === "full" ? `^(?:${pattern})$` : `^(?:${pattern}).*$` };
}

export function headerMatch(name: string, pattern: string): NonNullable<GatewayMatch["headers"]>[number] {
  const literal = literalOf(pattern);
  if (literal) return { type: "Exact", name, value: literal };
  return { type: "RegularExpression", name, value: endsOpen(pattern) ? pattern : `^(?:${pattern})$` };
}

/** Ends in a greedy `.*` outside any alternative: whatever it finds reaches the end, so it needs no anchors. */
function endsOpen(pattern: string): boolean {
  const regex = parseRegex(pattern);
  const last: Regex | undefined = regex.type === "concat" ? regex.items.at(-1) : regex;
  return (
    last?.type === "repeat" &&
    !last.lazy &&
    last.min === 0 &&
    last.max === Infinity &&
    last.item.type === "set" &&
    last.item.set === ANY
  );
}

/** What the Gateway API admits as the value of an Exact path. */
function isExactPath(path: string): boolean {
  return /^\/[A-Za-z0-9/._~!$&'()*+,;=:@-]*$/.test(path) && !/\/\/|\/\.{1,2}(\/|$)/.test(path);
}

/**
 * What a match asks for that the Gateway API cannot express.
 *
 * @param reader Who reads the route, for messages: a mesh, or the Gateway API in general.
 */
export function checkMatch(
  match: HttpMatch,
  document: TrafficTarget | TrafficSplit,
  position: Position | undefined,
  reader: string,
): Problem[] {
  const problem = (code: Problem["code"], message: string): Problem =>
    problemAt(code, document, position, `match "${match.name}": ${message}`);
  return [
    ...checkMethods(match, problem),
    ...checkExpressions(match, problem),
    ...repeated(match.headers).map((name) =>
      problem(
        "SMI-HDR-DUP",
        `found the header "${name}" twice; ${reader} keeps the first only. Write one expression for both.`,
      ),
    ),
    ...match.headers
      .filter(({ name }) => name === "host" || name.startsWith(":"))
      .map(({ name }) =>
        problem(
          "SMI-HOST",
          `found the header "${name}", which ${reader} does not match in a mesh; ${document.kind === "TrafficSplit" ? "leave it out, the root Service is the host" : "name the destination's ServiceAccount instead"}`,
        ),
      ),
    ...limits(match).map((message) => problem("SMI-LIMIT", message)),
  ];
}

function repeated(headers: readonly HeaderMatch[]): string[] {
  return [...new Set(headers.map(({ name }) => name).filter((name, i, names) => names.indexOf(name) !== i))];
}

function limits({ pathRegex, headers }: HttpMatch): string[] {
  return [
    ...(pathRegex && pathRegex.length > MAX_PATH_PATTERN
      ? [`the path has ${pathRegex.length} characters, allowed: ${MAX_PATH_PATTERN}`]
      : []),
    ...(headers.length > LIMITS.headers ? [`it has ${headers.length} headers, allowed: ${LIMITS.headers}`] : []),
    ...headers
      .filter(({ regex }) => regex.length > LIMITS.header - 8)
      .map(({ name, regex }) => `the header "${name}" has ${regex.length} characters, allowed: ${LIMITS.header - 8}`),
  ];
}
