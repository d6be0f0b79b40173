import { existsSync } from "node:fs";
import { join } from "node:path";

import { RunError } from "@pulumi/pulumi";

import { UserError } from "./user-error";

/**
 * Loads `stacks/<environment>.ts` of a project.
 *
 * @param otherwise what to do when there is no such file
 * @throws UserError when there is none, or when it cannot be loaded
 */
export async function loadSpec(directory: string, environment: string, otherwise: string): Promise<unknown> {
  const path = join(directory, "stacks", `${environment}.ts`);
  if (!existsSync(path)) throw new UserError(`there is no stacks/${environment}.ts in ${directory}. ${otherwise}`);
  try {
    const loaded = (await import(path)) as { readonly default?: unknown };
    return loaded.default;
  } catch (error) {
    throw new UserError(`stacks/${environment}.ts cannot be loaded: ${(error as Error).message}`);
  }
}

/** Runs a reader of a spec: what is wrong with the spec is the user's mistake. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RunError) throw new UserError(error.message);
    throw error;
  }
}
