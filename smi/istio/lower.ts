import type { Language } from "../regex/automaton";
import { compareLanguages } from "../regex/difference";
import { commonPrefix, enumerate, type Enumeration } from "../regex/enumerate";
import { literalOf } from "../regex/literal";
import type { Domain } from "../regex/partition";
import { bit, type CharSet, escapeRegex } from "../regex/syntax";
import { sequencesOf, TEMPLATE_CHARACTERS, type Token } from "./candidates";

/**
 * An expression as a list of Istio's own patterns: exact text, `text*`, `*text`, and for paths the templates `{*}` and
 * `{**}` (https://istio.io/latest/docs/reference/config/security/authorization-policy/).
 */
export type Lowering =
  | {
      readonly ok: true;
      /** Alternatives; `every` if there is nothing to restrict, empty if nothing matches. */
      readonly values: readonly string[] | "every";
      /** Something that the expression admits and the patterns deny. */
      readonly narrowed?: string;
    }
  | { readonly ok: false };

/** Alternatives of one expression; more are refused. */
const MOST_VALUES = 64;
const EVERYTHING: Language = { pattern: ".*", anchor: "full" };
/** Where templates are exact: characters outside of these, they never match. */
const TEMPLATE_SET: CharSet = [...TEMPLATE_CHARACTERS, "/"].reduce((set, char) => set | bit(char.charCodeAt(0)), 0n);

const TEMPLATE_CLASS = escapeRegex(TEMPLATE_CHARACTERS).replace(/-/g, "\\-");
const LITERAL = new RegExp(`^[${TEMPLATE_CLASS}]+$`);

/** One of Istio's patterns, with the expression that says the same. */
interface Pattern {
  readonly value: string;
  readonly regex: string;
  readonly template: boolean;
}

const lowered = new Map<string, Lowering>();
const MOST_REMEMBERED = 2000;

/** The path, compared without its query. Every path starts with a slash. */
export function lowerPath(language: Language): Lowering {
  return lower(language, "path");
}

/** The value of a header. */
export function lowerValue(pattern: string): Lowering {
  return lower({ pattern, anchor: "full" }, "value");
}

/** A host name, which Istio compares without regard to case. */
export function lowerHost(pattern: string): Lowering {
  const language: Language = { pattern, anchor: "full" };
  if (isEvery(language, "value")) return { ok: true, values: ["*"] };
  const sequences = sequencesOf(pattern, { foldCase: true });
  const found = sequences?.map((tokens) => simple(withAnchor(tokens, "full") ?? [], "value"));
  if (!found || found.includes(undefined)) return { ok: false };
  const patterns = unique(found.map((each) => ({ ...each!, regex: `(?i:${each!.regex})` })));
  const difference = compareLanguages(language, union(patterns), "value");
  const equal = difference && difference.onlyFirst === undefined && difference.onlySecond === undefined;
  return equal ? { ok: true, values: patterns.map(({ value }) => value) } : { ok: false };
}

/**
 * The smallest prefix that contains all paths of a language, and a path that it admits beside them.
 *
 * @returns undefined if nothing can be proved about the language.
 */
export function widenPath(
  language: Language,
): { readonly value: string | "every"; readonly witness: string } | undefined {
  const common = commonPrefix(language, "path");
  if (common === undefined) return undefined;
  const prefix = common.replace(/[{}].*$/, "");
  const difference = compareLanguages(language, { pattern: escapeRegex(prefix), anchor: "start" }, "path");
  if (difference?.onlySecond === undefined || difference.onlyFirst !== undefined) return undefined;
  return { value: prefix === "" || prefix === "/" ? "every" : `${prefix}*`, witness: difference.onlySecond };
}

/** Many rules have the same expressions, and a proof takes a millisecond. */
function lower(language: Language, domain: Domain): Lowering {
  const key = `${domain} ${language.anchor} ${language.pattern}`;
  const known = lowered.get(key);
  if (known) return known;
  if (lowered.size >= MOST_REMEMBERED) lowered.clear();
  const found = fromLiteral(language, domain) ?? fromList(language, domain) ?? propose(language, domain);
  lowered.set(key, found);
  return found;
}

/** The common case, in which nothing needs a proof: one text, or all that starts with it. */
function fromLiteral({ pattern, anchor }: Language, domain: Domain): Lowering | undefined {
  const text = literalOf(pattern);
  if (text === undefined || (domain === "path" && !text.startsWith("/"))) return undefined;
  return said({ exact: anchor === "full" ? [text] : [], prefixes: anchor === "full" ? [] : [text] }, domain);
}

/** Finitely many texts and prefixes, read off the automaton. */
function fromList(language: Language, domain: Domain): Lowering | undefined {
  const list = enumerate(language, domain, MOST_VALUES);
  return list && said(list, domain);
}

/** A text of a finite list is no template and no suffix: if one cannot be said, the language cannot. */
function said({ exact: texts, prefixes }: Enumeration, domain: Domain): Lowering {
  if (prefixes.some((text) => text === "" || (domain === "path" && text === "/"))) return { ok: true, values: "every" };
  const patterns = [...texts.map(exact), ...prefixes.map(prefix)];
  return patterns.every((pattern) => pattern && isSayable(pattern, domain))
    ? { ok: true, values: patterns.map((pattern) => pattern!.value) }
    : { ok: false };
}

