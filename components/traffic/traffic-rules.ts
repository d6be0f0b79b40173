import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster/cluster";
import type { PlannedObject } from "../rollout/objects";

export interface TrafficRulesArgs {
  readonly cluster: Cluster;
  readonly objects: readonly PlannedObject[];
  /** The namespaces that the objects are in, and the mesh whose CRDs they need. */
  readonly after: readonly pulumi.Resource[];
}

/** The mesh objects of one cluster: SMI rules as its mesh understands them, visible in every preview. */
export class TrafficRules extends pulumi.ComponentResource {
  constructor(name: string, { cluster, objects, after }: TrafficRulesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:traffic:TrafficRules", name, { cluster: cluster.key }, opts);
    applyObjects(name, objects, { parent: this, provider: cluster.provider, dependsOn: [...after] });
    this.registerOutputs({});
  }
}

/** Makes planned objects, each named after its kind, namespace and name. */
export function applyObjects(
  name: string,
  objects: readonly PlannedObject[],
  opts: pulumi.CustomResourceOptions,
): CustomResource[] {
  return objects.map(
    ({ apiVersion, kind, metadata, spec, ignoreChanges = [] }) =>
      new CustomResource(
        `${name}-${kind.toLowerCase()}-${metadata.namespace}-${metadata.name}`,
        { apiVersion, kind, metadata: { ...metadata }, spec },
        { ...opts, ignoreChanges: [...ignoreChanges] },
      ),
  );
}
