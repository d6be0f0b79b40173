import { existsSync } from "node:fs";
import { join } from "node:path";

import { RunError } from "@pulumi/pulumi";

import { type EnvironmentRules, readRules } from "../../components/plan";
import type { Subject } from "../../smi/model";
import { openProject } from "../project";
import { UserError } from "../user-error";

/** The traffic rules of an environment's spec, `stacks/<name>.ts` in the project that the command runs in. */
export async function readEnvironment(
  environment: string,
): Promise<EnvironmentRules & { readonly accounts: readonly Subject[] }> {
  const { directory } = projectHere();
  const path = join(directory, "stacks", `${environment}.ts`);
  if (!existsSync(path)) {
    throw new UserError(
      `there is no stacks/${environment}.ts in ${directory}. Name an environment with --env, or files with -f.`,
    );
  }
  const spec = await load(path, environment);
  try {
    const rules = readRules({ environment, spec, directory });
    return { ...rules, accounts: rules.facts.workloads };
  } catch (error) {
    if (error instanceof RunError) throw new UserError(error.message);
    throw error;
  }
}

function projectHere(): ReturnType<typeof openProject> {
  try {
    return openProject();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${error.message} Or name files with -f.`) : error;
  }
}

async function load(path: string, environment: string): Promise<unknown> {
  try {
    const loaded = (await import(path)) as { readonly default?: unknown };
    return loaded.default;
  } catch (error) {
    throw new UserError(`stacks/${environment}.ts cannot be loaded: ${(error as Error).message}`);
  }
}
