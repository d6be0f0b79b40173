import { rmSync } from "node:fs";
import { join } from "node:path";

import pc from "picocolors";

import { destroy } from "../../local/engine";
import { InjectedFaults } from "../faults";
import { LocalEnvironment } from "../local-environment";
import { openProject } from "../project";
import { showRun } from "../run";
import { resultDocument } from "../view/document";
import { countChanges } from "../view/format";

/** `isthmus destroy`: removes everything of the local environment. */
export async function destroyVerb({ json = false, fault }: { json?: boolean; fault?: string[] }): Promise<number> {
  const environment = new LocalEnvironment(openProject(), new InjectedFaults(fault));
  const result = await showRun(json, (watch) => destroy({ ...environment.runOptions(), ...watch }));
  if (result.succeeded) rmSync(join(environment.directory, "rendered"), { recursive: true, force: true });
  if (json) {
    const document = { ...resultDocument(result, environment.timeline(result)), ...environment.faults.document() };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    const word = result.succeeded ? pc.green("destroyed") : pc.red("failed");
    process.stdout.write(`\n${word}: ${countChanges(result.changes, false)}\n`);
    for (const line of environment.faults.lines()) process.stdout.write(`${line}\n`);
  }
  return result.succeeded ? 0 : 1;
}
