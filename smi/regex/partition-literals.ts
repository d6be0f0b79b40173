import { sortBy, sorted, sortedNumbers } from "../order";
import type { Language } from "./automaton";
import { literalOf } from "./literal";
import type { Cell, Partition, PartitionOptions } from "./partition";

/**
 * The partition of what most rules are: texts, prefixes that do not start each other, and any path. There it is plain to
 * see, and an automaton would take a millisecond each. Undefined for all else.
 */
export function partitionLiterals(
  languages: readonly Language[],
  { domain, alike }: PartitionOptions,
): Extract<Partition, { ok: true }> | undefined {
  const shapes = languages.map(({ pattern, anchor }) => ({ text: textOf(pattern), open: anchor === "start" }));
  if (shapes.some(({ text }) => text === undefined)) return undefined;
  const everything = shapes.flatMap(({ text, open }, at) =>
    text === ANYTHING || (open && (text === "" || (domain === "path" && text === "/"))) ? [at] : [],
  );
  if (everything.length > 0 && domain === "value") return undefined;
  const limited = shapes
    .map((shape, at) => ({ ...shape, text: shape.text as string, at }))
    // Every path starts with a slash, so that other texts are never met.
    .filter(({ text, at }) => !everything.includes(at) && (domain === "value" || text.startsWith("/")));
  if (domain === "path" && limited.some(({ text }) => text === "/")) return undefined;
  if (meet(limited.map(({ text, open }) => ({ text, open })))) return undefined;
  const all = sortedNumbers(new Set([...everything, ...limited.map(({ at }) => at)]));
  if (everything.length > 0 && all.length > 1 && alike?.(all)) {
    const cells = all.map((at): Cell => {
      return { members: [at], language: languages[at]!, rest: everything.includes(at), alike: all };
    });
    return { ok: true, cells };
  }
  if (limited.length > MAX_CELLS) return undefined;
  const cells = limited.map(({ at }): Cell => {
    return { members: sortedNumbers([at, ...everything]), language: languages[at]!, rest: false };
  });
  const [first] = everything;
  if (first !== undefined) cells.push({ members: everything, language: languages[first]!, rest: true });
  return { ok: true, cells: sorted(cells, byMembers) };
}

/** By whether the first language is a member, then the second: as the labels of the general case. */
function byMembers(left: Cell, right: Cell): number {
  const at = left.members.findIndex((member, i) => member !== right.members[i]);
  if (at < 0) return left.members.length - right.members.length;
  return (right.members[at] ?? Infinity) - left.members[at]!;
}

/** Leaves room for the cell of what is left over. */
const MAX_CELLS = 60;
const ANYTHING = Symbol("anything");

function textOf(pattern: string): string | typeof ANYTHING | undefined {
  return pattern === ".*" ? ANYTHING : literalOf(pattern);
}

/** Whether any two share a string. Sorted, a text that starts another stands before it, with only such texts between. */
function meet(shapes: readonly { readonly text: string; readonly open: boolean }[]): boolean {
  const ordered = sortBy(shapes, ({ text }) => text);
  return ordered.some(({ text, open }, at) => {
    const next = ordered[at + 1];
    return next !== undefined && (next.text === text || (open && next.text.startsWith(text)));
  });
}
