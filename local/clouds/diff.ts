import {
  equals,
  isPropertyMap,
  Unknown,
  unwrapSecrets,
  type PropertyMap,
  type PropertyValue,
} from "../protocol/property";
import type { DiffResult, PropertyDiff } from "../protocol/provider";
import { joinPath, parsePath, valueAt, withValueAt } from "./paths";
import { anything, type Properties, type PropertySchema } from "./schema";

/** The answer to a Diff that found nothing. */
const NO_CHANGES: DiffResult = {
  changes: "none",
  diffs: [],
  replaces: [],
  deleteBeforeReplace: false,
  detailedDiff: {},
};

/** The new inputs with every path of `ignoreChanges` put back to its old value. */
function applyIgnoreChanges(olds: PropertyMap, news: PropertyMap, ignoreChanges: readonly string[]): PropertyMap {
  let result = news;
  for (const path of ignoreChanges) {
    if (path === "*") return olds;
    if (!parsePath(path).includes("*")) {
      result = withValueAt(result, path, valueAt(olds, path));
      continue;
    }
    // A wildcard ignores whatever is below the part that comes before it.
    const prefix = path.slice(0, path.indexOf("[*]"));
    if (prefix !== "") result = withValueAt(result, prefix, valueAt(olds, prefix));
  }
  return result;
}

/**
 * Compares old and new inputs by a schema. Secretness does not count, order does not where the schema says so, and an
 * unknown is a change. An immutable property anywhere on a changed path makes the change a replacement.
 */
export function diffProperties(
  properties: Properties,
  olds: PropertyMap,
  news: PropertyMap,
  options: { readonly ignoreChanges?: readonly string[]; readonly alsoReplace?: readonly string[] } = {},
): DiffResult {
  const before = unwrapSecrets(olds) as PropertyMap;
  const after = unwrapSecrets(applyIgnoreChanges(olds, news, options.ignoreChanges ?? [])) as PropertyMap;
  const detailed: Record<string, PropertyDiff> = {};
  const found = (path: string, kind: "add" | "delete" | "update", replace: boolean): void => {
    const forced = replace || (options.alsoReplace ?? []).some((prefix) => path === prefix || isBelow(path, prefix));
    detailed[path] = { kind: forced ? `${kind}-replace` : kind, inputDiff: true };
  };
  for (const name of unionOfKeys(before, after)) {
    compare(properties[name] ?? anything(), before[name], after[name], joinPath("", name), false, found);
  }

  const paths = Object.keys(detailed).sort();
  if (paths.length === 0) return NO_CHANGES;
  const topLevel = (selected: readonly string[]): string[] => [
    ...new Set(selected.map((path) => String(parsePath(path)[0]))),
  ];
  return {
    changes: "some",
    diffs: topLevel(paths),
    replaces: topLevel(paths.filter((path) => detailed[path]?.kind.endsWith("-replace"))),
    deleteBeforeReplace: false,
    detailedDiff: Object.fromEntries(paths.map((path) => [path, detailed[path] as PropertyDiff])),
  };
}

type Found = (path: string, kind: "add" | "delete" | "update", replace: boolean) => void;

function compare(
  schema: PropertySchema,
  before: PropertyValue | undefined,
  after: PropertyValue | undefined,
  path: string,
  inherited: boolean,
  found: Found,
): void {
  const replace = inherited || schema.immutable === true;
  const old = before ?? undefined;
  const now = after ?? undefined;
  if (now instanceof Unknown && old !== undefined) return found(path, "update", replace);
  if (sameValue(schema, old, now)) return;
  if (old === undefined) return found(path, "add", replace || immutableBelow(schema, now));
  if (now === undefined) return found(path, "delete", replace || immutableBelow(schema, old));
  if (Array.isArray(old) && Array.isArray(now)) {
    const items = schema.kind === "list" ? schema.items : anything();
    for (let index = 0; index < Math.max(old.length, now.length); index++) {
      compare(items, old[index], now[index], joinPath(path, index), replace, found);
    }
    return;
  }
  if (isPropertyMap(old) && isPropertyMap(now)) {
    for (const key of unionOfKeys(old, now)) {
      compare(childSchema(schema, key), old[key], now[key], joinPath(path, key), replace, found);
    }
    return;
  }
  found(path, "update", replace);
}

function childSchema(schema: PropertySchema, key: string): PropertySchema {
  if (schema.kind === "object") return schema.properties[key] ?? anything();
  return schema.kind === "map" ? schema.values : anything();
}

function immutableBelow(schema: PropertySchema, value: PropertyValue | undefined): boolean {
  if (schema.kind !== "object" || !isPropertyMap(value)) return false;
  return Object.entries(value).some(([key, item]) => {
    const child = childSchema(schema, key);
    return child.immutable === true || immutableBelow(child, item);
  });
}

function sameValue(schema: PropertySchema, a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (equals(a, b)) return true;
  if (schema.kind === "json" && typeof a === "string" && typeof b === "string")
    return canonicalJson(a) === canonicalJson(b);
  if (schema.kind === "list" && schema.set === true && Array.isArray(a) && Array.isArray(b)) {
    const sorted = (items: readonly PropertyValue[]): PropertyValue[] => [...items].sort(byCanonicalText);
    return equals(sorted(a), sorted(b));
  }
  return false;
}

function byCanonicalText(a: PropertyValue, b: PropertyValue): number {
  const [left, right] = [canonical(a), canonical(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function canonicalJson(text: string): string {
  try {
    return canonical(JSON.parse(text) as PropertyValue);
  } catch {
    return text;
  }
}

/** JSON text with sorted keys, secrets taken off: equal values give equal texts. */
export function canonical(value: PropertyValue | undefined): string {
  if (value === undefined || value instanceof Unknown) return "null";
  const plain = unwrapSecrets(value);
  if (Array.isArray(plain)) return `[${plain.map((item: PropertyValue) => canonical(item)).join(",")}]`;
  if (isPropertyMap(plain)) {
    const keys = Object.keys(plain).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(plain[key])}`).join(",")}}`;
  }
  return JSON.stringify(plain);
}

function unionOfKeys(a: PropertyMap, b: PropertyMap): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && /^[.[]/.test(path.slice(prefix.length));
}
