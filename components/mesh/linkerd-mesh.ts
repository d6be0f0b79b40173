import * as core from "@pulumi/kubernetes/core/v1";
import * as helm from "@pulumi/kubernetes/helm/v3";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster/cluster";
import type { GatewayApi } from "../cluster/portable/gateway-api";
import type { Mesh } from "./mesh";
import type { MeshTrust } from "./mesh-trust";

export interface LinkerdMeshArgs {
  readonly cluster: Cluster;
  readonly trust: MeshTrust;
  readonly trustDomain: string;
  /** The Gateway API's CRDs: Linkerd's control plane watches its routes. */
  readonly gatewayApi: GatewayApi;
}

/** Pinned charts. */
const CHARTS = {
  crds: { chart: "linkerd-crds", version: "2026.8.3", repositoryOpts: { repo: "https://helm.linkerd.io/edge" } },
  controlPlane: {
    chart: "linkerd-control-plane",
    version: "2026.8.3",
    repositoryOpts: { repo: "https://helm.linkerd.io/edge" },
  },
} as const;

const NAMESPACE = "linkerd";

/** Linkerd on one cluster, denying what no rule allows. */
export class LinkerdMesh extends pulumi.ComponentResource implements Mesh {
  readonly ready: readonly pulumi.Resource[];
  readonly namespaceAnnotations = { "linkerd.io/inject": "enabled" };

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(name: string, args: LinkerdMeshArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:mesh:LinkerdMesh", name, { cluster: args.cluster.key, trustDomain: args.trustDomain }, opts);
    this.opts = { parent: this, provider: args.cluster.provider };

    const namespace = new core.Namespace(name, { metadata: { name: NAMESPACE } }, this.opts);
    const crds = this.installCrds(name, namespace);
    const issuer = this.storeIssuer(name, namespace, args);
    const controlPlane = this.installControlPlane(name, namespace, args, [
      ...args.gatewayApi.ready,
      crds,
      issuer,
      ...args.cluster.ready,
    ]);

    this.ready = [controlPlane];
    this.registerOutputs({});
  }

  /** CRDs are a release of their own: the control plane can be upgraded or removed without taking the rules with it. */
  private installCrds(name: string, namespace: core.Namespace): helm.Release {
    return new helm.Release(
      `${name}-crds`,
      {
        ...CHARTS.crds,
        name: "linkerd-crds",
        namespace: namespace.metadata.name,
        values: { installGatewayAPI: false },
      },
      this.opts,
    );
  }

  private storeIssuer(name: string, namespace: core.Namespace, { cluster, trust }: LinkerdMeshArgs): core.Secret {
    const issuer = trust.issuerFor(cluster.key);
    return new core.Secret(
      `${name}-identity-issuer`,
      {
        metadata: { name: "linkerd-identity-issuer", namespace: namespace.metadata.name },
        type: "kubernetes.io/tls",
        stringData: {
          "ca.crt": trust.anchorPem,
          "tls.crt": issuer.certificatePem,
          "tls.key": issuer.privateKeyPem,
        },
      },
      this.opts,
    );
  }

  private installControlPlane(
    name: string,
    namespace: core.Namespace,
    { trust, trustDomain }: LinkerdMeshArgs,
    dependsOn: pulumi.Resource[],
  ): helm.Release {
    return new helm.Release(
      `${name}-control-plane`,
      {
        ...CHARTS.controlPlane,
        name: "linkerd-control-plane",
        namespace: namespace.metadata.name,
        values: {
          identityTrustDomain: trustDomain,
          identityTrustAnchorsPEM: trust.anchorPem,
          identity: { issuer: { scheme: "kubernetes.io/tls" } },
          // SMI denies by default. Linkerd reads this when a pod is made; its own pods pin themselves open.
          proxy: { defaultInboundPolicy: "deny" },
        },
      },
      { ...this.opts, dependsOn },
    );
  }
}
