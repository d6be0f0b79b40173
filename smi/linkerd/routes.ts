import { type HeaderMatch, type Subject, subjectKey, type TrafficTarget } from "../model";
import { compare, sortBy, sorted, sortedTexts } from "../order";
import type { Position } from "../problem";
import type { Language } from "../regex/automaton";
import { type Cell, partition } from "../regex/partition";
import { type GatewayMatch, headerMatch, LIMITS, MAX_PATH_PATTERN, pathMatch } from "../gateway-api/match";

/** One alternative that may be requested on a port, and by whom. */
export interface Entry {
  /** Unique on the port. */
  readonly id: string;
  /** For the name of the route. */
  readonly label: string;
  /** Absent: any path. */
  readonly path?: Language;
  /** Absent: any method. */
  readonly methods?: readonly string[];
  readonly headers: readonly HeaderMatch[];
  /** The kubelet's probes come from everyone. */
  readonly sources: readonly Subject[] | "everyone";
  /** Who asked for it; absent for probes. */
  readonly origin?: { readonly target: TrafficTarget; readonly position: Position | undefined };
}

/** Requests that exactly these entries admit. */
export interface RoutePlan {
  readonly entries: readonly Entry[];
  readonly matches: readonly GatewayMatch[];
}

export type RoutesPlan =
  | {
      readonly ok: true;
      readonly routes: readonly RoutePlan[];
      /** Entries with a path, or else with headers, that no request can have. */
      readonly unreachable: readonly { readonly entry: Entry; readonly by: "path" | "headers" }[];
      /** Entries that share requests with a probe, which everyone may send. */
      readonly opened: readonly Entry[];
    }
  | { readonly ok: false; readonly reason: string; readonly between: readonly [Entry, Entry] };

/** Bounds the combinations of headers of one path. */
const MAX_COMBINATIONS = 64;

/** Value cells by header name. */
type Conditions = ReadonlyMap<string, number>;

/**
 * Plans the routes of one Server so that the one route to which Linkerd binds a request carries the sources of *all*
 * entries that admit it.
 *
 * Linkerd ranks matches by the length of the matched path, then by method, then by the number of headers; an exact path
 * and an expression rank alike, and a match without path ranks as `/`
 * (https://github.com/linkerd/linkerd2-proxy, linkerd/http/route/src/http/match). Hence:
 * - paths are split into disjoint cells, so that the rank of paths never decides, except for what all other cells leave
 *   over, which has no path and so ranks below them;
 * - inside a cell, each named method has routes of its own, with the entries for any method among them;
 * - inside those, the header conditions are closed under conjunction, so that the match with the most headers is the one
 *   that knows all entries that apply. Values of one header are split into disjoint cells first.
 */
export function planRoutes(entries: readonly Entry[]): RoutesPlan {
  const languages = distinct(entries.map(pathOf));
  const languageOf = new Map(entries.map((entry) => [entry, languages.indexOf(pathOf(entry))]));
  const withPathOf = (members: readonly number[]): Entry[] =>
    entries.filter((entry) => members.includes(languageOf.get(entry)!));
  const cells = partition(languages.list, {
    domain: "path",
    maxLength: MAX_PATH_PATTERN,
    // Whichever route a request is bound to, the same sources may send it.
    alike: (members) => {
      const [first, ...others] = withPathOf(members);
      return others.every(({ sources }) => areSame(sources, first!.sources));
    },
  });
  if (!cells.ok) {
    const owner = (language: number): Entry => withPathOf([language])[0]!;
    return { ok: false, reason: cells.reason, between: [owner(cells.between[0]), owner(cells.between[1])] };
  }
  const routes = new Map<string, { entries: Entry[]; matches: GatewayMatch[] }>();
  const [reached, opened] = [new Set<Entry>(), new Set<Entry>()];
  for (const cell of cells.cells) {
    const path = cell.rest ? undefined : pathMatch(cell.language);
    const members = withPathOf(cell.members);
    const together = cell.alike && withPathOf(cell.alike);
    const inside = planCell(members);
    if (!inside.ok) return inside;
    for (const { admitted, match } of inside.matches) {
      const open = admitted.some(({ sources }) => sources === "everyone");
      for (const entry of admitted) (open && entry.sources !== "everyone" ? opened : reached).add(entry);
      const key = open ? "everyone" : (together ?? admitted).map(({ id }) => id).join("\0");
      const route = routes.get(key) ?? { entries: together ?? admitted, matches: [] };
      route.matches.push({ ...(path ? { path } : {}), ...match });
      routes.set(key, route);
    }
  }
  const met = new Set(cells.cells.flatMap(({ members }) => members));
  const unreachable = entries
    .filter((entry) => !reached.has(entry) && !opened.has(entry))
    .map((entry) => ({ entry, by: met.has(languageOf.get(entry)!) ? ("headers" as const) : ("path" as const) }));
  return { ok: true, routes: [...routes.values()].map(sortRoute), unreachable, opened: [...opened] };
}

/** Whether two lists, each sorted and without repetitions, name the same sources. */
function areSame(left: Entry["sources"], right: Entry["sources"]): boolean {
  if (left === "everyone" || right === "everyone") return left === right;
  return left.length === right.length && left.every((source, i) => subjectKey(source) === subjectKey(right[i]!));
}

const ANY_PATH: Language = { pattern: "", anchor: "start" };

function pathOf(entry: Entry): Language {
  return entry.path ?? ANY_PATH;
}

type CellPlan =
  | { readonly ok: true; readonly matches: readonly { readonly admitted: Entry[]; readonly match: GatewayMatch }[] }
  | { readonly ok: false; readonly reason: string; readonly between: readonly [Entry, Entry] };

