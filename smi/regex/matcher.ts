import type { Anchor } from "../model";
import { parseRegex } from "./parse";
import { printRegex } from "./print";
import { isPlain, RegexSyntaxError } from "./syntax";

const compiled = new Map<string, RegExp>();
const MAX_COMPILED = 2000;

/** Whether RE2 would match the text, by JavaScript's own engine on the translated expression. */
export function matches(pattern: string, anchor: Anchor, text: string): boolean {
  const key = `${anchor}\0${pattern}`;
  let matcher = compiled.get(key);
  if (!matcher) {
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    matcher = new RegExp(`^(?:${toJavaScript(pattern)})${anchor === "full" ? "$" : ""}`, "s");
    compiled.set(key, matcher);
  }
  return matcher.test(text);
}

/** The expression in JavaScript's syntax, with the same alternatives in the same order. */
export function toJavaScript(pattern: string): string {
  return printRegex(parseRegex(pattern));
}

/** What keeps an expression from being RE2, or undefined. */
export function re2Problem(pattern: string): string | undefined {
  if (isPlain(pattern)) return undefined;
  try {
    parseRegex(pattern);
    return undefined;
  } catch (problem) {
    if (problem instanceof RegexSyntaxError) return problem.message;
    throw problem;
  }
}
