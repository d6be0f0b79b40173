import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { planRun, RUN_VARIABLE, type MirrorRun, type Remote } from "../../mirror/run";
import { BLOB_ACCOUNT, BLOB_KEY } from "./stores";

/** How one command of a run ended. */
export interface Ended {
  /** Exit code, or undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly output: string;
}

/**
 * Does what the CronJob's pod does with a planned run: the config as planned, the command lines as planned, one after the
 * other. What the emulators need differently comes through the environment, as rclone lets it.
 */
export class Mover {
  private readonly home = mkdtempSync(join(tmpdir(), "isthmus-mover-"));
  private readonly plan: MirrorRun;
  private readonly env: Record<string, string>;

  constructor(
    sides: { primary: Remote; replica: Remote; maxDelete?: number },
    servers: { s3: string; blob: string },
    extra: Record<string, string> = {},
  ) {
    this.plan = planRun({ rpoMinutes: 15, maxDelete: 1000, ...sides });
    const config = join(this.home, "rclone.conf");
    writeFileSync(config, this.plan.config);
    this.env = {
      PATH: process.env.PATH ?? "",
      HOME: this.home,
      RCLONE_CONFIG: config,
      ...emulated("PRIMARY", sides.primary, servers),
      ...emulated("REPLICA", sides.replica, servers),
      ...extra,
    };
  }

  /** Runs until a command fails, and says how the last one ended. */
  async run(name: string): Promise<Ended> {
    let ended: Ended = { code: undefined, output: "" };
    for (const command of this.plan.commands) {
      ended = await this.start(command, name).ended;
      if (ended.code !== 0) break;
    }
    return ended;
  }

  /** Kills the last command, once `when` holds, as a node that is lost would. */
  async runAndKill(name: string, when: () => Promise<boolean>): Promise<Ended> {
    for (const command of this.plan.commands.slice(0, -1)) await this.start(command, name).ended;
    const last = this.start(this.plan.commands.at(-1)!, name);
    let going = true;
    void last.ended.then(() => (going = false));
    while (going && !(await when())) await new Promise((resolve) => setTimeout(resolve, 20));
    last.kill();
    return last.ended;
  }

  remove(): void {
    rmSync(this.home, { recursive: true });
  }

  private start(command: readonly string[], run: string): { ended: Promise<Ended>; kill: () => void } {
    const variables = { ...this.env, [RUN_VARIABLE]: run };
    const [program, ...args] = command.map((argument) => expand(argument, variables));
    const child = spawn(program!, args, { env: variables, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code: code ?? undefined, output }));
    });
    return { ended, kill: () => child.kill("SIGKILL") };
  }
}

/** Kubernetes' expansion of `$(NAME)`: an unknown name stays as it is, and `$$` is a dollar. */
function expand(argument: string, variables: Readonly<Record<string, string>>): string {
  return argument.replace(/\$(\$|\(([^)]*)\))/g, (whole, _, name?: string) =>
    name === undefined ? "$" : (variables[name] ?? whole),
  );
}

function emulated(side: string, remote: Remote, servers: { s3: string; blob: string }): Record<string, string> {
  const setting = (name: string, value: string) => ({ [`RCLONE_CONFIG_${side}_${name}`]: value });
  if (remote.kind === "s3") {
    return {
      AWS_ACCESS_KEY_ID: "emulator",
      AWS_SECRET_ACCESS_KEY: "emulator",
      // rclone names AWS's buckets by host, which no name server knows here; moto answers as a proxy for any of them.
      ...setting("ENDPOINT", `http://s3.${remote.region}.amazonaws.com`),
      http_proxy: servers.s3,
      // Newer versions refuse to stream a body without TLS otherwise; older ones know neither.
      ...setting("USE_DATA_INTEGRITY_PROTECTIONS", "false"),
      ...setting("USE_UNSIGNED_PAYLOAD", "true"),
    };
  }
  return {
    ...setting("USE_EMULATOR", "true"),
    ...setting("ENV_AUTH", "false"),
    ...setting("ENDPOINT", `${servers.blob}/${BLOB_ACCOUNT}`),
    ...setting("KEY", BLOB_KEY),
    // azurite cannot copy in parts (Put Block From URL), as newer versions do above 8 MiB.
    ...setting("COPY_CUTOFF", "1Gi"),
    no_proxy: "127.0.0.1",
  };
}
