import { isPropertyMap, Secret, Unknown, type PropertyValue } from "../../protocol/property";
import type { CheckFailure } from "../../protocol/provider";
import { joinPath } from "../paths";
import { nearest } from "../schema";
import { peek } from "./values";

/** What a value may look like: an object with known fields, a map of strings, or anything. */
export type Shape = ObjectShape | "strings" | "any";

export interface ObjectShape {
  readonly fields: Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
}

/**
 * An object from a list of its fields; `!` marks a required one. Fields named in `nested` have that shape, also as the
 * items of a list; the others may hold anything.
 */
export function shape(fields: string, nested: Readonly<Record<string, Shape>> = {}): ObjectShape {
  const names = fields.split(" ");
  return {
    fields: Object.fromEntries(
      names.map((name) => name.replace("!", "")).map((name) => [name, nested[name] ?? "any"] as const),
    ),
    required: names.filter((name) => name.endsWith("!")).map((name) => name.slice(0, -1)),
  };
}

/**
 * Problems of an object in the API server's words: unknown fields as its strict decoding reports them, required fields
 * as its validation does. Unknown values are right wherever they stand.
 *
 * @param invalid What a failed validation starts with, e.g. `Deployment.apps "web" is invalid`.
 */
export function checkShape(value: PropertyValue | undefined, wanted: Shape, invalid: string): CheckFailure[] {
  return [...problems(value, wanted, "", invalid)];
}

function* problems(
  wrapped: PropertyValue | undefined,
  wanted: Shape,
  path: string,
  invalid: string,
): Generator<CheckFailure> {
  const value = peek(wrapped);
  if (value === undefined || value === null || value instanceof Unknown || wanted === "any") return;

  if (wanted === "strings") {
    for (const [key, item] of isPropertyMap(value) ? Object.entries(value) : []) {
      const known = peek(item);
      if (known === undefined || known === null || typeof known === "string" || known instanceof Unknown) continue;
      const property = joinPath(path, key);
      yield {
        property,
        reason: `strict decoding error: json: cannot unmarshal ${jsonType(known)} into ${property} of type string`,
      };
    }
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly PropertyValue[]).entries()) {
      yield* problems(item, wanted, joinPath(path, index), invalid);
    }
    return;
  }
  if (!isPropertyMap(value)) {
    yield {
      property: path,
      reason: `strict decoding error: json: cannot unmarshal ${jsonType(value)} into ${path} of type object`,
    };
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const inner = wanted.fields[key];
    if (inner !== undefined) yield* problems(item, inner, joinPath(path, key), invalid);
    else {
      const field = joinPath(path, key);
      yield { property: field, reason: `strict decoding error: unknown field "${field}"${suggestion(key, wanted)}` };
    }
  }
  for (const name of wanted.required) {
    if (value[name] !== undefined && value[name] !== null) continue;
    const field = joinPath(path, name);
    yield { property: field, reason: `${invalid}: ${field}: Required value` };
  }
}

function suggestion(key: string, { fields }: ObjectShape): string {
  const near = nearest(key, Object.keys(fields));
  return near === undefined ? "" : ` (did you mean "${near}"?)`;
}

function jsonType(value: PropertyValue): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return isPropertyMap(value) || value instanceof Secret ? "object" : typeof value;
}
