import * as core from "@pulumi/kubernetes/core/v1";
import type * as helm from "@pulumi/kubernetes/helm/v3";
import * as pulumi from "@pulumi/pulumi";

import { applyObjects } from "../traffic/traffic-rules";
import type { Mesh, MeshArgs } from "./mesh";
import { CONSUL_NAMESPACE, CONSUL_NAMESPACE_LABEL, type ConsulPlan } from "./plan";
import { installChart } from "./release";

const CHART = {
  chart: "consul",
  version: "2.0.3",
  repositoryOpts: { repo: "https://helm.releases.hashicorp.com" },
} as const;

export interface ConsulMeshArgs extends MeshArgs {
  readonly plan: ConsulPlan;
}

/**
 * Consul on one cluster: a datacenter of its own, whose ACLs deny what no intention allows. Its chart brings the CRDs itself
 * and certificates, gossip key and tokens are made in the cluster, so that none is in the state.
 */
export class ConsulMesh extends pulumi.ComponentResource implements Mesh {
  readonly ready: readonly pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(name: string, args: ConsulMeshArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:mesh:ConsulMesh", name, { cluster: args.cluster.key }, opts);
    this.opts = { parent: this, provider: args.cluster.provider };

    // The CNI plugin changes the nodes' network.
    const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
    const namespace = new core.Namespace(name, { metadata: { name: CONSUL_NAMESPACE, labels } }, this.opts);
    const consul = this.install(name, namespace, args);

    // Config entries carry finalizers that only the controller removes: they go before it.
    const entries = applyObjects(name, args.plan.objects, { ...this.opts, dependsOn: [consul] });
    this.ready = [consul, ...entries];
    this.registerOutputs({});
  }

  private install(
    name: string,
    namespace: core.Namespace,
    { cluster, gatewayApi, plan }: ConsulMeshArgs,
  ): helm.Release {
    const values = {
      global: {
        name: "consul",
        datacenter: cluster.key,
        tls: { enabled: true },
        acls: { manageSystemACLs: true },
        gossipEncryption: { autoGenerate: true },
        // The standard channel of the Gateway API has no TCPRoute, and the controller that watches it would not start.
        crds: { enableTcpRoute: false },
      },
      server: { replicas: plan.servers, affinity: "", topologySpreadConstraints: SPREAD },
      connectInject: {
        default: true,
        replicas: 2,
        namespaceSelector: `matchLabels:\n  ${CONSUL_NAMESPACE_LABEL}: "true"\n`,
        transparentProxy: { defaultEnabled: true },
        // The token of the plugin's own account runs out otherwise (https://github.com/hashicorp/consul-k8s).
        cni: { enabled: true, autorotateToken: true },
        metrics: { defaultEnabled: true },
        apiGateway: { manageExternalCRDs: false },
      },
      ui: { enabled: false },
    };
    const dependsOn = [...gatewayApi.ready, ...cluster.ready];
    return installChart(`${name}-consul`, "consul", CHART, namespace, values, { ...this.opts, dependsOn });
  }
}

/** The chart demands a node for each server; this prefers one, so that a small cluster can run them all. */
const SPREAD = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
  .map(
    (key) => `- maxSkew: 1
  topologyKey: ${key}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: { app: consul, component: server }
`,
  )
  .join("");
