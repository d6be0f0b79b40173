import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../../components/cluster/cluster";
import { createCluster } from "../../components/cluster/create";
import { Providers } from "../../components/providers";
import { linkerd } from "../../components/spec";
import type { ClusterSpec } from "../../components/spec/types";
import { planOf } from "./environment";

/**
 * The program of clusters by themselves, without a mesh and workloads: `clusters-<key>` is the name of each.
 *
 * @param then makes what is in them
 */
export function clusters(
  specs: Readonly<Record<string, ClusterSpec>>,
  protect = false,
  then: (made: Readonly<Record<string, Cluster>>) => void = () => {},
): () => void {
  return () => {
    const plan = planOf({ clusters: specs, mesh: linkerd(), protect }, { environment: protect ? "prod" : "local" });
    const root = new pulumi.ComponentResource("test:index:Clusters", "clusters");
    const providers = new Providers("clusters", plan.providers, { parent: root });
    const made = plan.clusters.map((cluster) => [
      cluster.key,
      createCluster(`clusters-${cluster.key}`, cluster, providers, { parent: root }),
    ]);
    then(Object.fromEntries(made) as Record<string, Cluster>);
  };
}
