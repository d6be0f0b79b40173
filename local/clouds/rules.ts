import type { PropertyValue } from "../protocol/property";
import { equals, type PropertyMap } from "../protocol/property";
import type { LedgerEntry } from "./ledger";
import type { Context, Refusal, Rule } from "./model";
import { valueAt } from "./paths";

/**
 * A quota: at most so many things of a type share a key, e.g. 20 federated credentials an identity. Holds at create, and
 * at an update that moves a thing under another key.
 */
export function quota<S>(options: {
  readonly type: string;
  readonly limit: number;
  /** What things are counted by, e.g. the id of their parent; undefined for one that does not count. */
  readonly by: (inputs: PropertyMap, thing: Pick<LedgerEntry, "id" | "scope">) => string | undefined;
  readonly refusal: (limit: number) => Refusal;
}): Rule<S> {
  const { type, limit, by, refusal } = options;
  return (inputs, context) => {
    const key = by(inputs, context);
    if (key === undefined) return undefined;
    const others = context.ledger
      .list(type)
      .filter((entry) => !(entry.id === context.id && (entry.scope ?? "") === context.scope))
      .filter((entry) => by(entry.inputs, entry) === key);
    return others.length >= limit ? refusal(limit) : undefined;
  };
}

/** A ratchet: a property that goes one way only, in place. What replaces the thing is no business of a ratchet. */
export function ratchet<S>(options: {
  /** Property path, e.g. `version`. */
  readonly path: string;
  /** Whether the service takes this change. Either side is undefined when the property is absent. */
  readonly allows: (before: PropertyValue | undefined, after: PropertyValue | undefined) => boolean;
  readonly refusal: (before: PropertyValue | undefined, after: PropertyValue | undefined) => Refusal;
}): Rule<S> {
  const { path, allows, refusal } = options;
  return (inputs, { old }: Context<S>) => {
    if (old === undefined) return undefined;
    const [before, after] = [valueAt(old.inputs, path), valueAt(inputs, path)];
    if (equals(before ?? null, after ?? null) || allows(before, after)) return undefined;
    return refusal(before, after);
  };
}
