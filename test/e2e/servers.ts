import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

const INSTALLED = join(__dirname, "../../.isthmus/e2e");
const START_TIMEOUT = 30_000;

/** A server on a port of loopback that it chose itself. */
export interface Server {
  /** E.g. `http://127.0.0.1:40261`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** moto: takes any credentials, and requests without a signature too. */
export function startS3(): Promise<Server> {
  const python = join(INSTALLED, "venv/bin/python");
  return start(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], { PYTHONUNBUFFERED: "1" });
}

/** azurite, with its well-known account only. */
export function startBlob(): Promise<Server> {
  const main = join(INSTALLED, "azurite/node_modules/azurite/dist/src/blob/main.js");
  const quiet = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"];
  return start(process.execPath, [main, "--blobPort", "0", "--inMemoryPersistence", ...quiet], {});
}

function start(command: string, args: readonly string[], env: Record<string, string>): Promise<Server> {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (reason: string) => reject(new Error(`${command} ${reason}\n${output}`));
    const timer = setTimeout(() => fail("does not say where it listens"), START_TIMEOUT);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => fail(`ended with ${code}`));
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const [url] = /http:\/\/127\.0\.0\.1:\d+(?=\s)/.exec(output) ?? [];
      if (url === undefined) return;
      clearTimeout(timer);
      // From here on nobody reads what it logs, but its pipes must not fill up.
      for (const stream of [child.stdout, child.stderr]) stream.removeListener("data", read).resume();
      resolve({ url, stop: () => stop(child, kill) });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
  });
}

function stop(child: ChildProcess, kill: () => void): Promise<void> {
  process.removeListener("exit", kill);
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
