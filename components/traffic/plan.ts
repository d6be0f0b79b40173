import { createHash } from "node:crypto";

import { accessRule, split } from "../../smi/build";
import type { Facts } from "../../smi/facts";
import { MESHES } from "../../smi/meshes";
import { type SmiDocument, withAccounts } from "../../smi/model";
import { distinctProblems, type Problem as SmiProblem } from "../../smi/problem";
import { readSmi, type SmiFile } from "../../smi/read";
import { unknownName } from "../identity/plan";
import type { MeshPlan } from "../mesh/plan";
import { describe, type Problem } from "../problem";
import { argoAnalysis, argoRoutes, flaggerObjects, type PlannedObject } from "../rollout/objects";
import { planCanaries, weightsOf } from "../rollout/plan";
import type { CallSpec, Environment } from "../spec/types";
import { serviceFacts, workloadFacts, type WorkloadPlan } from "../workload/plan";

/** The traffic rules of an environment, compiled for each cluster that runs a destination. */
export interface TrafficPlan {
  /** Every rule, from the spec and from SMI files. */
  readonly documents: readonly SmiDocument[];
  /** Mesh objects by cluster. */
  readonly objects: Readonly<Record<string, readonly PlannedObject[]>>;
  /** What Flagger is told, by cluster: of workloads, which must be there. */
  readonly canaries: Readonly<Record<string, readonly PlannedObject[]>>;
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
  mesh: MeshPlan,
): { plan: TrafficPlan; problems: Problem[] } {
  const read = readSmi(files);
  const { options, settled } = mesh.translation;
  const documents = withAccounts([...typedDocuments(environment, workloads), ...read.documents], options);
  const found: SmiProblem[] = [...read.problems];
  const objects: Record<string, readonly PlannedObject[]> = {};
  const canaries: Record<string, readonly PlannedObject[]> = {};
  const acknowledge = [...settled, ...(environment.acknowledge ?? [])];
  const placed = new Set<SmiDocument>();
  const translate = (rules: readonly SmiDocument[], facts: Facts) => {
    const translated = MESHES[mesh.translation.mesh].translate(rules, facts, { ...options, acknowledge });
    found.push(...translated.problems);
    return translated.objects;
  };
  for (const cluster of Object.keys(environment.clusters).sort()) {
    const running = workloads.filter((workload) => workload.on.includes(cluster));
    const facts = factsOf(running);
    const here = documents.filter((document) => runsOn(document, facts));
    for (const document of here) placed.add(document);
    const moved = planMoved(environment, running, mesh, facts);
    found.push(...moved.problems);
    objects[cluster] = distinctObjects([...translate(here, facts), ...moved.routes]);
    canaries[cluster] = moved.canaries;
  }
  // A rule whose destination no cluster runs would vanish without a word: the translator says what it lacks.
  const homeless = documents.filter((document) => !placed.has(document));
  translate([...homeless, ...routesOf(documents)], factsOf(workloads));
  return {
    plan: { documents, objects, canaries, warnings: statementsOf(found, "warning").map(describe) },
    problems: statementsOf(found, "error"),
  };
}

/** What controllers move the weights of, on one cluster. */
function planMoved(
  environment: Environment,
  running: readonly WorkloadPlan[],
  mesh: MeshPlan,
  facts: Facts,
): { routes: PlannedObject[]; canaries: PlannedObject[]; problems: SmiProblem[] } {
  const routes: PlannedObject[] = [];
  const canaries: PlannedObject[] = [];
  const problems: SmiProblem[] = [];
  for (const canary of planCanaries(environment)) {
    const workload = running.find(({ key }) => key === canary.key);
    if (workload === undefined) continue;
    if (canary.by === "flagger") {
      canaries.push(...flaggerObjects(canary, workload, mesh));
      continue;
    }
    const moved = argoRoutes(canary, workload, mesh, facts);
    routes.push(argoAnalysis(canary, workload, mesh), ...moved.objects);
    problems.push(...moved.problems);
  }
  return { routes, canaries, problems };
}

/** The first of each name: rules and routes of one workload may need the same object. */
function distinctObjects(objects: readonly PlannedObject[]): PlannedObject[] {
  const byName = new Map<string, PlannedObject>();
  for (const object of objects) {
    const name = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
    if (!byName.has(name)) byName.set(name, object);
  }
  return [...byName.values()];
}

function typedDocuments(
  { access = [], splits = {}, rollouts = {} }: Environment,
  workloads: readonly WorkloadPlan[],
): SmiDocument[] {
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
  const steps = Object.entries(rollouts).flatMap(([service, rollout]) => {
    if (rollout.kind !== "steps") return [];
    const { namespace } = subjectOf(service);
    return split({ namespace, service, backends: weightsOf(rollout), path: `rollouts.${service}` });
  });
  return [...rules, ...weights, ...steps];
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
