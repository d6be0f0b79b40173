import { checkKubernetes, matches } from "./kubernetes";
import { Malformed, Undetermined } from "./property";
import { canonicalType, type Level, type Problem, type ResourceFacts, type Rule } from "./rule";
import { formatPath, type Path, type PolicyMap } from "./value";

/** A resource whose inputs are to be judged. */
export interface PolicyResource extends ResourceFacts {
  /** Pulumi type token, of any API version. */
  readonly type: string;
  readonly name: string;
  /** Inputs with `UNKNOWN` for values that are not known yet and `SecretValue` around secrets. */
  readonly properties: PolicyMap;
}

/** What one rule says of one resource. */
export interface Outcome {
  /** The rule's name. */
  readonly policy: string;
  readonly level: Level;
  readonly outcome: "pass" | "fail" | "undetermined";
  /** What was found, what is allowed and what to do next; empty for a pass. */
  readonly message: string;
  /** The value that is not known, for `undetermined`. */
  readonly path?: Path;
}

/** Whether a rule is about resources of a type. */
export function appliesTo(rule: Rule, type: string): boolean {
  if (rule.kind === "kubernetes") return matches(rule, type);
  return rule.checks.some((check) => check.type === canonicalType(type));
}

/**
 * Judges a resource by the rules that are about its type, in the rules' order. A rule yields one `pass`, or one `fail`
 * for each problem, and one `undetermined` after those if it touched a value that is not known yet. Never throws: a rule
 * that breaks fails the resource.
 */
export function evaluateRules(resource: PolicyResource, rules: readonly Rule[]): Outcome[] {
  return rules.filter((rule) => appliesTo(rule, resource.type)).flatMap((rule) => evaluateRule(resource, rule));
}

function evaluateRule(resource: PolicyResource, rule: Rule): Outcome[] {
  const outcomes: Outcome[] = [];
  const add = (outcome: Outcome["outcome"], message: string, path?: Path) =>
    outcomes.push({ policy: rule.name, level: rule.level, outcome, message, ...(path === undefined ? {} : { path }) });
  const report = (problem: Problem) => add("fail", formatProblem(problem));

  for (const check of checksOf(resource, rule)) {
    try {
      check(report);
    } catch (error) {
      if (error instanceof Undetermined) add("undetermined", formatUndetermined(rule, error.path), error.path);
      else report(problemOf(error));
    }
  }
  if (outcomes.length === 0) add("pass", "");
  return outcomes;
}

function checksOf(resource: PolicyResource, rule: Rule): ((report: (problem: Problem) => void) => void)[] {
  const { type, properties } = resource;
  if (rule.kind === "kubernetes") return [(report) => checkKubernetes(rule, type, properties, report)];
  const canonical = canonicalType(type);
  return rule.checks
    .filter((check) => check.type === canonical)
    .map((check) => (report: (problem: Problem) => void) => check.run(properties, report, resource));
}

function problemOf(error: unknown): Problem {
  if (error instanceof Malformed) return { ...pick(error), next: "Check the value's type" };
  // Its message is left out, since it may quote a value that is secret.
  const name = error instanceof Error ? error.name : "an error";
  return { path: "(rule)", found: `${name} in the rule itself`, allowed: "an answer", next: "Report this as a bug" };
}

function pick({ path, found, allowed }: Malformed) {
  return { path, found, allowed };
}

function formatProblem({ path, found, allowed, next }: Problem): string {
  return `${typeof path === "string" ? path : formatPath(path)}: found ${found}, allowed: ${allowed}. ${next}.`;
}

function formatUndetermined(rule: Rule, path: Path): string {
  return `${formatPath(path)} is not known yet, so ${rule.name} is undetermined. It is decided when the value is known.`;
}
