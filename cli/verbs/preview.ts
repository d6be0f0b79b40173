import pc from "picocolors";

import { preview, previewDigest, type RunResult } from "../../local/engine";
import { InjectedFaults } from "../faults";
import { LocalEnvironment } from "../local-environment";
import { openProject } from "../project";
import { showRun } from "../run";
import { countChanges, isChange } from "../view/format";

/** Options of `isthmus preview`. */
interface PreviewOptions {
  readonly json?: boolean;
  readonly fault?: string[];
  /** URNs of resources to replace. */
  readonly replace?: string[];
}

/** `isthmus preview`: what `up` would change, and nothing else. */
export async function previewVerb({ json = false, fault, replace }: PreviewOptions): Promise<number> {
  const environment = new LocalEnvironment(openProject(), new InjectedFaults(fault));
  const options = { ...environment.runOptions(), replace };
  const result = await showRun(json, (watch) => preview({ ...options, ...watch }));
  if (json) process.stdout.write(`${JSON.stringify(previewDigest(result, options), null, 2)}\n`);
  else process.stdout.write([conclusion(result), ...environment.faults.lines().map((line) => `${line}\n`)].join(""));
  return result.succeeded ? 0 : 1;
}

function conclusion(result: RunResult): string {
  const word = result.succeeded ? pc.green("preview") : pc.red("preview failed");
  const next = result.succeeded && result.steps.some(isChange) ? "To do it: npx isthmus up\n" : "";
  return `\n${word}: ${countChanges(result.changes, true)}\n${next}`;
}
