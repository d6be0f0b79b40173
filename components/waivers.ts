import { didYouMean, type Problem } from "./problem";
import type { Environment } from "./spec/types";

/** Environments that hold nothing worth guarding: they may say `protect: false`. */
const UNGUARDED: ReadonlySet<string> = new Set(["local", "dev"]);

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
  if (spec.protect === false && !UNGUARDED.has(environment)) {
    problems.push({
      path: "protect",
      found: false,
      allowed: `true: only ${[...UNGUARDED].join(" and ")} may leave clusters and data unguarded`,
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

/** Whether the cluster or bucket at a path of a valid spec is guarded against replacement and deletion. */
export function isGuarded({ protect = true, waivers = [] }: Environment, path: string): boolean {
  return protect && !waivers.some(({ resource }) => resource === path);
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
