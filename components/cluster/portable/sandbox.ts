import * as node from "@pulumi/kubernetes/node/v1";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster";
import { SANDBOX_CLASS, SANDBOX_LABEL, SANDBOX_TAINT } from "./sandbox-plan";

export interface SandboxPoolArgs {
  readonly cluster: Cluster;
  /** Name of the runtime in the containerd of the pool's nodes. */
  readonly handler: string;
}

/**
 * The RuntimeClass `sandbox` of a cluster: a pod that names it runs with a kernel of its own, on the nodes that can. The name
 * is the same on every cluster, whichever runtime stands behind it.
 */
export class SandboxPool extends pulumi.ComponentResource {
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, { cluster, handler }: SandboxPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:cluster:SandboxPool", name, { cluster: cluster.key, handler }, opts);
    const runtime = new node.RuntimeClass(
      name,
      {
        metadata: { name: SANDBOX_CLASS },
        handler,
        scheduling: {
          nodeSelector: { [SANDBOX_LABEL]: "true" },
          tolerations: [{ key: SANDBOX_TAINT.key, operator: "Equal", value: "true", effect: SANDBOX_TAINT.effect }],
        },
      },
      { parent: this, provider: cluster.provider },
    );
    this.ready = [runtime];
    this.registerOutputs({});
  }
}
