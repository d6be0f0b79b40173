/** A block of IPv4 addresses. */
export interface Cidr {
  readonly first: number;
  readonly last: number;
  /** Prefix length, 0 to 32. */
  readonly prefix: number;
}

/** Parses `10.0.0.0/16`. Undefined when it is not an IPv4 block, or its address has bits below the prefix. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(.+)\/(\d{1,2})$/.exec(text);
  const first = match?.[1] === undefined ? undefined : parseAddress(match[1]);
  const prefix = Number(match?.[2]);
  if (first === undefined || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  return first % size === 0 ? { first, last: first + size - 1, prefix } : undefined;
}

/** An IPv4 address as a number, or undefined. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function containsBlock(outer: Cidr, inner: Cidr): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** Whether any two of the blocks share an address; texts that are no IPv4 blocks are passed over. */
export function anyOverlap(left: readonly string[], right: readonly string[]): boolean {
  const parse = (texts: readonly string[]): Cidr[] => texts.map(parseCidr).filter((block) => block !== undefined);
  return parse(left).some((a) => parse(right).some((b) => overlaps(a, b)));
}

/** An IPv4 address from hex digits, outside of private ranges. */
export function publicAddress(digits: string): string {
  const byte = (index: number): number => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16) % 254;
  return `52.${byte(0) + 1}.${byte(1) + 1}.${byte(2) + 1}`;
}
