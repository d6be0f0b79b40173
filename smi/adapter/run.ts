import type { Server } from "node:http";
import { hostname } from "node:os";
import { MESHES } from "../meshes";
import type { TrafficSplit } from "../model";
import type { Arguments } from "./arguments";
import { sleep } from "./cache";
import { Controller } from "./controller";
import { serveHealth } from "./health";
import { HttpsClient, inCluster } from "./https-client";
import { LeaderElection } from "./lease";
import { Metrics } from "./prometheus";
import { serveApis, type ServeOptions } from "./serve";
import { Delegation } from "./telemetry/auth";
import { MetricsApi } from "./telemetry/metrics-api";
import { prometheusAt } from "./telemetry/prometheus-client";
import { World } from "./world";

/** Milliseconds for which a process that was told to stop still answers: endpoints take a moment to forget it. */
const DRAIN = 2_000;

/**
 * Runs the adapter until the signal is given.
 *
 * @returns the exit code: 0 after a stop, 1 when the lead was lost, so that the kubelet starts anew with nothing half-done
 */
export async function runAdapter(
  given: Arguments,
  signal: AbortSignal,
  log: (message: string) => void,
): Promise<number> {
  const { server, mesh, translation } = given;
  const connection = server ? { ...server, server: server.url } : inCluster(process.env);
  const client = new HttpsClient(connection);
  const metrics = new Metrics();
  const world = new World(client, { mesh, log });
  const watching = new AbortController();
  const watched = world.run(watching.signal);
  const servers: Server[] = [
    await serveHealth({
      port: given.healthPort,
      metrics,
      missing: () => (signal.aborted ? ["its end"] : world.missing),
    }),
  ];
  if (given.certificates !== undefined) {
    servers.push(
      await serveApis({ port: given.port, certificates: given.certificates, log, ...metricsOf(given, client, world) }),
    );
  }
  // A container that starts again in its pod is the same one, and leads on at once.
  const identity = process.env["POD_NAME"] ?? `${hostname()}-${process.pid}`;
  const election = new LeaderElection(client, { namespace: given.namespace, name: given.lease, identity, log });
  const isLost = await lead(
    election,
    new Controller(client, world, { mesh: MESHES[mesh], translation, metrics, log }),
    {
      world,
      metrics,
      signal,
      log,
    },
  );
  if (isLost) return 1;
  await sleep(DRAIN);
  watching.abort();
  await watched;
  for (const each of servers) each.close();
  client.close();
  return 0;
}

function metricsOf({ mesh, prometheus }: Arguments, client: HttpsClient, world: World): Pick<ServeOptions, "metrics"> {
  if (prometheus === undefined) return {};
  const splits = (namespace?: string): readonly TrafficSplit[] => world.splits(namespace);
  const api = new MetricsApi({ mesh, ask: prometheusAt(prometheus), client, splits });
  return { metrics: { api, delegation: new Delegation(client) } };
}

async function lead(
  election: LeaderElection,
  controller: Controller,
  {
    world,
    metrics,
    signal,
    log,
  }: {
    readonly world: World;
    readonly metrics: Metrics;
    readonly signal: AbortSignal;
    readonly log: (message: string) => void;
  },
): Promise<boolean> {
  const leads = (value: number): void =>
    metrics.set("smi_adapter_leader", "1 for the replica that writes, 0 for those that wait.", value);
  leads(0);
  while (!world.isReady && !signal.aborted) await sleep(20, signal);
  if (!(await election.acquire(signal))) return false;
  leads(1);
  log("leads");
  const work = new AbortController();
  signal.addEventListener("abort", () => work.abort(), { once: true });
  const working = controller.run(work.signal);
  const held = await election.hold(signal);
  work.abort();
  leads(0);
  if (!held) {
    // Another may lead already: what is under way is left to it, and the process ends.
    log("the lead was lost");
    return true;
  }
  await working;
  await election.release();
  return false;
}
