import * as core from "@pulumi/kubernetes/core/v1";
import * as networking from "@pulumi/kubernetes/networking/v1";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster";
import type { NamespacePlan } from "./namespaces";
import { networkPolicies, PART_OF } from "./network-policies";

export interface WorkloadNamespaceArgs {
  readonly plan: NamespacePlan;
  readonly cluster: Cluster;
}

/** A namespace that lets its pods do what they must and nothing else. */
export class WorkloadNamespace extends pulumi.ComponentResource {
  readonly namespace: core.Namespace;
  /** What pods wait for: no pod runs before it is fenced in. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, { plan, cluster }: WorkloadNamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:cluster:WorkloadNamespace", name, { cluster: cluster.key, namespace: plan.name }, opts);
    const children = { parent: this, provider: cluster.provider };
    const { labels = {}, annotations } = plan.marks;
    const namespace = new core.Namespace(
      name,
      {
        metadata: {
          name: plan.name,
          labels: { ...labels, [PART_OF]: plan.partOf, "pod-security.kubernetes.io/enforce": plan.podSecurity },
          ...(annotations && { annotations }),
        },
      },
      children,
    );
    const policies = Object.entries(networkPolicies(plan, cluster.network.nodeCidr)).map(
      ([policy, spec]) =>
        new networking.NetworkPolicy(
          `${name}-${policy}`,
          { metadata: { name: policy, namespace: namespace.metadata.name }, spec },
          children,
        ),
    );
    this.namespace = namespace;
    this.ready = policies;
    this.registerOutputs({});
  }
}
