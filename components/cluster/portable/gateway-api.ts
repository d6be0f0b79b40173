import * as helm from "@pulumi/kubernetes/helm/v3";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster";

/**
 * Envoy Gateway's CRD chart is the one that publishes the Gateway API CRDs alone: 1.8.2 carries 1.5.1, the newest version
 * that Linkerd 2.20 supports.
 */
const CHART = { chart: "oci://docker.io/envoyproxy/gateway-crds-helm", version: "v1.8.2" } as const;

/**
 * The Gateway API CRDs of one cluster, version 1.5.1, standard channel. They have one owner here, whichever mesh and gateways
 * use them: removing one of those takes no other's routes with it.
 */
export class GatewayApi extends pulumi.ComponentResource {
  /** What custom resources of the Gateway API wait for, and what watches them. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, { cluster }: { readonly cluster: Cluster }, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:cluster:GatewayApi", name, { cluster: cluster.key }, opts);
    const crds = new helm.Release(
      name,
      {
        ...CHART,
        name: "gateway-api-crds",
        // The CRDs are in no namespace; Helm's record of them is, and this one is on every cluster.
        namespace: "kube-system",
        values: { crds: { gatewayAPI: { enabled: true, channel: "standard" }, envoyGateway: { enabled: false } } },
      },
      { parent: this, provider: cluster.provider },
    );
    this.ready = [crds];
    this.registerOutputs({});
  }
}
