import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import { encodeValue, isPropertyMap, Secret } from "../protocol/property";
import type { PropertyMap, PropertyValue } from "../protocol/property";
import { sortKeys } from "../objects";
import type { Json } from "../state/deployment";
import type { ResourceState, RunOptions, Step } from "./types";

/** What stands in the place of a secret. */
const REDACTED = "[secret]";

/** Shorter secrets are not looked for in texts: replacing every "a" would hide nothing and spoil everything. */
const SHORTEST = 4;

/** Knows the secrets of a run, and takes them out of texts that providers and programs write. */
export class Redactor {
  private readonly texts = new Set<string>();

  /** Learns every secret in the value. */
  learn(value: PropertyValue, insideSecret = false): void {
    if (value instanceof Secret) this.learn(value.value, true);
    else if (typeof value === "string" && insideSecret && value.length >= SHORTEST) this.texts.add(value);
    else if (Array.isArray(value)) for (const item of value as readonly PropertyValue[]) this.learn(item, insideSecret);
    else if (isPropertyMap(value)) for (const item of Object.values(value)) this.learn(item, insideSecret);
  }

  redact(text: string): string {
    let result = text;
    // The longest first, since one secret may be part of another.
    for (const secret of [...this.texts].sort((a, b) => b.length - a.length))
      result = result.split(secret).join(REDACTED);
    return result;
  }
}

/** The configuration with secret values taken out. */
export function redactConfig({
  config = {},
  secretConfigKeys = [],
}: Pick<RunOptions, "config" | "secretConfigKeys">): Record<string, string> {
  const hidden = Object.fromEntries(secretConfigKeys.filter((key) => key in config).map((key) => [key, REDACTED]));
  return sortKeys({ ...config, ...hidden });
}

/**
 * Shows the states of a step without its secrets. A value is also hidden where it stands openly, when the other state holds
 * a secret at the same place, or holds the same text as a secret: a property that has just been made secret had its value
 * in the open before.
 */
export function showStates(step: Step): Pick<Step, "old" | "new"> {
  const maps = [step.old, step.new].flatMap((state) => (state === undefined ? [] : [state.inputs, state.outputs]));
  const redactor = new Redactor();
  for (const map of maps) redactor.learn(map);
  const show = (map: PropertyMap): Json => hide(map, maps, redactor) as Json;
  const shown = (state: ResourceState | undefined): ResourceState | undefined =>
    state && { ...state, inputs: show(state.inputs), outputs: show(state.outputs) };
  return { old: shown(step.old), new: shown(step.new) };
}

/** One property map as plain JSON, fit to be shown. */
export function encodeShown(map: PropertyMap): Json {
  const redactor = new Redactor();
  redactor.learn(map);
  return hide(map, [map], redactor) as Json;
}

/** The value with everything hidden that is secret in it, or at its place in one of `others`. */
function hide(
  value: PropertyValue,
  others: readonly (PropertyValue | undefined)[],
  redactor: Redactor,
): JavaScriptValue {
  if (value instanceof Secret || others.some((other) => other instanceof Secret)) return REDACTED;
  if (typeof value === "string") return redactor.redact(value);
  if (Array.isArray(value)) {
    const lists = others.filter((other): other is readonly PropertyValue[] => Array.isArray(other));
    // Elements may have moved, so each is compared with all.
    const elements = lists.flat();
    return value.map((item: PropertyValue) => hide(item, elements, redactor));
  }
  if (!isPropertyMap(value)) return encodeValue(value);
  const at = (key: string) => others.map((other) => (isPropertyMap(other) ? other[key] : undefined));
  const shown = Object.entries(value).map(([key, item]) => [key, hide(item, at(key), redactor)] as const);
  return sortKeys(Object.fromEntries(shown));
}
