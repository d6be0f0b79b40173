import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import type { Crypter } from "./crypter";

/**
 * Pulumi's property model and its encoding on the wire.
 *
 * The signatures are those of `sdk/go/common/resource/sig.go` and `plugin/rpc.go` of pulumi/pulumi 3.260.
 */

/** Key that marks an object as an encoded wrapper: a secret, a reference, an asset. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
/** In files only: a number that JSON lacks, as the bits of the double in hexadecimal. */
export const SPECIAL_FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c";

/** What an unknown value is on the wire, whatever its type. */
export const UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Sentinels of typed unknowns that Go programs may send; accepted, never emitted. */
const UNKNOWN_SENTINELS: ReadonlySet<string> = new Set([
  UNKNOWN_SENTINEL,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** A value that is not known yet, as in a preview. */
export class Unknown {
  static readonly value = new Unknown();
  private constructor() {}
}

/** A value that must never be shown or stored in plain text. */
export class Secret {
  constructor(readonly value: PropertyValue) {}
}

/** A reference to another resource. `id` is absent for components and `Unknown` for resources not created yet. */
export class ResourceReference {
  constructor(
    readonly urn: string,
    readonly id?: string | Unknown,
  ) {}
}

/** An asset or an archive, kept in its wire form: nothing here looks inside. */
export class AssetOrArchive {
  constructor(readonly wire: { readonly [key: string]: JavaScriptValue }) {}
}

export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | Unknown
  | Secret
  | ResourceReference
  | AssetOrArchive
  | readonly PropertyValue[]
  | PropertyMap;

export interface PropertyMap {
  readonly [key: string]: PropertyValue;
}

/** True for a plain object of properties, false for wrappers, arrays and scalars. */
export function isPropertyMap(value: PropertyValue | undefined): value is PropertyMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  );
}

type Json = { [key: string]: JavaScriptValue };

/** Encodes a property map as the Struct that every RPC carries. */
export function encode(map: PropertyMap): Struct {
  return Struct.fromJavaScript(encodeMap(map));
}

/** Encodes a property map for a file: see `encodeValue`. */
export function encodeMap(map: PropertyMap, crypter?: Crypter): Json {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, encodeValue(value, crypter)]));
}

/**
 * Encodes one value as plain JavaScript with Pulumi's signatures in it. With a crypter, secrets are sealed as Pulumi's
 * state files hold them: the ciphertext of their JSON text.
 */
export function encodeValue(value: PropertyValue, crypter?: Crypter): JavaScriptValue {
  if (value instanceof Unknown) return UNKNOWN_SENTINEL;
  if (value instanceof Secret) {
    const plain = encodeValue(value.value, crypter);
    return crypter === undefined
      ? { [SIGNATURE]: SECRET, value: plain }
      : { [SIGNATURE]: SECRET, ciphertext: crypter.encrypt(JSON.stringify(plain)) };
  }
  if (value instanceof ResourceReference) {
    const reference: Json = { [SIGNATURE]: REFERENCE, urn: value.urn };
    if (value.id !== undefined) reference.id = encodeValue(value.id, crypter);
    return reference;
  }
  if (value instanceof AssetOrArchive) return { ...value.wire };
  if (Array.isArray(value)) return value.map((item: PropertyValue) => encodeValue(item, crypter));
  if (typeof value === "object" && value !== null) return encodeMap(value as PropertyMap, crypter);
  return value;
}

/** Decodes the Struct of an RPC. Output values become what they hold: a value, an unknown, or a secret of either. */
export function decode(struct: Struct | undefined): PropertyMap {
  return struct === undefined ? {} : decodeMap(struct.toJavaScript());
}

/** Decodes a property map from a file: see `decodeValue`. */
export function decodeMap(json: Json, crypter?: Crypter): PropertyMap {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, decodeValue(value, crypter)]));
}

