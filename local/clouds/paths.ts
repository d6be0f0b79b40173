import * as paths from "../protocol/paths";
import type { PathStep, PropertyPath } from "../protocol/paths";
import { isPropertyMap, Secret, type PropertyMap, type PropertyValue } from "../protocol/property";

export { joinPath } from "../protocol/paths";
export type { PathStep } from "../protocol/paths";

/** Parses a property path. What is not one leads nowhere, and has no steps. */
export function parsePath(path: string): PropertyPath {
  return paths.parsePath(path) ?? [];
}

/** Every value at a path, secrets taken off on the way. Nothing for what is absent or not known. */
export function valuesAt(value: PropertyValue | undefined, path: string | readonly PathStep[]): PropertyValue[] {
  const [step, ...rest] = typeof path === "string" ? parsePath(path) : path;
  if (value instanceof Secret) return valuesAt(value.value, path);
  if (value === undefined || value === null) return [];
  if (step === undefined) return [value];
  if (step === "*") {
    const items = Array.isArray(value)
      ? (value as readonly PropertyValue[])
      : isPropertyMap(value)
        ? Object.values(value)
        : [];
    return items.flatMap((item) => valuesAt(item, rest));
  }
  if (Array.isArray(value))
    return typeof step === "number" ? valuesAt((value as readonly PropertyValue[])[step], rest) : [];
  return isPropertyMap(value) ? valuesAt(value[String(step)], rest) : [];
}

/** The first value at a path, or undefined. */
export function valueAt(value: PropertyValue | undefined, path: string): PropertyValue | undefined {
  return valuesAt(value, path)[0];
}

/** The text at a path, or undefined when it is absent, unknown or not a text. */
export function textAt(value: PropertyValue | undefined, path: string): string | undefined {
  const found = valueAt(value, path);
  return typeof found === "string" ? found : undefined;
}

/** The texts at a path, unknown ones left out. */
export function textsAt(value: PropertyValue | undefined, path: string): string[] {
  return valuesAt(value, path).filter((item): item is string => typeof item === "string");
}

/**
 * A copy of the map with another value at a path; `undefined` takes the key away. Objects on the way are made, secrets stay
 * secret, and a path through anything else is left alone.
 */
export function withValueAt(
  map: PropertyMap,
  path: string | readonly PathStep[],
  replacement: PropertyValue | undefined,
): PropertyMap {
  const steps = typeof path === "string" ? parsePath(path) : path;
  return replaceAt(map, steps, replacement) as PropertyMap;
}

function replaceAt(
  value: PropertyValue | undefined,
  steps: readonly PathStep[],
  replacement: PropertyValue | undefined,
): PropertyValue | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return replacement;
  if (value instanceof Secret) {
    const inner = replaceAt(value.value, steps, replacement);
    return inner === undefined ? undefined : new Secret(inner);
  }
  if (Array.isArray(value)) {
    const items = value as readonly PropertyValue[];
    if (step !== "*" && typeof step !== "number") return value;
    return items.map((item, index) =>
      step === "*" || step === index ? (replaceAt(item, rest, replacement) ?? null) : item,
    );
  }
  if (value !== undefined && value !== null && !isPropertyMap(value)) return value;
  if (typeof step === "number" || step === "*") return value;
  const map: PropertyMap = value ?? {};
  const child = replaceAt(map[step], rest, replacement);
  const others = Object.entries(map).filter(([key]) => key !== step);
  return Object.fromEntries(child === undefined ? others : [...others, [step, child]]);
}
