import * as storage from "@pulumi/kubernetes/storage/v1";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster, VolumeSource } from "../cluster";

/** The storage classes `block` and `shared`: a claim that names one of them means the same on every cluster. */
export class StorageClasses extends pulumi.ComponentResource {
  constructor(name: string, { cluster }: { readonly cluster: Cluster }, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:cluster:StorageClasses", name, { cluster: cluster.key }, opts);
    const { block, shared } = cluster.volumes;
    const create = (kind: string, { provisioner, parameters }: VolumeSource, volumeBindingMode: string): void => {
      new storage.StorageClass(
        `${name}-${kind}`,
        {
          metadata: { name: kind },
          provisioner,
          parameters: { ...parameters },
          volumeBindingMode,
          allowVolumeExpansion: true,
          reclaimPolicy: "Delete",
        },
        { parent: this, provider: cluster.provider },
      );
    };
    // A disk is made in the zone of the first pod that mounts it, since no other zone's nodes could.
    if (block !== undefined) create("block", block, "WaitForFirstConsumer");
    if (shared !== undefined) create("shared", shared, "Immediate");
    this.registerOutputs({});
  }
}
