/** Just enough of DER (ITU-T X.690) to write and to read certificates and certificate requests. */

/** One element: its tag, what it holds, and the bytes it takes. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly raw: Buffer;
}

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content), content]);
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => element(TAG.sequence, ...items);
export const set = (...items: readonly Uint8Array[]): Buffer => element(TAG.set, ...items);
export const octets = (content: Uint8Array): Buffer => element(TAG.octetString, content);
export const text = (tag: number, value: string): Buffer => element(tag, Buffer.from(value, "utf8"));
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]));
/** `[number]` around whole elements. */
export const explicit = (number: number, ...items: readonly Uint8Array[]): Buffer => element(0xa0 | number, ...items);
/** `[number]` in place of the tag of a primitive element. */
export const implicit = (number: number, content: Uint8Array): Buffer => element(0x80 | number, content);

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array | number): Buffer {
  const all = typeof bytes === "number" ? Buffer.from([bytes]) : Buffer.from(bytes);
  const first = all.findIndex((byte) => byte !== 0);
  const shortest = first < 0 ? Buffer.from([0]) : all.subarray(first);
  const padding = (shortest[0] ?? 0) >= 0x80 ? [Buffer.from([0])] : [];
  return element(TAG.integer, ...padding, shortest);
}

export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return element(TAG.bitString, Buffer.from([unusedBits]), content);
}

/** Named bits, counted from the most significant one of the first byte. */
export function namedBits(bits: readonly number[]): Buffer {
  if (bits.length === 0) return bitString(Buffer.alloc(0));
  const last = Math.max(...bits);
  const bytes = Buffer.alloc((last >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return bitString(bytes, 7 - (last & 7));
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((part) => {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return element(TAG.oid, Buffer.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime from then on, as RFC 5280 4.1.2.5 wants it. */
export function time(moment: Date): Buffer {
  const digits = moment.toISOString().replace(/[-:T]|\.\d+/g, "");
  const utc = moment.getUTCFullYear() < 2050;
  return text(utc ? TAG.utcTime : TAG.generalizedTime, utc ? digits.slice(2) : digits);
}

/** Reads the element at the start of the bytes. Throws a `RangeError` when they end too early. */
export function read(bytes: Buffer): Element {
  const tag = bytes.readUInt8(0);
  const short = bytes.readUInt8(1);
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (start + length > bytes.length) throw new RangeError("the element is longer than what holds it");
  return { tag, content: bytes.subarray(start, start + length), raw: bytes.subarray(0, start + length) };
}

/** The elements inside of a constructed one. */
export function children(parent: Element): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < parent.content.length;) {
    const child = read(parent.content.subarray(at));
    found.push(child);
    at += child.raw.length;
  }
  return found;
}

export function fromPem(pem: string, label: string): Buffer | undefined {
  const body = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(pem)?.[1];
  return body === undefined ? undefined : Buffer.from(body.replace(/\s/g, ""), "base64");
}

/** PEM text with lines of 64 characters and a newline at its end. */
export function toPem(der: Uint8Array, label: string): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

function lengthOf(content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.from([content.length]);
  const hex = content.length.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}
