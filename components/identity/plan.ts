import { didYouMean, type Problem } from "../problem";
import { statedIssuer } from "../spec/clusters";
import type { Environment, ObjectsSpec } from "../spec/types";
import { MIRROR_NAMESPACE, moverAccount } from "../storage/plan";
import {
  FEDERATED_CREDENTIAL_LIMIT,
  longestTrustPolicy,
  TRUST_POLICY_LIMIT,
  type AccessLevel,
  type Subject,
} from "./trust";

export interface GrantPlan {
  readonly bucket: string;
  readonly side: "primary" | "replica";
  readonly level: AccessLevel;
}

/** A ServiceAccount that acts in one or both clouds. */
export interface IdentityPlan {
  /** Key of the workload, or the mover's name. */
  readonly key: string;
  readonly subject: Subject;
  /** Clusters whose tokens are trusted, by key, sorted. */
  readonly clusters: readonly string[];
  /** Sorted by bucket and side. */
  readonly grants: readonly GrantPlan[];
}

/** Access rules that name no workload or bucket, and identities that exceed what a cloud can hold. */
export function validateIdentities({ access = [], workloads = {}, buckets = {}, clusters }: Environment): Problem[] {
  const problems: Problem[] = [];
  for (const [index, rule] of access.entries()) {
    if (rule.kind !== "objects") continue;
    problems.push(
      ...unknownName(`access[${index}].from`, rule.from, Object.keys(workloads)),
      ...unknownName(`access[${index}].bucket`, rule.bucket, Object.keys(buckets)),
    );
  }
  for (const key of new Set(objectRules(access).map((rule) => rule.from))) {
    const workload = workloads[key];
    if (workload === undefined) continue;
    const subject = { namespace: workload.namespace, serviceAccount: key };
    const issuers = [...new Set(workload.on)].map((cluster) => statedIssuer(clusters[cluster]));
    const count = issuers.length;
    if (count > FEDERATED_CREDENTIAL_LIMIT || longestTrustPolicy(issuers, subject) > TRUST_POLICY_LIMIT) {
      problems.push({
        path: `workloads.${key}.on`,
        found: `${count} clusters`,
        allowed: `as many clusters as an IAM trust policy of ${TRUST_POLICY_LIMIT} characters and ${FEDERATED_CREDENTIAL_LIMIT} federated credentials can name`,
        next: "Split the workload: each part gets an identity of its own.",
      });
    }
  }
  return problems;
}

/** An identity for each workload that may use a bucket, and one for each bucket's mover. */
export function planIdentities({ access = [], workloads = {}, buckets = {} }: Environment): IdentityPlan[] {
  const rules = objectRules(access);
  const ofWorkloads = [...new Set(rules.map((rule) => rule.from))].map((key) => ({
    key,
    subject: { namespace: workloads[key]!.namespace, serviceAccount: key },
    clusters: [...new Set(workloads[key]!.on)].sort(),
    grants: strongestGrants(rules.filter((rule) => rule.from === key)),
  }));
  const ofMovers = Object.entries(buckets).map(([key, bucket]) => ({
    key: moverAccount(key),
    subject: { namespace: MIRROR_NAMESPACE, serviceAccount: moverAccount(key) },
    clusters: [bucket.primary, bucket.replica].sort(),
    grants: [
      { bucket: key, side: "primary" as const, level: "read" as const },
      { bucket: key, side: "replica" as const, level: "read-write" as const },
    ],
  }));
  return [...ofWorkloads, ...ofMovers].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Applications use the primary: only the mover writes to a replica. */
function strongestGrants(rules: readonly ObjectsSpec[]): GrantPlan[] {
  const levels = new Map<string, AccessLevel>();
  for (const { bucket, level } of rules) {
    if (levels.get(bucket) !== "read-write") levels.set(bucket, level);
  }
  return [...levels]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([bucket, level]) => ({ bucket, side: "primary", level }));
}

function objectRules(access: Environment["access"] = []): ObjectsSpec[] {
  return access.filter((rule) => rule.kind === "objects");
}

/** A problem when the name is not among the known ones. */
export function unknownName(path: string, name: string, known: readonly string[]): Problem[] {
  if (known.includes(name)) return [];
  const next = didYouMean(name, known);
  const allowed = known.length === 0 ? "nothing: none is declared" : `one of ${[...known].sort().join(", ")}`;
  return [{ path, found: name, allowed, ...(next !== undefined && { next }) }];
}
