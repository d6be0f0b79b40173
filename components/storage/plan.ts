import { createHash } from "node:crypto";

import { planRun, RPO_MINUTES, type MirrorRun, type Remote } from "../../mirror/run";
import type { ClusterPlan } from "../cluster/plan";
import { didYouMean, type Problem } from "../problem";
import type { Settings } from "../settings";
import { madeClusters } from "../spec/clusters";
import type { BucketSpec, Environment } from "../spec/types";
import type { Guard } from "../waivers";

export interface S3Plan {
  readonly kind: "s3";
  readonly name: string;
  readonly region: string;
}

export interface BlobPlan {
  readonly kind: "blob";
  /** Storage account: 3 to 24 lower-case letters and digits, unique in all of Azure. */
  readonly account: string;
  readonly container: string;
  readonly location: string;
  readonly subscriptionId: string;
}

/** One side of a mirrored bucket, in the cloud of a cluster. */
export type StorePlan = S3Plan | BlobPlan;

export interface MirroredBucketPlan extends Guard {
  readonly key: string;
  readonly primary: StorePlan;
  readonly replica: StorePlan;
  /** Cluster whose mover runs. */
  readonly activeCluster: string;
  /** Cluster whose mover is suspended: it takes over when the primary's cloud is lost. */
  readonly standbyCluster: string;
  readonly rpo: string;
  readonly retainDays: number;
  readonly run: MirrorRun;
}

/** Namespace of the movers, on every cluster that has one. */
export const MIRROR_NAMESPACE = "isthmus-mirror";

/** ServiceAccount of a bucket's mover. */
export function moverAccount(bucket: string): string {
  return `mirror-${bucket}`;
}

export function validateBuckets({ buckets = {}, clusters }: Environment): Problem[] {
  const problems: Problem[] = [];
  for (const [key, bucket] of Object.entries(buckets)) {
    for (const side of ["primary", "replica"] as const) {
      if (clusters[bucket[side]]?.kind === "existing") {
        problems.push({
          path: `buckets.${key}.${side}`,
          found: bucket[side],
          allowed: `a cluster in a cloud, for the object store beside it: ${Object.keys(madeClusters(clusters)).sort().join(", ") || "none is declared"}`,
          next: "Workloads of an existing cluster may use a bucket that stands elsewhere.",
        });
      }
      if (bucket[side] in clusters) continue;
      const next = didYouMean(bucket[side], Object.keys(clusters));
      problems.push({
        path: `buckets.${key}.${side}`,
        found: bucket[side],
        allowed: `one of ${Object.keys(clusters).sort().join(", ")}`,
        ...(next !== undefined && { next }),
      });
    }
    if (bucket.primary === bucket.replica) {
      problems.push({
        path: `buckets.${key}.replica`,
        found: bucket.replica,
        allowed: "another cluster than the primary",
      });
    }
    const minutes = rpoMinutes(bucket);
    if (minutes < RPO_MINUTES.min || minutes > RPO_MINUTES.max) {
      problems.push({ path: `buckets.${key}.rpo`, found: bucket.rpo, allowed: "10 minutes to 24 hours" });
    }
  }
  return problems;
}

export function planBucket(
  key: string,
  spec: BucketSpec,
  context: Guard & {
    clusters: Readonly<Record<string, ClusterPlan>>;
    environment: string;
    settings: Settings;
  },
): MirroredBucketPlan {
  const store = (side: "primary" | "replica") => planStore(key, side, context.clusters[spec[side]]!, context);
  const primary = store("primary");
  const replica = store("replica");
  return {
    key,
    primary,
    replica,
    activeCluster: spec.primary,
    standbyCluster: spec.replica,
    rpo: spec.rpo,
    retainDays: spec.retainDays ?? 30,
    run: planRun({ primary: remote(primary), replica: remote(replica), rpoMinutes: rpoMinutes(spec), maxDelete: 1000 }),
    protect: context.protect,
    waived: context.waived,
  };
}

/** Names are derived, not drawn: the same bucket is found again after a lost state. */
function planStore(
  key: string,
  side: "primary" | "replica",
  cluster: ClusterPlan,
  { environment, settings }: { environment: string; settings: Settings },
): StorePlan {
  const readable = `${settings.namePrefix}-${environment}-${key}`;
  const unique = createHash("sha256").update(`${readable}\n${side}\n${cluster.clusterName}`).digest("hex").slice(0, 8);
  const { place } = cluster;
  if (place.cloud === "none") throw new Error(`no object store stands beside the cluster ${cluster.key}`);
  if (place.cloud === "aws") return { kind: "s3", name: `${readable}-${unique}`, region: place.region };
  const letters = `${settings.namePrefix}${key}`.replace(/[^a-z0-9]/g, "").slice(0, 16);
  return {
    kind: "blob",
    account: `${letters}${unique}`,
    container: key,
    location: place.location,
    subscriptionId: place.subscriptionId,
  };
}

function remote(store: StorePlan): Remote {
  return store.kind === "s3"
    ? { kind: "s3", bucket: store.name, region: store.region }
    : { kind: "blob", account: store.account, container: store.container };
}

function rpoMinutes({ rpo }: BucketSpec): number {
  const [count, unit] = rpo.split(" ");
  return Number(count) * (unit === "hours" ? 60 : 1);
}
