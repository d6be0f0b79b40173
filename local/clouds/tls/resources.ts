import { createHash, createPublicKey, X509Certificate, type KeyObject } from "node:crypto";
import { isIP } from "node:net";

import { Secret, type PropertyMap, type PropertyValue } from "../../protocol/property";
import { ProviderError, type CheckFailure } from "../../protocol/provider";
import { textAt, textsAt, valueAt } from "../paths";
import { boolean, each, list, number, object, string, type Properties } from "../schema";
import {
  alternativeNames,
  distinguishedName,
  EXTENDED_KEY_USAGES,
  issue,
  KEY_USAGES,
  keyIdOf,
  readIssuer,
  readRequest,
  requestCertificate,
  SUBJECT_PARTS,
  type AlternativeNames,
  type Certificate,
  type CertificateTerms,
  type Subject,
} from "./certificate";
import { algorithmOf, CURVES, exportKey, generateKey, parsePrivateKey, type KeySpec } from "./keys";

const MILLISECONDS_PER_HOUR = 3_600_000;

/** One resource type of the `tls` package. */
export interface TlsResource {
  readonly properties: Properties;
  /** Outputs that are known only once it is made. */
  readonly computed: readonly string[];
  /** Outputs that are secret whatever the inputs are. */
  readonly secrets: readonly string[];
  readonly check?: (inputs: PropertyMap) => CheckFailure[];
  /** Makes it; inputs are known and without secrets. */
  readonly make: (inputs: PropertyMap, now: Date) => Promise<{ readonly id: string; readonly computed: PropertyMap }>;
}

const fixed = { immutable: true } as const;

const subject = object(
  {
    ...each(string(), ...Object.keys(SUBJECT_PARTS).filter((part) => part !== "streetAddresses")),
    streetAddresses: list(),
  },
  fixed,
);

const names: Properties = {
  dnsNames: list(string(), fixed),
  ipAddresses: list(string(), fixed),
  subject,
  uris: list(string(), fixed),
};

const ownKey: Properties = {
  privateKeyPem: string(fixed),
  privateKeyPemWo: string(),
  privateKeyPemWoVersion: number(fixed),
};

const terms: Properties = {
  allowedUses: list(string({ oneOf: [...Object.keys(KEY_USAGES), ...Object.keys(EXTENDED_KEY_USAGES)] }), {
    ...fixed,
    required: true,
  }),
  earlyRenewalHours: number({ minimum: 0, default: 0 }),
  isCaCertificate: boolean({ ...fixed, default: false }),
  maxPathLength: number({ ...fixed, minimum: -1, default: -1 }),
  setSubjectKeyId: boolean({ ...fixed, default: false }),
  validityPeriodHours: number({ ...fixed, required: true, minimum: 0 }),
};

const CERTIFICATE_OUTPUTS = ["certPem", "keyAlgorithm", "readyForRenewal", "validityEndTime", "validityStartTime"];

const privateKey: TlsResource = {
  properties: {
    algorithm: string({ ...fixed, required: true, oneOf: ["ECDSA", "ED25519", "RSA"] }),
    ecdsaCurve: string({ ...fixed, default: "P224", oneOf: Object.keys(CURVES) }),
    rsaBits: number({ ...fixed, default: 2048, minimum: 1024 }),
  },
  computed: [
    "privateKeyOpenssh",
    "privateKeyPem",
    "privateKeyPemPkcs8",
    "publicKeyFingerprintMd5",
    "publicKeyFingerprintSha256",
    "publicKeyOpenssh",
    "publicKeyPem",
  ],
  secrets: ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"],
  async make(inputs) {
    const key = exportKey(await generateKey(keySpec(inputs)));
    return {
      id: createHash("sha1").update(key.publicPem).digest("hex"),
      computed: {
        // The OpenSSH container is its own format that nothing here reads.
        privateKeyOpenssh: "",
        privateKeyPem: key.pem,
        privateKeyPemPkcs8: key.pkcs8,
        publicKeyFingerprintMd5: key.fingerprintMd5,
        publicKeyFingerprintSha256: key.fingerprintSha256,
        publicKeyOpenssh: key.openssh,
        publicKeyPem: key.publicPem,
      },
    };
  },
};

