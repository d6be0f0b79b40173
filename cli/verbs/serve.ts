import { resolve } from "node:path";

import { openLedger, SimulatedClouds, VirtualClock } from "../../local/clouds";
import { exportLine } from "../../local/clouds/serve";
import { serveClouds } from "../../local/clouds/server";
import { InjectedFaults } from "../faults";
import { passphraseOf } from "../local-environment";
import { openProject } from "../project";

/** `isthmus serve`: the simulated clouds for the real Pulumi CLI, until interrupted. */
export async function serveVerb(options: { ledger: string; json?: boolean; fault?: string[] }): Promise<number> {
  const { ledger, json = false, fault } = options;
  const faults = new InjectedFaults(fault);
  const clock = new VirtualClock();
  const project = openProject();
  const clouds = new SimulatedClouds(openLedger(resolve(project.directory, ledger), passphraseOf(project)), clock);
  const served = faults.in(clouds, clock, (line) => process.stderr.write(`${line}\n`));
  const { ports, close } = await serveClouds(served, SimulatedClouds.packages);
  process.stdout.write(`${json ? JSON.stringify({ ports }) : exportLine(ports)}\n`);
  await new Promise<void>((stop) => process.once("SIGINT", stop).once("SIGTERM", stop));
  await close();
  return 0;
}
