import type { z } from "zod";

import type { aksSchema } from "./aks-schema";
import type { isolation } from "./common-schema";
import type { eksSchema } from "./eks-schema";
import type { existingSchema } from "./existing-schema";
import type { meshSchema } from "./mesh-schema";
import type { networkSchema } from "./network-schema";
import type { rolloutSchema } from "./rollout-schema";
import type { accessSchema, bucketSchema, environmentSchema, workloadSchema } from "./schema";
import type { waiverSchema } from "./waiver-schema";

/** A spec whose shape has been checked, with every reference as a plain string. What planners work on. */
export type Environment = z.infer<typeof environmentSchema>;

export type EksSpec = z.infer<typeof eksSchema>;
type Compute = NonNullable<EksSpec["compute"]>;
type AutoMode = Extract<Compute, { readonly kind: "auto" }>;

/** What `eks` takes: node groups beside Auto Mode, or none without it, do not compile. */
export type EksOptions = Omit<EksSpec, "kind" | "nodes" | "compute"> &
  (
    | { readonly nodes: NonNullable<EksSpec["nodes"]>; readonly compute?: Exclude<Compute, AutoMode> }
    | { readonly nodes?: undefined; readonly compute: AutoMode }
  );
export type AksSpec = z.infer<typeof aksSchema>;
export type ExistingSpec = z.infer<typeof existingSchema>;
/** A cluster that the spec makes. */
export type MadeClusterSpec = EksSpec | AksSpec;
export type ClusterSpec = MadeClusterSpec | ExistingSpec;
export type Isolation = z.infer<typeof isolation>;
export type NetworkSpec = z.infer<typeof networkSchema>;
export type MeshSpec = z.infer<typeof meshSchema>;
export type LinkerdSpec = Extract<MeshSpec, { kind: "linkerd" }>;
export type IstioSpec = Extract<MeshSpec, { kind: "istio" }>;
export type ConsulSpec = Extract<MeshSpec, { kind: "consul" }>;
export type BucketSpec = z.infer<typeof bucketSchema>;
export type WorkloadSpec = z.infer<typeof workloadSchema>;
export type AccessSpec = z.infer<typeof accessSchema>;
export type CallSpec = Extract<AccessSpec, { kind: "call" }>;
export type ObjectsSpec = Extract<AccessSpec, { kind: "objects" }>;

export type WaiverSpec = z.infer<typeof waiverSchema>;

/** A waiver for one of the clusters or buckets. */
export type WaiverOn<Cluster extends string, Bucket extends string> = WaiverSpec & {
  readonly resource: `clusters.${Cluster}` | `buckets.${Bucket}`;
};

/** A bucket whose clusters are among `Cluster`. */
export type BucketOn<Cluster extends string> = BucketSpec & { readonly primary: Cluster; readonly replica: Cluster };

/** A workload whose clusters are among `Cluster`. */
export type WorkloadOn<Cluster extends string> = Omit<WorkloadSpec, "on"> & { readonly on: readonly Cluster[] };

/** A call from one workload to another. */
export type Call<From extends string, To extends string> = CallSpec & { readonly from: From; readonly to: To };

/** A workload's use of a bucket. */
export type Objects<From extends string, Bucket extends string> = ObjectsSpec & {
  readonly from: From;
  readonly bucket: Bucket;
};

/** The Services of a workload's versions, `checkout-v1` for version `v1` of `checkout`. */
export type VersionService<Name extends string, Workload> = Workload extends { readonly versions: infer Versions }
  ? `${Name}-${keyof Versions & string}`
  : never;

export type RolloutSpec = z.infer<typeof rolloutSchema>;
export type StepsSpec = Extract<RolloutSpec, { kind: "steps" }>;
export type CanarySpec = Extract<RolloutSpec, { kind: "canary" }>;

/** A rollout of a workload, by steps between its own versions. */
export type RolloutOf<Name extends string, Workload> =
  | CanarySpec
  | (StepsSpec & { readonly from: VersionService<Name, Workload>; readonly to: VersionService<Name, Workload> });
