import { changesOf, type Change } from "./changes";
import { parseUrn, type PreviewDocument } from "./document";
import { block, code } from "./escape";
import { changeItems, LAST_DANGEROUS_RANK, policyItems, type Item, type Scrub } from "./items";
import { Scrubber } from "./secrets";
import { describeVerdict, errorsOf, headline, plural, verdictOf, worst, type Verdict } from "./verdict";

export { readPreviews, type PreviewDocument, type PreviewPolicyViolation, type PreviewStep } from "./document";

export { sanitize } from "./sanitize";

/** Hidden in a report, so that the workflow finds its own comment and edits it. */
export const MARKER = "<!-- isthmus-report -->";

export interface ReportOptions {
  /** Characters at most. Default: 60,000; GitHub refuses comments of more than 65,536. */
  readonly limit?: number;
  /** Address of the job's log, linked at the end. Only an `https:` address is used. */
  readonly runUrl?: string;
}

/** Characters of error text shown, over all environments. */
const ERROR_LIMIT = 12_000;

interface Environment {
  readonly name: string;
  readonly document: PreviewDocument;
  readonly changes: readonly Change[];
  readonly verdict: Verdict;
}

/**
 * A Markdown report of previews, one an environment, for a pull request. The riskiest changes of all environments come
 * first. It shows nothing secret, and it never exceeds the limit: harmless rows are folded into counts first.
 */
export function renderReport(previews: readonly PreviewDocument[], options: ReportOptions = {}): string {
  const limit = options.limit ?? 60_000;
  const scrubber = new Scrubber(previews);
  const scrub: Scrub = (text) => scrubber.scrub(text);
  const environments = previews.map(toEnvironment);
  const items = environments
    .flatMap(({ name, document, changes }) => [
      ...policyItems(name, document.policyViolations ?? [], scrub),
      ...changeItems(name, changes, scrub),
    ])
    .map((item, index) => ({ item, index }))
    .sort((a, b) => a.item.rank - b.item.rank || a.index - b.index)
    .map(({ item }) => item);
  const render = (kept: readonly string[], shown: readonly Item[], folded: readonly Item[]) =>
    assemble(environments, kept, shown, folded, scrub, options);

  return fit(items, limit, render);
}

type Render = (rows: readonly string[], shown: readonly Item[], folded: readonly Item[]) => string;

/** Shows as many items as fit, in full; the dangerous ones in short form when they alone do not fit. */
function fit(items: readonly Item[], limit: number, render: Render): string {
  const dangerous = items.filter(({ rank }) => rank <= LAST_DANGEROUS_RANK).length;
  for (const [rows, least] of [
    [items.map(({ row }) => row), dangerous],
    [items.map(({ compact }) => compact), 0],
  ] as const) {
    const attempt = (count: number) => render(rows.slice(0, count), items.slice(0, count), items.slice(count));
    if (attempt(items.length).length <= limit) return attempt(items.length);
    if (attempt(least).length > limit) continue;
    let [low, high] = [least, items.length];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (attempt(middle).length <= limit) low = middle;
      else high = middle;
    }
    return attempt(low);
  }
  const note = `${MARKER}\n## Isthmus preview: too long to show\n\nRead the job's log.\n`;
  return note.length <= limit ? note : MARKER;
}

function toEnvironment(document: PreviewDocument): Environment {
  const changes = changesOf(document);
  const stack = document.steps?.[0] === undefined ? "" : parseUrn(document.steps[0].urn).stack;
  const name = document.environment ?? (stack === "" ? "(unnamed)" : stack);
  return { name, document, changes, verdict: verdictOf(document, changes) };
}

function assemble(
  environments: readonly Environment[],
  rows: readonly string[],
  shown: readonly Item[],
  folded: readonly Item[],
  scrub: Scrub,
  { runUrl }: ReportOptions,
): string {
  const rowsOf = (table: Item["table"]) => rows.filter((_, index) => shown[index]?.table === table);
  const sections = [
    MARKER,
    `## Isthmus preview: ${headline(worst(environments.map(({ verdict }) => verdict)))}`,
    summaryTable(environments),
    ...environments.flatMap(({ name, document }) =>
      (document.notes ?? []).slice(0, 5).map((note) => `> ${code(name, 40)}: ${code(scrub(note), 300)}`),
    ),
    ...failures(environments, scrub),
    table("### Policy", "| Result | Environment | Rule | Resource | What to do |", rowsOf("policy")),
    table("### What changes", "| Risk | Environment | Change | Resource | Cause |", rowsOf("changes")),
    foldedNote(folded),
    runUrl !== undefined && /^https:\/\/[\w./:-]+$/.test(runUrl) ? `[Log of the run](${runUrl})` : "",
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function summaryTable(environments: readonly Environment[]): string {
  const lines = environments.map(({ name, changes, document, verdict }) => {
    const counts = countsOf(document, changes);
    const cells = ["create", "update", "replace", "delete", "same"].map((op) => counts(op));
    return `| ${code(name, 40)} | ${describeVerdict(verdict, changes)} | ${cells.join(" | ")} |`;
  });
  const head = "| Environment | Verdict | Create | Update | Replace | Delete | Unchanged |";
  return [head, separator(head), ...lines].join("\n");
}

/** Pulumi's own summary where there is one, since it counts what the steps leave out. */
function countsOf(document: PreviewDocument, changes: readonly Change[]): (op: string) => string {
  const summary = document.changeSummary;
  if (summary !== undefined) return (op) => String(Number(summary[op] ?? 0));
  if (document.steps === undefined) return () => "?";
  return (op) => (op === "same" ? "?" : String(changes.filter(({ action }) => action === op).length));
}

function failures(environments: readonly Environment[], scrub: Scrub): string[] {
  const failed = environments.filter(({ document }) => document.failed === true || errorsOf(document).length > 0);
  return failed.flatMap(({ name, document }) => {
    const errors = errorsOf(document);
    const text = errors.length === 0 ? "The preview failed without a message. See the job's log." : errors.join("\n\n");
    const incomplete = "The preview did not finish, so what is listed below may be incomplete.";
    return [`### ${code(name, 40)} failed`, incomplete, block(scrub(text), Math.floor(ERROR_LIMIT / failed.length))];
  });
}

function table(title: string, head: string, rows: readonly string[]): string {
  return rows.length === 0 ? "" : `${title}\n\n${[head, separator(head), ...rows].join("\n")}`;
}

function separator(head: string): string {
  return head.replace(/[^|]+/g, "---");
}

/** What is left out, counted; a dangerous change that does not fit is said first and loudly. */
function foldedNote(folded: readonly Item[]): string {
  const harmless = counts(folded.filter(({ rank }) => rank > LAST_DANGEROUS_RANK));
  const dangerous = counts(folded.filter(({ rank }) => rank <= LAST_DANGEROUS_RANK));
  return [
    dangerous === "" ? "" : `**Did not fit: ${dangerous} that need review. Read the job's log.**`,
    harmless === "" ? "" : `Left out for length, lowest risk first: ${harmless}.`,
  ]
    .filter((line) => line !== "")
    .join("\n\n");
}

function counts(items: readonly Item[]): string {
  const totals = new Map<string, number>();
  for (const { counted, size } of items) totals.set(counted, (totals.get(counted) ?? 0) + size);
  return [...totals].map(([what, count]) => plural(count, what.replace(/s$/, ""), what)).join(", ");
}
