import { join, resolve } from "node:path";

import { openLedger, SimulatedClouds, VirtualClock } from "../../local/clouds";
import { exportLine } from "../../local/clouds/serve";
import { serveClouds } from "../../local/clouds/server";
import { findPrograms, RealClusters } from "../../local/kubernetes-server";
import { InjectedFaults } from "../faults";
import { keyringOf } from "../local-environment";
import { openProject } from "../project";
import { UserError } from "../user-error";

/** Options of `isthmus serve`. */
export interface ServeOptions {
  /** Where the clouds keep what exists. */
  readonly ledger: string;
  /** What clusters are: simulated ones, or real API servers for the real Kubernetes provider. */
  readonly kubernetes: string;
  readonly json?: boolean;
  readonly fault?: string[];
}

/** `isthmus serve`: the simulated clouds for the real Pulumi CLI, until interrupted. */
export async function serveVerb({ ledger, kubernetes, json = false, fault }: ServeOptions): Promise<number> {
  if (kubernetes !== "simulated" && kubernetes !== "real") {
    throw new UserError(`--kubernetes: found "${kubernetes}", allowed: simulated, real`);
  }
  if (kubernetes === "real") assertInstalled();
  const faults = new InjectedFaults(fault);
  const clock = new VirtualClock();
  const project = openProject();
  const directory = resolve(project.directory, ledger);
  const clouds = new SimulatedClouds(openLedger(directory, keyringOf(project)), { clock });
  const served = faults.in(clouds, clock, (line) => process.stderr.write(`${line}\n`));
  const clusters =
    kubernetes === "real" ? await RealClusters.open(clouds.ledger, served, join(directory, "kubernetes")) : undefined;
  // Without a served one, the engine uses its own Kubernetes provider, which is the point of real API servers.
  const packages = SimulatedClouds.packages.filter((pkg) => clusters === undefined || pkg !== "kubernetes");
  const { ports, close } = await serveClouds(clusters ?? served, packages);
  process.stdout.write(json ? `${JSON.stringify(document(ports, clusters))}\n` : lines(ports, clusters));
  await new Promise<void>((stop) => process.once("SIGINT", stop).once("SIGTERM", stop));
  await close();
  await clusters?.close();
  return 0;
}

function assertInstalled(): void {
  try {
    findPrograms();
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
}

function document(ports: Readonly<Record<string, number>>, clusters: RealClusters | undefined): object {
  return clusters === undefined ? { ports } : { ports, proxy: clusters.proxy, commands: clusters.commands };
}

/** Lines for a shell. */
function lines(ports: Readonly<Record<string, number>>, clusters: RealClusters | undefined): string {
  const providers = `${exportLine(ports)}\n`;
  if (clusters === undefined) return providers;
  return `${providers}export HTTPS_PROXY=${clusters.proxy}\nexport PATH="${clusters.commands}:$PATH"\n`;
}
