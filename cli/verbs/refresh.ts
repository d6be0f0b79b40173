import pc from "picocolors";

import { previewRefresh, refresh, type RunResult } from "../../local/engine";
import { InjectedFaults } from "../faults";
import { LocalEnvironment } from "../local-environment";
import { openProject } from "../project";
import { showRun } from "../run";
import { resultDocument } from "../view/document";

/** Options of `isthmus refresh`. */
interface RefreshOptions {
  readonly json?: boolean;
  readonly fault?: string[];
  readonly previewOnly?: boolean;
}

/** `isthmus refresh`: takes over into the state what has become of the clouds. */
export async function refreshVerb({ json = false, fault, previewOnly = false }: RefreshOptions): Promise<number> {
  const environment = new LocalEnvironment(openProject(), new InjectedFaults(fault));
  const run = previewOnly ? previewRefresh : refresh;
  const result = await showRun(json, (watch) => run({ ...environment.runOptions(), ...watch }));
  if (json) {
    const document = { ...resultDocument(result, environment.timeline(result)), ...environment.faults.document() };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    const word = result.succeeded ? pc.green(previewOnly ? "refresh preview" : "refreshed") : pc.red("failed");
    process.stdout.write(`\n${word}: ${conclusion(result)}\n`);
    for (const line of environment.faults.lines()) process.stdout.write(`${line}\n`);
  }
  return result.succeeded ? 0 : 1;
}

function conclusion({ changes }: RunResult): string {
  const { same = 0, update = 0, delete: gone = 0 } = changes;
  return `${update} changed behind the state's back, ${gone} gone, ${same} as they were`;
}