/** Patterns read off the expression's own form, and proved to say the same. */
function propose(language: Language, domain: Domain): Lowering {
  const sequences = sequencesOf(language.pattern)?.map((tokens) => withAnchor(tokens, language.anchor));
  const found = sequences?.map((tokens) => tokens && patternsOf(tokens, domain));
  if (!found || found.includes(undefined)) return { ok: false };
  const patterns = unique(found.flatMap((each) => each!));
  if (patterns.length > MOST_VALUES) return { ok: false };
  const difference = compareLanguages(language, union(patterns), domain);
  if (!difference || difference.onlySecond !== undefined) return { ok: false };
  const values = patterns.map(({ value }) => value);
  if (difference.onlyFirst === undefined) return { ok: true, values };
  const inside = compareLanguages(language, union(patterns), domain, TEMPLATE_SET);
  if (!patterns.some(({ template }) => template) || inside?.onlyFirst !== undefined) return { ok: false };
  return { ok: true, values, narrowed: difference.onlyFirst };
}

/** The tokens up to the end of the text; what follows the match is free if the anchor is `start`. */
function withAnchor(tokens: readonly Token[], anchor: Language["anchor"]): Token[] | undefined {
  const end = tokens.findIndex(({ type }) => type === "end");
  if (end >= 0) return tokens.slice(end).every(({ type }) => type === "end") ? tokens.slice(0, end) : undefined;
  return anchor === "full" || tokens.at(-1)?.type === "any" ? [...tokens] : [...tokens, { type: "any" }];
}

/** The first form of a sequence that says all of it; a template only if nothing else does. */
function patternsOf(tokens: readonly Token[], domain: Domain): Pattern[] | undefined {
  const plain = simple(tokens, domain);
  if (plain) {
    const whole: Language = { pattern: tokens.map(regexOf).join(""), anchor: "full" };
    const difference = compareLanguages(whole, union([plain]), domain);
    if (difference && difference.onlyFirst === undefined && difference.onlySecond === undefined) return [plain];
  }
  return domain === "path" ? templates(tokens) : undefined;
}

function simple(tokens: readonly Token[], domain: Domain): Pattern | undefined {
  // On a path, `/.*x` is what ends in x: the slash is always there.
  const body = domain === "path" && isChar(tokens[0], "/") && tokens[1]?.type === "any" ? tokens.slice(1) : tokens;
  const texts = body.map((token) => (token.type === "char" ? token.char : undefined));
  const [first, last] = [body[0]?.type === "any", body.at(-1)?.type === "any"];
  const inner = texts.slice(first ? 1 : 0, last && body.length > 1 ? -1 : undefined);
  if (inner.includes(undefined) || (first && last && body.length > 1)) return undefined;
  const text = inner.join("");
  const pattern = first ? suffix(text) : last ? prefix(text) : exact(text);
  return pattern && isSayable(pattern, domain) ? pattern : undefined;
}

function exact(text: string): Pattern | undefined {
  return /^\*|\*$/.test(text) || text === "" ? undefined : { value: text, regex: escapeRegex(text), template: false };
}

function prefix(text: string): Pattern | undefined {
  if (text === "") return { value: "*", regex: ".*", template: false };
  return text.startsWith("*") ? undefined : { value: `${text}*`, regex: `${escapeRegex(text)}.*`, template: false };
}

function suffix(text: string): Pattern | undefined {
  if (text === "") return { value: "*", regex: ".*", template: false };
  return { value: `*${text}`, regex: `.*${escapeRegex(text)}`, template: false };
}

/** In a path, braces are only known as templates. */
function isSayable({ value }: Pattern, domain: Domain): boolean {
  return domain === "value" || !/[{}]/.test(value);
}

/** Segments, of which each is a text, `{*}`, or at the end `{**}`. */
function templates(tokens: readonly Token[]): Pattern[] | undefined {
  const text = tokens
    .map((token) => (token.type === "char" ? token.char : token.type === "segment" ? "{*}" : "{**}"))
    .join("");
  // `{*}` and then anything is one segment, or one with more below it.
  const values = text.endsWith("{*}{**}") ? [text.slice(0, -4), `${text.slice(0, -4)}/{**}`] : [text];
  return values.every(isTemplate)
    ? values.map((value) => ({ value, regex: regexOfTemplate(value), template: true }))
    : undefined;
}

/** What Istio's validation takes as a template (https://github.com/istio/istio, pkg/config/security). */
function isTemplate(value: string): boolean {
  const segments = value.replace(/^\//, "").replace(/\/$/, "").split("/");
  const any = segments.indexOf("{**}");
  return (
    value.startsWith("/") &&
    segments.every((segment) => segment === "{*}" || segment === "{**}" || LITERAL.test(segment)) &&
    (any < 0 || !segments.slice(any + 1).some((segment) => segment.startsWith("{")))
  );
}

function regexOfTemplate(value: string): string {
  return value
    .split(/(\{\*{1,2}\})/)
    .map((part) =>
      part === "{*}" ? `[${TEMPLATE_CLASS}]+` : part === "{**}" ? `[${TEMPLATE_CLASS}/]*` : escapeRegex(part),
    )
    .join("");
}

function regexOf(token: Token): string {
  if (token.type === "char") return escapeRegex(token.char);
  return token.type === "any" ? ".*" : "[^/]+";
}

function isEvery(language: Language, domain: Domain): boolean {
  const difference = compareLanguages(language, EVERYTHING, domain);
  return difference !== undefined && difference.onlyFirst === undefined && difference.onlySecond === undefined;
}

function isChar(token: Token | undefined, char: string): boolean {
  return token?.type === "char" && token.char === char;
}

function union(patterns: readonly Pattern[]): Language {
  return { pattern: patterns.map(({ regex }) => `(?:${regex})`).join("|") || "[^\\s\\S]", anchor: "full" };
}

function unique(patterns: readonly Pattern[]): Pattern[] {
  return [...new Map(patterns.map((pattern) => [pattern.value, pattern])).values()];
}
