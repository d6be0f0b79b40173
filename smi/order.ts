/** Order by code units, the same on every machine. */
export function compare(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/** In the order of their keys, each of which is asked for once. */
export function sortBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  return sorted(keyed, (left, right) => compare(left.key, right.key)).map(({ item }) => item);
}

/** Above this, comparing each with each would take longer than what `sort` sets up. */
const FEW = 8;

/**
 * In order, as a new list; equal items keep theirs. A rule has one or two of most things, and for those `sort` would cost
 * more than all else that is done with them: V8 allocates more than a kilobyte for each call.
 */
export function sorted<T>(items: Iterable<T>, order: (left: T, right: T) => number): T[] {
  const list = [...items];
  if (list.length > FEW) return list.sort(order);
  for (let end = 1; end < list.length; end++) {
    const item = list[end]!;
    let at = end;
    for (; at > 0 && order(list[at - 1]!, item) > 0; at--) list[at] = list[at - 1]!;
    list[at] = item;
  }
  return list;
}

/** Texts by their code units, as a new list. */
export function sortedTexts(texts: Iterable<string>): string[] {
  return sorted(texts, compare);
}

/** Numbers upwards, as a new list. */
export function sortedNumbers(numbers: Iterable<number>): number[] {
  return sorted(numbers, (left, right) => left - right);
}
