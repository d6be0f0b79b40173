import type { Json, JsonMap } from "./document";

export type PropertyPath = readonly (string | number)[];

/**
 * A property path of Pulumi's detailed diff: `a.b[0]["x.y"].c`. What does not parse is taken as one name, so that a
 * report still shows it.
 */
export function parsePath(path: string): PropertyPath {
  const parts: (string | number)[] = [];
  const token = /\.?([^.[\]"]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
  while (token.lastIndex < path.length) {
    const match = token.exec(path);
    if (match === null) return [path];
    const [, name, index, quoted] = match;
    if (name !== undefined) parts.push(name);
    else if (index !== undefined) parts.push(Number(index));
    else if (quoted !== undefined) parts.push(unquote(quoted));
  }
  return parts;
}

function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

/** The value at a path, undefined where the path leaves the document. */
export function lookup(properties: JsonMap | undefined, path: PropertyPath): Json | undefined {
  let value: Json | undefined = properties;
  for (const part of path) {
    if (Array.isArray(value)) value = typeof part === "number" ? value[part] : undefined;
    else if (isJsonMap(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}

export function isJsonMap(value: Json | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
