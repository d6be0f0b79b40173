/** The vocabulary of `stacks/<env>.ts`: plain data, checked by the compiler against the keys of the same spec. */
import type { z } from "zod";

import type { environmentSchema } from "./schema";
import type {
  AksSpec,
  BucketOn,
  BucketSpec,
  Call,
  CallSpec,
  CanarySpec,
  ClusterSpec,
  ConsulSpec,
  EksOptions,
  EksSpec,
  Environment,
  ExistingSpec,
  IstioSpec,
  LinkerdSpec,
  Objects,
  ObjectsSpec,
  RolloutOf,
  StepsSpec,
  VersionService,
  WaiverOn,
  WorkloadOn,
  WorkloadSpec,
} from "./types";

export type { Environment } from "./types";

/** An EKS cluster with its network. */
export function eks(spec: EksOptions): EksSpec {
  return { kind: "eks", ...spec };
}

/** An AKS cluster with its network. */
export function aks(spec: Omit<AksSpec, "kind">): AksSpec {
  return { kind: "aks", ...spec };
}

/** A cluster that exists already, by a context of a kubeconfig: on premises, kind, anything conformant. */
export function existing(spec: Omit<ExistingSpec, "kind">): ExistingSpec {
  return { kind: "existing", ...spec };
}

/** Linkerd on every cluster, under one trust anchor, denying what no rule allows. */
export function linkerd(spec: Omit<LinkerdSpec, "kind"> = {}): LinkerdSpec {
  return { kind: "linkerd", ...spec };
}

/** Istio on every cluster, under one root certificate, denying what no rule allows: `istio({ mode: "ambient" })`. */
export function istio(spec: Omit<IstioSpec, "kind">): IstioSpec {
  return { kind: "istio", ...spec };
}

/** Consul on every cluster, a datacenter each, with ACLs, so that it denies what no rule allows. */
export function consul(spec: Omit<ConsulSpec, "kind"> = {}): ConsulSpec {
  return { kind: "consul", ...spec };
}

/** A bucket with a primary in one cloud and a read-only replica in the other. */
export function mirrored<const Primary extends string, const Replica extends string>(
  spec: Omit<BucketSpec, "kind" | "primary" | "replica"> & { readonly primary: Primary; readonly replica: Replica },
): BucketSpec & { readonly primary: Primary; readonly replica: Replica } {
  return { kind: "mirrored", ...spec };
}

/** A bucket as the target of `allow(...).to(...)`. */
export interface BucketReference<Bucket extends string> {
  readonly bucket: Bucket;
}

export function bucket<Bucket extends string>(name: Bucket): BucketReference<Bucket> {
  return { bucket: name };
}

/** What a call may look like. Absent means any. */
export type CallLimits = Pick<CallSpec, "methods" | "paths">;

/** The second half of `allow(workload).to(target)`. */
export interface Allowance<From extends string> {
  /** Lets the workload call another one through the mesh. */
  to<To extends string>(workload: To, limits?: CallLimits): Call<From, To>;
  /** Lets the workload use the primary of a bucket, in whichever cloud that is. */
  to<Bucket extends string>(target: BucketReference<Bucket>, level: ObjectsSpec["level"]): Objects<From, Bucket>;
}

/**
 * Starts an access rule: `allow("web").to("checkout", { methods: ["GET"] })`, `allow("checkout").to(bucket("orders"), "read")`.
 * The workload's ServiceAccount is the principal, for the mesh and for both clouds.
 */
export function allow<From extends string>(from: From): Allowance<From> {
  function to<To extends string>(workload: To, limits?: CallLimits): Call<From, To>;
  function to<Bucket extends string>(
    target: BucketReference<Bucket>,
    level: ObjectsSpec["level"],
  ): Objects<From, Bucket>;
  function to(
    target: string | BucketReference<string>,
    detail?: CallLimits | ObjectsSpec["level"],
  ): Call<From, string> | Objects<From, string> {
    if (typeof target === "string") return { kind: "call", from, to: target, ...(detail as CallLimits | undefined) };
    return { kind: "objects", from, bucket: target.bucket, level: detail as ObjectsSpec["level"] };
  }
  return { to };
}

/** A new version that takes over in steps that are taken by hand, each a change of `step` in the spec. */
export function steps<const From extends string, const To extends string>(
  spec: Omit<StepsSpec, "kind" | "from" | "to"> & { readonly from: From; readonly to: To },
): StepsSpec & { readonly from: From; readonly to: To } {
  return { kind: "steps", ...spec };
}

/** A new version (a new `image`) that a controller in the cluster gives more and more traffic, while it proves itself. */
export function canary(spec: Omit<CanarySpec, "kind">): CanarySpec {
  return { kind: "canary", ...spec };
}

type Keys<T> = keyof T & string;

/** A spec whose references the compiler checks against its own keys. */
export interface EnvironmentSpec<
  Clusters extends Record<string, ClusterSpec>,
  Buckets extends Record<string, BucketOn<Keys<Clusters>>>,
  Workloads extends Record<string, WorkloadOn<Keys<Clusters>>>,
> extends Omit<
  z.infer<typeof environmentSchema>,
  "clusters" | "buckets" | "workloads" | "access" | "splits" | "rollouts" | "smi" | "waivers"
> {
  readonly clusters: Clusters;
  readonly buckets?: Buckets;
  readonly workloads?: Workloads;
  readonly access?: readonly (Call<Keys<Workloads>, Keys<Workloads>> | Objects<Keys<Workloads>, Keys<Buckets>>)[];
  readonly splits?: { readonly [Name in Keys<Workloads>]?: Record<VersionService<Name, Workloads[Name]>, number> };
  readonly rollouts?: { readonly [Name in Keys<Workloads>]?: RolloutOf<Name, Workloads[Name]> };
  readonly smi?: readonly string[];
  readonly waivers?: readonly WaiverOn<Keys<Clusters>, Keys<Buckets>>[];
}

/**
 * An environment. An unknown cluster in `on`, an unknown workload in `allow` or an unknown version in `splits` does not
 * compile; what the compiler cannot see is checked before anything is registered.
 */
export function environment<
  const Clusters extends Record<string, ClusterSpec>,
  const Buckets extends Record<string, BucketOn<Keys<Clusters>>>,
  const Workloads extends Record<string, WorkloadOn<Keys<Clusters>>>,
>(spec: EnvironmentSpec<Clusters, Buckets, Workloads>): Environment {
  return spec as Environment;
}

export type { WorkloadSpec };
