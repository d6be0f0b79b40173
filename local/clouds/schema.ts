import { distance } from "fastest-levenshtein";

import {
  containsSecret,
  containsUnknown,
  encodeValue,
  isPropertyMap,
  ResourceReference,
  Secret,
  Unknown,
  unwrapSecrets,
  type PropertyMap,
  type PropertyValue,
} from "../protocol/property";
import type { CheckFailure } from "../protocol/provider";
import { joinPath } from "./paths";

interface Options {
  /** A resource without it is refused by Check. */
  readonly required?: boolean;
  /** Changing it replaces the resource. */
  readonly immutable?: boolean;
  /** What Check fills in where it is absent. */
  readonly default?: PropertyValue;
}

interface StringOptions extends Options {
  readonly oneOf?: readonly string[];
  /** What the text must look like, and the same in words. */
  readonly pattern?: { readonly test: RegExp; readonly allowed: string };
}

interface NumberOptions extends Options {
  readonly minimum?: number;
  readonly maximum?: number;
}

interface ListOptions extends Options {
  /** Order does not matter, as in the sets of Terraform. */
  readonly set?: boolean;
}

/** What a property may hold. */
export type PropertySchema =
  | ({ readonly kind: "string" } & StringOptions)
  | ({ readonly kind: "number" } & NumberOptions)
  | ({ readonly kind: "boolean" } & Options)
  | ({ readonly kind: "list"; readonly items: PropertySchema } & ListOptions)
  | ({ readonly kind: "map"; readonly values: PropertySchema } & Options)
  | ({ readonly kind: "object"; readonly properties: Properties } & Options)
  /** JSON text; an object is accepted and becomes text. Compared by meaning. */
  | ({ readonly kind: "json" } & Options)
  | ({ readonly kind: "any" } & Options);

export type Properties = Readonly<Record<string, PropertySchema>>;

export const string = (options: StringOptions = {}): PropertySchema => ({ kind: "string", ...options });
export const number = (options: NumberOptions = {}): PropertySchema => ({ kind: "number", ...options });
export const boolean = (options: Options = {}): PropertySchema => ({ kind: "boolean", ...options });
export const json = (options: Options = {}): PropertySchema => ({ kind: "json", ...options });
export const anything = (options: Options = {}): PropertySchema => ({ kind: "any", ...options });
export const object = (properties: Properties, options: Options = {}): PropertySchema => ({
  kind: "object",
  properties,
  ...options,
});
export const list = (items: PropertySchema = string(), options: ListOptions = {}): PropertySchema => ({
  kind: "list",
  items,
  ...options,
});
export const map = (values: PropertySchema = string(), options: Options = {}): PropertySchema => ({
  kind: "map",
  values,
  ...options,
});

/** Several properties of one schema. */
export function each(schema: PropertySchema, ...names: readonly string[]): Properties {
  return Object.fromEntries(names.map((name) => [name, schema]));
}

/** What Check answers for these inputs: defaults filled in, nulls and references resolved, every problem named. */
export function checkProperties(
  properties: Properties,
  inputs: PropertyMap,
  what: string,
): { readonly inputs: PropertyMap; readonly failures: readonly CheckFailure[] } {
  const failures: CheckFailure[] = [];
  return { inputs: checkObject(properties, inputs, "", { what, failures, secret: false }), failures };
}

interface Walk {
  readonly what: string;
  readonly failures: CheckFailure[];
  /** Inside a secret, where no value may be shown. */
  readonly secret: boolean;
}

function checkObject(properties: Properties, inputs: PropertyMap, path: string, walk: Walk): PropertyMap {
  const checked: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(inputs)) {
    if (value === null) continue;
    const schema = properties[name];
    const at = joinPath(path, name);
    if (schema === undefined) {
      const known = nearest(name, Object.keys(properties));
      const hint =
        known === undefined ? `known: ${Object.keys(properties).sort().join(", ")}` : `did you mean "${known}"?`;
      walk.failures.push({ property: at, reason: `${walk.what} has no property "${at}"; ${hint}` });
      continue;
    }
    checked[name] = checkValue(schema, value, at, walk);
  }
  for (const [name, schema] of Object.entries(properties)) {
    if (checked[name] !== undefined || (inputs[name] ?? null) !== null) continue;
    if (schema.default !== undefined) checked[name] = schema.default;
    else if (schema.required === true) {
      const at = joinPath(path, name);
      walk.failures.push({ property: at, reason: `${walk.what} needs the property "${at}"` });
    }
  }
  return checked;
}

function checkValue(schema: PropertySchema, value: PropertyValue, path: string, walk: Walk): PropertyValue {
  if (value instanceof Unknown) return value;
  if (value instanceof Secret) return new Secret(checkValue(schema, value.value, path, { ...walk, secret: true }));
  if (value instanceof ResourceReference) return checkValue(schema, value.id ?? value.urn, path, walk);
  const problem = (allowed: string): PropertyValue => {
    const found = walk.secret ? "[secret]" : describe(value);
    walk.failures.push({ property: path, reason: `"${path}" of ${walk.what} is ${found}; allowed: ${allowed}` });
    return value;
  };
  switch (schema.kind) {
    case "string":
      if (typeof value !== "string") return problem("a text");
      if (schema.oneOf !== undefined && !schema.oneOf.includes(value))
        return problem(`one of ${schema.oneOf.join(", ")}`);
      if (schema.pattern !== undefined && !schema.pattern.test.test(value)) return problem(schema.pattern.allowed);
      return value;
    case "number": {
      if (typeof value !== "number") return problem("a number");
      const { minimum = -Infinity, maximum = Infinity } = schema;
      if (value >= minimum && value <= maximum) return value;
      return problem(
        maximum === Infinity
          ? `${minimum} or more`
          : minimum === -Infinity
            ? `at most ${maximum}`
            : `${minimum} to ${maximum}`,
      );
    }
    case "boolean":
      return typeof value === "boolean" ? value : problem("true or false");
    case "list":
      if (!Array.isArray(value)) return problem("a list");
      return value.map((item: PropertyValue, index) => checkValue(schema.items, item, joinPath(path, index), walk));
    case "map":
      if (!isPropertyMap(value)) return problem("a map");
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, item]) => item !== null)
          .map(([key, item]) => [key, checkValue(schema.values, item, joinPath(path, key), walk)]),
      );
    case "object":
      return isPropertyMap(value) ? checkObject(schema.properties, value, path, walk) : problem("an object");
    case "json":
      return checkJson(value, problem);
    case "any":
      return value;
  }
}

function checkJson(value: PropertyValue, problem: (allowed: string) => PropertyValue): PropertyValue {
  if (typeof value === "string") {
    try {
      JSON.parse(value);
      return value;
    } catch {
      return problem("JSON text");
    }
  }
  if (!isPropertyMap(value) && !Array.isArray(value)) return problem("JSON text");
  if (containsUnknown(value)) return Unknown.value;
  const text = JSON.stringify(encodeValue(unwrapSecrets(value)));
  return containsSecret(value) ? new Secret(text) : text;
}

function describe(value: PropertyValue): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : JSON.stringify(value);
}

/** The known name that a mistyped one most likely means, if one is close. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const allowed = Math.max(2, Math.floor(name.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  const [best] = ranked;
  return best !== undefined && best.distance <= allowed ? best.candidate : undefined;
}
