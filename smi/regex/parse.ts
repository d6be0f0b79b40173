import {
  ANY,
  bit,
  charSet,
  type CharSet,
  DIGIT,
  foldCase,
  invert,
  POSIX,
  range,
  type Regex,
  RegexSyntaxError,
  setOf,
  SPACE,
  WORD,
} from "./syntax";

/** RE2 refuses counts above this (https://github.com/google/re2/wiki/Syntax). */
const MAX_REPEAT = 1000;

/**
 * Parses an RE2 expression.
 *
 * @throws RegexSyntaxError for what RE2 does not know: lookaround, back references, possessive and atomic groups.
 */
export function parseRegex(source: string): Regex {
  const known = parsed.get(source);
  if (known) return known;
  const regex = new Parser(source).parse();
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(source, regex);
  return regex;
}

/** One expression is asked about many times: whether it is RE2, whether it is a text, what a mesh makes of it. */
const parsed = new Map<string, Regex>();
const MAX_PARSED = 2000;

class Parser {
  private at = 0;
  private ignoreCase = false;

  constructor(private readonly source: string) {}

  parse(): Regex {
    const tree = this.alternation();
    if (this.at < this.source.length) this.fail("an unmatched )");
    if (!repeatsWithin(tree, MAX_REPEAT)) this.fail(`counts inside of counts, together above ${MAX_REPEAT}`);
    return tree;
  }

  private alternation(): Regex {
    const items = [this.sequence()];
    while (this.take("|")) items.push(this.sequence());
    return items.length === 1 ? items[0]! : { type: "alternate", items };
  }

  private sequence(): Regex {
    const items: Regex[] = [];
    while (this.at < this.source.length && !this.peek("|") && !this.peek(")")) items.push(this.repetition());
    if (items.length === 0) return { type: "empty" };
    return items.length === 1 ? items[0]! : { type: "concat", items };
  }

  private repetition(): Regex {
    const item = this.atom();
    const count = this.quantifier();
    if (!count) return item;
    const lazy = this.take("?");
    if (this.peek("+")) this.fail("a possessive quantifier");
    if (this.peek("*") || this.quantifierAhead()) this.fail("a repeated quantifier");
    return { type: "repeat", item, min: count.min, max: count.max, lazy };
  }

