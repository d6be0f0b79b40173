import type { Place } from "./cluster/common-plan";
import type { ClusterPlan } from "./cluster/plan";
import type { EnvironmentPlan } from "./plan";
import type { StorePlan } from "./storage/plan";
import { describeAccess, describeSplits } from "./traffic/describe";

/** What a person wants to know of a platform, as a stack output: plain data, without secrets. */
export interface PlatformSummary {
  readonly clusters: Readonly<Record<string, ClusterSummary>>;
  /** Who may call whom, one line a rule. */
  readonly calls: readonly string[];
  /** How split Services share their traffic, or what shares it. */
  readonly splits: readonly string[];
  /** Who may use which bucket, one line a grant. */
  readonly objects: readonly string[];
  readonly mirrors: Readonly<Record<string, MirrorSummary>>;
}

export interface ClusterSummary {
  readonly kind: ClusterPlan["kind"];
  readonly name: string;
  /** Region or location, or the context of a cluster that existed already. */
  readonly place: string;
  readonly kubernetesVersion: string;
  /** See `ClusterPlan.connect`. */
  readonly connect: string;
}

export interface MirrorSummary {
  readonly primary: string;
  readonly replica: string;
  readonly rpo: string;
  /** Cluster whose mover runs. */
  readonly mover: string;
}

export function describePlatform(plan: EnvironmentPlan): PlatformSummary {
  return {
    clusters: Object.fromEntries(plan.clusters.map((cluster) => [cluster.key, describeCluster(cluster)])),
    calls: describeAccess(plan.traffic.documents),
    splits: [...describeSplits(plan.traffic.documents), ...describeCanaries(plan)].sort(),
    objects: describeGrants(plan),
    mirrors: Object.fromEntries(
      plan.buckets.map(({ key, primary, replica, rpo, activeCluster }) => [
        key,
        { primary: urlOf(primary), replica: urlOf(replica), rpo, mover: activeCluster },
      ]),
    ),
  };
}

function describeCanaries({ workloads }: EnvironmentPlan): string[] {
  return workloads.flatMap(({ key, namespace, canary }) =>
    canary === undefined ? [] : [`${namespace}/${key}: by ${canary.by}`],
  );
}

function describeCluster({ kind, clusterName: name, kubernetesVersion, place, connect }: ClusterPlan): ClusterSummary {
  return { kind, name, kubernetesVersion, place: describePlace(place), connect };
}

function describePlace(place: Place): string {
  switch (place.cloud) {
    case "aws":
      return place.region;
    case "azure":
      return place.location;
    case "none":
      return `context ${place.context}`;
  }
}

function describeGrants({ identities, buckets }: EnvironmentPlan): string[] {
  return identities.flatMap(({ subject, clusters, grants }) =>
    grants.map(({ bucket, side, level }) => {
      const store = buckets.find(({ key }) => key === bucket)![side];
      return `${subject.namespace}/${subject.serviceAccount} on ${clusters.join(", ")} -> ${urlOf(store)}: ${level}`;
    }),
  );
}

function urlOf(store: StorePlan): string {
  return store.kind === "s3"
    ? `s3://${store.name}`
    : `https://${store.account}.blob.core.windows.net/${store.container}`;
}
