import { compile, type Language, type Nfa } from "./automaton";
import { type Dfa, type Domain, explore } from "./partition";
import { bit, type CharSet } from "./syntax";

/** A string, and which of the languages it belongs to. */
export interface Witness {
  readonly text: string;
  /** Indexes of the languages, ascending. */
  readonly members: readonly number[];
}

/** Characters in the order in which a person would like to read them. */
const READABLE = "abcdefghijklmnopqrstuvwxyz0123456789-_/.ABCDEFGHIJKLMNOPQRSTUVWXYZ~!$&'()*+,;=:@%";
/** A path has no spaces, and its query and fragment are not part of it. */
const VALUE_ONLY = '"<>[]\\^`{|}?#';

/**
 * One of the shortest strings for every combination of languages that some string belongs to exactly, the empty
 * combination included. Undefined if an expression cannot be analysed.
 */
export function witnesses(languages: readonly Language[], domain: Domain): Witness[] | undefined {
  const nfas = languages.map(compile);
  if (nfas.includes(undefined)) return undefined;
  const dfa = explore(nfas as Nfa[], domain);
  if (!dfa) return undefined;
  const chars = dfa.classes.map((set) => readable(set, domain));
  return [...shortest(dfa, chars)]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([label, text]) => ({ text, members: [...label].flatMap((flag, i) => (flag === "1" ? [i] : [])) }));
}

/** Breadth first, so that the first string that reaches a label is one of the shortest. */
function shortest(dfa: Dfa, chars: readonly (string | undefined)[]): Map<string, string> {
  const found = new Map<string, string>();
  const texts = new Map<number, string>([[0, ""]]);
  const order = [...chars.keys()].sort((left, right) => rank(chars[left]) - rank(chars[right]));
  for (const [id, text] of texts) {
    const label = dfa.labels[id];
    if (label !== undefined && !found.has(label)) found.set(label, text);
    for (const index of order) {
      const [char, next] = [chars[index], dfa.next[id]![index]!];
      if (char !== undefined && next >= 0 && !texts.has(next)) texts.set(next, text + char);
    }
  }
  return found;
}

function readable(set: CharSet, domain: Domain): string | undefined {
  const candidates = domain === "value" ? READABLE + VALUE_ONLY : READABLE;
  return [...candidates].find((char) => set & bit(char.charCodeAt(0)));
}

function rank(char: string | undefined): number {
  return char === undefined ? Infinity : READABLE.indexOf(char);
}
