import { join } from "node:path";

import pc from "picocolors";

import { up, type RunResult } from "../../local/engine";
import type { Timeline } from "../../local/timeline";
import { InjectedFaults } from "../faults";
import { LocalEnvironment } from "../local-environment";
import { openProject } from "../project";
import { renderObjects, writeRendering, type RenderedFile } from "../render";
import { showRun } from "../run";
import { clustersOf } from "../clusters";
import { resultDocument } from "../view/document";
import { countChanges, isChange } from "../view/format";
import { describePlatform, describeTimeline, shown } from "../view/summary";

const BANNER =
  "Simulated clouds and the embedded engine: nothing outside this folder is touched. Real environments run on the real Pulumi CLI.";

/** Options of `isthmus up`. */
interface UpOptions {
  readonly json?: boolean;
  readonly fault?: string[];
  /** URNs of resources to replace. */
  readonly replace?: string[];
}

/** `isthmus up`, which is `npm start`. */
export async function upVerb({ json = false, fault, replace }: UpOptions): Promise<number> {
  const environment = new LocalEnvironment(openProject(), new InjectedFaults(fault));
  const write = (text: string): void => void (json || process.stdout.write(text));
  write(`${pc.dim(BANNER)}\n`);
  const started = Date.now();
  const result = await showRun(json, (watch) => up({ ...environment.runOptions(), replace, ...watch }));
  const clock = environment.timeline(result);
  const folder = join(environment.directory, "rendered");
  const files = result.succeeded ? await render(environment, folder) : [];

  if (json) {
    const document = { ...resultDocument(result, clock), ...environment.faults.document(), rendered: folder };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    write(
      `\n${result.succeeded ? pc.green("up") : pc.red("failed")}: ${countChanges(result.changes, false)}, in ${seconds}s\n`,
    );
    for (const line of environment.faults.lines()) write(`${line}\n`);
    if (result.succeeded) write(`\n${closing(result, clock, folder, files)}`);
    else write(`${touchedCloud(result) ? "What was done is saved. " : ""}To go on from here: npx isthmus up\n`);
  }
  return result.succeeded ? 0 : 1;
}

/** The stack itself and components are only names: what a cloud has is made of custom resources. */
function touchedCloud({ steps }: RunResult): boolean {
  return steps.some((step) => isChange(step) && (step.new ?? step.old)?.custom === true);
}

async function render(environment: LocalEnvironment, folder: string): Promise<RenderedFile[]> {
  const { resources } = await environment.store.load();
  const files = renderObjects(
    resources,
    clustersOf(resources),
    "Rendered from the local environment on simulated clouds.",
  );
  writeRendering(folder, files);
  return files;
}

function closing(result: RunResult, clock: Timeline, folder: string, files: readonly RenderedFile[]): string {
  const changed = result.steps.some(isChange);
  const platform = describePlatform(result);
  return [
    ...(platform === undefined ? [] : [platform]),
    `${pc.bold("Kubernetes objects")}\n  ${files.length} files in ${shown(folder)}, one folder a cluster\n`,
    ...(changed ? [describeTimeline(clock)] : []),
    `${pc.bold("Next")}
  edit stacks/local.ts (move reports from "north" to "east", say), then
  npx isthmus preview     what would change
  npx isthmus up          change it
  npx isthmus destroy     remove everything
`,
  ].join("\n");
}
