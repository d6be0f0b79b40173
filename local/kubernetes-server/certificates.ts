import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";

import { alternativeNames, distinguishedName, issue, readIssuer } from "../clouds/tls/certificate";
import { generateKey } from "../clouds/tls/keys";

const DAY = 24 * 60 * 60 * 1000;

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is for. The common name is the user that a client certificate signs in as. */
export interface Purpose {
  readonly commonName: string;
  /** Groups that a client certificate signs in as. */
  readonly organizations?: readonly string[];
  /** DNS names and addresses that a server certificate is for. Default: none. */
  readonly hosts?: readonly string[];
}

/** A certificate authority of one API server, or of those of one folder. */
export class Authority {
  private constructor(
    /** PEM. */
    readonly certificate: string,
    private readonly key: KeyObject,
  ) {}

  static async create(commonName: string): Promise<Authority> {
    const key = await generateKey({ algorithm: "ECDSA", curve: "P256" });
    const subject = distinguishedName({ commonName: [commonName] });
    const { pem } = issue(
      { subject, publicKey: createPublicKey(key), alternativeNames: undefined },
      { ...validity(3650), allowedUses: ["cert_signing", "digital_signature"], isCa: true, ...TERMS },
      { name: subject, key, keyId: undefined },
    );
    return new Authority(pem, key);
  }

  /** The authority that a folder keeps; it is made when there is none. */
  static async open(directory: string, commonName: string): Promise<Authority> {
    const [certificate, key] = [join(directory, "ca.crt"), join(directory, "ca.key")];
    if (existsSync(certificate) && existsSync(key)) {
      return new Authority(readFileSync(certificate, "utf8"), createPrivateKey(readFileSync(key)));
    }
    const created = await Authority.create(commonName);
    mkdirSync(directory, { recursive: true });
    writeFileSync(key, pkcs8(created.key), { mode: 0o600 });
    writeFileSync(certificate, created.certificate);
    return created;
  }

  /** A certificate for servers and clients, valid for a year. */
  async issue({ commonName, organizations = [], hosts = [] }: Purpose): Promise<KeyPair> {
    const key = await generateKey({ algorithm: "ECDSA", curve: "P256" });
    const { name, keyId } = readIssuer(new X509Certificate(this.certificate));
    const { pem } = issue(
      {
        subject: distinguishedName({ organization: organizations, commonName: [commonName] }),
        publicKey: createPublicKey(key),
        alternativeNames: alternativeNames({
          dnsNames: hosts.filter((host) => isIP(host) === 0),
          ipAddresses: hosts.filter((host) => isIP(host) !== 0),
          uris: [],
        }),
      },
      { ...validity(365), allowedUses: ["digital_signature", "server_auth", "client_auth"], isCa: false, ...TERMS },
      { name, key: this.key, keyId },
    );
    return { certificate: pem, key: pkcs8(key) };
  }
}

const TERMS = { maxPathLength: -1, setSubjectKeyId: true } as const;

/** From a minute ago, since clocks that read it may be behind. */
function validity(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 60_000), notAfter: new Date(now + days * DAY) };
}

export function pkcs8(key: KeyObject): string {
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}
