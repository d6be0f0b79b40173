import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";

import { Ledger } from "../../../../local/clouds/ledger";
import { TlsProvider } from "../../../../local/clouds/tls";
import { Secret, Unknown, unwrapSecrets, type PropertyMap } from "../../../../local/protocol/property";

const NOW = new Date("2026-11-23T10:20:30.456Z");
const KEY = "tls:index/privateKey:PrivateKey";
const SELF_SIGNED = "tls:index/selfSignedCert:SelfSignedCert";
const REQUEST = "tls:index/certRequest:CertRequest";
const SIGNED = "tls:index/locallySignedCert:LocallySignedCert";

const urn = (type: string, name = "x"): string => `urn:pulumi:local::isthmus::${type}::${name}`;

function session(ledger = new Ledger(), now = NOW) {
  const provider = new TlsProvider({ ledger, now: () => now });
  const check = async (type: string, news: PropertyMap): Promise<PropertyMap> => {
    const { inputs, failures } = await provider.check({ urn: urn(type), olds: {}, news });
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("\n"));
    return inputs;
  };
  const make = async (type: string, news: PropertyMap, preview = false) => {
    const inputs = await check(type, news);
    const made = await provider.create({ urn: urn(type), properties: inputs, preview, timeout: 0 });
    return { ...made, inputs, plain: unwrapSecrets(made.properties) as Readonly<Record<string, string>> };
  };
  const diff = async (type: string, olds: PropertyMap, oldInputs: PropertyMap, news: PropertyMap) =>
    provider.diff({ urn: urn(type), id: "1", olds, oldInputs, news: await check(type, news), ignoreChanges: [] });
  return { provider, ledger, check, make, diff };
}

/** A trust anchor and an issuer below it, as a mesh has them. */
async function chain(curve = "P256") {
  const tls = session();
  const anchorKey = await tls.make(KEY, { algorithm: "ECDSA", ecdsaCurve: curve });
  const anchor = await tls.make(SELF_SIGNED, {
    privateKeyPem: anchorKey.properties.privateKeyPem ?? null,
    subject: { commonName: "root.linkerd.cluster.local" },
    isCaCertificate: true,
    allowedUses: ["cert_signing", "crl_signing"],
    validityPeriodHours: 87_600,
    setSubjectKeyId: true,
  });
  const issuerKey = await tls.make(KEY, { algorithm: "ECDSA", ecdsaCurve: curve });
  const request = await tls.make(REQUEST, {
    privateKeyPem: issuerKey.properties.privateKeyPem ?? null,
    subject: { commonName: "identity.linkerd.cluster.local", organization: "Isthmus é" },
    dnsNames: ["identity.linkerd.cluster.local"],
    ipAddresses: ["10.0.0.1", "2001:db8::1"],
    uris: ["spiffe://cluster.local/identity"],
  });
  const issuer = await tls.make(SIGNED, {
    certRequestPem: request.plain.certRequestPem ?? "",
    caCertPem: anchor.plain.certPem ?? "",
    caPrivateKeyPem: anchorKey.properties.privateKeyPem ?? null,
    isCaCertificate: true,
    maxPathLength: 0,
    allowedUses: ["cert_signing", "digital_signature", "server_auth", "client_auth"],
    validityPeriodHours: 48,
  });
  return { tls, anchorKey, anchor, issuerKey, request, issuer };
}

