import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import type { TlsProvider } from "../providers";

export interface MeshTrustArgs {
  /** Mesh that the certificates are for: part of their names. */
  readonly mesh: string;
  /** Trust domain: the suffix of every identity in the mesh. */
  readonly trustDomain: string;
  readonly provider: TlsProvider;
}

/** A certificate and its key. */
export interface KeyPair {
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
        subject: { commonName: `root.${args.mesh}.${args.trustDomain}` },
        isCaCertificate: true,
        allowedUses: CA_USES,
        validityPeriodHours: 3650 * HOURS_PER_DAY,
      },
      { parent: this, provider: args.provider },
    );
    this.anchorPem = anchor.certPem;
    this.registerOutputs({ anchorPem: this.anchorPem });
  }

  /** Certificate and key with which a cluster's control plane signs the proxies' certificates. */
  issuerFor(cluster: string): KeyPair {
    const host = `identity.${this.args.mesh}.${this.args.trustDomain}`;
    return this.sign(`${this.name}-${cluster}`, host, [host], { isCaCertificate: true, allowedUses: CA_USES });
  }

  /** Certificate and key of servers in a cluster, by the host names that its API server calls them by. */
  serverFor(cluster: string, hosts: readonly [string, ...string[]]): KeyPair {
    const allowedUses = ["digital_signature", "key_encipherment", "server_auth"];
    return this.sign(`${this.name}-${cluster}-webhooks`, hosts[0], hosts, { allowedUses });
  }

  /** Valid for a year and renewed by an update in its last two months. */
  private sign(
    name: string,
    commonName: string,
    hosts: readonly string[],
    use: Pick<tls.LocallySignedCertArgs, "isCaCertificate" | "allowedUses">,
  ): KeyPair {
    const children = { parent: this, provider: this.args.provider };
    const key = this.createKey(name);
    const request = new tls.CertRequest(
      name,
      { privateKeyPem: key.privateKeyPem, subject: { commonName }, dnsNames: [...hosts] },
      children,
    );
    const certificate = new tls.LocallySignedCert(
      name,
      {
        ...use,
        certRequestPem: request.certRequestPem,
        caPrivateKeyPem: this.anchorKey.privateKeyPem,
        caCertPem: this.anchorPem,
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
