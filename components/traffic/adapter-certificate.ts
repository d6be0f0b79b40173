import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import type { TlsProvider } from "../providers";

export interface AdapterCertificateArgs {
  /** Name under which the API server calls the adapter, e.g. `adapter.namespace.svc`. */
  readonly host: string;
  readonly provider: TlsProvider;
}

const HOURS_PER_DAY = 24;

/** The certificate with which the adapter serves its webhook and its API, under an authority of its own. */
export class AdapterCertificate extends pulumi.ComponentResource {
  /** The authority's certificate, as `caBundle` fields want it: PEM in base64. */
  readonly caBundle: pulumi.Output<string>;
  readonly certificatePem: pulumi.Output<string>;
  readonly privateKeyPem: pulumi.Output<string>;

  constructor(name: string, { host, provider }: AdapterCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:traffic:AdapterCertificate", name, { host }, opts);
    const children = { parent: this, provider };
    const key = (child: string): tls.PrivateKey =>
      new tls.PrivateKey(child, { algorithm: "ECDSA", ecdsaCurve: "P256" }, children);

    const authorityKey = key(`${name}-authority`);
    const authority = new tls.SelfSignedCert(
      `${name}-authority`,
      {
        privateKeyPem: authorityKey.privateKeyPem,
        subject: { commonName: "isthmus-smi-adapter" },
        isCaCertificate: true,
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: 3650 * HOURS_PER_DAY,
      },
      children,
    );
    const ownKey = key(name);
    const request = new tls.CertRequest(
      name,
      { privateKeyPem: ownKey.privateKeyPem, subject: { commonName: host }, dnsNames: [host] },
      children,
    );
    // Renewed by an update in its last two months; the pods read it again by themselves.
    const certificate = new tls.LocallySignedCert(
      name,
      {
        certRequestPem: request.certRequestPem,
        caPrivateKeyPem: authorityKey.privateKeyPem,
        caCertPem: authority.certPem,
        allowedUses: ["digital_signature", "server_auth"],
        validityPeriodHours: 365 * HOURS_PER_DAY,
        earlyRenewalHours: 60 * HOURS_PER_DAY,
      },
      children,
    );

    this.caBundle = authority.certPem.apply((pem) => Buffer.from(pem).toString("base64"));
    this.certificatePem = certificate.certPem;
    this.privateKeyPem = ownKey.privateKeyPemPkcs8;
    this.registerOutputs({ caBundle: this.caBundle });
  }
}
