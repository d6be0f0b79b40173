import type * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster/cluster";
import type { GatewayApi } from "../cluster/portable/gateway-api";

/** A service mesh on one cluster, as what runs in it sees it. How pods join it is in its plan (`Membership`). */
export interface Mesh {
  /** What must run before pods are made, so that they join and nothing reaches them that no rule allows, and before the mesh's custom resources. */
  readonly ready: readonly pulumi.Resource[];
}

/** What every mesh is installed with. */
export interface MeshArgs {
  readonly cluster: Cluster;
  /** The Gateway API's CRDs: the control plane of every mesh watches them. */
  readonly gatewayApi: GatewayApi;
}
