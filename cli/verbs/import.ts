import { readFileSync } from "node:fs";

import { importDeployment, type DeploymentFile } from "../../local/engine";
import { LocalEnvironment } from "../local-environment";
import { openProject } from "../project";
import { withStore } from "../run";
import { UserError } from "../user-error";

/** `isthmus import`: takes a state that `isthmus export` or `pulumi stack export` wrote. */
export async function importVerb(file: string): Promise<number> {
  const environment = new LocalEnvironment(openProject());
  const deployment = read(file);
  await withStore(() => importDeployment(environment.store, deployment));
  const count = deployment.deployment.resources?.length ?? 0;
  process.stdout.write(`${count} resources are now the state of the local environment; next: npx isthmus preview\n`);
  return 0;
}

function read(file: string): DeploymentFile {
  try {
    const found = JSON.parse(readFileSync(file, "utf8")) as Partial<DeploymentFile>;
    const { version, deployment } = found;
    if (version !== undefined && deployment !== undefined) return { ...found, version, deployment };
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new UserError(`${file} is no deployment: it must be what \`pulumi stack export\` prints`);
}
