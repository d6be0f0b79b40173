import { rmSync } from "node:fs";
import { join } from "node:path";

import pc from "picocolors";

import { latency } from "../../local/clouds";
import { destroy } from "../../local/engine";
import { timeline } from "../../local/timeline";
import { LocalEnvironment } from "../local-environment";
import { openProject } from "../project";
import { showRun } from "../run";
import { resultDocument } from "../view/document";
import { countChanges } from "../view/format";

/** `isthmus destroy`: removes everything of the local environment. */
export async function destroyVerb({ json = false }: { json?: boolean }): Promise<number> {
  const environment = new LocalEnvironment(openProject());
  const result = await showRun(json, (watch) => destroy({ ...environment.runOptions(), ...watch }));
  if (result.succeeded) rmSync(join(environment.directory, "rendered"), { recursive: true, force: true });
  if (json) {
    process.stdout.write(`${JSON.stringify(resultDocument(result, timeline(result.steps, latency)), null, 2)}\n`);
  } else {
    const word = result.succeeded ? pc.green("destroyed") : pc.red("failed");
    process.stdout.write(`\n${word}: ${countChanges(result.changes, false)}\n`);
  }
  return result.succeeded ? 0 : 1;
}
