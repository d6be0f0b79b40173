import { ANY, bit, type CharSet, escapeRegex, invert, OTHER_BIT, type Regex } from "./syntax";

/** The expression as text that RE2, Rust's regex and JavaScript read alike. */
export function printRegex(regex: Regex): string {
  return print(regex, "alternate");
}

type Context = "alternate" | "concat" | "repeat";

function print(regex: Regex, context: Context): string {
  switch (regex.type) {
    case "empty":
      return context === "repeat" ? "(?:)" : "";
    case "set":
      return printSet(regex.set);
    case "assert":
      return group({ start: "^", end: "$", boundary: "\\b", inside: "\\B" }[regex.what], context === "repeat");
    case "concat":
      return group(regex.items.map((item) => print(item, "concat")).join(""), context === "repeat");
    case "alternate":
      return group(regex.items.map((item) => print(item, "alternate")).join("|"), context !== "alternate");
    case "repeat": {
      const text = print(regex.item, "repeat") + quantifier(regex.min, regex.max) + (regex.lazy ? "?" : "");
      return group(text, context === "repeat");
    }
  }
}

function group(text: string, needed: boolean): string {
  return needed ? `(?:${text})` : text;
}

function quantifier(min: number, max: number): string {
  if (max === Infinity) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`;
  if (min === 0 && max === 1) return "?";
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

function printSet(set: CharSet): string {
  if (set === ANY) return ".";
  // Only a negated class can contain the characters outside ASCII.
  const negated = (set & bit(OTHER_BIT)) !== 0n;
  const members = codes(negated ? invert(set) & ~bit(0x0a) : set);
  if (!negated && members.length === 1) return escapeRegex(printable(members[0]!));
  if (members.length === 0) return negated ? "." : "[^\\s\\S]";
  return `[${negated ? "^" : ""}${ranges(members)}]`;
}

function codes(set: CharSet): number[] {
  return Array.from({ length: OTHER_BIT }, (_, code) => code).filter((code) => set & bit(code));
}

function ranges(members: readonly number[]): string {
  let text = "";
  for (let index = 0; index < members.length;) {
    let end = index;
    while (members[end + 1] === members[end]! + 1) end += 1;
    const [first, last] = [classChar(members[index]!), classChar(members[end]!)];
    text += end - index < 2 ? first + (end > index ? last : "") : `${first}-${last}`;
    index = end + 1;
  }
  return text;
}

function printable(code: number): string {
  return code < 32 || code === 127 ? hex(code) : String.fromCharCode(code);
}

/** Rust reads `&&`, `--` and `~~` inside a class as set operations, hence the escapes of `&` and `~`. */
function classChar(code: number): string {
  if (code < 32 || code === 127) return hex(code);
  const char = String.fromCharCode(code);
  return "\\]^[-&~".includes(char) ? `\\${char}` : char;
}

function hex(code: number): string {
  return `\\x${code.toString(16).padStart(2, "0")}`;
}
