import { setTimeout as sleep } from "node:timers/promises";

import { unwrapSecrets, type PropertyMap } from "../protocol/property";
import { VirtualClock } from "./clock";
import { keyOf, type Ledger, type LedgerEntry } from "./ledger";
import { ANY_TYPE, type Identified, type Reference, type Referrer } from "./model";
import { textsAt } from "./paths";

/** Milliseconds for which an exclusive operation is under way, so that concurrent ones really meet. */
export const EXCLUSIVE_HOLD = 25;

/**
 * What all provider instances of the simulated clouds share: what exists, what is being changed right now, and what the
 * run that is going on has made.
 */
export class World {
  private readonly underWay = new Set<string>();
  /** Keys of what was created since everything was last settled. */
  private readonly fresh = new Set<string>();
  private instances = 0;

  constructor(
    readonly ledger: Ledger,
    /** Called after things are gone, for what hangs on them in ways that no reference says. */
    readonly onRemoved: () => void = () => {},
    /** Where the time goes that operations take beyond the usual. */
    readonly clock: VirtualClock = new VirtualClock(),
    private readonly exclusiveHold = EXCLUSIVE_HOLD,
  ) {}

  /** A provider instance begins its work. */
  enter(): void {
    this.instances++;
  }

  /** A provider instance has done its work; with the last one, time passes until everybody sees what the run has made. */
  leave(): void {
    if (--this.instances <= 0) this.settle();
  }

  /** Lets time pass until everybody sees everything. */
  settle(): void {
    this.instances = Math.max(this.instances, 0);
    this.fresh.clear();
  }

  created({ type, id, scope }: LedgerEntry): void {
    this.fresh.add(keyOf(type, id, scope));
  }

  /** See `Context.isNew`. */
  isNew({ type, id, scope }: LedgerEntry): boolean {
    return this.fresh.has(keyOf(type, id, scope));
  }

  /**
   * Runs an operation that others with the same key may not overlap. A second one is not queued but refused, as clouds
   * do, by `refuse`, which throws.
   */
  async exclusively<T>(key: string, refuse: () => never, operation: () => T): Promise<T> {
    if (this.underWay.has(key)) refuse();
    this.underWay.add(key);
    try {
      await sleep(this.exclusiveHold);
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
      for (const companion of this.ledger.madeBy(target)) visit(companion);
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
