import type { PropertyMap } from "../protocol/property";

/** A thing that exists in a simulated cloud. */
export interface LedgerEntry {
  /** Pulumi type token, e.g. `aws:eks/cluster:Cluster`. */
  readonly type: string;
  /** The cloud's id: unique within the type and the scope. */
  readonly id: string;
  /** Where the id is unique, e.g. `123456789012/eu-west-1` or a cluster. Absent when the id is unique everywhere. */
  readonly scope?: string;
  /** Inputs as they were last applied. */
  readonly inputs: PropertyMap;
  /** Everything that a read returns: the inputs and what the cloud computed. */
  readonly outputs: PropertyMap;
  /**
   * What made it, where no engine did: a network interface of a cluster, the load balancer of a Service, the objects of a
   * chart. No engine's state has it, so it is left out where ledger and state are compared; whatever made it must take it
   * away again, or it stays and blocks what it refers to, as on a real cloud.
   */
  readonly madeBy?: Maker;
}

/** The thing that made another one. */
export type Maker = Pick<LedgerEntry, "type" | "id" | "scope">;

/** What a ledger tells its store. */
export type LedgerChange =
  | { readonly put: LedgerEntry }
  | { readonly remove: { readonly type: string; readonly id: string; readonly scope?: string } };

/**
 * What exists in the simulated clouds, kept apart from any engine's state so that the two can be compared.
 *
 * Kept in memory; `onChange` lets a store write each change through before the operation answers.
 */
export class Ledger {
  private readonly entries = new Map<string, LedgerEntry>();

  constructor(
    entries: Iterable<LedgerEntry> = [],
    private readonly onChange: (change: LedgerChange) => void = () => {},
  ) {
    for (const entry of entries) this.entries.set(keyOf(entry.type, entry.id, entry.scope), entry);
  }

  get(type: string, id: string, scope?: string): LedgerEntry | undefined {
    return this.entries.get(keyOf(type, id, scope));
  }

  /** All entries, or those of one type, sorted by type, id and scope. */
  list(type?: string): LedgerEntry[] {
    return [...this.entries.entries()]
      .filter(([, entry]) => type === undefined || entry.type === type)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, entry]) => entry);
  }

  /** Things that a thing has made, sorted as `list` sorts. */
  madeBy({ type, id, scope }: Maker): LedgerEntry[] {
    return this.list().filter(
      ({ madeBy }) => madeBy?.type === type && madeBy.id === id && (madeBy.scope ?? "") === (scope ?? ""),
    );
  }

  put(entry: LedgerEntry): void {
    this.entries.set(keyOf(entry.type, entry.id, entry.scope), entry);
    this.onChange({ put: entry });
  }

  remove(type: string, id: string, scope?: string): void {
    if (this.entries.delete(keyOf(type, id, scope))) this.onChange({ remove: { type, id, scope } });
  }
}

/** Text that tells a thing from all others. */
export function keyOf(type: string, id: string, scope = ""): string {
  return `${type}\n${id}\n${scope}`;
}
