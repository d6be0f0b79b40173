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
  const all = [...new Set([...everything, ...limited.map(({ at }) => at)])].sort((left, right) => left - right);
  if (everything.length > 0 && all.length > 1 && alike?.(all)) {
    const cells = all.map((at): Cell => {
      return { members: [at], language: languages[at]!, rest: everything.includes(at), alike: all };
    });
    return { ok: true, cells };
  }
  if (limited.length > MAX_CELLS) return undefined;
  const cells = limited.map(({ at }): Cell => {
    return { members: sorted([at, ...everything]), language: languages[at]!, rest: false };
  });
  const [first] = everything;
  if (first !== undefined) cells.push({ members: everything, language: languages[first]!, rest: true });
  return { ok: true, cells: cells.sort((left, right) => (labelOf(left) < labelOf(right) ? -1 : 1)) };

  function labelOf({ members }: Cell): string {
    return languages.map((_, at) => (members.includes(at) ? "1" : "0")).join("");
  }
}

/** Leaves room for the cell of what is left over. */
const MAX_CELLS = 60;
const ANYTHING = Symbol("anything");

function textOf(pattern: string): string | typeof ANYTHING | undefined {
  return pattern === ".*" ? ANYTHING : literalOf(pattern);
}

/** Whether any two share a string. Sorted, a text that starts another stands before it, with only such texts between. */
function meet(shapes: readonly { readonly text: string; readonly open: boolean }[]): boolean {
  const ordered = [...shapes].sort((left, right) => (left.text < right.text ? -1 : left.text > right.text ? 1 : 0));
  return ordered.some(({ text, open }, at) => {
    const next = ordered[at + 1];
    return next !== undefined && (next.text === text || (open && next.text.startsWith(text)));
  });
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((left, right) => left - right);
}
