/** A map by two keys. Two look-ups cost less than one by a joined key, which is made and hashed for each question. */
export class PairMap<T> {
  private readonly maps = new Map<string, Map<string, T>>();

  get(first: string, second: string): T | undefined {
    return this.maps.get(first)?.get(second);
  }

  set(first: string, second: string, value: T): void {
    const map = this.maps.get(first);
    if (map === undefined) this.maps.set(first, new Map([[second, value]]));
    else map.set(second, value);
  }
}

/** Items by two keys, in their order. */
export function groupByPair<T>(items: Iterable<T>, keysOf: (item: T) => readonly [string, string]): PairMap<T[]> {
  const groups = new PairMap<T[]>();
  for (const item of items) add(groups, ...keysOf(item), item);
  return groups;
}

/** Adds an item to the list of two keys. */
export function add<T>(groups: PairMap<T[]>, first: string, second: string, item: T): void {
  const group = groups.get(first, second);
  if (group === undefined) groups.set(first, second, [item]);
  else group.push(item);
}
