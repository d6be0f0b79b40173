import * as pulumi from "@pulumi/pulumi";

import { createCluster } from "../../components/cluster/create";
import { Providers } from "../../components/providers";
import { linkerd } from "../../components/spec";
import type { ClusterSpec } from "../../components/spec/types";
import { planOf } from "./environment";

/** The program of clusters by themselves, without a mesh and workloads: `clusters-<key>` is the name of each. */
export function clusters(specs: Readonly<Record<string, ClusterSpec>>, protect = false): () => void {
  return () => {
    const plan = planOf({ clusters: specs, mesh: linkerd(), protect }, { environment: protect ? "prod" : "local" });
    const root = new pulumi.ComponentResource("test:index:Clusters", "clusters");
    const providers = new Providers("clusters", plan.providers, { parent: root });
    for (const cluster of plan.clusters) createCluster(`clusters-${cluster.key}`, cluster, providers, { parent: root });
  };
}
