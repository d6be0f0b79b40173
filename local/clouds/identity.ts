import { createHash } from "node:crypto";

import type { PropertyMap } from "../protocol/property";
import { canonical } from "./diff";
import type { Properties } from "./schema";

/** Hex digits that depend on the parts alone. */
export function digest(parts: readonly string[], length: number): string {
  const text = parts.map((part) => `${part.length}:${part}`).join("");
  let digits = "";
  for (let block = 0; digits.length < length; block++)
    digits += createHash("sha256").update(`${block} ${text}`).digest("hex");
  return digits.slice(0, length);
}

/** A UUID (in the form of version 4) that depends on the digits alone. Needs 32 of them. */
export function uuidOf(digits: string): string {
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 3) | 8).toString(16);
  const text = `${digits.slice(0, 12)}4${digits.slice(13, 16)}${variant}${digits.slice(17, 32)}`;
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The immutable part of a resource's inputs as text: what cannot change while it is the same thing. */
export function immutablePart(properties: Properties, inputs: PropertyMap): string {
  const names = Object.keys(properties).filter((name) => properties[name]?.immutable === true);
  return canonical(Object.fromEntries(names.map((name) => [name, inputs[name] ?? null])));
}
