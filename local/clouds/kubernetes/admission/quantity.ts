const SUFFIXES: Readonly<Record<string, number>> = {
  "": 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A quantity in units: `100m` is 0.1, `1Ki` is 1024. Undefined when it is none. */
export function parseQuantity(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const match = typeof value === "string" ? /^(\d+(?:\.\d+)?(?:e\d+)?)([numkMGT]|[KMGT]i)?$/.exec(value) : null;
  if (match === null) return undefined;
  return Number(match[1]) * (SUFFIXES[match[2] ?? ""] ?? 1);
}

/** As the API server writes it: whole units where they are whole, thousandths or powers of 1,024 where those are. */
export function formatQuantity(units: number): string {
  if (!Number.isInteger(units)) return `${Math.ceil(units * 1000)}m`;
  const binary = ["Ti", "Gi", "Mi", "Ki"].find((suffix) => units > 0 && units % (SUFFIXES[suffix] ?? 1) === 0);
  return binary === undefined ? String(units) : `${units / (SUFFIXES[binary] ?? 1)}${binary}`;
}
