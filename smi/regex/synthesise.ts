import type { Dfa } from "./partition";
import { printRegex } from "./print";
import { ANY, bit, type CharSet, invert, OTHER_BIT, type Regex } from "./syntax";

/** Node that matches any text. */
const EVERYTHING: Regex = { type: "repeat", item: { type: "set", set: ANY }, min: 0, max: Infinity, lazy: false };
const EMPTY: Regex = { type: "empty" };
/** Right-linear equation of a state: what leads to an accepted end from it. */
interface Equation {
  /** Expression per next state. */
  readonly to: Map<number, Regex>;
  /** What is accepted without a further state. */
  rest: Regex | undefined;
}

/**
 * An expression (full match) for the strings that end in a state with this label; undefined if it would be longer than
 * `maxLength`. Solves the automaton's equations from the last state to the first, by Arden's rule.
 */
export function synthesise(dfa: Dfa, label: string, maxLength: number): string | undefined {
  const live = liveStates(dfa, label);
  const equations = new Map<number, Equation>();
  for (const id of live) equations.set(id, equationOf(dfa, label, id, live));
  for (const id of postorder(dfa, live)) {
    const equation = equations.get(id)!;
    resolveLoop(equation, id);
    if (id === 0) break;
    equations.delete(id);
    for (const other of equations.values()) {
      const coefficient = other.to.get(id);
      if (!coefficient) continue;
      other.to.delete(id);
      for (const [next, regex] of equation.to) {
        other.to.set(next, alternate(other.to.get(next), concat(coefficient, regex)));
      }
      if (equation.rest) other.rest = alternate(other.rest, concat(coefficient, equation.rest));
      // Expressions may grow exponentially; each node prints at least one character, so a large one is lost already.
      const total = size(other.rest) + [...other.to.values()].reduce((sum, regex) => sum + size(regex), 0);
      if (total > maxLength) return undefined;
    }
  }
  const solved = equations.get(0)?.rest;
  const text = solved && printRegex(solved);
  return text !== undefined && text.length <= maxLength ? text : undefined;
}

function equationOf(dfa: Dfa, label: string, id: number, live: ReadonlySet<number>): Equation {
  const to = new Map<number, Regex>();
  dfa.next[id]!.forEach((next, i) => {
    if (!live.has(next)) return;
    const before = to.get(next);
    const set = (before?.type === "set" ? before.set : 0n) | dfa.classes[i]!;
    to.set(next, { type: "set", set });
  });
  // Characters that cannot occur are free: with them, complements print as `.` and `[^x]`.
  for (const [next, regex] of to) if (regex.type === "set") to.set(next, { type: "set", set: widen(regex.set) });
  return { to, rest: dfa.labels[id] === label ? EMPTY : undefined };
}

/** Adds the control characters to a set that has all others outside ASCII, so that it prints as a negated class. */
function widen(set: CharSet): CharSet {
  if (!(set & bit(OTHER_BIT))) return set;
  const control = ((1n << 32n) - 1n) & ~bit(9) & ~bit(10);
  return (set | control | bit(127)) & ANY;
}

/** X = aX | b becomes X = a*b. */
function resolveLoop(equation: Equation, id: number): void {
  const loop = equation.to.get(id);
  if (!loop) return;
  equation.to.delete(id);
  const repeated: Regex = { type: "repeat", item: loop, min: 0, max: Infinity, lazy: false };
  for (const [next, regex] of equation.to) equation.to.set(next, concat(repeated, regex));
  if (equation.rest) equation.rest = concat(repeated, equation.rest);
}

/** States from which the label can still be reached. */
function liveStates(dfa: Dfa, label: string): Set<number> {
  const live = new Set(dfa.labels.flatMap((other, id) => (other === label ? [id] : [])));
  for (let before = -1; before !== live.size;) {
    before = live.size;
    dfa.next.forEach((row, id) => row.some((to) => live.has(to)) && live.add(id));
  }
  return live;
}

/** Deepest states first, the start last. */
function postorder(dfa: Dfa, live: ReadonlySet<number>): number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (seen.has(id) || !live.has(id)) return;
    seen.add(id);
    dfa.next[id]!.forEach(visit);
    order.push(id);
  };
  visit(0);
  return order;
}

function concat(left: Regex, right: Regex): Regex {
  if (left.type === "empty") return right;
  if (right.type === "empty") return left;
  const items = [left, right].flatMap((item) => (item.type === "concat" ? item.items : [item]));
  // `.*.*` says no more than `.*`.
  const merged = items.filter((item, i) => !(i > 0 && isEverything(item) && isEverything(items[i - 1]!)));
  return merged.length === 1 ? merged[0]! : { type: "concat", items: merged };
}

function alternate(left: Regex | undefined, right: Regex): Regex {
  if (!left) return right;
  const items = [left, right].flatMap((item) => (item.type === "alternate" ? item.items : [item]));
  if (items.some(isEverything)) return EVERYTHING;
  const optional = items.some(
    (item) => item.type === "empty" || (item.type === "repeat" && item.min === 0 && item.max === 1),
  );
  const solid = items
    .filter((item) => item.type !== "empty")
    .flatMap((item) => (item.type === "repeat" && item.min === 0 && item.max === 1 ? branches(item.item) : [item]));
  const set = solid.reduce((sum, item) => (item.type === "set" ? sum | item.set : sum), 0n);
  const others = solid.filter((item) => item.type !== "set");
  const unique = new Map(
    [...(set ? [{ type: "set", set } as const] : []), ...others].map((item) => [printRegex(item), item]),
  );
  const list = [...unique.values()];
  if (list.length === 0) return EMPTY;
  const body: Regex = list.length === 1 ? list[0]! : { type: "alternate", items: list };
  return optional ? { type: "repeat", item: body, min: 0, max: 1, lazy: false } : body;
}

function branches(regex: Regex): readonly Regex[] {
  return regex.type === "alternate" ? regex.items : [regex];
}

function isEverything(regex: Regex): boolean {
  if (regex.type !== "repeat" || regex.min !== 0 || regex.max !== Infinity || regex.item.type !== "set") return false;
  return (regex.item.set & ANY) === ANY || invert(regex.item.set) === bit(10);
}

function size(regex: Regex | undefined): number {
  if (!regex) return 0;
  if (regex.type === "concat" || regex.type === "alternate")
    return regex.items.reduce((sum, item) => sum + size(item), 1);
  return regex.type === "repeat" ? 1 + size(regex.item) : 1;
}
