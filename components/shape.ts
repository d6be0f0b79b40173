import { z } from "zod";

import { didYouMean, type Problem } from "./problem";

/**
 * Parses an input, with everything that is wrong with its shape in the words of `Problem`.
 *
 * @param locate turns the path within the input into the path that a user knows
 * @returns the value too, when unknown keys are all that is wrong, so that what else is wrong can be found with them
 */
export function parseShape<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  locate: (path: string) => string = (path) => path,
): { value: z.output<Schema> | undefined; problems: Problem[] } {
  const result = schema.safeParse(input, { reportInput: true, error: allowedKeysAsMessage });
  if (result.success) return { value: result.data, problems: [] };
  const { issues } = result.error;
  return {
    value: schema.safeParse(withoutUnknownKeys(input, issues)).data,
    problems: issues.flatMap((issue) => problemsOf(issue, locate)),
  };
}

function withoutUnknownKeys(input: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const pruned: unknown = structuredClone(input);
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const holder = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], pruned);
    for (const key of issue.keys) delete (holder as Record<string, unknown>)[key];
  }
  return pruned;
}

/** An issue about an unknown key says which keys are known only while it is raised: its message keeps them. */
function allowedKeysAsMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "unrecognized_keys") return undefined;
  const keys = knownKeys(issue.inst);
  return keys === undefined ? undefined : [...keys].sort().join(", ");
}

function knownKeys(inst: unknown): readonly string[] | undefined {
  if (inst instanceof z.ZodObject) return Object.keys(inst.shape);
  if (inst instanceof z.ZodRecord && inst.keyType instanceof z.ZodEnum) return inst.keyType.options.map(String);
  return undefined;
}

function problemsOf(issue: z.core.$ZodIssue, locate: (path: string) => string): Problem[] {
  const path = locate(join(issue.path));
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(locate(join([...issue.path, key])), key, issue.message));
    case "invalid_value": {
      const allowed = issue.values.map((value) => JSON.stringify(value));
      return [{ path, ...found(issue), allowed: allowed.length === 1 ? allowed[0]! : `one of ${allowed.join(", ")}` }];
    }
    case "invalid_type":
      return [
        {
          path,
          ...found(issue),
          allowed: issue.message.startsWith("Invalid input") ? article(issue.expected) : issue.message,
        },
      ];
    case "invalid_union":
      return [{ path, ...foundIn(issue), allowed: unionOptions(issue) }];
    case "invalid_key":
      return issue.issues.map((inner) => ({ path, found: issue.path.at(-1), allowed: `a key of ${inner.message}` }));
    case "too_small":
      return [
        { path, ...found(issue), allowed: `${issue.origin === "array" ? "a list of " : ""}at least ${issue.minimum}` },
      ];
    case "too_big":
      return [
        { path, ...found(issue), allowed: `${issue.origin === "array" ? "a list of " : ""}at most ${issue.maximum}` },
      ];
    default:
      return [{ path, ...found(issue), allowed: issue.message }];
  }
}

function unknownKey(path: string, key: string, allowed: string): Problem {
  const hint = didYouMean(key, allowed.split(", "));
  return { path, found: key, allowed: `one of ${allowed}`, ...(hint !== undefined && { next: hint }) };
}

function found(issue: z.core.$ZodIssue): { found?: unknown } {
  return issue.input === undefined ? {} : { found: issue.input };
}

/** Of a value that is told apart by one of its fields, that field. */
function foundIn(issue: z.core.$ZodIssueInvalidUnion): { found?: unknown } {
  const { input, discriminator } = issue;
  if (discriminator === undefined || typeof input !== "object" || input === null) return found(issue);
  const value = (input as Record<string, unknown>)[discriminator];
  return value === undefined ? {} : { found: value };
}

function unionOptions(issue: z.core.$ZodIssueInvalidUnion): string {
  const options = "options" in issue && Array.isArray(issue.options) ? issue.options : [];
  return options.length === 0
    ? "one of the documented forms"
    : `one of ${options.map((option) => JSON.stringify(option)).join(", ")}`;
}

function article(expected: string): string {
  if (expected === "record" || expected === "object") return "an object";
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function join(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`))
    .join("");
}
