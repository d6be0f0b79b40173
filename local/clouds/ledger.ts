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
  private readonly keysOfType = new Map<string, Set<string>>();
  /** Sorted lists that somebody asked for, by type; those of a changed type are made anew. */
  private readonly lists = new Map<string | undefined, readonly LedgerEntry[]>();

  constructor(
    entries: Iterable<LedgerEntry> = [],
    private readonly onChange: (change: LedgerChange) => void = () => {},
  ) {
    for (const entry of entries) this.set(entry);
  }

  get(type: string, id: string, scope?: string): LedgerEntry | undefined {
    return this.entries.get(keyOf(type, id, scope));
  }

  /** All entries, or those of one type, sorted by type, id and scope. */
  list(type?: string): LedgerEntry[] {
    let list = this.lists.get(type);
    if (list === undefined) {
      const keys = type === undefined ? this.entries.keys() : (this.keysOfType.get(type) ?? []);
      list = [...keys].sort().map((key) => this.entries.get(key)!);
      this.lists.set(type, list);
    }
    return [...list];
  }

  /** Types of which there is anything, sorted. */
  types(): string[] {
    return [...this.keysOfType].flatMap(([type, keys]) => (keys.size === 0 ? [] : [type])).sort();
  }

  /** Things that a thing has made, sorted as `list` sorts. */
  madeBy({ type, id, scope }: Maker): LedgerEntry[] {
    return this.list().filter(
      ({ madeBy }) => madeBy?.type === type && madeBy.id === id && (madeBy.scope ?? "") === (scope ?? ""),
    );
  }

  put(entry: LedgerEntry): void {
    this.set(entry);
    this.onChange({ put: entry });
  }

  remove(type: string, id: string, scope?: string): void {
    const key = keyOf(type, id, scope);
    if (!this.entries.delete(key)) return;
    this.keysOfType.get(type)?.delete(key);
    this.forgetLists(type);
    this.onChange({ remove: { type, id, scope } });
  }

  private set(entry: LedgerEntry): void {
    const key = keyOf(entry.type, entry.id, entry.scope);
    this.entries.set(key, entry);
    const keys = this.keysOfType.get(entry.type);
    if (keys === undefined) this.keysOfType.set(entry.type, new Set([key]));
    else keys.add(key);
    this.forgetLists(entry.type);
  }

  private forgetLists(type: string): void {
    this.lists.delete(type);
    this.lists.delete(undefined);
  }
}

/** Text that tells a thing from all others. */
export function keyOf(type: string, id: string, scope = ""): string {
  return `${type}\n${id}\n${scope}`;
}
