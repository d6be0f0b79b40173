import * as node from "@pulumi/kubernetes/node/v1";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster";
import { SANDBOX_CLASS, SANDBOX_LABEL, SANDBOX_TAINT, type SandboxRuntime } from "./sandbox-plan";

export interface SandboxPoolArgs {
  readonly cluster: Cluster;
  readonly runtime: SandboxRuntime;
}

/**
 * The RuntimeClass `sandbox` of a cluster: a pod that names it runs with a kernel of its own, on the nodes that can. The name
 * is the same on every cluster, whichever runtime stands behind it.
 */
export class SandboxPool extends pulumi.ComponentResource {
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, { cluster, runtime }: SandboxPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:cluster:SandboxPool", name, { cluster: cluster.key, handler: runtime.handler }, opts);
    const runtimeClass = new node.RuntimeClass(
      name,
      {
        metadata: { name: SANDBOX_CLASS },
        handler: runtime.handler,
        ...(runtime.overhead !== undefined && { overhead: { podFixed: { memory: runtime.overhead } } }),
        scheduling: {
          nodeSelector: { [SANDBOX_LABEL]: "true" },
          tolerations: [{ key: SANDBOX_TAINT.key, operator: "Equal", value: "true", effect: SANDBOX_TAINT.effect }],
        },
      },
      { parent: this, provider: cluster.provider },
    );
    this.ready = [runtimeClass];
    this.registerOutputs({});
  }
}
