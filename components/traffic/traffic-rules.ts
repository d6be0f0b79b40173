import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import * as pulumi from "@pulumi/pulumi";

import type { KubernetesObject } from "../../smi/linkerd/objects";
import type { Cluster } from "../cluster/cluster";

export interface TrafficRulesArgs {
  readonly cluster: Cluster;
  readonly objects: readonly KubernetesObject[];
  /** The namespaces that the objects are in, and the mesh whose CRDs they need. */
  readonly after: readonly pulumi.Resource[];
}

/** The mesh objects of one cluster: SMI rules as its mesh understands them, visible in every preview. */
export class TrafficRules extends pulumi.ComponentResource {
  constructor(name: string, { cluster, objects, after }: TrafficRulesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:traffic:TrafficRules", name, { cluster: cluster.key }, opts);
    for (const { apiVersion, kind, metadata, spec } of objects) {
      new CustomResource(
        `${name}-${kind.toLowerCase()}-${metadata.namespace}-${metadata.name}`,
        { apiVersion, kind, metadata: { ...metadata }, spec },
        { parent: this, provider: cluster.provider, dependsOn: [...after] },
      );
    }
    this.registerOutputs({});
  }
}
