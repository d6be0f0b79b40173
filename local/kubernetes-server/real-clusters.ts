import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { Ledger } from "../clouds";
import { digest } from "../clouds/identity";
import { clustersOf, type ClusterAt } from "../clouds/kubernetes";
import type { Provider, ProviderHost } from "../protocol/provider";
import { withAuthority } from "./authority";
import { Authority } from "./certificates";
import { ControlPlane } from "./control-plane";
import { SimulatedNode } from "./simulated-node";
import { writeTokenCommands } from "./token-commands";
import { Tunnel } from "./tunnel";

interface RunningCluster {
  readonly controlPlane: ControlPlane;
  readonly node: SimulatedNode;
}

/**
 * Real API servers for the clusters of simulated clouds: each EKS and AKS cluster of the ledger gets a control plane of its
 * own when somebody first connects to it, and loses it, objects and all, when the cluster is deleted.
 *
 * Programs see nothing of this. A cluster's endpoint stays what its cloud gave it, and leads to the API server for who
 * uses `proxy`; the certificate authority that the cloud tells is the one that signed the API server's certificate; and the
 * commands in `commands` get tokens that it takes.
 */
export class RealClusters implements ProviderHost {
  private readonly running = new Map<string, Promise<RunningCluster>>();
  private readonly token = randomBytes(24).toString("base64url");
  private tunnel: Tunnel | undefined;

  private constructor(
    private readonly ledger: Ledger,
    private readonly clouds: ProviderHost,
    private readonly directory: string,
    private readonly authority: Authority,
  ) {}

  /**
   * @param directory Where clusters keep their objects between runs.
   * @throws Error when the programs of a control plane are not installed.
   */
  static async open(ledger: Ledger, clouds: ProviderHost, directory: string): Promise<RealClusters> {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const clusters = new RealClusters(ledger, clouds, directory, await Authority.open(directory, "isthmus-clusters"));
    clusters.tunnel = await Tunnel.open((host) => clusters.addressOf(host));
    writeTokenCommands(clusters.commands, clusters.token);
    await clusters.forgetDeleted();
    return clusters;
  }

  /** URL of the HTTP proxy that knows the clusters' endpoints, for `HTTPS_PROXY`. */
  get proxy(): string {
    return this.tunnel?.url ?? "";
  }

  /** Folder of the commands by which kubeconfigs get tokens, for `PATH`. */
  get commands(): string {
    return join(this.directory, "bin");
  }

  async open(pkg: string): Promise<Provider> {
    const provider = await this.clouds.open(pkg);
    return withAuthority(provider, this.authority.certificate, () => this.forgetDeleted());
  }

  async close(): Promise<void> {
    await this.tunnel?.close();
    await Promise.all([...this.running.values()].map(stop));
  }

  /** Where to connect for a name: the API server of the cluster that has it, started if need be. */
  private async addressOf(host: string): Promise<{ host: string; port: number } | undefined> {
    const cluster = clustersOf(this.ledger).find((candidate) => hostsOf(candidate).includes(host));
    if (cluster === undefined) return undefined;
    const { hostname, port } = new URL((await this.runningOf(cluster)).controlPlane.url);
    return { host: hostname, port: Number(port) };
  }

  private runningOf(cluster: ClusterAt): Promise<RunningCluster> {
    const key = keyOf(cluster);
    const known = this.running.get(key);
    if (known !== undefined) return known;
    const started = this.start(cluster);
    this.running.set(key, started);
    // The next who connects tries again.
    started.catch(() => this.running.delete(key));
    return started;
  }

  private async start(cluster: ClusterAt): Promise<RunningCluster> {
    const { authority, token } = this;
    const directory = join(this.directory, keyOf(cluster));
    const controlPlane = await ControlPlane.start({ directory, authority, token, hosts: hostsOf(cluster) });
    return { controlPlane, node: await SimulatedNode.start(controlPlane.client) };
  }

  private async forgetDeleted(): Promise<void> {
    const kept = new Set(clustersOf(this.ledger).map(keyOf));
    const folders = existsSync(this.directory) ? readdirSync(this.directory) : [];
    for (const key of folders.filter((name) => name.startsWith("cluster-") && !kept.has(name))) {
      const running = this.running.get(key);
      this.running.delete(key);
      if (running !== undefined) await stop(running);
      rmSync(join(this.directory, key), { recursive: true, force: true });
    }
  }
}

function keyOf({ scope }: ClusterAt): string {
  return `cluster-${digest([scope], 16)}`;
}

function hostsOf({ addresses }: ClusterAt): string[] {
  return addresses.map((address) => new URL(address).hostname);
}

async function stop(started: Promise<RunningCluster>): Promise<void> {
  const running = await started.catch(() => undefined);
  running?.node.stop();
  await running?.controlPlane.stop();
}
