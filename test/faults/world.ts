import { isPropertyMap, Secret, type PropertyMap, type PropertyValue } from "../../local/protocol/property";
import type { ResourceState } from "../../local/engine";
import type { Moment } from "../kit/life";

/**
 * A world as text: equal texts are worlds from which every run is the same computation. Left out is what is drawn at random
 * or only tells the story: keys and certificates (`tls`) and what is derived from them, times, and why something failed.
 */
export function canonical({ state, ledger }: Moment): string {
  const entries = ledger.map(({ type, id, scope, inputs, outputs, madeBy }) =>
    type.startsWith("tls:")
      ? { type, scope: scope ?? "" }
      : { type, id, scope: scope ?? "", inputs: plain(inputs), outputs: plain(outputs), madeBy: madeBy ?? null },
  );
  const resources = state.resources.map(withoutStory);
  const pending = state.pending.map(({ type, resource }) => ({ type, resource: withoutStory(resource) }));
  return JSON.stringify({ resources, pending, entries: sorted(entries) });
}

function withoutStory(resource: ResourceState): PropertyMap {
  const { created, modified, initErrors, inputs, outputs, ...rest } = resource;
  const isKey = resource.type.startsWith("tls:");
  const { id, ...anonymous } = rest;
  return sortKeys({
    ...((isKey ? { ...anonymous, id: id === undefined ? null : "drawn" } : rest) as PropertyMap),
    unready: initErrors !== undefined,
    inputs: plain(inputs),
    outputs: isKey ? {} : plain(outputs),
  });
}

/** Secrets are not compared, nor are certificates: both come from keys that are drawn. */
function plain(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return "[secret]";
  if (typeof value === "string") return value.replace(/-----BEGIN [\s\S]*/, "[pem]");
  if (Array.isArray(value)) return value.map((item: PropertyValue) => plain(item));
  if (!isPropertyMap(value)) return value;
  return sortKeys(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])));
}

function sortKeys(map: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sorted<T>(items: readonly T[]): T[] {
  const texts = new Map(items.map((item) => [item, JSON.stringify(item)]));
  return [...items].sort((a, b) => ((texts.get(a) ?? "") < (texts.get(b) ?? "") ? -1 : 1));
}
