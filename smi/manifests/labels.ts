import type { Cursor } from "../reader/cursor";
import { isRecord } from "../reader/cursor";

/** A mapping from text to text, empty if it is absent; undefined and a complaint if it is anything else. */
export function readLabels(cursor: Cursor): Record<string, string> | undefined {
  if (!cursor.exists) return {};
  if (!isRecord(cursor.value)) {
    cursor.fail("SMI-FIELD", "found something else than a mapping, allowed: labels, written name: value");
    return undefined;
  }
  const labels: Record<string, string> = {};
  let right = true;
  for (const [name, value] of cursor.entries()) {
    if (typeof value.value === "string") {
      labels[name] = value.value;
      continue;
    }
    right = false;
    const shown = JSON.stringify(value.value ?? null);
    value.fail("SMI-FIELD", `found ${shown}, allowed: text; write ${JSON.stringify(shown)}, with the quotes`);
  }
  return right ? labels : undefined;
}
