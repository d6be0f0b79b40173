import type * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster/cluster";

/** A service mesh on one cluster, as what runs in it sees it. How pods join it is in its plan (`Membership`). */
export interface Mesh {
  /** What must run before pods are made, so that they join and nothing reaches them that no rule allows, and before the mesh's custom resources. */
  readonly ready: readonly pulumi.Resource[];
}

/** What every mesh is installed with. */
export interface MeshArgs<Plan> {
  readonly cluster: Cluster;
  readonly plan: Plan;
  /** The Gateway API CRDs, which every mesh watches or serves. */
  readonly gatewayApi: readonly pulumi.Resource[];
}
