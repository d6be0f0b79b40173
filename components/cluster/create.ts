import type * as pulumi from "@pulumi/pulumi";

import type { Providers } from "../providers";
import { AksCluster } from "./aks/aks-cluster";
import type { Cluster } from "./cluster";
import { ExistingCluster } from "./existing/existing-cluster";
import { EksCluster } from "./eks/eks-cluster";
import type { ClusterPlan } from "./plan";

/**
 * Makes the cluster that a plan describes: the one place that knows which component that is. A third cloud is a plan, a
 * component and a case here.
 */
export function createCluster(
  name: string,
  plan: ClusterPlan,
  providers: Providers,
  opts: pulumi.ComponentResourceOptions,
): Cluster {
  switch (plan.kind) {
    case "eks":
      return new EksCluster(name, { plan, provider: providers.aws(plan.place.region) }, opts);
    case "aks":
      return new AksCluster(name, { plan, provider: providers.azure() }, opts);
    case "existing":
      return new ExistingCluster(name, { plan }, opts);
  }
}
