/** IPv4 blocks, as far as planning networks needs them. */
export class Cidr {
  private constructor(
    private readonly base: number,
    /** Length of the prefix, 0 to 32. */
    readonly prefix: number,
  ) {}

  /** Reads `10.16.0.0/14`. Undefined when the text is no block, or when bits after the prefix are set. */
  static parse(text: string): Cidr | undefined {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
    if (match === null) return undefined;
    const [a, b, c, d, prefix] = match.slice(1).map(Number) as [number, number, number, number, number];
    if ([a, b, c, d].some((byte) => byte > 255) || prefix > 32) return undefined;
    const base = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
    return base % 2 ** (32 - prefix) === 0 ? new Cidr(base, prefix) : undefined;
  }

  /** Number of addresses. */
  get size(): number {
    return 2 ** (32 - this.prefix);
  }

  /** The `index`-th of the equal parts that `bits` more prefix bits make. */
  part(bits: number, index: number): Cidr {
    const part = new Cidr(0, this.prefix + bits);
    return new Cidr(this.base + index * part.size, part.prefix);
  }

  contains(other: Cidr): boolean {
    return this.base <= other.base && other.base + other.size <= this.base + this.size;
  }

  overlaps(other: Cidr): boolean {
    return this.base < other.base + other.size && other.base < this.base + this.size;
  }

  /** The `index`-th address. */
  address(index: number): string {
    const value = this.base + index;
    return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
  }

  toString(): string {
    return `${this.address(0)}/${this.prefix}`;
  }
}
