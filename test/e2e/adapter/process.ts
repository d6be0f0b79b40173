import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { bundleAdapter } from "../../../components/traffic/adapter-bundle";

/** The adapter's bundle as a process of its own, as a pod runs it. */
export class AdapterProcess {
  private output = "";
  private readonly ended: Promise<number | null>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly healthPort: number,
  ) {
    const kill = (): void => void child.kill("SIGKILL");
    process.once("exit", kill);
    child.stderr?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = new Promise((resolve) =>
      child.once("exit", (code) => {
        process.removeListener("exit", kill);
        resolve(code);
      }),
    );
  }

  static start(directory: string, pod: string, healthPort: number, args: readonly string[]): AdapterProcess {
    const file = join(directory, "adapter.js");
    writeFileSync(file, bundleAdapter().text);
    const child = spawn(process.execPath, ["--max-old-space-size=200", file, ...args], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env.PATH, POD_NAME: pod },
    });
    return new AdapterProcess(child, healthPort);
  }

  /** What it has said. */
  get log(): string {
    return this.output;
  }

  /** Waits until it answers requests. */
  async ready(): Promise<this> {
    for (const deadline = Date.now() + 60_000; ; await sleep(50)) {
      const answer = await this.health("readyz").catch(() => undefined);
      if (answer?.startsWith("ok")) return this;
      if (Date.now() > deadline) throw new Error(`the adapter is not ready: ${answer ?? "no answer"}\n${this.output}`);
    }
  }

  async health(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.healthPort}/${path}`)).text();
  }

  /** Value of one of its metrics. */
  async metric(name: string): Promise<number> {
    const line = (await this.health("metrics")).split("\n").find((each) => each.startsWith(`${name} `));
    return Number(line?.split(" ").at(-1) ?? 0);
  }

  /** Its memory: now, and at most since its start, in MB. */
  memory(): { readonly now: number; readonly most: number } {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    const read = (field: string): number => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) / 1024;
    return { now: read("VmRSS"), most: read("VmHWM") };
  }

  /** Kills it in the middle of whatever it does. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /** Asks it to end, and gives its exit code. */
  async end(): Promise<number | null> {
    this.child.kill("SIGTERM");
    return this.ended;
  }
}
