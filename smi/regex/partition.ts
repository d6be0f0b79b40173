import { accepts, charClasses, compile, type Language, type Nfa, startStates, type StateSet, step } from "./automaton";
import { partitionLiterals } from "./partition-literals";
import { synthesise } from "./synthesise";
import { bit, type CharSet, invert } from "./syntax";

/** A non-empty set of strings that belong to exactly these languages. The cells of a partition are disjoint. */
export interface Cell {
  /** Indexes of the languages, ascending. */
  readonly members: readonly number[];
  /** The cell as a language of its own. If it equals one of the languages, that one, as it was written. */
  readonly language: Language;
  /** It is what the other cells leave over of all strings, and none of those has the root; `language` is not disjoint. */
  readonly rest: boolean;
  /** Languages that are alike and were not told apart: their cells may overlap each other, and no others. */
  readonly alike?: readonly number[];
}

export type Partition =
  | { readonly ok: true; readonly cells: readonly Cell[] }
  /** Why no partition was found, and two languages that stand in the way. */
  | { readonly ok: false; readonly reason: string; readonly between: readonly [number, number] };

/** Which strings exist at all: a path starts with a slash, a header value is any text. */
export type Domain = "path" | "value";

/** Limits that keep the worst case small; real rules stay far below. */
const MAX_STATES = 3000;
const MAX_CELLS = 64;

export interface PartitionOptions {
  readonly domain: Domain;
  /** Longest expression that the caller can use. */
  readonly maxLength: number;
  /** Whether these languages, which overlap, need not be told apart: then each becomes a cell as it is. */
  readonly alike?: (members: readonly number[]) => boolean;
}

/**
 * Splits overlapping languages into disjoint cells, each with an expression of its own that is proved equal to it. In
 * the domain of paths, what is left over by the others has no expression (`rest`) unless one of them has the root.
 */
export function partition(languages: readonly Language[], options: PartitionOptions): Partition {
  return partitionLiterals(languages, options) ?? partitionByAutomaton(languages, options);
}

/** The general case; exported for tests of the simple one. */
export function partitionByAutomaton(languages: readonly Language[], options: PartitionOptions): Partition {
  const { domain, alike } = options;
  const nfas = languages.map(compile);
  const opaque = nfas.findIndex((nfa) => nfa === undefined);
  if (opaque >= 0) {
    if (languages.length === 1 || alike?.([...languages.keys()])) {
      return {
        ok: true,
        cells: languages.map((language, i, all) => ({ members: [i], language, rest: false, alike: [...all.keys()] })),
      };
    }
    return {
      ok: false,
      reason: "word boundaries and large counts cannot be analysed",
      between: [opaque === 0 ? 1 : 0, opaque],
    };
  }
  const dfa = explore(nfas as Nfa[], domain);
  if (!dfa)
    return { ok: false, reason: "the expressions are too complex together", between: [0, languages.length - 1] };
  return cellsOf(languages, dfa, options);
}

/** Deterministic automaton of several languages at once; each state knows which of them hold for what leads to it. */
export interface Dfa {
  readonly classes: readonly CharSet[];
  /** Per state, per class: the next state. State 0 is the start; -1 leads out of the domain. */
  readonly next: readonly (readonly number[])[];
  /** Per state: the languages that hold, one character each; undefined outside the domain. */
  readonly labels: readonly (string | undefined)[];
}

/** The smallest automaton of the languages together, or undefined if it would be too large. */
export function explore(nfas: readonly Nfa[], domain: Domain): Dfa | undefined {
  const slash = bit(0x2f);
  const classes = charClasses(nfas, [slash]);
  const states: StateSet[][] = [nfas.map(startStates)];
  const ids = new Map<string, number>();
  const next: number[][] = [];
  const labels: (string | undefined)[] = [];
  for (let id = 0; id < states.length; id++) {
    if (states.length > MAX_STATES) return undefined;
    const state = states[id]!;
    const inside = id > 0 || domain === "value";
    labels.push(inside ? nfas.map((nfa, i) => (accepts(nfa, state[i]!, id === 0) ? "1" : "0")).join("") : undefined);
    next.push(
      classes.map((char) => {
        if (id === 0 && domain === "path" && char !== slash) return -1;
        const target = nfas.map((nfa, i) => step(nfa, state[i]!, char));
        // The start is not shared: `^` and `$` mean something else there.
        const key = target.map((set) => set.join(",")).join(";");
        const known = ids.get(key);
        if (known !== undefined) return known;
        ids.set(key, states.length);
        return states.push(target) - 1;
      }),
    );
  }
  return minimise({ classes, next, labels });
}