/** Methods and headers of the entries that share a cell of paths. */
function planCell(entries: readonly Entry[]): CellPlan {
  const values = new Map<
    string,
    { readonly cells: readonly Cell[]; readonly indexOf: (language: Language) => number }
  >();
  const names = sortedTexts(new Set(entries.flatMap(({ headers }) => headers.map(({ name }) => name))));
  for (const name of names) {
    const owners = entries.filter(({ headers }) => headers.some((header) => header.name === name));
    const languages = distinct(owners.map((entry) => valueOf(entry, name)!));
    const split = partition(languages.list, { domain: "value", maxLength: LIMITS.header - 8 });
    if (!split.ok)
      return { ok: false, reason: `header "${name}": ${split.reason}`, between: [owners[0]!, owners.at(-1)!] };
    values.set(name, { cells: split.cells, indexOf: languages.indexOf });
  }
  const conditionsOf = (entry: Entry): Conditions[] =>
    sortBy(entry.headers, ({ name }) => name).reduce<Conditions[]>(
      (maps, { name }) => {
        const { cells, indexOf } = values.get(name)!;
        const own = cells.flatMap((cell, i) => (cell.members.includes(indexOf(valueOf(entry, name)!)) ? [i] : []));
        return maps.flatMap((map) => own.map((i) => new Map([...map, [name, i]])));
      },
      [new Map()],
    );
  const expanded = new Map<Entry, Conditions[]>();
  if (names.length > 0) for (const entry of entries) expanded.set(entry, conditionsOf(entry));
  const methods = sortedTexts(new Set(entries.flatMap((entry) => entry.methods ?? [])));
  const matches: { admitted: Entry[]; match: GatewayMatch }[] = [];
  const others = column(
    entries.filter((entry) => !entry.methods),
    expanded,
  );
  for (const method of [...methods, undefined]) {
    const own =
      method === undefined
        ? others
        : column(
            entries.filter((entry) => entry.methods?.includes(method) ?? true),
            expanded,
          );
    if (!own)
      return { ok: false, reason: "their headers make too many combinations", between: [entries[0]!, entries.at(-1)!] };
    if (method !== undefined && others && isSameColumn(own, others)) continue;
    for (const { conditions, admitted } of own) {
      const headers = [...conditions].map(([name, i]) =>
        headerMatch(name, values.get(name)!.cells[i]!.language.pattern),
      );
      matches.push({ admitted, match: { ...(headers.length ? { headers } : {}), ...(method ? { method } : {}) } });
    }
  }
  return { ok: true, matches };
}

type Column = readonly { readonly conditions: Conditions; readonly admitted: Entry[] }[];

const UNCONDITIONAL: Conditions = new Map();

/** For one method: every conjunction of conditions that can hold, with all entries that it implies. */
function column(entries: readonly Entry[], expanded: ReadonlyMap<Entry, Conditions[]>): Column | undefined {
  if (entries.every(({ headers }) => headers.length === 0)) {
    return entries.length === 0 ? [] : [{ conditions: UNCONDITIONAL, admitted: [...entries] }];
  }
  const closed = new Map<string, Conditions>();
  const pending = entries.flatMap((entry) => expanded.get(entry)!);
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (closed.has(keyOf(next))) continue;
    for (const other of closed.values()) {
      const both = conjunction(next, other);
      if (both) pending.push(both);
    }
    closed.set(keyOf(next), next);
    if (closed.size > MAX_COMBINATIONS) return undefined;
  }
  return sortedTexts(closed.keys()).map((key) => {
    const conditions = closed.get(key)!;
    const admitted = entries.filter((entry) => expanded.get(entry)!.some((own) => implies(conditions, own)));
    return { conditions, admitted };
  });
}

function isSameColumn(left: Column, right: Column): boolean {
  return (
    left.length === right.length &&
    left.every(({ conditions, admitted }, i) => {
      const other = right[i]!;
      return (
        keyOf(conditions) === keyOf(other.conditions) &&
        admitted.length === other.admitted.length &&
        admitted.every((entry, k) => entry === other.admitted[k])
      );
    })
  );
}

function keyOf(conditions: Conditions): string {
  return [...conditions].map(([name, value]) => `${name}=${value}`).join("&");
}

function conjunction(left: Conditions, right: Conditions): Conditions | undefined {
  for (const [name, value] of left) if (right.has(name) && right.get(name) !== value) return undefined;
  return new Map(sorted([...left, ...right], ([one], [two]) => compare(one, two)));
}

function implies(conditions: Conditions, part: Conditions): boolean {
  return [...part].every(([name, value]) => conditions.get(name) === value);
}

function valueOf(entry: Entry, name: string): Language | undefined {
  const header = entry.headers.find((own) => own.name === name);
  return header && { pattern: header.regex, anchor: "full" };
}

function distinct(languages: readonly Language[]): { list: Language[]; indexOf: (language: Language) => number } {
  const key = ({ pattern, anchor }: Language): string => `${anchor}\0${pattern}`;
  const unique = new Map(languages.map((language) => [key(language), language]));
  const keys = sortedTexts(unique.keys());
  const indexes = new Map(keys.map((name, at) => [name, at]));
  return { list: keys.map((name) => unique.get(name)!), indexOf: (language) => indexes.get(key(language)) ?? -1 };
}

function sortRoute({ entries, matches }: RoutePlan): RoutePlan {
  const key = (match: GatewayMatch): string =>
    `${match.path?.value ?? ""}\0${JSON.stringify(match.headers ?? [])}\0${match.method ?? ""}`;
  return { entries, matches: sortBy(matches, key) };
}
