import {
  createHash,
  createPublicKey,
  randomBytes,
  sign,
  verify,
  type X509Certificate,
  type KeyObject,
} from "node:crypto";
import { isIP, SocketAddress } from "node:net";

import {
  bitString,
  boolean,
  children,
  explicit,
  fromPem,
  implicit,
  integer,
  namedBits,
  octets,
  oid,
  read,
  sequence,
  set,
  TAG,
  text,
  time,
  toPem,
  type Element,
} from "./der";

/** Parts of a distinguished name by the names that the `tls` package gives them, in the order of the certificate. */
export const SUBJECT_PARTS = {
  country: "2.5.4.6",
  organization: "2.5.4.10",
  organizationalUnit: "2.5.4.11",
  locality: "2.5.4.7",
  province: "2.5.4.8",
  streetAddresses: "2.5.4.9",
  postalCode: "2.5.4.17",
  commonName: "2.5.4.3",
  serialNumber: "2.5.4.5",
  emailAddress: "1.2.840.113549.1.9.1",
} as const;

export type Subject = Readonly<Partial<Record<keyof typeof SUBJECT_PARTS, readonly string[]>>>;

/** Bits of the key usage extension (RFC 5280 4.2.1.3). */
export const KEY_USAGES: Readonly<Record<string, number>> = {
  digital_signature: 0,
  content_commitment: 1,
  key_encipherment: 2,
  data_encipherment: 3,
  key_agreement: 4,
  cert_signing: 5,
  crl_signing: 6,
  encipher_only: 7,
  decipher_only: 8,
};

/** Purposes of the extended key usage extension. */
export const EXTENDED_KEY_USAGES: Readonly<Record<string, string>> = {
  any_extended: "2.5.29.37.0",
  server_auth: "1.3.6.1.5.5.7.3.1",
  client_auth: "1.3.6.1.5.5.7.3.2",
  code_signing: "1.3.6.1.5.5.7.3.3",
  email_protection: "1.3.6.1.5.5.7.3.4",
  ipsec_end_system: "1.3.6.1.5.5.7.3.5",
  ipsec_tunnel: "1.3.6.1.5.5.7.3.6",
  ipsec_user: "1.3.6.1.5.5.7.3.7",
  timestamping: "1.3.6.1.5.5.7.3.8",
  ocsp_signing: "1.3.6.1.5.5.7.3.9",
  microsoft_commercial_code_signing: "1.3.6.1.4.1.311.2.1.22",
  microsoft_kernel_code_signing: "1.3.6.1.4.1.311.61.1.1",
};

export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
}

/** What a certificate says beside its subject and key. */
export interface CertificateTerms {
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly allowedUses: readonly string[];
  readonly isCa: boolean;
  /** Longest chain of further authorities below; negative for no limit. */
  readonly maxPathLength: number;
  readonly setSubjectKeyId: boolean;
}

/** What is to be certified: the DER of a name, a public key, and the DER of a SubjectAltName extension if there is one. */
export interface Request {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly alternativeNames: Buffer | undefined;
}

const SUBJECT_KEY_ID = "2.5.29.14";
const ALTERNATIVE_NAMES = "2.5.29.17";
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

export interface Certificate {
  readonly pem: string;
  /** In decimal digits, as the `tls` package uses it for its ids. */
  readonly serialNumber: string;
}

/** Signs a certificate. `issuer` is the authority's name and key id; for a self-signed one they are its own. */
export function issue(
  request: Request,
  terms: CertificateTerms,
  issuer: { readonly name: Buffer; readonly key: KeyObject; readonly keyId: Buffer | undefined },
): Certificate {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01;
  const body = sequence(
    explicit(0, integer(2)),
    integer(serial),
    signatureAlgorithm(issuer.key).identifier,
    issuer.name,
    sequence(time(terms.notBefore), time(terms.notAfter)),
    request.subject,
    publicKeyInfo(request.publicKey),
    explicit(3, sequence(...extensions(request, terms, issuer.keyId))),
  );
  return {
    pem: toPem(signed(body, issuer.key), "CERTIFICATE"),
    serialNumber: BigInt(`0x${serial.toString("hex")}`).toString(),
  };
}

/** A signed certificate request (PKCS #10) as PEM. */
export function requestCertificate(subject: Subject, names: AlternativeNames, key: KeyObject): string {
  const extension = alternativeNames(names);
  const attributes = extension === undefined ? [] : [sequence(oid(EXTENSION_REQUEST), set(sequence(extension)))];
  const body = sequence(integer(0), distinguishedName(subject), publicKeyInfo(key), explicit(0, ...attributes));
  return toPem(signed(body, key), "CERTIFICATE REQUEST");
}

/** Reads a certificate request; undefined when it is none, or not signed by the key that it names. */
export function readRequest(pem: string): Request | undefined {
  const der = fromPem(pem, "CERTIFICATE REQUEST");
  if (der === undefined) return undefined;
  try {
    const [body, , signature] = children(read(der));
    if (body === undefined || signature === undefined) return undefined;
    const [, subject, info, attributes] = children(body);
    if (subject === undefined || info === undefined) return undefined;
    const publicKey = createPublicKey({ key: info.raw, format: "der", type: "spki" });
    if (!verify(signatureAlgorithm(publicKey).hash, body.raw, publicKey, signature.content.subarray(1)))
      return undefined;
    return { subject: subject.raw, publicKey, alternativeNames: requestedNames(attributes) };
  } catch {
    return undefined;
  }
}

