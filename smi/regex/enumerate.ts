import { compile, type Language } from "./automaton";
import { explore, type Dfa, type Domain } from "./partition";
import { bit, type CharSet, OTHER_BIT } from "./syntax";

/** A language as finitely many texts: whole ones, and prefixes after which anything may follow. */
export interface Enumeration {
  readonly exact: readonly string[];
  readonly prefixes: readonly string[];
}

/**
 * Writes a language as finitely many texts and prefixes. What is returned equals the language, since it is read off its
 * deterministic automaton.
 *
 * @returns undefined if the language has no such form, or one with more than `most` texts, or nothing can be proved.
 */
export function enumerate(language: Language, domain: Domain, most: number): Enumeration | undefined {
  const dfa = automatonOf(language, domain);
  if (!dfa) return undefined;
  const [live, open] = [reaching(dfa, (label) => label === "1"), reaching(dfa, (label) => label !== "1")];
  const exact: string[] = [];
  const prefixes: string[] = [];
  const above = new Set<number>();
  const visit = (id: number, text: string): boolean => {
    if (!live.has(id)) return true;
    if (exact.length + prefixes.length > most || above.has(id)) return false;
    if (!open.has(id)) {
      prefixes.push(text);
      return true;
    }
    if (dfa.labels[id] === "1") exact.push(text);
    above.add(id);
    const done = dfa.next[id]!.every((to, i) => {
      if (to < 0 || !live.has(to)) return true;
      const chars = members(dfa.classes[i]!, most);
      return chars !== undefined && chars.every((char) => visit(to, text + char));
    });
    above.delete(id);
    return done;
  };
  if (!visit(0, "") || exact.length + prefixes.length > most) return undefined;
  return { exact: exact.sort(), prefixes: prefixes.sort() };
}

/** The longest text with which all strings of the language start; undefined if there are none, or nothing can be proved. */
export function commonPrefix(language: Language, domain: Domain): string | undefined {
  const dfa = automatonOf(language, domain);
  const live = dfa && reaching(dfa, (label) => label === "1");
  if (!dfa || !live?.has(0)) return undefined;
  let text = "";
  for (let id = 0; dfa.labels[id] !== "1";) {
    const ways = dfa.next[id]!.flatMap((to, i) => (to >= 0 && live.has(to) ? [{ to, set: dfa.classes[i]! }] : []));
    const chars = ways.length === 1 ? members(ways[0]!.set, 1) : undefined;
    if (!chars) break;
    text += chars[0]!;
    id = ways[0]!.to;
  }
  return text;
}

function automatonOf(language: Language, domain: Domain): Dfa | undefined {
  const nfa = compile(language);
  return nfa && explore([nfa], domain);
}

/** States from which a state with such a label can be reached. Outside the domain there is no label. */
function reaching(dfa: Dfa, wanted: (label: string) => boolean): Set<number> {
  const found = new Set(dfa.labels.flatMap((label, id) => (label !== undefined && wanted(label) ? [id] : [])));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    dfa.next.forEach((row, id) => row.some((to) => found.has(to)) && found.add(id));
  }
  return found;
}

/** The characters of a set, or undefined if there are too many or some are outside ASCII. */
function members(set: CharSet, most: number): string[] | undefined {
  if (set & bit(OTHER_BIT)) return undefined;
  const codes = Array.from({ length: OTHER_BIT }, (_, code) => code).filter((code) => set & bit(code));
  return codes.length > most ? undefined : codes.map((code) => String.fromCharCode(code));
}
