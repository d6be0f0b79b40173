import { createHash } from "node:crypto";

import { accessRule, split } from "../../smi/build";
import type { Facts } from "../../smi/facts";
import { MESHES } from "../../smi/meshes";
import type { SmiDocument } from "../../smi/model";
import type { KubernetesObject } from "../../smi/objects";
import { distinctProblems, type Problem as SmiProblem } from "../../smi/problem";
import { readSmi, type SmiFile } from "../../smi/read";
import { unknownName } from "../identity/plan";
import type { MeshPlan } from "../mesh/plan";
import { describe, type Problem } from "../problem";
import type { CallSpec, Environment } from "../spec/types";
import { serviceFacts, workloadFacts, type WorkloadPlan } from "../workload/plan";

/** The traffic rules of an environment, compiled for each cluster that runs a destination. */
export interface TrafficPlan {
  /** Every rule, from the spec and from SMI files. */
  readonly documents: readonly SmiDocument[];
  /** Mesh objects by cluster. */
  readonly objects: Readonly<Record<string, readonly KubernetesObject[]>>;
  /** What is allowed but deserves a look, one line each. */
  readonly warnings: readonly string[];
}

/** References of access rules and splits to workloads that do not exist. */
export function validateTraffic({ access = [], splits = {}, workloads = {} }: Environment): Problem[] {
  const known = Object.keys(workloads);
  const calls = access.flatMap((rule, index) =>
    rule.kind === "call"
      ? [
          ...unknownName(`access[${index}].from`, rule.from, known),
          ...unknownName(`access[${index}].to`, rule.to, known),
        ]
      : [],
  );
  const roots = Object.entries(splits).flatMap(([name, backends]) => {
    const workload = workloads[name];
    if (workload === undefined) return unknownName(`splits.${name}`, name, known);
    const services = Object.keys(workload.versions ?? {}).map((version) => `${name}-${version}`);
    return Object.keys(backends).flatMap((service) => unknownName(`splits.${name}.${service}`, service, services));
  });
  return [...calls, ...roots];
}

/** Compiles typed rules and SMI files for the mesh. Problems are those of the documents; the references are checked before. */
export function planTraffic(
  environment: Environment,
  workloads: readonly WorkloadPlan[],
  files: readonly SmiFile[],
  { translation: { mesh, options, settled } }: MeshPlan,
): { plan: TrafficPlan; problems: Problem[] } {
  const read = readSmi(files);
  const documents = [...typedDocuments(environment, workloads), ...read.documents];
  const found: SmiProblem[] = [...read.problems];
  const objects: Record<string, readonly KubernetesObject[]> = {};
  const acknowledge = [...settled, ...(environment.acknowledge ?? [])];
  const placed = new Set<SmiDocument>();
  const translate = (rules: readonly SmiDocument[], facts: Facts) => {
    const translated = MESHES[mesh].translate(rules, facts, { ...options, acknowledge });
    found.push(...translated.problems);
    return translated.objects;
  };
  for (const cluster of Object.keys(environment.clusters).sort()) {
    const facts = factsOf(workloads.filter((workload) => workload.on.includes(cluster)));
    const here = documents.filter((document) => runsOn(document, facts));
    for (const document of here) placed.add(document);
    objects[cluster] = translate(here, facts);
  }
  // A rule whose destination no cluster runs would vanish without a word: the translator says what it lacks.
  const homeless = documents.filter((document) => !placed.has(document));
  translate([...homeless, ...routesOf(documents)], factsOf(workloads));
  return {
    plan: { documents, objects, warnings: statementsOf(found, "warning").map(describe) },
    problems: statementsOf(found, "error"),
  };
}

function typedDocuments({ access = [], splits = {} }: Environment, workloads: readonly WorkloadPlan[]): SmiDocument[] {
  const subjectOf = (key: string) => ({
    namespace: workloads.find((workload) => workload.key === key)!.namespace,
    serviceAccount: key,
  });
  const rules = access.flatMap((rule, index) =>
    rule.kind === "call"
      ? accessRule({
          name: ruleName(rule),
          from: [subjectOf(rule.from)],
          to: subjectOf(rule.to),
          ...(rule.methods && { methods: rule.methods }),
          ...(rule.paths && { paths: rule.paths }),
          path: `access[${index}]`,
        })
      : [],
  );
  const weights = Object.entries(splits).map(([service, backends]) =>
    split({ namespace: subjectOf(service).namespace, service, backends, path: `splits.${service}` }),
  );
  return [...rules, ...weights];
}

/** What the translators must know about the workloads. */
export function factsOf(workloads: readonly WorkloadPlan[]): Facts {
  return { workloads: workloads.map(workloadFacts), services: workloads.flatMap(serviceFacts) };
}

/** Routes go wherever a rule may need them; a rule goes where its destination runs, a split where its root is. */
function runsOn(document: SmiDocument, { workloads, services }: Facts): boolean {
  switch (document.kind) {
    case "TrafficTarget": {
      const { namespace, serviceAccount } = document.destination;
      return workloads.some(
        (workload) => workload.namespace === namespace && workload.serviceAccount === serviceAccount,
      );
    }
    case "TrafficSplit":
      return services.some(({ namespace, name }) => namespace === document.namespace && name === document.service);
    default:
      return true;
  }
}

function routesOf(documents: readonly SmiDocument[]): SmiDocument[] {
  return documents.filter((document) => document.kind !== "TrafficTarget" && document.kind !== "TrafficSplit");
}

/** Named after what it says and never after its place, so that a rule before it leaves it alone. */
function ruleName({ from, to, methods, paths }: CallSpec): string {
  const limits = JSON.stringify({ methods: methods?.toSorted(), paths: paths?.toSorted() });
  const suffix = limits === "{}" ? "" : `-${createHash("sha256").update(limits).digest("hex").slice(0, 6)}`;
  return `${from}-to-${to}${suffix}`;
}

function statementsOf(problems: readonly SmiProblem[], severity: SmiProblem["severity"]): Problem[] {
  return distinctProblems(problems.filter((problem) => problem.severity === severity)).map(
    ({ code, where, line, message }) => ({
      path: line === undefined ? where : `${where} (line ${line})`,
      statement: `${code}: ${message}`,
    }),
  );
}
