/** Percentages for a splitter, in an order that Consul accepts. */
export interface Apportioned {
  /** Index of the weight that was given, and its percentage with at most two decimals. */
  readonly shares: readonly { readonly index: number; readonly percent: number }[];
  /** Indexes of weights above 0 whose share is below what Consul can say, so that they get nothing. */
  readonly lost: readonly number[];
}

/** Hundredths of a percent, the smallest share of a splitter. */
const UNITS = 10_000;
/** Up to this many shares, all orders are tried; then chance finds one faster. Failing that, whole percents are always exact. */
const MAX_PERMUTED = 6;
const MAX_SHUFFLES = 5000;

/**
 * Relative weights as percentages whose sum is exactly 100 in single precision, in the order of the result: the
 * admission webhook adds them up as `float32` and compares with 100
 * (https://github.com/hashicorp/consul-k8s, control-plane/api/v1alpha1/servicesplitter_types.go). Shares are rounded to
 * whole percents if those are exact, otherwise to hundredths, by largest remainder; a weight of 0 stays 0.
 *
 * @param weights Integers from 0, of which one at least is above 0.
 */
export function apportion(weights: readonly number[]): Apportioned {
  const whole = largestRemainder(weights, 100);
  const total = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  const exact = weights.every((weight, index) => BigInt(weight) * 100n === BigInt(whole[index]!) * total);
  const fine = exact ? undefined : largestRemainder(weights, UNITS).map((units) => units / 100);
  const order = fine && exactOrder(fine);
  const percents = order ? fine : whole;
  return {
    shares: (order ?? [...weights.keys()]).map((index) => ({ index, percent: percents[index]! })),
    lost: [...weights.keys()].filter((index) => weights[index]! > 0 && percents[index] === 0),
  };
}

/** Integers that add up to `units`, each less than 1 from its exact share; ties go to the first. */
function largestRemainder(weights: readonly number[], units: number): number[] {
  // Weights may be as large as 2^53, so their products need more than a double.
  const total = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  const scaled = weights.map((weight) => BigInt(weight) * BigInt(units));
  const floors = scaled.map((value) => Number(value / total));
  const left = units - floors.reduce((sum, floor) => sum + floor, 0);
  const remainders = scaled.map((value, index) => ({ index, remainder: value % total }));
  remainders.sort((one, other) =>
    one.remainder === other.remainder ? one.index - other.index : one.remainder > other.remainder ? -1 : 1,
  );
  for (const { index } of remainders.slice(0, left)) floors[index]! += 1;
  return floors;
}

/** The sum as Consul's webhook computes it. */
export function float32Sum(percents: readonly number[]): number {
  return percents.reduce((sum, percent) => Math.fround(sum + Math.fround(percent)), 0);
}

/** An order in which the percentages add up to 100, the given one if it does; undefined if none was found. */
function exactOrder(percents: readonly number[]): number[] | undefined {
  const given = [...percents.keys()];
  const ascending = [...given].sort((one, other) => percents[one]! - percents[other]! || one - other);
  const isExact = (order: readonly number[]): boolean => float32Sum(order.map((index) => percents[index]!)) === 100;
  for (const order of [given, ascending, [...ascending].reverse()]) if (isExact(order)) return order;
  for (const order of given.length <= MAX_PERMUTED ? permutations(given) : shuffles(given)) {
    if (isExact(order)) return order;
  }
  return undefined;
}

/** All orders. */
function* permutations(items: readonly number[]): Generator<number[]> {
  if (items.length <= 1) {
    yield [...items];
    return;
  }
  for (const [at, first] of items.entries()) {
    for (const rest of permutations(items.filter((_, index) => index !== at))) yield [first, ...rest];
  }
}

/** Many orders, always the same ones: a linear congruential generator stands in for chance. */
function* shuffles(items: readonly number[]): Generator<number[]> {
  let state = 1;
  for (let count = 0; count < MAX_SHUFFLES; count++) {
    const order = [...items];
    for (let at = order.length - 1; at > 0; at--) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      const other = (state >>> 8) % (at + 1);
      [order[at], order[other]] = [order[other]!, order[at]!];
    }
    yield order;
  }
}
