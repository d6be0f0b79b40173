import * as pulumi from "@pulumi/pulumi";

import { KubernetesProvider } from "../../providers";
import type { Cluster, ClusterNetworkFacts, ClusterVolumes, VolumeSource } from "../cluster";
import { readContext } from "./kubeconfig";
import type { ExistingPlan } from "./plan";

/** A cluster that somebody else runs: on premises, kind, another cloud. Nothing of it is made here, and nothing deleted. */
export class ExistingCluster extends pulumi.ComponentResource implements Cluster {
  readonly key: string;
  readonly clusterName: string;
  readonly clusterId: pulumi.Output<string>;
  readonly provider: KubernetesProvider;
  readonly issuer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly network: ClusterNetworkFacts;
  readonly volumes: ClusterVolumes;
  readonly ready: readonly pulumi.Resource[] = [];

  constructor(name: string, { plan }: { readonly plan: ExistingPlan }, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:cluster:ExistingCluster", name, { clusterName: plan.clusterName, id: plan.id }, opts);
    const { block, shared } = plan.volumes;

    this.key = plan.key;
    this.clusterName = plan.clusterName;
    this.clusterId = pulumi.output(plan.id);
    this.issuer = pulumi.output(plan.issuer);
    this.kubeconfig = pulumi.secret(this.readKubeconfig(plan));
    this.provider = new KubernetesProvider(
      name,
      {
        kubeconfig: this.kubeconfig,
        // What is in the cluster is replaced when the spec says that it is another one, never with its kubeconfig.
        clusterIdentifier: plan.id,
        enableServerSideApply: true,
      },
      { parent: this },
    );
    const { egressAddresses = [], ...blocks } = plan.network;
    this.network = { ...blocks, egressAddresses: egressAddresses.map((address) => pulumi.output(address)) };
    this.volumes = { ...(block && { block: sourceOf(block) }), ...(shared && { shared: sourceOf(shared) }) };
    this.registerOutputs({ clusterId: this.clusterId, issuer: this.issuer });
  }

  /** Read here and not in the plan, which holds no credentials. */
  private readKubeconfig({ path, kubeconfig }: ExistingPlan): string {
    const text = readContext(path, kubeconfig.source, kubeconfig.directory);
    if (typeof text !== "string") throw new Error(`the kubeconfig of ${path} has changed since it was validated`);
    return text;
  }
}

function sourceOf({ provisioner, parameters = {} }: NonNullable<ExistingPlan["volumes"]["block"]>): VolumeSource {
  return { provisioner, parameters };
}
