/**
 * Sets of characters as bit masks: bits 0 to 127 are ASCII, bit 128 stands for every other character. Paths and header
 * values are ASCII on the wire; the last bit keeps proofs true for proxies that let raw UTF-8 pass.
 */
export type CharSet = bigint;

export const OTHER_BIT = 128;
// Made once: shifting a bigint for each question would dominate the analysis.
const BITS: readonly CharSet[] = Array.from({ length: OTHER_BIT + 1 }, (_, code) => 1n << BigInt(code));
const ALL: CharSet = (1n << 129n) - 1n;
/** What `.` matches. Line breaks cannot occur in a path or a header value. */
export const ANY: CharSet = ALL & ~bit(0x0a);

/** A parsed RE2 expression. Groups are dissolved; whether they capture does not matter here. */
export type Regex =
  | { readonly type: "empty" }
  | { readonly type: "set"; readonly set: CharSet }
  | { readonly type: "concat"; readonly items: readonly Regex[] }
  | { readonly type: "alternate"; readonly items: readonly Regex[] }
  | {
      readonly type: "repeat";
      readonly item: Regex;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    }
  | { readonly type: "assert"; readonly what: "start" | "end" | "boundary" | "inside" };

/** Not RE2: the message says which construct was found, and what to write instead. */
export class RegexSyntaxError extends Error {}

/** The set of one ASCII character, or with `OTHER_BIT` of all others. */
export function bit(code: number): CharSet {
  return BITS[code]!;
}

export function range(first: number, last: number): CharSet {
  return ((1n << BigInt(last - first + 1)) - 1n) << BigInt(first);
}

export function invert(set: CharSet): CharSet {
  return ALL & ~set;
}

/** The set of one character; characters outside ASCII share a bit, so the parser refuses them. */
export function charSet(char: string): CharSet {
  return bit(char.charCodeAt(0));
}

/** Adds the other case of each letter. */
export function foldCase(set: CharSet): CharSet {
  let folded = set;
  for (let code = 65; code <= 90; code++) {
    if (set & (bit(code) | bit(code + 32))) folded |= bit(code) | bit(code + 32);
  }
  return folded;
}

/** The set of characters that a one-character JavaScript expression matches, for Unicode classes. */
export function setOf(matches: (char: string) => boolean): CharSet {
  let set = 0n;
  for (let code = 0; code < OTHER_BIT; code++) if (matches(String.fromCharCode(code))) set |= bit(code);
  return set;
}

export const DIGIT = range(48, 57);
export const WORD = DIGIT | range(65, 90) | range(97, 122) | bit(95);
export const SPACE = bit(32) | bit(9) | bit(10) | bit(12) | bit(13);

/** POSIX classes of RE2, as in `[[:alpha:]]`. */
export const POSIX: Readonly<Record<string, CharSet>> = {
  alnum: DIGIT | range(65, 90) | range(97, 122),
  alpha: range(65, 90) | range(97, 122),
  ascii: range(0, 127),
  blank: bit(9) | bit(32),
  cntrl: range(0, 31) | bit(127),
  digit: DIGIT,
  graph: range(33, 126),
  lower: range(97, 122),
  print: range(32, 126),
  punct: range(33, 47) | range(58, 64) | range(91, 96) | range(123, 126),
  space: SPACE | bit(11),
  upper: range(65, 90),
  word: WORD,
  xdigit: DIGIT | range(65, 70) | range(97, 102),
};

const PLAIN = /^[A-Za-z0-9/_~!@#%&=:;,<>"'` -]+$/;

/** Whether an expression has only characters that stand for themselves wherever they are: most paths, without a parser. */
export function isPlain(pattern: string): boolean {
  return PLAIN.test(pattern);
}

/** Escapes a literal so that it is an expression for itself, in RE2, Rust and JavaScript alike. */
export function escapeRegex(literal: string): string {
  return literal.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}
