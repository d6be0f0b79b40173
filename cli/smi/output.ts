import { stringify } from "yaml";

import { type Facts, formatProblem, hasErrors, type KubernetesObject, type Problem } from "../../smi";

/** Writes problems on standard error, one line each. */
export function writeProblems(problems: readonly Problem[], prefix = ""): void {
  for (const problem of problems) process.stderr.write(`${oneLine(prefix + formatProblem(problem))}\n`);
}

/** Writes a line on standard error that says what the problems led to. */
export function writeNote(text: string): void {
  process.stderr.write(`${oneLine(text)}\n`);
}

/** `1 error, 2 warnings`, or nothing. */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const count = (number: number, what: string): string[] =>
    number === 0 ? [] : [`${number} ${what}${number === 1 ? "" : "s"}`];
  return [...count(errors, "error"), ...count(problems.length - errors, "warning")].join(", ");
}

/**
 * Reports problems that keep a verb from its work, and what to do. Returns the exit code, or undefined if there is no error
 * among them.
 */
export function refuse(
  problems: readonly Problem[],
  consequence: string,
  rules?: { readonly facts: Facts },
): number | undefined {
  if (!hasErrors(problems)) return undefined;
  writeProblems(problems);
  writeNote(`${consequence}: ${countProblems(problems)}. ${nextStep(rules?.facts)}`);
  return 2;
}

/** What to do about errors. */
export function nextStep(facts: Facts | undefined): string {
  return facts?.workloads.length === 0
    ? "No workload is among the files: name the manifests of Deployments and Services with another -f, or an environment that has them with --env."
    : "Correct the files and run the command again.";
}

/** Objects as a stream of YAML documents that kubectl reads. */
export function toYaml(objects: readonly KubernetesObject[]): string {
  // Kubernetes reads YAML 1.1, where `on` and `1:30` are not text unless they are quoted.
  return objects.map((object) => stringify(object, { lineWidth: 0, compat: "yaml-1.1" })).join("---\n");
}

/** A document's text may hold anything; a terminal must not take it for a command. */
export function oneLine(text: string): string {
  return [...text]
    .map((char) => {
      const code = char.codePointAt(0)!;
      const control = code < 32 || (code >= 127 && code < 160) || code === 0x2028 || code === 0x2029;
      return control ? `\\u${code.toString(16).padStart(4, "0")}` : char;
    })
    .join("");
}