/** The name and the subject key id of a certificate, as those that it signs must repeat them. */
export function readIssuer(certificate: X509Certificate): {
  readonly name: Buffer;
  readonly keyId: Buffer | undefined;
} {
  const [body] = children(read(certificate.raw));
  const parts = body === undefined ? [] : children(body);
  const [list] = parts.filter(({ tag }) => tag === 0xa3).flatMap(children);
  const keyId = findExtension(list, SUBJECT_KEY_ID);
  const name = parts[5]?.raw ?? sequence();
  return { name, keyId: keyId === undefined ? undefined : read(valueOf(keyId)).content };
}

export function distinguishedName(subject: Subject): Buffer {
  const parts = Object.entries(SUBJECT_PARTS).flatMap(([part, identifier]) =>
    (subject[part as keyof typeof SUBJECT_PARTS] ?? []).map((value) =>
      set(sequence(oid(identifier), nameText(part, value))),
    ),
  );
  return sequence(...parts);
}

/** The SubjectAltName extension; undefined when there are no names. */
export function alternativeNames({ dnsNames, ipAddresses, uris }: AlternativeNames): Buffer | undefined {
  const names = [
    ...dnsNames.map((name) => implicit(2, Buffer.from(name))),
    ...ipAddresses.map((address) => implicit(7, addressBytes(address))),
    ...uris.map((uri) => implicit(6, Buffer.from(uri))),
  ];
  return names.length === 0 ? undefined : extension(ALTERNATIVE_NAMES, false, sequence(...names));
}

/** SHA-1 of the public key's bits, the usual subject key id. */
export function keyIdOf(key: KeyObject): Buffer {
  const [, bits] = children(read(publicKeyInfo(key)));
  return createHash("sha1")
    .update(bits?.content.subarray(1) ?? "")
    .digest();
}

function extensions(request: Request, terms: CertificateTerms, issuerKeyId: Buffer | undefined): Buffer[] {
  const bits = terms.allowedUses.flatMap((use) => KEY_USAGES[use] ?? []);
  const purposes = terms.allowedUses.flatMap((use) => EXTENDED_KEY_USAGES[use] ?? []);
  const limit = terms.isCa && terms.maxPathLength >= 0 ? [integer(terms.maxPathLength)] : [];
  return [
    ...(bits.length === 0 ? [] : [extension("2.5.29.15", true, namedBits(bits))]),
    ...(purposes.length === 0 ? [] : [extension("2.5.29.37", false, sequence(...purposes.map(oid)))]),
    extension("2.5.29.19", true, sequence(...(terms.isCa ? [boolean(true)] : []), ...limit)),
    // Authorities always carry one, so that what they sign can name it.
    ...(terms.isCa || terms.setSubjectKeyId
      ? [extension(SUBJECT_KEY_ID, false, octets(keyIdOf(request.publicKey)))]
      : []),
    ...(issuerKeyId === undefined ? [] : [extension("2.5.29.35", false, sequence(implicit(0, issuerKeyId)))]),
    ...(request.alternativeNames === undefined ? [] : [request.alternativeNames]),
  ];
}

function extension(identifier: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(identifier), ...(critical ? [boolean(true)] : []), octets(value));
}

function requestedNames(attributes: Element | undefined): Buffer | undefined {
  for (const attribute of attributes === undefined ? [] : children(attributes)) {
    const [identifier, values] = children(attribute);
    if (identifier?.raw.equals(oid(EXTENSION_REQUEST)) !== true || values === undefined) continue;
    return findExtension(children(values)[0], ALTERNATIVE_NAMES)?.raw;
  }
  return undefined;
}

function findExtension(list: Element | undefined, identifier: string): Element | undefined {
  if (list === undefined) return undefined;
  return children(list).find((item) => children(item)[0]?.raw.equals(oid(identifier)) === true);
}

/** What an extension's octets hold. */
function valueOf(item: Element): Buffer {
  return children(item).at(-1)?.content ?? Buffer.alloc(0);
}

function signed(body: Buffer, key: KeyObject): Buffer {
  const { hash, identifier } = signatureAlgorithm(key);
  return sequence(body, identifier, bitString(sign(hash, body, key)));
}

/** The hash and the algorithm identifier that go with a key, as Go's crypto/x509 chooses them. */
function signatureAlgorithm(key: KeyObject): { readonly hash: string | null; readonly identifier: Buffer } {
  if (key.asymmetricKeyType === "ed25519") return { hash: null, identifier: sequence(oid("1.3.101.112")) };
  if (key.asymmetricKeyType === "rsa") {
    return { hash: "sha256", identifier: sequence(oid("1.2.840.113549.1.1.11"), Buffer.from([0x05, 0x00])) };
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === "secp521r1") return { hash: "sha512", identifier: sequence(oid("1.2.840.10045.4.3.4")) };
  if (curve === "secp384r1") return { hash: "sha384", identifier: sequence(oid("1.2.840.10045.4.3.3")) };
  return { hash: "sha256", identifier: sequence(oid("1.2.840.10045.4.3.2")) };
}

function publicKeyInfo(key: KeyObject): Buffer {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ format: "der", type: "spki" });
}

function nameText(part: string, value: string): Buffer {
  if (part === "emailAddress") return text(TAG.ia5String, value);
  return text(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? TAG.printableString : TAG.utf8String, value);
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const plain = new SocketAddress({ address, family: "ipv6" }).address;
  const [head = "", tail] = plain.split("::");
  const groups = (part: string): string[] =>
    part === "" ? [] : part.split(":").flatMap((group) => (group.includes(".") ? mapped(group) : [group]));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const all = tail === undefined ? before : [...before, ...middle, ...after];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** The IPv4 part of a mapped address as two groups. */
function mapped(address: string): string[] {
  const hex = Buffer.from(address.split(".").map(Number)).toString("hex");
  return [hex.slice(0, 4), hex.slice(4)];
}
