import type { Change } from "./changes";
import type { PreviewDocument } from "./document";
import { resultOf } from "./items";

/** An environment's preview in one word, worst first. */
const VERDICTS = ["failed", "blocked", "loss", "disruption", "access", "changes", "none", "unknown"] as const;

export type Verdict = (typeof VERDICTS)[number];

/** Operations of a summary that change nothing. */
const UNCHANGED: ReadonlySet<string> = new Set(["same", "read", "refresh"]);

export function verdictOf(document: PreviewDocument, changes: readonly Change[]): Verdict {
  const violations = document.policyViolations ?? [];
  if (violations.some((violation) => resultOf(violation) === "mandatory")) return "blocked";
  if (document.failed === true || errorsOf(document).length > 0) return "failed";
  if (document.steps === undefined && document.changeSummary === undefined) return "unknown";
  for (const risk of ["loss", "disruption", "access"] as const) {
    if (changes.some((change) => change.risk === risk)) return risk;
  }
  const counted = Object.entries(document.changeSummary ?? {}).some(([op, count]) => count > 0 && !UNCHANGED.has(op));
  return changes.length > 0 || counted ? "changes" : "none";
}

/** A verdict in the environments' table. */
export function describeVerdict(verdict: Verdict, changes: readonly Change[]): string {
  const count = (risk: Change["risk"]) => changes.filter((change) => change.risk === risk).length;
  switch (verdict) {
    case "failed":
      return "**preview failed**";
    case "blocked":
      return "**blocked by policy**";
    case "loss":
      return `**deletes or replaces ${plural(count("loss"), "cluster, store or key", "clusters, stores or keys")}**`;
    case "disruption":
      return `**deletes or replaces ${plural(count("disruption"), "resource")}**`;
    case "access":
      return `changes access in ${plural(count("access"), "place")}`;
    case "changes":
      return "adds or updates only";
    case "none":
      return "no changes";
    case "unknown":
      return "not previewed";
  }
}

/** The worst verdict of a report, for its headline. */
export function headline(verdict: Verdict): string {
  switch (verdict) {
    case "failed":
      return "a preview failed";
    case "blocked":
      return "blocked by policy";
    case "loss":
      return "a cluster or data would be lost";
    case "disruption":
      return "resources are deleted or replaced";
    case "access":
      return "access changes";
    case "changes":
      return "adds and updates only";
    case "none":
      return "no changes";
    case "unknown":
      return "nothing was previewed";
  }
}

export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? "unknown";
}

export function errorsOf(document: PreviewDocument): string[] {
  return (document.diagnostics ?? [])
    .filter(({ severity }) => severity === "error")
    .map(({ message = "" }) => message.trim())
    .filter((message) => message !== "");
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
