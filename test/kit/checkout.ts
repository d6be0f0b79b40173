import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { REPOSITORY } from "./environment";

/** What a user's checkout holds, without tests and documents. */
const CONTENT = [
  ...["index.ts", "package.json", "tsconfig.json", "Pulumi.yaml"],
  ...["local", "dev", "staging", "prod"].map((stack) => `Pulumi.${stack}.yaml`),
  ...["cli", "components", "examples", "local", "mirror", "policy", "smi", "stacks"],
];

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A checkout of its own, with an empty home folder, in which the `isthmus` command runs as a user runs it. */
export class Checkout {
  readonly directory = mkdtempSync(join(tmpdir(), "isthmus-checkout-"));
  private readonly home = mkdtempSync(join(tmpdir(), "isthmus-home-"));

  constructor() {
    for (const name of CONTENT) cpSync(join(REPOSITORY, name), join(this.directory, name), { recursive: true });
    symlinkSync(join(REPOSITORY, "node_modules"), join(this.directory, "node_modules"));
  }

  /** Runs a verb to its end. */
  isthmus(...args: string[]): Outcome {
    return this.isthmusReading("", ...args);
  }

  /** Runs a verb to its end with a text on its standard input. */
  isthmusReading(input: string, ...args: string[]): Outcome {
    const { status, stdout, stderr } = spawnSync(process.execPath, this.command(args), {
      ...this.options(),
      encoding: "utf8",
      input,
    });
    return { code: status, stdout, stderr };
  }

  /** Starts a verb that runs until it is interrupted, and waits for its first line. */
  async serve(...args: string[]): Promise<{ line: string; interrupt(): Promise<number | null> }> {
    const run = spawn(process.execPath, this.command(args), { ...this.options(), stdio: "pipe" });
    const ended = new Promise<number | null>((resolve) => void run.on("close", resolve));
    const line = await new Promise<string>((resolve) => {
      run.stdout.once("data", (text: Buffer) => resolve(text.toString()));
      void ended.then((code) => resolve(`ended with code ${code}`));
    });
    return {
      line,
      interrupt: () => {
        run.kill("SIGINT");
        return ended;
      },
    };
  }

  /** Starts a verb and kills it, with the program that it runs, when it has printed so many lines. */
  killAfter(lines: number, ...args: string[]): Promise<void> {
    // A group of its own, so that the command and the program are killed together.
    const run = spawn(process.execPath, this.command(args), { ...this.options(), detached: true, stdio: "pipe" });
    let printed = 0;
    run.stdout.on("data", (text: Buffer) => {
      printed += text.toString().split("\n").length - 1;
      if (printed >= lines && run.exitCode === null) process.kill(-run.pid!, "SIGKILL");
    });
    return new Promise((resolve) => void run.on("close", () => resolve()));
  }

  /** Replaces a text that must be there. */
  edit(file: string, from: string, to: string): void {
    const text = readFileSync(join(this.directory, file), "utf8");
    if (!text.includes(from)) throw new Error(`${file} does not contain ${from}`);
    writeFileSync(join(this.directory, file), text.replace(from, to));
  }

  /** Writes a file, with the folders above it. */
  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.directory, file)), { recursive: true });
    writeFileSync(join(this.directory, file), text);
  }

  read(file: string): string {
    return readFileSync(join(this.directory, file), "utf8");
  }

  /** Types of what exists in the clouds, sorted. */
  ledgerTypes(): string[] {
    const script = `
      require("esbuild-register/dist/node").register();
      const { openLedger } = require("./local/clouds");
      const { Keyring } = require("./local/protocol/crypter");
      const keyring = new Keyring(require("node:fs").readFileSync(".isthmus/passphrase", "utf8"));
      const types = openLedger(".isthmus/local/clouds", keyring).list().map(({ type }) => type).sort();
      process.stdout.write(JSON.stringify(types));`;
    return JSON.parse(
      execFileSync(process.execPath, ["-e", script], { cwd: this.directory, encoding: "utf8" }),
    ) as string[];
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
    rmSync(this.home, { recursive: true, force: true });
  }

  private command(args: readonly string[]): string[] {
    return [join(this.directory, "cli", "isthmus.js"), ...args];
  }

  private options() {
    const { PATH } = process.env;
    return { cwd: this.directory, env: { PATH, HOME: this.home } };
  }
}

/** Types of the resources of an exported state that are in a cloud, sorted. Nothing may be under way in it. */
export function typesIn(exported: string): string[] {
  const { deployment } = JSON.parse(exported) as {
    deployment: { resources?: { type: string; custom: boolean }[]; pending_operations?: object[] };
  };
  expect(deployment.pending_operations ?? []).toEqual([]);
  return (deployment.resources ?? [])
    .filter(({ custom, type }) => custom && !type.startsWith("pulumi:"))
    .map(({ type }) => type)
    .sort();
}
