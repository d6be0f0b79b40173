import { isPropertyMap, Secret } from "./property";
import type { PropertyMap, PropertyValue } from "./property";

/** One step of a property path: a name, an index, or the wildcard `*`. */
export type PathStep = string | number;

/** A parsed property path. */
export type PropertyPath = readonly PathStep[];

/**
 * Parses a property path as the options `ignoreChanges` and `replaceOnChanges` take it: `root`, `root.nested`,
 * `root["a.b"]`, `list[0].name`, `list[*]`, `root.*`, `*`. Null when the text is not a path.
 */
export function parsePath(text: string): PropertyPath | null {
  const path: PathStep[] = [];
  let rest = text;
  while (rest !== "") {
    const token = /^\["((?:[^"\\]|\\.)*)"\]|^\[(\d+|\*)\]|^\.?([^.[\]]+)/.exec(rest);
    if (token === null) return null;
    const [match, quoted, index, name] = token;
    if (quoted !== undefined) path.push(quoted.replace(/\\(.)/g, "$1"));
    else if (index !== undefined) path.push(index === "*" ? "*" : Number(index));
    else path.push(name ?? "");
    rest = rest.slice(match.length);
  }
  return path;
}

/** Writes a path the way detailed diffs do. */
export function formatPath(path: PropertyPath): string {
  return path.reduce<string>(joinPath, "");
}

/** Appends a step to a written path. */
export function joinPath(path: string, step: PathStep): string {
  if (typeof step === "number") return `${path}[${step}]`;
  if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `${path}["${step.replace(/["\\]/g, "\\$&")}"]`;
  return path === "" ? step : `${path}.${step}`;
}

/** Whether `path` is the same as, or lies below, a path that `pattern` matches. */
export function covers(pattern: PropertyPath, path: PropertyPath): boolean {
  return pattern.length <= path.length && pattern.every((step, index) => step === "*" || step === path[index]);
}

/** Result of putting old values back: the new map, and the paths that could not be put back. */
export interface ResetResult {
  readonly inputs: PropertyMap;
  readonly impossible: readonly string[];
}

/** Puts the old values back at every path of `ignoreChanges`, as the engine does before Check. */
export function resetIgnored(news: PropertyMap, olds: PropertyMap, ignoreChanges: readonly string[]): ResetResult {
  let inputs = news;
  const impossible: string[] = [];
  for (const text of ignoreChanges) {
    const path = parsePath(text);
    if (path === null) continue;
    const result = reset(inputs, olds, path);
    if (result === IMPOSSIBLE) impossible.push(text);
    else inputs = result as PropertyMap;
  }
  return { inputs, impossible };
}

const IMPOSSIBLE = Symbol("impossible");
type Reset = PropertyValue | undefined | typeof IMPOSSIBLE;

/**
 * The new value with the old one put back at the path. A property of a map may be restored or removed; an element of a
 * list must exist on both sides, since adding or removing one would move the others.
 */
function reset(value: PropertyValue | undefined, old: PropertyValue | undefined, path: PropertyPath): Reset {
  const [step, ...rest] = path;
  if (step === undefined) return old;
  if (value instanceof Secret || old instanceof Secret) {
    const inner = reset(plain(value), plain(old), path);
    if (inner === IMPOSSIBLE || inner === undefined) return inner;
    // The side that the value came from is no longer known, so secretness of either is kept.
    return new Secret(inner);
  }
  if (Array.isArray(value) && Array.isArray(old)) return resetList(value, old, step, rest);
  if (isPropertyMap(value) && (old === undefined || isPropertyMap(old))) return resetMap(value, old ?? {}, step, rest);
  return value === undefined && old === undefined ? undefined : IMPOSSIBLE;
}

function resetList(
  value: readonly PropertyValue[],
  old: readonly PropertyValue[],
  step: PathStep,
  rest: PropertyPath,
): Reset {
  if (step === "*" && value.length !== old.length) return IMPOSSIBLE;
  const result = [...value];
  const indexes = step === "*" ? [...value.keys()] : [Number(step)];
  for (const index of indexes) {
    if (!(index < value.length && index < old.length)) return IMPOSSIBLE;
    const item = reset(value[index], old[index], rest);
    if (item === IMPOSSIBLE || item === undefined) return IMPOSSIBLE;
    result[index] = item;
  }
  return result;
}

function resetMap(value: PropertyMap, old: PropertyMap, step: PathStep, rest: PropertyPath): Reset {
  const result: Record<string, PropertyValue> = { ...value };
  const names = step === "*" ? new Set([...Object.keys(value), ...Object.keys(old)]) : [String(step)];
  for (const name of names) {
    const item = reset(value[name], old[name], rest);
    if (item === IMPOSSIBLE) return IMPOSSIBLE;
    if (item === undefined) delete result[name];
    else result[name] = item;
  }
  return result;
}

function plain(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof Secret ? value.value : value;
}
