import { setTimeout as sleep } from "node:timers/promises";

import { unwrapSecrets, type PropertyMap } from "../protocol/property";
import type { Ledger, LedgerEntry } from "./ledger";
import { ANY_TYPE, type Identified, type Reference } from "./model";
import { textsAt } from "./paths";

/** Milliseconds for which an exclusive operation is under way, so that concurrent ones really meet. */
const EXCLUSIVE_HOLD = 25;

/** References of one resource type, for the walk over what would be left dangling. */
export interface Referrer {
  readonly type: string;
  readonly references?: readonly Reference[];
}

/** What all provider instances of the simulated clouds share: what exists, and what is being changed right now. */
export class World {
  private readonly underWay = new Set<string>();

  constructor(
    readonly ledger: Ledger,
    /** Called after things are gone, for what hangs on them in ways that no reference says. */
    readonly onRemoved: () => void = () => {},
  ) {}

  /**
   * Runs an operation that others with the same key may not overlap. A second one is not queued but refused, as clouds
   * do, by `refuse`, which throws.
   */
  async exclusively<T>(key: string, refuse: () => never, operation: () => T): Promise<T> {
    if (this.underWay.has(key)) refuse();
    this.underWay.add(key);
    try {
      await sleep(EXCLUSIVE_HOLD);
      return operation();
    } finally {
      this.underWay.delete(key);
    }
  }

  /** Values of a thing's reference that mean nothing which exists. */
  missing(reference: Reference, from: Identified): string[] {
    const candidates = this.ledger.list(reference.type === ANY_TYPE ? undefined : reference.type);
    return referredValues(reference, from).filter(
      (value) => !candidates.some((candidate) => isMeant(reference, candidate, value, from)),
    );
  }

  /**
   * What deleting an entry would take along (`cascaded`, the entry itself last) and what stands against it: things outside
   * of that set which refer to something in it.
   */
  dependents(
    entry: LedgerEntry,
    referrers: readonly Referrer[],
  ): {
    readonly cascaded: readonly LedgerEntry[];
    readonly blocked: readonly { target: LedgerEntry; by: LedgerEntry[] }[];
  } {
    const cascaded: LedgerEntry[] = [];
    const visit = (target: LedgerEntry): void => {
      if (cascaded.includes(target)) return;
      cascaded.push(target);
      for (const by of this.referring(target, referrers, "cascade")) visit(by);
    };
    visit(entry);
    const blocked = cascaded
      .map((target) => ({
        target,
        by: this.referring(target, referrers, "block").filter((dependent) => !cascaded.includes(dependent)),
      }))
      .filter(({ by }) => by.length > 0);
    return { cascaded: cascaded.reverse(), blocked };
  }

  private referring(
    target: LedgerEntry,
    referrers: readonly Referrer[],
    onDelete: Reference["onDelete"],
  ): LedgerEntry[] {
    return referrers.flatMap(({ type, references = [] }) => {
      const relevant = references.filter((it) => isOfType(it, target) && (it.onDelete ?? "block") === onDelete);
      if (relevant.length === 0) return [];
      return this.ledger
        .list(type)
        .filter((candidate) => relevant.some((reference) => refersTo(reference, candidate, target)));
    });
  }
}

/** Whether a thing's reference means the target. */
function refersTo(reference: Reference, from: Identified, target: LedgerEntry): boolean {
  if (!isOfType(reference, target)) return false;
  return referredValues(reference, from).some((value) => isMeant(reference, target, value, from));
}

function isOfType(reference: Reference, { type }: LedgerEntry): boolean {
  return reference.type === type || reference.type === ANY_TYPE;
}

function referredValues(reference: Reference, from: Identified): string[] {
  const plain = unwrapSecrets(from.inputs) as PropertyMap;
  return textsAt(plain, reference.path).filter((value) => reference.applies?.(value) ?? true);
}

function isMeant(reference: Reference, candidate: LedgerEntry, value: string, from: Identified): boolean {
  if (reference.matches !== undefined) return reference.matches(candidate, value, from);
  return candidate.id === value && candidate.scope === from.scope;
}
