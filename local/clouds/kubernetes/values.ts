import { isPropertyMap, Secret, Unknown, type PropertyMap, type PropertyValue } from "../../protocol/property";
import { parsePath, valueAt, valuesAt } from "../paths";

/** The value under any secret wrappers around it; what is inside keeps its own. */
export function peek(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof Secret ? peek(value.value) : value;
}

/** The map at a path; empty when there is none or when it is not known yet. */
export function mapAt(value: PropertyValue | undefined, path: string): PropertyMap {
  const found = peek(valueAt(value, path));
  return isPropertyMap(found) ? found : {};
}

/** The items of the list at a path; empty when there is none or when it is not known yet. */
export function listAt(value: PropertyValue | undefined, path: string): readonly PropertyValue[] {
  const found = peek(valueAt(value, path));
  return Array.isArray(found) ? (found as readonly PropertyValue[]) : [];
}

/** Whether the value at a path is not known yet, or cannot be because something on the way is not. */
export function isUnknownAt(value: PropertyValue | undefined, path: string): boolean {
  const steps = parsePath(path);
  return steps.some((_, index) => valuesAt(value, steps.slice(0, index + 1))[0] instanceof Unknown);
}

/** A copy without null properties, as the API server stores objects. Items of lists stay, because positions count. */
export function dropNulls(map: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(map)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}

function withoutNulls(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return new Secret(withoutNulls(value.value));
  if (Array.isArray(value)) return (value as readonly PropertyValue[]).map(withoutNulls);
  return isPropertyMap(value) ? dropNulls(value) : value;
}
