import type { PropertyValue } from "../protocol/property";
import { RELEASE } from "./kubernetes/api-server";
import { editedBy } from "./kubernetes/field-managers";
import type { Ledger, LedgerEntry } from "./ledger";
import type { Referrer } from "./model";
import { joinPath, parsePath, withValueAt } from "./paths";
import { nearest } from "./schema";
import type { World } from "./world";

/** A change behind the engine's back that cannot be made. The message says what there is instead. */
export class BadEdit extends Error {
  override readonly name = "BadEdit";
}

/**
 * The one thing of that type and id, or of that name where it has one. Throws a `BadEdit` when there is none, or when several
 * scopes (clusters, regions) have it and none was given.
 */
export function findThing(ledger: Ledger, type: string, idOrName: string, scope?: string): LedgerEntry {
  const ofType = ledger.list(type);
  const named = ofType.filter(({ id, outputs }) => id === idOrName || outputs.name === idOrName);
  const found = scope === undefined ? named : named.filter((entry) => entry.scope === scope);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1) {
    const scopes = found.map((entry) => JSON.stringify(entry.scope ?? "")).join(", ");
    throw new BadEdit(`${found.length} things are the ${type} "${idOrName}", in ${scopes}: say which scope is meant`);
  }
  const known = ofType.map(({ id }) => `"${id}"`).join(", ");
  const close = nearest(type, [...new Set(ledger.list().map((entry) => entry.type))]);
  throw new BadEdit(
    ofType.length > 0
      ? `no ${type} is "${idOrName}"; there are ${known}`
      : `no ${type} exists${close === undefined ? "" : `; did you mean ${close}?`}`,
  );
}

/** Field manager of what is changed in a cluster behind the engine's back: the API server's name for `kubectl edit`. */
const EDITOR = "kubectl-edit";

/**
 * Changes a property of a thing as somebody with a console would: nothing is checked, and no engine hears of it. Undefined
 * takes the property away. The first step of the path must be a property that the thing has; what is below it is made.
 *
 * A field that is set on an object in a cluster is the editor's from then on, so that whoever applies another value meets a
 * conflict.
 */
export function editThing(
  ledger: Ledger,
  thing: LedgerEntry,
  path: string,
  value: PropertyValue | undefined,
): LedgerEntry {
  const [top] = parsePath(path);
  const known = [...new Set([...Object.keys(thing.inputs), ...Object.keys(thing.outputs)])].sort();
  if (top === undefined || !known.includes(String(top))) {
    const shown = top === undefined ? path : joinPath("", top);
    throw new BadEdit(`the ${thing.type} "${thing.id}" has no property "${shown}"; it has ${known.join(", ")}`);
  }
  const isObject = isApiObject(thing);
  // The inputs of an object are what was applied to it, which a new owner does not change.
  const isInput = String(top) in thing.inputs && !(isObject && value !== undefined);
  const edited = {
    ...thing,
    inputs: isInput ? withValueAt(thing.inputs, path, value) : thing.inputs,
    outputs: isObject ? editedBy(EDITOR, thing.outputs, { [path]: value }) : withValueAt(thing.outputs, path, value),
  };
  ledger.put(edited);
  return edited;
}

/** Deletes a thing with all that its cloud deletes along with it, without asking what still needs it. Returns what is gone. */
export function loseThing(world: World, referrers: readonly Referrer[], thing: LedgerEntry): readonly LedgerEntry[] {
  const before = world.ledger.list();
  const { cascaded } = world.dependents(thing, referrers);
  for (const { type, id, scope } of [...cascaded, ...inNamespace(world.ledger, thing)])
    world.ledger.remove(type, id, scope);
  world.onRemoved();
  const left = new Set(world.ledger.list());
  return before.filter((entry) => !left.has(entry));
}

/** What is in a Kubernetes namespace. */
function inNamespace(ledger: Ledger, { type, id, scope }: LedgerEntry): LedgerEntry[] {
  if (type !== "kubernetes:core/v1:Namespace") return [];
  return ledger
    .list()
    .filter((entry) => entry.scope === scope && entry.type.startsWith("kubernetes:") && entry.id.startsWith(`${id}/`));
}

/** Whether a thing is an object that an API server keeps; a Helm release is not. */
function isApiObject({ type }: LedgerEntry): boolean {
  return type.startsWith("kubernetes:") && type !== RELEASE;
}
