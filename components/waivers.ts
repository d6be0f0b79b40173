import { UNGUARDED_ENVIRONMENTS, WAIVER_TAG } from "../policy";
import { didYouMean, type Problem } from "./problem";
import type { Environment } from "./spec/types";

export { today } from "../policy";

/** Longest time that a waiver may hold, in days: long enough for a migration, too short to be forgotten. */
const LONGEST = 90;

const DAY = 24 * 60 * 60 * 1000;

/**
 * What is wrong with how an environment guards its clusters and data.
 *
 * @param today the day it is, UTC, as `2026-11-25`
 */
export function validateProtection(environment: string, spec: Environment, today: string): Problem[] {
  const problems: Problem[] = [];
  if (spec.protect === false && !UNGUARDED_ENVIRONMENTS.has(environment)) {
    problems.push({
      path: "protect",
      found: false,
      allowed: `true: only ${[...UNGUARDED_ENVIRONMENTS].join(" and ")} may leave clusters and data unguarded`,
      next: 'To replace or delete one of them, add a waiver: waivers: [{ resource: "clusters.<key>", until: "<day>", reason: "<why>" }].',
    });
  }
  const guarded = guardedPaths(spec);
  for (const [index, { resource, until }] of (spec.waivers ?? []).entries()) {
    const path = `waivers[${index}]`;
    if (!guarded.includes(resource)) {
      const next = didYouMean(resource, guarded);
      problems.push({
        path: `${path}.resource`,
        found: resource,
        allowed: `one of ${guarded.join(", ")}`,
        ...(next !== undefined && { next }),
      });
    }
    const days = (Date.parse(until) - Date.parse(today)) / DAY;
    if (days >= 0 && days <= LONGEST) continue;
    problems.push({
      path: `${path}.until`,
      found: until,
      allowed: `${today} to ${dayAfter(today, LONGEST)}`,
      next:
        days < 0
          ? `The waiver has expired: remove it, and ${resource} is guarded again.`
          : `A waiver holds for ${LONGEST} days at most.`,
    });
  }
  return problems;
}

/** How a cluster or a bucket is guarded against replacement and deletion. */
export interface Guard {
  /** The option of each resource that holds workloads or data. */
  readonly protect: boolean;
  /** What each of them is tagged with: the day until which a waiver unguards it, and nothing otherwise. */
  readonly waived: { readonly tags?: Readonly<Record<string, string>> };
}

/** The guard of the cluster or bucket at a path of a valid spec. */
export function guardOf({ protect = true, waivers = [] }: Environment, path: string): Guard {
  const waiver = waivers.find(({ resource }) => resource === path);
  if (waiver === undefined || !protect) return { protect, waived: {} };
  return { protect: false, waived: { tags: { [WAIVER_TAG]: waiver.until } } };
}

function guardedPaths({ clusters, buckets = {} }: Environment): string[] {
  return [
    ...Object.keys(clusters)
      .sort()
      .map((key) => `clusters.${key}`),
    ...Object.keys(buckets)
      .sort()
      .map((key) => `buckets.${key}`),
  ];
}

function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10);
}
