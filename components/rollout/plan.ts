import type { MeshPlan } from "../mesh/plan";
import { unknownName } from "../identity/plan";
import type { Problem } from "../problem";
import type { CanarySpec, Environment, StepsSpec } from "../spec/types";

/** A canary with its defaults filled in. */
export interface CanaryPlan {
  /** Key of the workload. */
  readonly key: string;
  readonly by: CanarySpec["by"];
  readonly prometheus: string;
  /** Percent. */
  readonly increment: number;
  /** Percent. */
  readonly most: number;
  readonly intervalSeconds: number;
  readonly failures: number;
  /** Percent. */
  readonly successRate: number;
  readonly latencyMs: number;
}

/** Names of the Services that the old and the new version have, as the controllers name them. */
export function canaryServices({ key, by }: Pick<CanaryPlan, "key" | "by">): { stable: string; canary: string } {
  return { stable: by === "flagger" ? `${key}-primary` : `${key}-stable`, canary: `${key}-canary` };
}

/** Canaries in the order of their workloads. */
export function planCanaries({ rollouts = {} }: Pick<Environment, "rollouts">): CanaryPlan[] {
  return Object.entries(rollouts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, rollout]) => (rollout.kind === "canary" ? [planCanary(key, rollout)] : []));
}

function planCanary(key: string, spec: CanarySpec): CanaryPlan {
  const [amount, unit] = (spec.interval ?? "1 minutes").split(" ") as [string, "seconds" | "minutes"];
  return {
    key,
    by: spec.by,
    prometheus: spec.prometheus,
    increment: spec.increment ?? 10,
    most: spec.most ?? 50,
    intervalSeconds: Number(amount) * (unit === "minutes" ? 60 : 1),
    failures: spec.failures ?? 2,
    successRate: spec.successRate ?? 99,
    latencyMs: spec.latencyMs ?? 500,
  };
}

/** The weights of a rollout by steps, as a split states them. */
export function weightsOf({ from, to, shares, step }: StepsSpec): Record<string, number> {
  const share = step === 0 ? 0 : shares[step - 1]!;
  return { [from]: 100 - share, [to]: share };
}

/** References of rollouts to what is not there, and what no tool or mesh can do. */
export function validateRollouts(environment: Environment, mesh: MeshPlan): Problem[] {
  const { rollouts = {}, workloads = {}, splits = {} } = environment;
  return Object.entries(rollouts).flatMap(([key, rollout]) => {
    const path = `rollouts.${key}`;
    const workload = workloads[key];
    if (workload === undefined) return unknownName(path, key, Object.keys(workloads));
    const problems: Problem[] = [];
    if (splits[key] !== undefined) {
      problems.push({
        path,
        found: key,
        allowed: `workloads that splits does not name: one of the two decides the weights`,
      });
    }
    const versions = Object.keys(workload.versions ?? {}).map((version) => `${key}-${version}`);
    return rollout.kind === "steps"
      ? [...problems, ...validateSteps(path, rollout, versions)]
      : [...problems, ...validateCanary(path, { ...rollout, key }, versions, environment, mesh)];
  });
}

function validateSteps(path: string, { from, to, shares, step }: StepsSpec, versions: readonly string[]): Problem[] {
  const problems = [...unknownName(`${path}.from`, from, versions), ...unknownName(`${path}.to`, to, versions)];
  if (from === to) problems.push({ path: `${path}.to`, found: to, allowed: "another version than from" });
  if (shares.some((share, index) => index > 0 && share <= shares[index - 1]!)) {
    problems.push({
      path: `${path}.shares`,
      found: shares,
      allowed: "percentages that rise, such as [5, 25, 50, 100]",
    });
  }
  if (step > shares.length) {
    problems.push({ path: `${path}.step`, found: step, allowed: `0 to ${shares.length}, the number of shares` });
  }
  return problems;
}

function validateCanary(
  path: string,
  canary: CanarySpec & { readonly key: string },
  versions: readonly string[],
  { workloads = {} }: Environment,
  mesh: MeshPlan,
): Problem[] {
  const problems: Problem[] = [];
  if (versions.length > 0) {
    problems.push({
      path,
      found: "canary",
      allowed: `a workload without versions`,
      next: `The new version is a new image: remove workloads.${canary.key}.versions.`,
    });
  }
  if (canary.by === "flagger" && mesh.kind === "consul") {
    problems.push({
      path: `${path}.by`,
      found: canary.by,
      allowed: '"argo-rollouts" with Consul, which Flagger does not know',
    });
  }
  if ((canary.increment ?? 10) > (canary.most ?? 50)) {
    problems.push({
      path: `${path}.increment`,
      found: canary.increment ?? 10,
      allowed: `at most its most, ${canary.most ?? 50}`,
    });
  }
  for (const name of Object.values(canaryServices(canary))) {
    const namespace = workloads[canary.key]!.namespace;
    if (workloads[name]?.namespace !== namespace) continue;
    problems.push({
      path,
      found: name,
      allowed: `names that differ from workloads.${name}: the controller makes a Service of it`,
    });
  }
  return problems;
}