/** Decodes one value from plain JavaScript with Pulumi's signatures in it; sealed secrets need the crypter. */
export function decodeValue(json: JavaScriptValue, crypter?: Crypter): PropertyValue {
  if (typeof json === "string") return UNKNOWN_SENTINELS.has(json) ? Unknown.value : json;
  if (Array.isArray(json)) return json.map((item) => decodeValue(item, crypter));
  if (typeof json !== "object" || json === null) return json;
  const object = json as Json;
  switch (object[SIGNATURE]) {
    case undefined:
      return decodeMap(object, crypter);
    case SECRET:
      return new Secret(decodeSecret(object, crypter));
    case REFERENCE: {
      const id = object.id === undefined ? undefined : (decodeValue(object.id, crypter) as string | Unknown);
      return new ResourceReference(String(object.urn), id);
    }
    case OUTPUT: {
      const value = object.value === undefined ? Unknown.value : decodeValue(object.value, crypter);
      return object.secret === true ? new Secret(value) : value;
    }
    case SPECIAL_FLOAT:
      return Buffer.from(String(object.value), "hex").readDoubleBE();
    case ASSET:
    case ARCHIVE:
      return new AssetOrArchive(object);
    default:
      throw new Error(`a property has the unknown signature ${String(object[SIGNATURE])}`);
  }
}

function decodeSecret(secret: Json, crypter?: Crypter): PropertyValue {
  if (typeof secret.ciphertext === "string") {
    if (crypter === undefined) throw new Error("a sealed secret was met where no passphrase is at hand");
    return decodeValue(JSON.parse(crypter.decrypt(secret.ciphertext)) as JavaScriptValue, crypter);
  }
  // A state file that another tool exported with --show-secrets holds the JSON text in the clear.
  if (typeof secret.plaintext === "string")
    return decodeValue(JSON.parse(secret.plaintext) as JavaScriptValue, crypter);
  return decodeValue(secret.value ?? null, crypter);
}

/** Whether an unknown occurs anywhere in the value. */
export function containsUnknown(value: PropertyValue | undefined): boolean {
  return some(value, (item) => item instanceof Unknown);
}

/** Whether a secret occurs anywhere in the value. */
export function containsSecret(value: PropertyValue | undefined): boolean {
  return some(value, (item) => item instanceof Secret);
}

function some(value: PropertyValue | undefined, test: (value: PropertyValue) => boolean): boolean {
  if (value === undefined) return false;
  if (test(value)) return true;
  if (value instanceof Secret) return some(value.value, test);
  if (value instanceof ResourceReference) return value.id !== undefined && some(value.id, test);
  if (Array.isArray(value)) return value.some((item: PropertyValue) => some(item, test));
  return isPropertyMap(value) && Object.values(value).some((item) => some(item, test));
}

/** The value with every secret wrapper taken off, for comparisons and for code that must look inside. */
export function unwrapSecrets(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return unwrapSecrets(value.value);
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (isPropertyMap(value)) return mapValues(value, unwrapSecrets);
  return value;
}

/**
 * The answer of a provider that does not know secrets, with what is secret in the inputs of the same names secret again
 * (provider_plugin.go: annotateSecrets).
 */
export function annotateSecrets(answer: PropertyMap, inputs: PropertyMap): PropertyMap {
  const entries = Object.entries(answer).map(([key, value]): [string, PropertyValue] => {
    const input = inputs[key];
    if (isPropertyMap(value) && isPropertyMap(input)) return [key, annotateSecrets(value, input)];
    return [key, containsSecret(input) && !(value instanceof Secret) ? new Secret(value) : value];
  });
  return Object.fromEntries(entries);
}

/** A map with the same keys, each value transformed. */
export function mapValues<V, W>(map: Readonly<Record<string, V>>, transform: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, transform(value)]));
}

/** Deep equality of property values. Unknown equals only Unknown; secretness counts. Key order does not. */
export function equals(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (a === b) return true;
  if (
    a === undefined ||
    b === undefined ||
    typeof a !== "object" ||
    typeof b !== "object" ||
    a === null ||
    b === null
  ) {
    return false;
  }
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a)) {
    const other = b as readonly PropertyValue[];
    return a.length === other.length && a.every((item: PropertyValue, index) => equals(item, other[index]));
  }
  const left = Object.entries(a as PropertyMap);
  const right = b as PropertyMap;
  return (
    left.length === Object.keys(right).length && left.every(([key, value]) => key in right && equals(value, right[key]))
  );
}