  private quantifier(): { min: number; max: number } | undefined {
    if (this.take("*")) return { min: 0, max: Infinity };
    if (this.take("+")) return { min: 1, max: Infinity };
    if (this.take("?")) return { min: 0, max: 1 };
    const braces = this.quantifierAhead();
    if (!braces) return undefined;
    this.at += braces[0].length;
    const min = Number(braces[1]);
    const max = braces[2] === undefined ? min : braces[3] === "" ? Infinity : Number(braces[3]);
    if (max < min) this.fail(`the count ${braces[0]}, whose end is below its start`);
    if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT))
      this.fail(`the count ${braces[0]}, above ${MAX_REPEAT}`);
    return { min, max };
  }

  private quantifierAhead(): RegExpExecArray | null {
    return /^\{(\d+)(,(\d*))?\}/.exec(this.source.slice(this.at));
  }

  private atom(): Regex {
    const char = this.next();
    switch (char) {
      case "(":
        return this.group();
      case "[":
        return { type: "set", set: this.cased(this.charClass()) };
      case ".":
        return { type: "set", set: ANY };
      case "^":
        return { type: "assert", what: "start" };
      case "$":
        return { type: "assert", what: "end" };
      case "*":
      case "+":
      case "?":
        return this.fail(`the quantifier ${char} with nothing before it`);
      case "\\":
        return this.escape();
      default:
        return { type: "set", set: this.cased(this.literal(char)) };
    }
  }

  private group(): Regex {
    const outer = this.ignoreCase;
    if (this.take("?")) {
      const rest = this.source.slice(this.at);
      if (/^<?[=!]/.test(rest)) this.fail(`the lookaround (?${rest.startsWith("<") ? rest.slice(0, 2) : rest[0]}`);
      if (rest.startsWith(">")) this.fail("the atomic group (?>");
      if (/^P[=>]/.test(rest)) this.fail("a back reference");
      const named = /^P?<[A-Za-z_]\w*>/.exec(rest);
      const flags = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
      if (named) this.at += named[0].length;
      else if (flags) {
        this.at += flags[0].length;
        if (flags[1]!.includes("i")) this.ignoreCase = true;
        if (flags[2]?.includes("i")) this.ignoreCase = false;
        // Flags without a body hold to the end of the enclosing group, which restores them.
        if (flags[3] === ")") return { type: "empty" };
      } else this.fail(`the group (?${rest[0] ?? ""}`);
    }
    const inner = this.alternation();
    if (!this.take(")")) this.fail("a ( without )");
    this.ignoreCase = outer;
    return inner;
  }

  private escape(): Regex {
    if (this.at >= this.source.length) this.fail("a trailing \\");
    const char = this.source[this.at]!;
    if (char === "A") return this.skip({ type: "assert", what: "start" });
    if (char === "z") return this.skip({ type: "assert", what: "end" });
    if (char === "b") return this.skip({ type: "assert", what: "boundary" });
    if (char === "B") return this.skip({ type: "assert", what: "inside" });
    if (char === "Q") return this.quoted();
    return { type: "set", set: this.cased(this.escapedSet()) };
  }

  private quoted(): Regex {
    this.at += 1;
    const end = this.source.indexOf("\\E", this.at);
    const text = this.source.slice(this.at, end < 0 ? undefined : end);
    this.at = end < 0 ? this.source.length : end + 2;
    return { type: "concat", items: [...text].map((char) => ({ type: "set", set: this.cased(this.literal(char)) })) };
  }

  /** The characters of an escape, with the reader on the letter after the backslash. */
  private escapedSet(): CharSet {
    const char = this.next();
    const lower = char.toLowerCase();
    if ("dws".includes(lower)) {
      const set = lower === "d" ? DIGIT : lower === "w" ? WORD : SPACE;
      return char === lower ? set : invert(set);
    }
    if (lower === "p") return this.unicodeClass(char === "P");
    if (char === "x") return this.hexadecimal();
    if (char === "0") return bit(0);
    if (/[1-9]/.test(char)) this.fail(`the back reference \\${char}`);
    const control = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }[char];
    if (control !== undefined) return bit(control);
    if (/[A-Za-z]/.test(char)) this.fail(`the escape \\${char}`);
    return this.literal(char);
  }

  private unicodeClass(negated: boolean): CharSet {
    const found = /^(?:\{(\^?)(\w+)\}|([A-Z]))/.exec(this.source.slice(this.at));
    if (!found) return this.fail("an incomplete \\p class");
    this.at += found[0].length;
    const name = found[2] ?? found[3]!;
    for (const property of [name, `Script=${name}`]) {
      try {
        const matcher = new RegExp(`^\\p{${property}}$`, "u");
        const set = setOf((char) => matcher.test(char));
        return negated !== (found[1] === "^") ? invert(set) : set;
      } catch {
        continue;
      }
    }
    return this.fail(`the unknown class \\p{${name}}`);
  }

  private hexadecimal(): CharSet {
    const found = /^(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/.exec(this.source.slice(this.at));
    if (!found) return this.fail("an incomplete \\x escape");
    this.at += found[0].length;
    return this.literal(String.fromCodePoint(Math.min(parseInt(found[1] ?? found[2]!, 16), 0x10ffff)));
  }

  private charClass(): CharSet {
    const negated = this.take("^");
    let set = 0n;
    for (let first = true; first || !this.peek("]"); first = false) {
      if (this.at >= this.source.length) this.fail("a [ without ]");
      set |= this.classItem();
    }
    this.at += 1;
    const cased = this.cased(set);
    return negated ? invert(cased) : cased;
  }

  private classItem(): CharSet {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.source.slice(this.at));
    if (posix) {
      const named = POSIX[posix[2]!];
      if (named === undefined) this.fail(`the unknown class ${posix[0]}`);
      this.at += posix[0].length;
      return posix[1] ? invert(named!) : named!;
    }
    const low = this.classChar();
    const dash = this.peek("-") && this.source[this.at + 1] !== "]" && this.at + 1 < this.source.length;
    if (!dash) return low;
    this.at += 1;
    const [first, last] = [single(low), single(this.classChar())];
    if (first === undefined || last === undefined || last < first) return this.fail("a range that runs backwards");
    return range(first, last);
  }

  private classChar(): CharSet {
    const char = this.next();
    return char === "\\" ? this.escapedSet() : this.literal(char);
  }

  private literal(char: string): CharSet {
    if (char.codePointAt(0)! > 127) {
      this.fail(`the character "${char}", which is percent-encoded on the wire (${encodeURI(char)})`);
    }
    return charSet(char);
  }

  private cased(set: CharSet): CharSet {
    return this.ignoreCase ? foldCase(set) : set;
  }

  private skip(node: Regex): Regex {
    this.at += 1;
    return node;
  }

  private peek(char: string): boolean {
    return this.source[this.at] === char;
  }

  private take(char: string): boolean {
    if (!this.peek(char)) return false;
    this.at += 1;
    return true;
  }

  private next(): string {
    if (this.at >= this.source.length) this.fail("an unfinished expression");
    return this.source[this.at++]!;
  }

  private fail(found: string): never {
    throw new RegexSyntaxError(found);
  }
}

/** RE2 bounds what counts inside of each other make together (re2/parse.cc, RepetitionWalker). */
function repeatsWithin(regex: Regex, most: number): boolean {
  switch (regex.type) {
    case "concat":
    case "alternate":
      return regex.items.every((item) => repeatsWithin(item, most));
    case "repeat": {
      const times = regex.max === Infinity ? regex.min : regex.max;
      const left = times > 0 ? Math.floor(most / times) : most;
      return left > 0 && repeatsWithin(regex.item, left);
    }
    default:
      return true;
  }
}

function single(set: CharSet): number | undefined {
  for (let code = 0; code < 128; code++) if (set === bit(code)) return code;
  return undefined;
}
