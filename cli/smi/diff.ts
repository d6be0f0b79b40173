import { hasErrors } from "../../smi";
import { compareAccess, type Difference } from "../../smi/compare";
import type { Facts } from "../../smi/facts";
import { UserError } from "../user-error";
import { countProblems, oneLine, refuse, writeNote } from "./output";
import { describeRequest, describeRule, requestJson, ruleJson } from "./request";
import { demandDocuments, factsOfEnvironment, type ReadingOptions, type Rules, rulesOfFiles } from "./rules";

export type DiffOptions = ReadingOptions;

/** `isthmus smi diff`: which requests become allowed or denied. Exit code 0 for none, 1 for some, 2 for a refusal. */
export async function diffVerb(
  before: string,
  after: string,
  { json = false, ...options }: DiffOptions,
): Promise<number> {
  const [old, next] = [rulesOfFiles([before], options), rulesOfFiles([after], options)];
  const others = [
    ...(options.filename.length > 0 ? [rulesOfFiles(options.filename, options)] : []),
    ...(options.env === undefined ? [] : [await factsOfEnvironment(options.env)]),
  ];
  const problems = [old, next, ...others].flatMap((rules) => rules.problems);
  if (hasErrors(problems)) return refuse(problems, "nothing was compared")!;
  if (old.documents.length === 0) demandDocuments(next);
  if (others.some(({ documents }) => documents.length > 0)) {
    throw new UserError("-f names SMI documents. The rules are the two versions; name manifests only with -f.");
  }
  const { differences, undecided } = compareAccess(
    old.documents,
    next.documents,
    factsOf([old, next, ...others]),
    options,
  );
  for (const reason of undecided) writeNote(`cannot compare ${reason}. Write simpler expressions.`);
  if (undecided.length > 0) return 2;
  if (json) process.stdout.write(`${JSON.stringify({ differences: differences.map(toJson) }, null, 2)}\n`);
  else writeDifferences(differences);
  if (problems.length > 0) writeNote(`${countProblems(problems)} in the files; isthmus smi check shows them`);
  return differences.length === 0 ? 0 : 1;
}

/** Facts of both versions: a port that only one of them has can be asked for in both. */
function factsOf(rules: readonly Rules[]): Facts {
  return {
    workloads: rules.flatMap(({ facts }) => facts.workloads),
    services: rules.flatMap(({ facts }) => facts.services),
  };
}

function writeDifferences(differences: readonly Difference[]): void {
  const lines = differences.map(({ becomes, witness, rule }) => {
    const why = becomes === "allowed" ? "by" : "was allowed by";
    return `${becomes === "allowed" ? "+ allowed" : "- denied "}  ${describeRequest(witness)}; ${why} ${describeRule(rule)}`;
  });
  if (lines.length === 0) lines.push("no request becomes allowed or denied");
  process.stdout.write(lines.map((line) => `${oneLine(line)}\n`).join(""));
}

function toJson({ becomes, witness, rule }: Difference): unknown {
  return { becomes, witness: requestJson(witness), rule: ruleJson(rule) };
}
