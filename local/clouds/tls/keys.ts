import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);

/** Curves by the names of the `tls` package. */
export const CURVES: Readonly<Record<string, string>> = {
  P224: "secp224r1",
  P256: "prime256v1",
  P384: "secp384r1",
  P521: "secp521r1",
};

const ALGORITHMS: Readonly<Record<string, string>> = { ec: "ECDSA", rsa: "RSA", ed25519: "ED25519" };
const SSH_CURVES: Readonly<Record<string, string>> = { "P-256": "nistp256", "P-384": "nistp384", "P-521": "nistp521" };

export type KeySpec =
  | { readonly algorithm: "ECDSA"; readonly curve: string }
  | { readonly algorithm: "RSA"; readonly bits: number }
  | { readonly algorithm: "ED25519" };

export async function generateKey(spec: KeySpec): Promise<KeyObject> {
  switch (spec.algorithm) {
    case "ECDSA":
      return (await generate("ec", { namedCurve: CURVES[spec.curve] ?? spec.curve })).privateKey;
    case "RSA":
      return (await generate("rsa", { modulusLength: spec.bits })).privateKey;
    case "ED25519":
      return (await generate("ed25519")).privateKey;
  }
}

/** Name of a key's algorithm as the `tls` package gives it. */
export function algorithmOf(key: KeyObject): string {
  return ALGORITHMS[key.asymmetricKeyType ?? ""] ?? "unknown";
}

/** The forms in which the `tls` package hands out a key. */
export function exportKey(key: KeyObject): {
  /** SEC1 for ECDSA, PKCS #1 for RSA, PKCS #8 for ED25519. */
  readonly pem: string;
  readonly pkcs8: string;
  readonly publicPem: string;
  /** One line of an `authorized_keys` file; empty for P224, which OpenSSH does not know. */
  readonly openssh: string;
  readonly fingerprintMd5: string;
  readonly fingerprintSha256: string;
} {
  const pkcs8 = key.export({ format: "pem", type: "pkcs8" }).toString();
  const traditional = { ec: "sec1", rsa: "pkcs1" } as const;
  const type = key.asymmetricKeyType;
  const pem =
    type === "ec" || type === "rsa" ? key.export({ format: "pem", type: traditional[type] }).toString() : pkcs8;
  const publicKey = createPublicKey(key);
  const wire = sshPublicKey(publicKey);
  const digest = (algorithm: string): Buffer =>
    createHash(algorithm)
      .update(wire?.blob ?? "")
      .digest();
  return {
    pem,
    pkcs8,
    publicPem: publicKey.export({ format: "pem", type: "spki" }).toString(),
    openssh: wire === undefined ? "" : `${wire.name} ${wire.blob.toString("base64")}\n`,
    fingerprintMd5: wire === undefined ? "" : (digest("md5").toString("hex").match(/../g) ?? []).join(":"),
    fingerprintSha256: wire === undefined ? "" : `SHA256:${digest("sha256").toString("base64").replace(/=+$/, "")}`,
  };
}

/** The private key of a PEM text, undefined when it holds none. */
export function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** The public key as SSH writes it (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4). */
function sshPublicKey(key: KeyObject): { readonly name: string; readonly blob: Buffer } | undefined {
  if (key.asymmetricKeyDetails?.namedCurve === CURVES.P224) return undefined;
  const { crv, e, n, x, y } = key.export({ format: "jwk" }) as Readonly<Record<string, string | undefined>>;
  const bytes = (value = ""): Buffer => Buffer.from(value, "base64url");
  if (key.asymmetricKeyType === "rsa") {
    return { name: "ssh-rsa", blob: sshStrings(Buffer.from("ssh-rsa"), sshInteger(bytes(e)), sshInteger(bytes(n))) };
  }
  if (key.asymmetricKeyType === "ed25519") {
    return { name: "ssh-ed25519", blob: sshStrings(Buffer.from("ssh-ed25519"), bytes(x)) };
  }
  const curve = SSH_CURVES[crv ?? ""];
  if (curve === undefined) return undefined;
  const name = `ecdsa-sha2-${curve}`;
  const point = Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)]);
  return { name, blob: sshStrings(Buffer.from(name), Buffer.from(curve), point) };
}

function sshStrings(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

function sshInteger(bytes: Buffer): Buffer {
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}
