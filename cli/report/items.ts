import { compare, type Change, type PropertyChange } from "./changes";
import { parseUrn, type PreviewPolicyViolation } from "./document";
import { code } from "./escape";
import type { Action, Risk } from "./risk";

/** A table row that a report may have to leave out: those of the highest rank first. */
export interface Item {
  readonly table: "policy" | "changes";
  readonly rank: number;
  /** What it is counted as when it is left out. */
  readonly counted: string;
  /** How much it counts. */
  readonly size: number;
  readonly row: string;
  /** A shorter row for a report that is too long even without the harmless rows. */
  readonly compact: string;
}

/** Ranks up to this one are left out only when nothing else is left to leave out. */
export const LAST_DANGEROUS_RANK = 3;

const CHANGE_RANK: Readonly<Record<Risk, number>> = { loss: 1, disruption: 2, access: 4, update: 6, create: 7 };

const RISK_WORDS: Readonly<Record<Risk, string>> = {
  loss: "**data loss**",
  disruption: "**disruption**",
  access: "access",
  update: "update",
  create: "new",
};

const COUNTED: Readonly<Record<Action, string>> = {
  create: "creations",
  update: "updates",
  delete: "deletions",
  replace: "replacements",
  import: "imports",
};

/** Properties shown of one change; more make a row unreadable. */
const SHOWN_PROPERTIES = 6;

export type Scrub = (text: string) => string;

/** One item a change, but created resources together by component. */
export function changeItems(environment: string, changes: readonly Change[], scrub: Scrub): Item[] {
  const created = changes.filter(({ risk }) => risk === "create");
  const others = changes.filter(({ risk }) => risk !== "create");
  return [
    ...others.map((change) => changeItem(environment, change, scrub)),
    ...createdItems(environment, created, scrub),
  ];
}

function changeItem(environment: string, change: Change, scrub: Scrub): Item {
  const row = (why: string) =>
    `| ${RISK_WORDS[change.risk]} | ${code(environment, 40)} | ${change.action} | ${resource(change, scrub)} | ${why} |`;
  return {
    table: "changes",
    rank: CHANGE_RANK[change.risk],
    counted: COUNTED[change.action],
    size: 1,
    row: row(why(change, scrub)),
    compact: row(change.properties.slice(0, 1).map(({ path }) => code(scrub(path), 40))[0] ?? ""),
  };
}

function resource({ name, type }: Change, scrub: Scrub): string {
  return `${code(scrub(name), 80)} ${code(shortType(type), 60)}`;
}

/** `aws:eks/cluster:Cluster` as `aws:eks:Cluster`; `kubernetes:apps/v1:Deployment` as it is. */
function shortType(type: string): string {
  return type.replace(/^([^:]+:[^:/]+)\/[a-z]\w*:(?=[A-Z])/, (whole, head: string) =>
    /\/v\d/.test(whole) ? whole : `${head}:`,
  );
}

function why(change: Change, scrub: Scrub): string {
  const notes: string[] = [];
  if (change.action === "delete") notes.push("no longer in the program");
  if (change.action === "replace") {
    if (change.properties.length === 0)
      notes.push(change.providerReplaced ? "its provider changes" : "the preview gives no cause");
    if (change.deletedFirst) notes.push("**the old one is deleted before the new one stands**");
  }
  if (change.protect && (change.action === "delete" || change.action === "replace")) {
    notes.push("**protected: the update will refuse**");
  }
  const shown = change.properties.slice(0, SHOWN_PROPERTIES).map((property) => describeProperty(property, scrub));
  const rest = change.properties.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest} more`] : []), ...notes].join("; ");
}

function describeProperty({ path, old, new: after }: PropertyChange, scrub: Scrub): string {
  const name = code(scrub(path), 80);
  // Two sides that read the same are no news: a secret, or a nested value.
  return old === after
    ? `${name} (${old === "[secret]" ? "secret" : "changed"})`
    : `${name}: ${code(scrub(old))} → ${code(scrub(after))}`;
}

function createdItems(environment: string, created: readonly Change[], scrub: Scrub): Item[] {
  const byParent = new Map<string, Change[]>();
  for (const change of created) {
    const key = change.parent ?? "";
    byParent.set(key, [...(byParent.get(key) ?? []), change]);
  }
  return [...byParent]
    .sort(([a], [b]) => compare(a, b))
    .map(([parent, changes]) => {
      const { name, type } = parseUrn(parent);
      const owner = parent === "" ? "no component" : `${code(scrub(name), 80)} ${code(type, 60)}`;
      const row = (what: string) =>
        `| ${RISK_WORDS.create} | ${code(environment, 40)} | create ${changes.length} | ${owner} | ${what} |`;
      return {
        table: "changes",
        rank: CHANGE_RANK.create,
        counted: COUNTED.create,
        size: changes.length,
        row: row(countTypes(changes)),
        compact: row(""),
      };
    });
}

function countTypes(changes: readonly Change[]): string {
  const counts = new Map<string, number>();
  for (const { type } of changes) counts.set(type, (counts.get(type) ?? 0) + 1);
  const types = [...counts].sort(([a], [b]) => compare(a, b));
  const shown = types.slice(0, 12).map(([type, count]) => `${count} ${code(shortType(type), 60)}`);
  return [...shown, ...(types.length > shown.length ? [`and ${types.length - shown.length} other types`] : [])].join(
    ", ",
  );
}

const POLICY_RANKS = { mandatory: 0, undetermined: 3, advisory: 5 } as const;

const POLICY_WORDS = {
  mandatory: "**blocked**",
  undetermined: "undetermined",
  advisory: "advisory",
} as const;

export type PolicyResult = keyof typeof POLICY_RANKS;

/** Mandatory failures, then what could not be decided, then advice. */
export function policyItems(environment: string, violations: readonly PreviewPolicyViolation[], scrub: Scrub): Item[] {
  const items = violations.map((violation) => {
    const { urn, policy, message } = violation;
    const result = resultOf(violation);
    const { name, type } = parseUrn(urn);
    const row = (text: string) =>
      `| ${POLICY_WORDS[result]} | ${code(environment, 40)} | ${code(policy, 60)} | ` +
      `${code(scrub(name), 80)} ${code(shortType(type), 60)} | ${text} |`;
    return {
      table: "policy" as const,
      rank: POLICY_RANKS[result],
      counted: result === "mandatory" ? "mandatory failures" : `${result} results`,
      size: 1,
      row: row(code(scrub(message), 400)),
      compact: row(""),
    };
  });
  return items.sort((a, b) => a.rank - b.rank || compare(a.row, b.row));
}

/** An undetermined rule is not a failure, whatever its level. */
export function resultOf({ level, outcome }: PreviewPolicyViolation): PolicyResult {
  return outcome === "undetermined" ? "undetermined" : level;
}
