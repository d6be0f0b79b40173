import { parseRegex } from "./parse";
import { isPlain } from "./syntax";

/** The one text that an expression matches, or undefined. */
export function literalOf(pattern: string): string | undefined {
  if (isPlain(pattern)) return pattern;
  const regex = parseRegex(pattern);
  const items = regex.type === "concat" ? regex.items : [regex];
  const chars = items.map((item) => (item.type === "set" ? charOf(item.set) : undefined));
  return chars.includes(undefined) ? undefined : chars.join("");
}

function charOf(set: bigint): string | undefined {
  if (set === 0n || (set & (set - 1n)) !== 0n) return undefined;
  const code = set.toString(2).length - 1;
  return code < 127 && code >= 32 ? String.fromCharCode(code) : undefined;
}
