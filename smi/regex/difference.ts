import { compile, type Language } from "./automaton";
import { explore, type Dfa, type Domain } from "./partition";
import { bit, type CharSet, OTHER_BIT } from "./syntax";

/** How two languages differ, with the shortest examples. Both absent: they are equal. */
export interface Difference {
  /** A string of the first that the second lacks. */
  readonly onlyFirst?: string;
  /** A string of the second that the first lacks. */
  readonly onlySecond?: string;
}

/**
 * Proves two languages equal, or shows a string of the difference.
 *
 * @param within Only strings of these characters are compared. Default: all.
 * @returns undefined if nothing can be proved: word boundaries, or too large.
 */
export function compareLanguages(
  first: Language,
  second: Language,
  domain: Domain,
  within?: CharSet,
): Difference | undefined {
  const nfas = [compile(first), compile(second)].filter((nfa) => nfa !== undefined);
  const dfa = nfas.length === 2 ? explore(nfas, domain) : undefined;
  if (!dfa) return undefined;
  const [onlyFirst, onlySecond] = [shortest(dfa, "10", within), shortest(dfa, "01", within)];
  return { ...(onlyFirst === undefined ? {} : { onlyFirst }), ...(onlySecond === undefined ? {} : { onlySecond }) };
}

/** The shortest string that leads to a state with the label, by breadth. */
function shortest(dfa: Dfa, label: string, within?: CharSet): string | undefined {
  const seen = new Set([0]);
  const pending: { readonly id: number; readonly text: string }[] = [{ id: 0, text: "" }];
  for (let at = pending.shift(); at; at = pending.shift()) {
    if (dfa.labels[at.id] === label) return at.text;
    for (const [i, to] of dfa.next[at.id]!.entries()) {
      const chars = within === undefined ? dfa.classes[i]! : dfa.classes[i]! & within;
      if (to < 0 || seen.has(to) || chars === 0n) continue;
      seen.add(to);
      pending.push({ id: to, text: at.text + readable(chars) });
    }
  }
  return undefined;
}

const READABLE = "abcdefghijklmnopqrstuvwxyz0123456789/-_.ABCDEFGHIJKLMNOPQRSTUVWXYZ*=~!$&'()+,;:@%|^`{}<>[]#?\"\\ ";

/** The character of the set that reads best in a message. */
function readable(set: CharSet): string {
  const found = [...READABLE].find((char) => set & bit(char.charCodeAt(0)));
  if (found !== undefined) return found;
  for (let code = 0; code < OTHER_BIT; code++) if (set & bit(code)) return String.fromCharCode(code);
  return "\u00e9";
}