describe("private keys", () => {
  test.each([
    [{ algorithm: "ECDSA", ecdsaCurve: "P224" }, "EC PRIVATE KEY", "secp224r1", /^$/],
    [{ algorithm: "ECDSA", ecdsaCurve: "P256" }, "EC PRIVATE KEY", "prime256v1", /^ecdsa-sha2-nistp256 /],
    [{ algorithm: "ECDSA", ecdsaCurve: "P384" }, "EC PRIVATE KEY", "secp384r1", /^ecdsa-sha2-nistp384 /],
    [{ algorithm: "ECDSA", ecdsaCurve: "P521" }, "EC PRIVATE KEY", "secp521r1", /^ecdsa-sha2-nistp521 /],
    [{ algorithm: "RSA", rsaBits: 2048 }, "RSA PRIVATE KEY", undefined, /^ssh-rsa AAAAB3NzaC1yc2E/],
    [{ algorithm: "ED25519" }, "PRIVATE KEY", undefined, /^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5/],
  ])("%p in every form", async (news, label, curve, openssh) => {
    const { plain, id } = await session().make(KEY, news);

    expect(plain.privateKeyPem).toMatch(new RegExp(`^-----BEGIN ${label}-----\n[^]*-----END ${label}-----\n$`));
    expect(plain.privateKeyPemPkcs8).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(createPrivateKey(plain.privateKeyPem ?? "").equals(createPrivateKey(plain.privateKeyPemPkcs8 ?? ""))).toBe(
      true,
    );
    expect(createPublicKey(plain.privateKeyPem ?? "").equals(createPublicKey(plain.publicKeyPem ?? ""))).toBe(true);
    expect(createPrivateKey(plain.privateKeyPem ?? "").asymmetricKeyDetails?.namedCurve).toBe(curve);
    expect(plain.publicKeyOpenssh).toMatch(openssh);
    expect(id).toMatch(/^[0-9a-f]{40}$/);
  });

  test("fingerprints are those that ssh-keygen prints", async () => {
    const { plain } = await session().make(KEY, { algorithm: "ED25519" });

    expect(plain.publicKeyFingerprintMd5).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    expect(plain.publicKeyFingerprintSha256).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  test("two keys with the same inputs are two keys, each found again by its resource", async () => {
    const { provider, ledger, check } = session();
    const inputs = await check(KEY, { algorithm: "ECDSA" });
    const create = (name: string) =>
      provider.create({ urn: urn(KEY, name), properties: inputs, preview: false, timeout: 0 });
    const [a, b] = [await create("a"), await create("b")];
    const lookUp = async (name: string) =>
      (await provider.invoke({ token: "isthmus:local:lookup", args: { type: KEY, inputs, urn: urn(KEY, name) } }))
        .properties;

    expect(a.id).not.toBe(b.id);
    expect([await lookUp("a"), await lookUp("b"), await lookUp("c")]).toEqual([{ id: a.id }, { id: b.id }, {}]);
    await provider.delete({ urn: urn(KEY, "a"), id: a.id, properties: {}, oldInputs: {}, timeout: 0 });
    expect(ledger.list().map(({ id }) => id)).toEqual([b.id]);
  });
});

describe("certificates", () => {
  test.each(["P256", "P384", "P521"])("form a chain that Node verifies (%s)", async (curve) => {
    const { anchor, issuer, issuerKey } = await chain(curve);
    const [root, leaf] = [
      new X509Certificate(anchor.plain.certPem ?? ""),
      new X509Certificate(issuer.plain.certPem ?? ""),
    ];

    expect(root.verify(root.publicKey)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.verify(leaf.publicKey)).toBe(false);
    expect(leaf.checkIssued(root)).toBe(true);
    expect([root.ca, leaf.ca]).toEqual([true, true]);
    expect(leaf.checkPrivateKey(createPrivateKey(issuerKey.plain.privateKeyPemPkcs8 ?? ""))).toBe(true);
    expect(root.subject).toBe("CN=root.linkerd.cluster.local");
    expect(leaf.subject).toBe("O=Isthmus é\nCN=identity.linkerd.cluster.local");
    expect(leaf.issuer).toBe("CN=root.linkerd.cluster.local");
    expect(leaf.subjectAltName).toBe(
      "DNS:identity.linkerd.cluster.local, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:spiffe://cluster.local/identity",
    );
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(BigInt(`0x${leaf.serialNumber}`).toString()).toBe(issuer.id);
  });

  test("say what their key is for, and whose key signed them", async () => {
    const { anchor, issuer } = await chain();
    const hex = ({ plain }: typeof anchor): string => new X509Certificate(plain.certPem ?? "").raw.toString("hex");
    const keyUsage = "0603551d0f0101ff0404";
    const [, keyId] = /0603551d0e04160414(.{40})/.exec(hex(anchor)) ?? [];

    expect(hex(anchor)).toContain(`${keyUsage}03020106`); // keyCertSign, cRLSign
    expect(hex(issuer)).toContain(`${keyUsage}03020284`); // digitalSignature, keyCertSign
    expect(keyId).toBeDefined();
    expect(hex(issuer)).toContain(`0603551d23041830168014${keyId}`);
  });

  test("are valid from now on for the hours that were asked for", async () => {
    const { anchor, issuer } = await chain();
    const leaf = new X509Certificate(issuer.plain.certPem ?? "");

    expect(issuer.properties).toMatchObject({
      validityStartTime: "2026-11-23T10:20:30Z",
      validityEndTime: "2026-11-25T10:20:30Z",
      readyForRenewal: false,
      caKeyAlgorithm: "ECDSA",
    });
    expect([leaf.validFrom, leaf.validTo]).toEqual(["Nov 23 10:20:30 2026 GMT", "Nov 25 10:20:30 2026 GMT"]);
    expect(anchor.properties).toMatchObject({ validityEndTime: "2036-11-20T10:20:30Z", keyAlgorithm: "ECDSA" });
  });

  test("past 2049 the validity is still right", async () => {
    const tls = session();
    const key = await tls.make(KEY, { algorithm: "ED25519" });
    const { plain } = await tls.make(SELF_SIGNED, {
      privateKeyPem: key.properties.privateKeyPem ?? null,
      allowedUses: [],
      validityPeriodHours: 262_800,
    });
    const certificate = new X509Certificate(plain.certPem ?? "");

    expect(certificate.validTo).toBe("Nov 15 10:20:30 2056 GMT");
    expect([certificate.ca, certificate.verify(certificate.publicKey)]).toEqual([false, true]);
  });

  test("a key that is not the authority's, and a request that is none, are refused", async () => {
    const { tls, anchor, anchorKey, issuerKey, request } = await chain();
    const sign = (changes: PropertyMap) =>
      tls.make(SIGNED, {
        certRequestPem: request.plain.certRequestPem ?? "",
        caCertPem: anchor.plain.certPem ?? "",
        caPrivateKeyPem: anchorKey.plain.privateKeyPem ?? "",
        allowedUses: [],
        validityPeriodHours: 1,
        ...changes,
      });

    await expect(sign({ caPrivateKeyPem: issuerKey.plain.privateKeyPem ?? "" })).rejects.toThrow(
      "x509: provided PrivateKey doesn't match parent's PublicKey: caPrivateKeyPem is not the key of caCertPem",
    );
    await expect(sign({ certRequestPem: anchor.plain.certPem ?? "" })).rejects.toThrow(
      "certRequestPem is not a certificate request in PEM, or it is not signed by its own key",
    );
    const forged = Buffer.from((request.plain.certRequestPem ?? "").replace(/-----.*-----|\s/g, ""), "base64");
    forged.write("admin", forged.indexOf("identity"));
    const forgedPem = `-----BEGIN CERTIFICATE REQUEST-----\n${forged.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
    await expect(sign({ certRequestPem: forgedPem })).rejects.toThrow("is not signed by its own key");
    await expect(sign({ caCertPem: "hush" })).rejects.toThrow("caCertPem is not a certificate in PEM");
    await expect(sign({ caPrivateKeyPem: "hush" })).rejects.toThrow("caPrivateKeyPem is not a private key in PEM");
  });
});

describe("inputs", () => {
  test.each([
    [
      KEY,
      { algorithm: "DSA" },
      '"algorithm" of tls:index/privateKey:PrivateKey is "DSA"; allowed: one of ECDSA, ED25519, RSA',
    ],
    [
      KEY,
      { algorithm: "ECDSA", ecdsaCurv: "P256" },
      'tls:index/privateKey:PrivateKey has no property "ecdsaCurv"; did you mean "ecdsaCurve"?',
    ],
    [
      SELF_SIGNED,
      { allowedUses: [], validityPeriodHours: 1 },
      "exactly one of privateKeyPem and privateKeyPemWo must be given",
    ],
    [REQUEST, { privateKeyPem: "x", ipAddresses: ["ten"] }, '"ten" is not an IP address'],
  ])("%s %p is refused", async (type, news, reason) => {
    const { failures } = await session().provider.check({ urn: urn(type), olds: {}, news });

    expect(failures.map((failure) => failure.reason)).toEqual([reason]);
  });

  test("a type that does not exist is an error that names those that do", async () => {
    await expect(session().check("tls:index/privateKey:PrivatKey", {})).rejects.toThrow(
      "the simulated tls has no model of tls:index/privateKey:PrivatKey; it has tls:index/certRequest:CertRequest",
    );
  });

  test("a preview knows the inputs and nothing else", async () => {
    const { make, ledger } = session();
    const { id, properties } = await make(KEY, { algorithm: "ECDSA", ecdsaCurve: "P256" }, true);

    expect(id).toBe("");
    expect(properties).toMatchObject({ algorithm: "ECDSA", ecdsaCurve: "P256", publicKeyPem: Unknown.value });
    expect(properties.privateKeyPem).toEqual(new Secret(Unknown.value));
    expect(ledger.list()).toEqual([]);
    await expect(
      make(SELF_SIGNED, { privateKeyPem: Unknown.value, allowedUses: Unknown.value, validityPeriodHours: 1 }, true),
    ).resolves.toMatchObject({ properties: { certPem: Unknown.value, privateKeyPem: new Secret(Unknown.value) } });
  });
});

describe("changes", () => {
  test.each([
    ["the same", {}, "none", []],
    ["a longer validity", { validityPeriodHours: 100 }, "some", ["validityPeriodHours"]],
    ["another subject", { subject: { commonName: "b" } }, "some", ["subject"]],
    ["another early renewal", { earlyRenewalHours: 1 }, "some", []],
  ])("%s", async (_, changed, changes, replaces) => {
    const tls = session();
    const key = await tls.make(KEY, { algorithm: "ED25519" });
    const news = {
      privateKeyPem: key.properties.privateKeyPem ?? null,
      subject: { commonName: "a" },
      allowedUses: [],
      validityPeriodHours: 48,
    };
    const made = await tls.make(SELF_SIGNED, news);

    expect(await tls.diff(SELF_SIGNED, made.properties, made.inputs, { ...news, ...changed })).toMatchObject({
      changes,
      replaces,
    });
  });

  test("an update of the early renewal keeps the certificate", async () => {
    const { tls, issuer } = await chain();
    const news = { ...issuer.inputs, earlyRenewalHours: 3 };
    const request = { urn: urn(SIGNED), id: issuer.id, olds: issuer.properties, oldInputs: issuer.inputs, news };
    const updated = await tls.provider.update({ ...request, preview: false, timeout: 0, ignoreChanges: [] });

    expect(updated).toEqual({ ...issuer.properties, earlyRenewalHours: 3 });
    expect(await tls.provider.read({ urn: urn(SIGNED), id: issuer.id, properties: {}, inputs: {} })).toEqual({
      id: issuer.id,
      properties: updated,
      inputs: news,
    });
  });

  test.each([
    ["2026-11-25T07:00:00Z", "none", []],
    ["2026-11-25T08:30:00Z", "some", ["readyForRenewal"]],
  ])("a certificate is renewed when its time has come: %s", async (now, changes, replaces) => {
    const { issuer, tls } = await chain();
    const later = session(tls.ledger, new Date(now));
    const inputs = { ...issuer.inputs, earlyRenewalHours: 2 };

    expect(await later.diff(SIGNED, issuer.properties, inputs, inputs)).toMatchObject({ changes, replaces });
  });
});

describe("secrets", () => {
  test("no private key is in the ledger outside of a secret", async () => {
    const { tls } = await chain();
    const shown = JSON.stringify(tls.ledger.list(), (_, value: unknown) =>
      value instanceof Secret ? "[secret]" : value,
    );

    expect(shown).toContain("BEGIN CERTIFICATE");
    expect(shown).not.toContain("PRIVATE KEY");
  });

  test("a key that the program gave in the clear is a secret from Check on", async () => {
    expect((await session().check(REQUEST, { privateKeyPem: "k" })).privateKeyPem).toEqual(new Secret("k"));
  });

  test("a write-only key is used and never shown", async () => {
    const tls = session();
    const key = await tls.make(KEY, { algorithm: "ECDSA", ecdsaCurve: "P256" });
    const { properties } = await tls.make(REQUEST, {
      privateKeyPemWo: key.plain.privateKeyPem ?? "",
      privateKeyPemWoVersion: 1,
    });

    expect(Object.keys(properties).sort()).toEqual(["certRequestPem", "keyAlgorithm", "privateKeyPemWoVersion"]);
  });
});
