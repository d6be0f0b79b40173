import { checkExpressions, checkMethods, METHODS, neverMatches } from "../match";
import type { Anchor, HttpMatch, TrafficSplit, TrafficTarget } from "../model";
import { compare, sorted } from "../order";
import { type Position, type Problem, problemAt } from "../problem";
import { parseRegex } from "../regex/parse";
import { partition } from "../regex/partition";
import { ANY, type CharSet, isPlain, type Regex } from "../regex/syntax";
import type { HeaderCriterion, HttpCriteria } from "./objects";

/** Every request; a criterion is required, and every path starts with a slash. */
export const ANY_REQUEST: HttpCriteria = { pathPrefix: "/" };

/** What one match admits, or undefined if no request can have its path. */
export function criteriaOf(match: HttpMatch, anchor: Anchor): HttpCriteria | undefined {
  const path = match.pathRegex === undefined ? "any" : lowerPath(match.pathRegex, match.anchor ?? anchor);
  if (path === "never") return undefined;
  const header = match.headers.map(({ name, regex }) => lowerHeader(name, regex));
  const criteria: HttpCriteria = {
    ...(path === "any" ? {} : path),
    ...(header.length > 0 ? { header } : {}),
    ...(match.methods ? { methods: match.methods } : {}),
  };
  return Object.keys(criteria).length === 0 ? ANY_REQUEST : criteria;
}

type PathCriterion = Pick<HttpCriteria, "pathExact" | "pathPrefix" | "pathRegex"> | "any" | "never";

/** Envoy compares prefixes as plain text, so `/api` admits `/apix`: exactly what an expression anchored at the start means. */
function lowerPath(pattern: string, anchor: Anchor): PathCriterion {
  const { literal, open, free } = shapeOf(pattern, anchor);
  if (literal === undefined) {
    const known = partition([{ pattern, anchor }], { domain: "path", maxLength: 0 });
    if (known.ok && known.cells.length === 0) return "never";
    if (known.ok && known.cells[0]!.rest) return "any";
    return { pathRegex: anchor === "full" || !free ? pattern : `(?:${pattern}).*` };
  }
  if (open) return "/".startsWith(literal) ? "any" : literal.startsWith("/") ? { pathPrefix: literal } : "never";
  return literal.startsWith("/") ? { pathExact: literal } : "never";
}

interface Shape {
  /** The text before what is free, if it is a literal. */
  readonly literal?: string;
  /** Any text may follow. */
  readonly open: boolean;
  /** What follows is left open by the anchor, not by the expression itself. */
  readonly free: boolean;
}

function shapeOf(pattern: string, anchor: Anchor): Shape {
  if (isPlain(pattern)) return { literal: pattern, open: anchor === "start", free: anchor === "start" };
  const regex = parseRegex(pattern);
  const items = regex.type === "concat" ? [...regex.items] : [regex];
  while (isAssertion(items[0], "start")) items.shift();
  let open = anchor === "start";
  let free = open;
  for (let last = items.at(-1); isAssertion(last, "end") || isAnything(last); last = items.at(-1)) {
    open = isAnything(last);
    free = false;
    items.pop();
  }
  const chars = items.map((item) => (item.type === "set" ? charOf(item.set) : item.type === "empty" ? "" : undefined));
  return { ...(chars.includes(undefined) ? {} : { literal: chars.join("") }), open, free };
}

function isAssertion(regex: Regex | undefined, what: "start" | "end"): boolean {
  return regex?.type === "assert" && regex.what === what;
}

function isAnything(regex: Regex | undefined): boolean {
  return (
    regex?.type === "repeat" &&
    regex.min === 0 &&
    regex.max === Infinity &&
    regex.item.type === "set" &&
    regex.item.set === ANY
  );
}

function charOf(set: CharSet): string | undefined {
  if (set === 0n || (set & (set - 1n)) !== 0n) return undefined;
  const code = set.toString(2).length - 1;
  return code < 127 && code >= 32 ? String.fromCharCode(code) : undefined;
}

/** A criterion's value must not be empty, so the empty header value needs an expression. */
function lowerHeader(name: string, pattern: string): HeaderCriterion {
  const { literal, open } = shapeOf(pattern, "full");
  if (literal === "") return open ? { name, present: true } : { name, regex: "^$" };
  return literal === undefined || open ? { name, regex: pattern } : { name, exact: literal };
}

/** Each once, in the order given. */
export function distinctCriteria(criteria: readonly HttpCriteria[]): HttpCriteria[] {
  const unique = new Map(criteria.map((each) => [JSON.stringify(each), each]));
  return [...unique.values()];
}

/** Each once, the most specific first: exact paths, expressions, prefixes from the longest, then any path. */
export function sortCriteria(criteria: readonly HttpCriteria[]): HttpCriteria[] {
  const rank = ({ pathExact, pathRegex, pathPrefix }: HttpCriteria): number =>
    pathExact !== undefined ? 0 : pathRegex !== undefined ? 1 : pathPrefix !== undefined && pathPrefix !== "/" ? 2 : 3;
  return sorted(
    distinctCriteria(criteria),
    (left, right) =>
      rank(left) - rank(right) ||
      (right.pathPrefix?.length ?? 0) - (left.pathPrefix?.length ?? 0) ||
      (right.header?.length ?? 0) - (left.header?.length ?? 0) ||
      (left.methods?.length ?? METHODS.length) - (right.methods?.length ?? METHODS.length) ||
      compare(JSON.stringify(left), JSON.stringify(right)),
  );
}

/** What a match asks for that Consul cannot express. */
export function checkMatch(
  match: HttpMatch,
  document: TrafficTarget | TrafficSplit,
  position: Position | undefined,
): Problem[] {
  const problem = (code: Problem["code"], message: string): Problem =>
    problemAt(code, document, position, `match "${match.name}": ${message}`);
  return [
    ...checkMethods(match, problem),
    ...checkExpressions(match, problem),
    ...match.headers
      .filter(({ name }) => name === "host" || name.startsWith(":"))
      .map(({ name }) =>
        problem(
          "SMI-HOST",
          `found the header "${name}", which Consul's proxies may rewrite before they compare it; name the destination's ServiceAccount instead`,
        ),
      ),
  ];
}

/** The warning for a match whose path no request has. */
export function neverProblem(
  match: HttpMatch,
  document: TrafficTarget | TrafficSplit,
  position: Position | undefined,
): Problem {
  return problemAt("SMI-RE-NEVER", document, position, `match "${match.name}" ${neverMatches(match)}`);
}
