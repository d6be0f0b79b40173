import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";

/** Characters of a program's output that are kept for its error message. */
const KEPT_OUTPUT = 4000;

/** A program that runs until it is stopped, at the latest when this process ends. */
export class Daemon {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private readonly kill = (): void => void this.child.kill("SIGKILL");
  private output = "";
  private reason: string | undefined;

  constructor(
    private readonly program: string,
    args: readonly string[],
  ) {
    this.child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env.PATH } });
    process.once("exit", this.kill);
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-KEPT_OUTPUT);
    };
    this.child.stdout?.on("data", keep);
    this.child.stderr?.on("data", keep);
    this.ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.reason ??= reason;
        process.removeListener("exit", this.kill);
        resolve();
      };
      this.child.once("error", (error) => end(error.message));
      this.child.once("exit", (code, signal) => end(`ended with ${signal ?? code}`));
    });
  }

  /** Throws when the program has ended, with the last of what it said. */
  assertRunning(): void {
    if (this.reason !== undefined) throw this.failure(this.reason);
  }

  /** What is wrong with the program, and the last of what it said. */
  failure(reason: string): Error {
    return new Error(`${this.program} ${reason}\n${this.output}`);
  }

  async stop(): Promise<void> {
    this.kill();
    await this.ended;
  }
}

/** TCP ports of loopback that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
