import type * as pulumi from "@pulumi/pulumi";

/** A service mesh on one cluster, as what runs in it sees it. */
export interface Mesh {
  /** What must run before pods are made, so that its proxy is injected, and before its custom resources. */
  readonly ready: readonly pulumi.Resource[];
  /** Annotations of a namespace whose pods join the mesh. */
  readonly namespaceAnnotations: Readonly<Record<string, string>>;
}
