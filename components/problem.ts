import * as pulumi from "@pulumi/pulumi";
import { distance } from "fastest-levenshtein";

/** One thing that is wrong with what a user wrote. */
export type Problem = ValueProblem | StatedProblem;

/** A value that is not allowed where it stands. */
export interface ValueProblem {
  /** Where, e.g. `clusters.east.region` or `config isthmus:azureTenantId`. */
  readonly path: string;
  /** The value that was found, as the user wrote it. Absent when the value itself is missing. */
  readonly found?: unknown;
  /** What is allowed there. */
  readonly allowed: string;
  /** What to do next, when that does not follow from what is allowed. */
  readonly next?: string;
}

/** A problem that another part already states in full: what was found, what is allowed, what to do next. */
export interface StatedProblem {
  readonly path: string;
  readonly statement: string;
}

/** One line for a problem: where, what was found, what is allowed, what to do next. */
export function describe(problem: Problem): string {
  if ("statement" in problem) return `${problem.path}: ${problem.statement}`;
  const { path, found, allowed, next } = problem;
  const finding = found === undefined ? "missing" : `found ${JSON.stringify(found)}`;
  return `${path === "" ? "the default export" : path}: ${finding}, allowed: ${allowed}${next === undefined ? "" : `. ${next}`}`;
}

/** All problems of an environment, thrown once and before anything is registered. Pulumi prints it without a stack trace. */
export class SpecError extends pulumi.RunError {
  constructor(
    environment: string,
    readonly problems: readonly Problem[],
  ) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map((problem, index) => `  ${index + 1}. ${describe(problem)}`);
    super(`the environment "${environment}" has ${count}; nothing was changed:\n${lines.join("\n")}`);
  }
}

/** `did you mean "x"?` for the candidate nearest to a misspelt word; undefined when none is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < bestDistance) [best, bestDistance] = [candidate, edits];
  }
  return best === undefined ? undefined : `Did you mean "${best}"?`;
}
