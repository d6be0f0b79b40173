import pc from "picocolors";

import { recover } from "../../local/engine";
import { LocalEnvironment } from "../local-environment";
import { openProject } from "../project";
import { withStore } from "../run";

/** Options of `isthmus recover`. */
interface RecoverOptions {
  readonly json?: boolean;
  /** URNs whose creation is given up without a look at the cloud. */
  readonly forget?: string[];
}

/** `isthmus recover`: says what an earlier run was cut off in, and settles it with the clouds. */
export async function recoverVerb({ json = false, forget = [] }: RecoverOptions): Promise<number> {
  const environment = new LocalEnvironment(openProject());
  const recovery = await withStore(() => recover(environment.runOptions(), forget));
  const unknown = recovery.operations.filter(({ outcome }) => outcome === "unknown");
  if (json) process.stdout.write(`${JSON.stringify(recovery, null, 2)}\n`);
  else {
    for (const note of recovery.notes) process.stdout.write(`${note}\n`);
    for (const { outcome, message } of recovery.operations)
      process.stdout.write(`${outcome === "unknown" ? pc.red(outcome) : pc.green(outcome)}: ${message}\n`);
    if (recovery.operations.length === 0) process.stdout.write("nothing was in flight\n");
    for (const { urn } of unknown)
      process.stdout.write(`if you know that it does not exist: npx isthmus recover --forget '${urn}'\n`);
  }
  return unknown.length === 0 ? 0 : 1;
}