const selfSignedCert: TlsResource = {
  properties: { ...terms, ...names, ...ownKey, setAuthorityKeyId: boolean({ ...fixed, default: false }) },
  computed: CERTIFICATE_OUTPUTS,
  secrets: ["privateKeyPem"],
  check: (inputs) => [...oneKey(inputs, "privateKeyPem"), ...badAddresses(inputs)],
  async make(inputs, now) {
    const key = readKey(inputs, "privateKeyPem");
    const name = distinguishedName(subjectOf(inputs));
    const request = {
      subject: name,
      publicKey: createPublicKey(key),
      alternativeNames: alternativeNames(namesOf(inputs)),
    };
    const keyId = valueAt(inputs, "setAuthorityKeyId") === true ? keyIdOf(key) : undefined;
    const validity = termsOf(inputs, now);
    return certificateOutputs(
      issue(request, validity, { name, key, keyId }),
      { keyAlgorithm: algorithmOf(key) },
      validity,
    );
  },
};

const certRequest: TlsResource = {
  properties: { ...names, ...ownKey },
  computed: ["certRequestPem", "keyAlgorithm"],
  secrets: ["privateKeyPem"],
  check: (inputs) => [...oneKey(inputs, "privateKeyPem"), ...badAddresses(inputs)],
  async make(inputs) {
    const key = readKey(inputs, "privateKeyPem");
    const pem = requestCertificate(subjectOf(inputs), namesOf(inputs), key);
    return {
      id: createHash("sha1").update(pem).digest("hex"),
      computed: { certRequestPem: pem, keyAlgorithm: algorithmOf(key) },
    };
  },
};

const locallySignedCert: TlsResource = {
  properties: {
    ...terms,
    caCertPem: string({ ...fixed, required: true }),
    caPrivateKeyPem: string(fixed),
    caPrivateKeyPemWo: string(),
    caPrivateKeyPemWoVersion: number(fixed),
    certRequestPem: string({ ...fixed, required: true }),
  },
  computed: ["caKeyAlgorithm", ...CERTIFICATE_OUTPUTS.filter((name) => name !== "keyAlgorithm")],
  secrets: ["caPrivateKeyPem"],
  check: (inputs) => oneKey(inputs, "caPrivateKeyPem"),
  async make(inputs, now) {
    const key = readKey(inputs, "caPrivateKeyPem");
    const authority = readAuthority(textAt(inputs, "caCertPem") ?? "", key);
    const request = readRequest(textAt(inputs, "certRequestPem") ?? "");
    if (request === undefined) {
      throw new ProviderError("certRequestPem is not a certificate request in PEM, or it is not signed by its own key");
    }
    const validity = termsOf(inputs, now);
    const certificate = issue(request, validity, { ...authority, key });
    return certificateOutputs(certificate, { caKeyAlgorithm: algorithmOf(key) }, validity);
  },
};

/** The resource types by token. */
export const RESOURCES: Readonly<Record<string, TlsResource>> = {
  "tls:index/certRequest:CertRequest": certRequest,
  "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
  "tls:index/privateKey:PrivateKey": privateKey,
  "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
};

/** The moment from which a certificate should be renewed; undefined for what never is. */
export function renewalTime(outputs: PropertyMap, earlyRenewalHours: PropertyValue | undefined): Date | undefined {
  const end = textAt(outputs, "validityEndTime");
  if (end === undefined) return undefined;
  const early = typeof earlyRenewalHours === "number" ? earlyRenewalHours : 0;
  return new Date(Date.parse(end) - early * MILLISECONDS_PER_HOUR);
}

