import * as core from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";

import type { Mesh, MeshArgs } from "./mesh";
import type { MeshTrust } from "./mesh-trust";
import { LINKERD_NAMESPACE, type LinkerdPlan } from "./plan";
import { installChart } from "./release";

export interface LinkerdMeshArgs extends MeshArgs {
  readonly plan: LinkerdPlan;
  readonly trust: MeshTrust;
}

const REPOSITORY = { version: "2026.8.3", repositoryOpts: { repo: "https://helm.linkerd.io/edge" } };

/** Pinned charts of edge-26.8.3, which is Linkerd 2.20: the open-source project publishes edge releases only. */
const CHARTS = {
  crds: { chart: "linkerd-crds", ...REPOSITORY },
  controlPlane: { chart: "linkerd-control-plane", ...REPOSITORY },
} as const;

/** Linkerd's webhooks: their values in the chart, and the start of the names of their Secret and Service. */
const WEBHOOKS = {
  proxyInjector: "linkerd-proxy-injector",
  profileValidator: "linkerd-sp-validator",
  policyValidator: "linkerd-policy-validator",
} as const;

/** Linkerd on one cluster, denying what no rule allows. */
export class LinkerdMesh extends pulumi.ComponentResource implements Mesh {
  readonly ready: readonly pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(name: string, args: LinkerdMeshArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:mesh:LinkerdMesh", name, { cluster: args.cluster.key, trustDomain: args.plan.trustDomain }, opts);
    this.opts = { parent: this, provider: args.cluster.provider };

    const namespace = this.createNamespace(name);
    // CRDs are a release of their own: the control plane can be upgraded or removed without taking the rules with it.
    const crds = installChart(
      `${name}-crds`,
      "linkerd-crds",
      CHARTS.crds,
      namespace,
      { installGatewayAPI: false },
      this.opts,
    );
    const certificates = [this.storeIssuer(name, namespace, args), ...this.storeWebhooks(name, namespace, args)];
    const controlPlane = this.installControlPlane(name, namespace, args, [crds, ...certificates]);

    this.ready = [controlPlane];
    this.registerOutputs({});
  }

  /** As Linkerd's own command labels it: its pods are made without asking its webhooks, which would wait for themselves. */
  private createNamespace(name: string): core.Namespace {
    const labels = {
      "linkerd.io/is-control-plane": "true",
      "linkerd.io/control-plane-ns": LINKERD_NAMESPACE,
      "config.linkerd.io/admission-webhooks": "disabled",
      "pod-security.kubernetes.io/enforce": "privileged",
    };
    const metadata = { name: LINKERD_NAMESPACE, labels, annotations: { "linkerd.io/inject": "disabled" } };
    return new core.Namespace(name, { metadata }, this.opts);
  }

  private storeIssuer(name: string, namespace: core.Namespace, { cluster, trust }: LinkerdMeshArgs): core.Secret {
    const issuer = trust.issuerFor(cluster.key);
    return this.storeTls(`${name}-identity-issuer`, "linkerd-identity-issuer", namespace, {
      "ca.crt": trust.anchorPem,
      "tls.crt": issuer.certificatePem,
      "tls.key": issuer.privateKeyPem,
    });
  }

  /** The chart would make certificates that silently run out a year after its last upgrade; these are renewed by an update. */
  private storeWebhooks(name: string, namespace: core.Namespace, { cluster, trust }: LinkerdMeshArgs): core.Secret[] {
    const hosts = Object.values(WEBHOOKS).map((service) => `${service}.${LINKERD_NAMESPACE}.svc`);
    const pair = trust.serverFor(cluster.key, hosts as [string, ...string[]]);
    const data = { "tls.crt": pair.certificatePem, "tls.key": pair.privateKeyPem };
    return Object.values(WEBHOOKS).map((service) =>
      this.storeTls(`${name}-${service}`, `${service}-k8s-tls`, namespace, data),
    );
  }

  private storeTls(
    name: string,
    secret: string,
    namespace: core.Namespace,
    stringData: Record<string, pulumi.Input<string>>,
  ): core.Secret {
    const metadata = { name: secret, namespace: namespace.metadata.name };
    return new core.Secret(name, { metadata, type: "kubernetes.io/tls", stringData }, this.opts);
  }

  private installControlPlane(
    name: string,
    namespace: core.Namespace,
    { cluster, gatewayApi, trust, plan }: LinkerdMeshArgs,
    after: readonly pulumi.Resource[],
  ) {
    const webhook = { externalSecret: true, caBundle: trust.anchorPem };
    const values = {
      identityTrustDomain: plan.trustDomain,
      identityTrustAnchorsPEM: trust.anchorPem,
      identity: { issuer: { scheme: "kubernetes.io/tls" } },
      ...Object.fromEntries(Object.keys(WEBHOOKS).map((key) => [key, webhook])),
      // SMI denies by default. Linkerd reads this when a pod is made; its own pods pin themselves open.
      proxy: { defaultInboundPolicy: "deny" },
      // Otherwise a pod that is made while the injector is away has no proxy, and admits everyone.
      webhookFailurePolicy: "Fail",
      controllerReplicas: 2,
      enablePodDisruptionBudget: true,
    };
    const dependsOn = [...after, ...gatewayApi.ready, ...cluster.ready];
    return installChart(`${name}-control-plane`, "linkerd-control-plane", CHARTS.controlPlane, namespace, values, {
      ...this.opts,
      dependsOn,
    });
  }
}
