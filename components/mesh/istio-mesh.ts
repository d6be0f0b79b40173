import * as core from "@pulumi/kubernetes/core/v1";
import type * as helm from "@pulumi/kubernetes/helm/v3";
import * as pulumi from "@pulumi/pulumi";

import { applyObjects } from "../traffic/traffic-rules";
import type { Mesh, MeshArgs } from "./mesh";
import type { MeshTrust } from "./mesh-trust";
import { ISTIO_NAMESPACE, type IstioPlan } from "./plan";
import { installChart, type Chart } from "./release";

export interface IstioMeshArgs extends MeshArgs {
  readonly plan: IstioPlan;
  readonly trust: MeshTrust;
}

/** Istio on one cluster, with sidecars or ambient, denying what no rule allows. */
export class IstioMesh extends pulumi.ComponentResource implements Mesh {
  readonly ready: readonly pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(name: string, args: IstioMeshArgs, opts?: pulumi.ComponentResourceOptions) {
    const { cluster, plan } = args;
    const inputs = { cluster: cluster.key, mode: plan.mode, version: plan.version, trustDomain: plan.trustDomain };
    super("isthmus:mesh:IstioMesh", name, inputs, opts);
    this.opts = { parent: this, provider: cluster.provider };

    const namespace = this.createNamespace(name);
    const base = this.installBase(name, namespace, plan);
    const istiod = this.installIstiod(name, namespace, args, [base, this.storeIssuer(name, namespace, args)]);
    const nodes = this.installNodes(name, namespace, args, istiod);

    // Istiod answers for the webhook that these pass; they are in force before there are pods.
    const denials = applyObjects(name, plan.objects, { ...this.opts, dependsOn: [istiod] });
    this.ready = [...nodes, ...denials];
    this.registerOutputs({});
  }

  private createNamespace(name: string): core.Namespace {
    // The CNI plugin and ztunnel change the nodes' network.
    const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
    return new core.Namespace(name, { metadata: { name: ISTIO_NAMESPACE, labels } }, this.opts);
  }

  /** The CRDs are a release of their own: the control plane can be upgraded or removed without taking the rules with it. */
  private installBase(name: string, namespace: core.Namespace, plan: IstioPlan): helm.Release {
    return installChart(`${name}-base`, "istio-base", chart("base", plan), namespace, FAIL_CLOSED, this.opts);
  }

  /** The cluster's own authority below the common root: istiod signs with it instead of making a root of its own. */
  private storeIssuer(name: string, namespace: core.Namespace, { cluster, trust }: IstioMeshArgs): core.Secret {
    const { certificatePem, privateKeyPem } = trust.issuerFor(cluster.key);
    return new core.Secret(
      `${name}-cacerts`,
      {
        metadata: { name: "cacerts", namespace: namespace.metadata.name },
        stringData: {
          "ca-cert.pem": certificatePem,
          "ca-key.pem": privateKeyPem,
          "cert-chain.pem": pulumi.interpolate`${certificatePem}${trust.anchorPem}`,
          "root-cert.pem": trust.anchorPem,
        },
      },
      this.opts,
    );
  }

  private installIstiod(
    name: string,
    namespace: core.Namespace,
    { cluster, gatewayApi, plan }: IstioMeshArgs,
    after: readonly pulumi.Resource[],
  ): helm.Release {
    const normalization = plan.escapedSlashes === "decode" ? "DECODE_AND_MERGE_SLASHES" : "MERGE_SLASHES";
    const values = {
      ...profileOf(plan),
      ...FAIL_CLOSED,
      // The chart's budget of one pod at least would hold up the draining of nodes.
      autoscaleMin: 2,
      cni: { enabled: true },
      global: { multiCluster: { clusterName: cluster.key } },
      meshConfig: { trustDomain: plan.trustDomain, pathNormalization: { normalization } },
    };
    const dependsOn = [...after, ...gatewayApi.ready, ...cluster.ready];
    return installChart(`${name}-istiod`, "istiod", chart("istiod", plan), namespace, values, {
      ...this.opts,
      dependsOn,
    });
  }

  /** What runs on every node: the CNI plugin, and in ambient mode the proxy that all connections go through. */
  private installNodes(
    name: string,
    namespace: core.Namespace,
    { cluster, plan }: IstioMeshArgs,
    istiod: helm.Release,
  ): helm.Release[] {
    const opts = { ...this.opts, dependsOn: [istiod] };
    const cni = installChart(`${name}-cni`, "istio-cni", chart("cni", plan), namespace, profileOf(plan), opts);
    if (plan.mode === "sidecar") return [cni];
    const values = {
      ...profileOf(plan),
      multiCluster: { clusterName: cluster.key },
      env: { TRUST_DOMAIN: plan.trustDomain },
    };
    const ztunnel = installChart(`${name}-ztunnel`, "ztunnel", chart("ztunnel", plan), namespace, values, {
      ...opts,
      dependsOn: [cni],
    });
    return [cni, ztunnel];
  }
}

/** Objects that the validating webhooks have not seen are refused, from the start and not only once istiod has changed that. */
const FAIL_CLOSED = { base: { validationFailurePolicy: "Fail" } } as const;

function profileOf({ mode }: IstioPlan): { profile?: string } {
  return mode === "ambient" ? { profile: "ambient" } : {};
}

function chart(name: string, { version }: IstioPlan): Chart {
  return {
    chart: name,
    version,
    repositoryOpts: { repo: "https://istio-release.storage.googleapis.com/charts" },
  };
}
