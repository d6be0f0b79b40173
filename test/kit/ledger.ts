import type { LedgerEntry } from "../../local/clouds";
import type { ResourceState, Snapshot } from "../../local/engine";
import { equals, unwrapSecrets, type PropertyMap } from "../../local/protocol/property";

/**
 * In what ledger and state differ, a sentence each; nothing when they agree.
 *
 * Compared are, one to one by type and id:
 *
 * - of the state, what a cloud has made for the engine: custom resources with their old copies that wait to be deleted, but
 *   no providers, nothing that is only read, and nothing that was deleted and waits for its replacement;
 * - of the ledger, what no service, chart or controller made by itself (`LedgerEntry.madeBy`).
 *
 * Their outputs must be equal, and so must their inputs; a secret is as good as its value. Inputs of a resource that did not
 * become ready are left out: its next update brings them. Pending operations are a difference: nobody knows how they ended.
 *
 * @param retained ids of what the program left behind on purpose, by `retainOnDelete`
 */
export function divergence(
  { resources, pending }: Snapshot,
  ledger: readonly LedgerEntry[],
  retained: readonly string[] = [],
): string[] {
  const left = new Map<string, LedgerEntry[]>();
  for (const entry of ledger) {
    if (entry.madeBy !== undefined || retained.includes(entry.id)) continue;
    left.set(thing(entry), [...(left.get(thing(entry)) ?? []), entry]);
  }
  const problems = pending.map(({ type, resource }) => `whether ${type} ${resource.urn} was done is not known`);
  for (const resource of resources.filter(isInACloud)) {
    // Two clusters may each have a namespace of one name: what looks most like it is meant.
    const candidates = left.get(thing(resource)) ?? [];
    const entry = candidates.find(({ outputs }) => same(outputs, resource.outputs)) ?? candidates[0];
    if (entry === undefined) {
      problems.push(`the state has ${resource.urn} as ${resource.id}, which exists in no cloud`);
      continue;
    }
    candidates.splice(candidates.indexOf(entry), 1);
    problems.push(...differences(resource, entry));
  }
  for (const entry of [...left.values()].flat())
    problems.push(`${thing(entry)} exists, and the state does not know it`);
  return problems.sort();
}

/** Whether a cloud has made it for the engine. */
function isInACloud({ custom, type, external, pendingReplacement }: ResourceState): boolean {
  return custom && !type.startsWith("pulumi:") && external !== true && pendingReplacement !== true;
}

function differences(resource: ResourceState, entry: LedgerEntry): string[] {
  const sides = resource.initErrors === undefined ? (["inputs", "outputs"] as const) : (["outputs"] as const);
  return sides.flatMap((side) =>
    Object.keys({ ...resource[side], ...entry[side] })
      .filter((key) => !same({ it: resource[side][key] ?? null }, { it: entry[side][key] ?? null }))
      .map((key) => `${resource.urn} differs from what exists in ${side}.${key}`),
  );
}

function same(a: PropertyMap, b: PropertyMap): boolean {
  return equals(unwrapSecrets(a), unwrapSecrets(b));
}

function thing({ type, id }: { readonly type: string; readonly id?: string }): string {
  return `${type} ${id}`;
}
