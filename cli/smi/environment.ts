import { type EnvironmentRules, readRules } from "../../components/plan";
import type { Subject } from "../../smi/model";
import { openProject } from "../project";
import { loadSpec, reading } from "../spec";
import { UserError } from "../user-error";

/** The traffic rules of an environment's spec, `stacks/<name>.ts` in the project that the command runs in. */
export async function readEnvironment(
  environment: string,
): Promise<EnvironmentRules & { readonly accounts: readonly Subject[] }> {
  const { directory } = projectHere();
  const spec = await loadSpec(directory, environment, "Name an environment with --env, or files with -f.");
  const rules = reading(() => readRules({ environment, spec, directory }));
  return { ...rules, accounts: rules.facts.workloads };
}

function projectHere(): ReturnType<typeof openProject> {
  try {
    return openProject();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${error.message} Or name files with -f.`) : error;
  }
}
