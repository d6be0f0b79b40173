const SUFFIXES: Readonly<Record<string, number>> = { "": 1, m: 1e-3, k: 1e3, M: 1e6 };

/** A Kubernetes quantity from 0, as text or number, in thousandths; undefined for anything else. */
export function thousandths(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  const parts = typeof text === "string" ? /^(\d+(?:\.\d{1,3})?)([mkM]?)$/.exec(text) : null;
  const found = parts ? Number(parts[1]) * SUFFIXES[parts[2]!]! * 1000 : NaN;
  const rounded = Math.round(found);
  return parts && Math.abs(found - rounded) < 1e-6 && Number.isSafeInteger(rounded) ? rounded : undefined;
}

/** Relative weights in thousandths as integers: divided by 1,000 where all can be, so that `1` and `1000m` are alike. */
export function toIntegers(weights: readonly number[]): number[] {
  return weights.some((weight) => weight % 1000 !== 0) ? [...weights] : weights.map((weight) => weight / 1000);
}
