import type { UpgradeStep } from "../../components/cluster/upgrade";
import { readUpgrade } from "../../components/plan";
import { openProject } from "../project";
import { loadSpec, reading } from "../spec";

export interface UpgradeOptions {
  readonly to: string;
  readonly env: string;
  readonly json?: boolean;
}

/** `isthmus plan upgrade`: the steps that bring an environment to a Kubernetes version. */
export async function upgradeVerb({ to, env: environment, json = false }: UpgradeOptions): Promise<number> {
  const spec = await loadSpec(openProject().directory, environment, "Name an environment with --env.");
  const steps = reading(() => readUpgrade({ environment, spec }, to));
  process.stdout.write(json ? `${JSON.stringify({ steps }, null, 2)}\n` : describe(environment, to, steps));
  return 0;
}

function describe(environment: string, to: string, steps: readonly UpgradeStep[]): string {
  if (steps.length === 0) return `Every cluster of ${environment} is at Kubernetes ${to} or newer: nothing to do.\n`;
  const count = steps.length === 1 ? "1 change" : `${steps.length} changes`;
  const lines = steps.flatMap(({ change, upgrades }, index) => [
    `${index + 1}. ${change.path}: "${change.version}"`,
    ...upgrades.map(({ part, from, to: version }) => {
      return `     ${part.kind === "nodes" ? `nodes of ${part.pool}` : "control plane"} ${from} -> ${version}`;
    }),
  ]);
  return `stacks/${environment}.ts to Kubernetes ${to}: ${count}, with an up after each\n${lines.join("\n")}\n`;
}
