import { resolve } from "node:path";

import { openLedger, SimulatedClouds } from "../../local/clouds";
import { exportLine } from "../../local/clouds/serve";
import { serveClouds } from "../../local/clouds/server";
import { passphraseOf } from "../local-environment";
import { openProject } from "../project";

/** `isthmus serve`: the simulated clouds for the real Pulumi CLI, until interrupted. */
export async function serveVerb({ ledger, json = false }: { ledger: string; json?: boolean }): Promise<number> {
  const project = openProject();
  const clouds = new SimulatedClouds(openLedger(resolve(project.directory, ledger), passphraseOf(project)));
  const { ports, close } = await serveClouds(clouds, SimulatedClouds.packages);
  process.stdout.write(`${json ? JSON.stringify({ ports }) : exportLine(ports)}\n`);
  await new Promise<void>((stop) => process.once("SIGINT", stop).once("SIGTERM", stop));
  await close();
  return 0;
}
