import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { apiServerArgs, controllerManagerArgs, etcdArgs, type Ports } from "./arguments";
import { Authority } from "./certificates";
import { Client, type Access } from "./client";
import { Daemon, freePorts } from "./daemon";
import { LOOPBACK, writeFiles, type Files } from "./files";
import { findPrograms, type Programs } from "./programs";

/** Milliseconds. An idle machine takes about five seconds, a busy one many more. */
const START_TIMEOUT = 120_000;

/** How a control plane is started. Everything has a default. */
export interface ControlPlaneOptions {
  /** Where it keeps its objects, so that a later start finds them. Default: a folder that `stop` removes. */
  readonly directory?: string;
  /** What its certificates are signed by. Default: an authority of its own, in the folder. */
  readonly authority?: Authority;
  /** Bearer token of the administrator (group `system:masters`). Default: drawn. */
  readonly token?: string;
  /** Names beside `localhost` under which clients reach the API server. */
  readonly hosts?: readonly string[];
}

/**
 * A real etcd, kube-apiserver and kube-controller-manager on loopback: RBAC, the default admission plugins, service account
 * tokens, aggregated APIs, garbage collection. There is no scheduler, no node, no network and no cloud: Pods stay pending,
 * and webhooks and aggregated APIs are reached by URL or through Services of type ExternalName.
 */
export class ControlPlane implements Access {
  private readonly running = new Map<keyof Programs, Daemon>();

  private constructor(
    readonly url: string,
    readonly certificateAuthority: string,
    readonly token: string,
    /** Signed in as the administrator. */
    readonly client: Client,
    private readonly programs: Programs,
    private readonly files: Files,
    private readonly ports: Ports,
    private readonly temporary: string | undefined,
  ) {}

  /**
   * Starts one and waits until its API server is ready.
   *
   * @throws Error when the programs are missing, or with what a program said that did not start.
   */
  static async start(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
    const programs = findPrograms();
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), "isthmus-kubernetes-"));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const [etcd = 0, etcdPeer = 0, apiServer = 0] = await freePorts(3);
    const authority = options.authority ?? (await Authority.open(directory, "kubernetes"));
    const access: Access = {
      url: `https://${LOOPBACK}:${apiServer}`,
      certificateAuthority: authority.certificate,
      token: options.token ?? randomBytes(24).toString("base64url"),
    };
    const controlPlane = new ControlPlane(
      access.url,
      access.certificateAuthority,
      access.token,
      new Client(access),
      programs,
      await writeFiles(directory, authority, access, options.hosts ?? []),
      { etcd, etcdPeer, apiServer },
      options.directory === undefined ? directory : undefined,
    );
    await controlPlane.startAll();
    return controlPlane;
  }

  /** Path of the administrator's kubeconfig. */
  get kubeconfig(): string {
    return this.files.kubeconfig;
  }

  /** Kills the API server and starts it again on the same port and the same objects; ready when it returns. */
  async restart(): Promise<void> {
    await this.running.get("kube-apiserver")?.stop();
    await this.startApiServer();
  }

  /** Kills everything; without a folder of its own, nothing is left. */
  async stop(): Promise<void> {
    this.client.close();
    // What depends on another goes first.
    for (const daemon of [...this.running.values()].reverse()) await daemon.stop();
    this.running.clear();
    if (this.temporary !== undefined) rmSync(this.temporary, { recursive: true, force: true });
  }

  private async startAll(): Promise<void> {
    try {
      this.run("etcd", etcdArgs(this.files, this.ports));
      await this.startApiServer();
      const controllerManager = this.run("kube-controller-manager", controllerManagerArgs(this.files));
      // Without it the namespace takes no Pod.
      await this.made("/api/v1/namespaces/default/serviceaccounts/default", controllerManager);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  private async startApiServer(): Promise<void> {
    const apiServer = this.run("kube-apiserver", apiServerArgs(this.files, this.ports));
    await this.made("/readyz", apiServer);
    // The API server makes its own Service, and says that it is ready before it has.
    await this.made("/api/v1/namespaces/default/services/kubernetes", apiServer);
  }

  /** Waits until the API server has what is at a path, and its maker has made it. */
  private async made(path: string, by: Daemon): Promise<void> {
    for (const deadline = Date.now() + START_TIMEOUT; ; await sleep(100)) {
      for (const daemon of this.running.values()) daemon.assertRunning();
      if (await this.has(path)) return;
      if (Date.now() > deadline) throw by.failure(`did not get ${path} ready within ${START_TIMEOUT / 1000} s`);
    }
  }

  private async has(path: string): Promise<boolean> {
    try {
      return (await this.client.request("GET", path)).status === 200;
    } catch {
      return false;
    }
  }

  private run(program: keyof Programs, args: readonly string[]): Daemon {
    const daemon = new Daemon(this.programs[program], args);
    this.running.set(program, daemon);
    return daemon;
  }
}
