import { celEnv, isCelError, parse, plan, type CelInput, type CelResult } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";

import { isPropertyMap, type PropertyValue } from "../../../protocol/property";
import { ProviderError } from "../../../protocol/provider";

/** Names that an expression may read. */
export type Bindings = Readonly<Record<string, CelInput>>;

/** What an expression came to, or why it came to nothing. */
export type Outcome = { readonly value: CelInput } | { readonly error: string };

type Evaluate = (bindings: Record<string, CelInput>) => CelResult;

const environment = celEnv({ funcs: strings });
const planned = new Map<string, Evaluate>();

/** Why the API server would not take an expression; undefined when it would. */
export function syntaxError(expression: string): string | undefined {
  try {
    parse(expression);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Evaluates an expression.
 *
 * @throws ProviderError when it calls a function that Kubernetes has and this model has not: neither answer would be true.
 */
export function evaluate(expression: string, bindings: Bindings): Outcome {
  let run = planned.get(expression);
  if (run === undefined) {
    run = plan(environment, parse(expression));
    planned.set(expression, run);
  }
  const result = run({ ...bindings });
  if (!isCelError(result)) return { value: result };
  if (result.message.startsWith("unbound function")) {
    throw new ProviderError(
      `the simulated API server cannot evaluate ${JSON.stringify(expression)}: ${result.message}; it has CEL's own functions and its strings extension`,
    );
  }
  // An API server says it in the words of another library.
  return { error: result.message.replace(/^field not found: /, "no such key: ") };
}

/** A value as CEL has it: whole numbers are `int`, and what is null does not exist. */
export function toCel(value: PropertyValue | undefined): CelInput {
  if (value === undefined) return null;
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return (value as readonly PropertyValue[]).map(toCel);
  if (isPropertyMap(value)) {
    const entries = Object.entries(value).filter(([, item]) => item !== null);
    return new Map(entries.map(([key, item]) => [key, toCel(item)]));
  }
  return typeof value === "string" || typeof value === "boolean" ? value : null;
}
