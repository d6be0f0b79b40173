import { parseRegex } from "../regex/parse";
import { bit, type CharSet, foldCase, invert, OTHER_BIT, type Regex } from "../regex/syntax";

/** A piece of an expression that Istio's patterns may be able to say. */
export type Token =
  | { readonly type: "char"; readonly char: string }
  /** Any text. */
  | { readonly type: "any" }
  /** One or more characters other than a slash. */
  | { readonly type: "segment" }
  /** The end, as `$`. */
  | { readonly type: "end" };

const MOST_SEQUENCES = 64;
const MOST_REPEATS = 8;
const SLASH = bit(0x2f);

/**
 * The expression as alternatives, each a sequence of tokens, or undefined if it has another part or makes too many.
 * Only a proposal: whoever uses it proves what comes of it.
 *
 * @param foldCase Whether `[aA]` may stand as `a`, for texts that are compared without regard to case.
 */
export function sequencesOf(pattern: string, options: { readonly foldCase?: boolean } = {}): Token[][] | undefined {
  return expand(parseRegex(pattern), options.foldCase ?? false)?.map(joined);
}

function expand(regex: Regex, fold: boolean): Token[][] | undefined {
  switch (regex.type) {
    case "empty":
      return [[]];
    case "set":
      return charsOf(regex.set, fold)?.map((char) => [{ type: "char", char }]);
    case "assert":
      // A `^` anywhere but at the start makes a proposal that is not proved.
      return regex.what === "start" ? [[]] : regex.what === "end" ? [[{ type: "end" }]] : undefined;
    case "concat":
      return product(
        regex.items.map((item) => expand(item, fold)),
        MOST_SEQUENCES,
      );
    case "alternate": {
      const all = regex.items.map((item) => expand(item, fold));
      return all.includes(undefined) ? undefined : limited(all.flatMap((sequences) => sequences!));
    }
    case "repeat":
      return repeat(regex, fold);
  }
}

function repeat({ item, min, max }: Extract<Regex, { type: "repeat" }>, fold: boolean): Token[][] | undefined {
  if (max === Infinity) {
    const everything = item.type === "set" && isAny(item.set);
    if (everything && min === 0) return [[{ type: "any" }]];
    if (item.type !== "set" || !isAny(item.set | SLASH) || everything) return undefined;
    if (min === 0) return [[], [{ type: "segment" }]];
    return min === 1 ? [[{ type: "segment" }]] : undefined;
  }
  if (max > MOST_REPEATS) return undefined;
  const counts = Array.from({ length: max - min + 1 }, (_, i) => min + i);
  const once = expand(item, fold);
  const all = counts.map((count) =>
    product(
      Array.from({ length: count }, () => once),
      MOST_SEQUENCES,
    ),
  );
  return all.includes(undefined) ? undefined : limited(all.flatMap((sequences) => sequences!));
}

/** Whether a set has every character that a person means by "any": the printable ones that a path may have, and `/`. */
function isAny(set: CharSet): boolean {
  const letters = [...(TEMPLATE_CHARACTERS + "/")].every((char) => set & bit(char.charCodeAt(0)));
  return letters && (set & SLASH) !== 0n;
}

/** What the templates `{*}` and `{**}` match, beside the slash of the latter (envoy, source/extensions/path/uri_template_lib). */
export const TEMPLATE_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()+,;:@=";

function charsOf(set: CharSet, fold: boolean): string[] | undefined {
  if (set & bit(OTHER_BIT)) return undefined;
  const codes = Array.from({ length: OTHER_BIT }, (_, code) => code).filter((code) => set & bit(code));
  const chars = codes.map((code) => String.fromCharCode(code));
  if (chars.length > MOST_SEQUENCES) return undefined;
  if (!fold) return chars;
  return (foldCase(set) & invert(set)) === 0n ? [...new Set(chars.map((char) => char.toLowerCase()))] : chars;
}

function product(parts: readonly (Token[][] | undefined)[], most: number): Token[][] | undefined {
  let found: Token[][] = [[]];
  for (const part of parts) {
    if (!part || found.length * part.length > most) return undefined;
    found = found.flatMap((head) => part.map((tail) => [...head, ...tail]));
  }
  return found;
}

function limited(sequences: Token[][]): Token[][] | undefined {
  return sequences.length > MOST_SEQUENCES ? undefined : sequences;
}

/** Any text twice is any text. */
function joined(tokens: readonly Token[]): Token[] {
  return tokens.filter((token, i) => !(token.type === "any" && tokens[i - 1]?.type === "any"));
}