/** Outputs with the secret ones wrapped, and without write-only inputs, which no state holds. */
export function outputsOf(resource: TlsResource, inputs: PropertyMap, computed: PropertyMap): PropertyMap {
  const all = Object.entries({ ...inputs, ...computed }).filter(([name]) => !name.endsWith("PemWo"));
  return Object.fromEntries(
    all.map(([name, value]) => [
      name,
      resource.secrets.includes(name) && !(value instanceof Secret) ? new Secret(value) : value,
    ]),
  );
}

function certificateOutputs(
  { pem, serialNumber }: Certificate,
  algorithm: PropertyMap,
  { notBefore, notAfter }: CertificateTerms,
): { id: string; computed: PropertyMap } {
  const moment = (date: Date): string => date.toISOString().replace(".000Z", "Z");
  const validity = { validityStartTime: moment(notBefore), validityEndTime: moment(notAfter) };
  return { id: serialNumber, computed: { certPem: pem, readyForRenewal: false, ...algorithm, ...validity } };
}

function keySpec(inputs: PropertyMap): KeySpec {
  const algorithm = textAt(inputs, "algorithm");
  if (algorithm === "RSA") return { algorithm, bits: Number(valueAt(inputs, "rsaBits")) };
  if (algorithm === "ED25519") return { algorithm };
  return { algorithm: "ECDSA", curve: textAt(inputs, "ecdsaCurve") ?? "P224" };
}

function termsOf(inputs: PropertyMap, now: Date): CertificateTerms {
  const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const hours = Number(valueAt(inputs, "validityPeriodHours"));
  return {
    notBefore,
    notAfter: new Date(notBefore.getTime() + hours * MILLISECONDS_PER_HOUR),
    allowedUses: textsAt(inputs, "allowedUses[*]"),
    isCa: valueAt(inputs, "isCaCertificate") === true,
    maxPathLength: Number(valueAt(inputs, "maxPathLength") ?? -1),
    setSubjectKeyId: valueAt(inputs, "setSubjectKeyId") === true,
  };
}

function subjectOf(inputs: PropertyMap): Subject {
  return Object.fromEntries(
    Object.keys(SUBJECT_PARTS).map((part) => [
      part,
      textsAt(inputs, part === "streetAddresses" ? "subject.streetAddresses[*]" : `subject.${part}`),
    ]),
  );
}

function namesOf(inputs: PropertyMap): AlternativeNames {
  return {
    dnsNames: textsAt(inputs, "dnsNames[*]"),
    ipAddresses: textsAt(inputs, "ipAddresses[*]"),
    uris: textsAt(inputs, "uris[*]"),
  };
}

function readKey(inputs: PropertyMap, property: string): KeyObject {
  const key = parsePrivateKey(textAt(inputs, `${property}Wo`) ?? textAt(inputs, property) ?? "");
  if (key === undefined) throw new ProviderError(`${property} is not a private key in PEM`);
  return key;
}

function readAuthority(pem: string, key: KeyObject): ReturnType<typeof readIssuer> {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new ProviderError("caCertPem is not a certificate in PEM");
  }
  if (!certificate.checkPrivateKey(key)) {
    throw new ProviderError(
      "x509: provided PrivateKey doesn't match parent's PublicKey: caPrivateKeyPem is not the key of caCertPem",
    );
  }
  return readIssuer(certificate);
}

function oneKey(inputs: PropertyMap, property: string): CheckFailure[] {
  const given = [property, `${property}Wo`].filter((name) => inputs[name] !== undefined);
  return given.length === 1 ? [] : [{ property, reason: `exactly one of ${property} and ${property}Wo must be given` }];
}

function badAddresses(inputs: PropertyMap): CheckFailure[] {
  return textsAt(inputs, "ipAddresses[*]").flatMap((address) =>
    isIP(address) !== 0 ? [] : [{ property: "ipAddresses", reason: `"${address}" is not an IP address` }],
  );
}