/** Moore's refinement: states that no string tells apart become one. Keeps the start at 0 and the order of discovery. */
function minimise(dfa: Dfa): Dfa {
  let block = number(dfa.labels.map((label) => label ?? "-"));
  for (;;) {
    const refined = number(
      dfa.next.map((row, id) => `${block[id]}:${row.map((to) => (to < 0 ? -1 : block[to])).join(",")}`),
    );
    if (Math.max(...refined) === Math.max(...block)) break;
    block = refined;
  }
  const first = [...new Set(block)].map((id) => block.indexOf(id));
  return {
    classes: dfa.classes,
    next: first.map((id) => dfa.next[id]!.map((to) => (to < 0 ? -1 : block[to]!))),
    labels: first.map((id) => dfa.labels[id]),
  };
}

function number(keys: readonly string[]): number[] {
  const ids = new Map<string, number>();
  return keys.map((key) => ids.get(key) ?? (ids.set(key, ids.size), ids.size - 1));
}

function cellsOf(languages: readonly Language[], dfa: Dfa, { domain, maxLength, alike }: PartitionOptions): Partition {
  const labels = [...new Set(dfa.labels)].filter((label) => label !== undefined && label.includes("1")) as string[];
  labels.sort();
  const everywhere = languages.map((_, i) => dfa.labels.every((label) => label === undefined || label[i] === "1"));
  const root = dfa.labels[dfa.next[0]![dfa.classes.indexOf(bit(0x2f))]!];
  const merged = components(labels).filter((component) => component.length > 1 && alike?.(component));
  const cells: Cell[] = merged.flatMap((component) =>
    component.map((i) => ({
      members: [i],
      language: languages[i]!,
      rest: everywhere[i]! && domain === "path",
      alike: component,
    })),
  );
  const separate = labels.filter((label) => !merged.some((component) => component.some((i) => label[i] === "1")));
  if (separate.length > MAX_CELLS)
    return { ok: false, reason: `they make more than ${MAX_CELLS} cells`, between: overlap(labels) };
  for (const label of separate) {
    const members = membersOf(label);
    const rest = domain === "path" && members.every((i) => everywhere[i]) && (root === label || !root?.includes("1"));
    const same = members.find((i) =>
      dfa.labels.every((other) => other === undefined || other[i] !== "1" || other === label),
    );
    if (same !== undefined || rest) {
      cells.push({ members, language: languages[same ?? members[0]!]!, rest });
      continue;
    }
    const pattern = synthesise(dfa, label, maxLength);
    if (pattern === undefined) {
      return {
        ok: false,
        reason: `their difference needs more than ${maxLength} characters`,
        between: overlap(labels),
      };
    }
    const language: Language = { pattern, anchor: "full" };
    if (!proven(dfa, label, language, domain)) {
      return { ok: false, reason: "the disjoint form could not be proved", between: overlap(labels) };
    }
    cells.push({ members, language, rest: false });
  }
  return { ok: true, cells };
}

function membersOf(label: string): number[] {
  return [...label].flatMap((flag, i) => (flag === "1" ? [i] : []));
}

/** Languages that are connected by shared strings. */
function components(labels: readonly string[]): number[][] {
  const groups: Set<number>[] = [];
  for (const label of labels) {
    const joined = new Set(membersOf(label));
    for (const group of groups.filter((other) => [...other].some((i) => joined.has(i)))) {
      group.forEach((i) => joined.add(i));
      groups.splice(groups.indexOf(group), 1);
    }
    groups.push(joined);
  }
  return groups.map((group) => [...group].sort((left, right) => left - right));
}

/** Two languages that share a string. */
function overlap(labels: readonly string[]): [number, number] {
  const shared = labels.find((label) => label.split("1").length > 2) ?? labels[0] ?? "11";
  const first = shared.indexOf("1");
  return [first, Math.max(first, shared.indexOf("1", first + 1))];
}

/** Walks both automata together: the expression holds exactly where the label does. */
function proven(dfa: Dfa, label: string, language: Language, domain: Domain): boolean {
  const nfa = compile(language);
  if (!nfa) return false;
  const classes = charClasses([nfa], dfa.classes);
  const indexes = classes.map((char) => dfa.classes.findIndex((set) => (set & invert(char)) !== set));
  const pending: { id: number; states: StateSet; start: boolean }[] = [
    { id: 0, states: startStates(nfa), start: true },
  ];
  const seen = new Set<string>();
  for (let at = pending.pop(); at; at = pending.pop()) {
    const inside = !at.start || domain === "value";
    if (inside && accepts(nfa, at.states, at.start) !== (dfa.labels[at.id] === label)) return false;
    if (seen.size > 4 * MAX_STATES) return false;
    for (const [i, char] of classes.entries()) {
      const id = dfa.next[at.id]![indexes[i]!]!;
      if (id < 0) continue;
      const states = step(nfa, at.states, char);
      const key = `${id}:${states.join(",")}`;
      if (!seen.has(key)) {
        seen.add(key);
        pending.push({ id, states, start: false });
      }
    }
  }
  return true;
}
