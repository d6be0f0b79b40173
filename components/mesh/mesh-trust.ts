import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import type { TlsProvider } from "../providers";

export interface MeshTrustArgs {
  /** Trust domain: the suffix of every identity in the mesh. */
  readonly trustDomain: string;
  readonly provider: TlsProvider;
}

/** Certificate and key with which a cluster's control plane signs the proxies' certificates. */
export interface Issuer {
  readonly certificatePem: pulumi.Output<string>;
  /** PKCS #8: Linkerd's policy controller does not read SEC1 keys. */
  readonly privateKeyPem: pulumi.Output<string>;
}

const HOURS_PER_DAY = 24;
const CA_USES = ["cert_signing", "crl_signing"];

/** One trust anchor for all clusters of an environment, and an issuer below it for each: proxies on both clouds trust each other. */
export class MeshTrust extends pulumi.ComponentResource {
  /** The anchor's certificate: public. */
  readonly anchorPem: pulumi.Output<string>;

  private readonly anchorKey: tls.PrivateKey;

  constructor(
    private readonly name: string,
    private readonly args: MeshTrustArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("isthmus:mesh:MeshTrust", name, { trustDomain: args.trustDomain }, opts);
    this.anchorKey = this.createKey(`${name}-anchor`);
    const anchor = new tls.SelfSignedCert(
      `${name}-anchor`,
      {
        privateKeyPem: this.anchorKey.privateKeyPem,
        subject: { commonName: `root.linkerd.${args.trustDomain}` },
        isCaCertificate: true,
        allowedUses: CA_USES,
        validityPeriodHours: 3650 * HOURS_PER_DAY,
      },
      { parent: this, provider: args.provider },
    );
    this.anchorPem = anchor.certPem;
    this.registerOutputs({ anchorPem: this.anchorPem });
  }

  /** The issuer of one cluster, valid for a year and renewed by an update in its last two months. */
  issuerFor(cluster: string): Issuer {
    const name = `${this.name}-${cluster}`;
    const children = { parent: this, provider: this.args.provider };
    const key = this.createKey(name);
    const request = new tls.CertRequest(
      name,
      {
        privateKeyPem: key.privateKeyPem,
        subject: { commonName: `identity.linkerd.${this.args.trustDomain}` },
        dnsNames: [`identity.linkerd.${this.args.trustDomain}`],
      },
      children,
    );
    const certificate = new tls.LocallySignedCert(
      name,
      {
        certRequestPem: request.certRequestPem,
        caPrivateKeyPem: this.anchorKey.privateKeyPem,
        caCertPem: this.anchorPem,
        isCaCertificate: true,
        allowedUses: CA_USES,
        validityPeriodHours: 365 * HOURS_PER_DAY,
        earlyRenewalHours: 60 * HOURS_PER_DAY,
      },
      children,
    );
    return { certificatePem: certificate.certPem, privateKeyPem: key.privateKeyPemPkcs8 };
  }

  private createKey(name: string): tls.PrivateKey {
    const args = { algorithm: "ECDSA", ecdsaCurve: "P256" };
    return new tls.PrivateKey(name, args, { parent: this, provider: this.args.provider });
  }
}
