import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import * as path from "node:path";
import * as readline from "node:readline";

import type { RunContext } from "./context";
import { withoutStack } from "./errors";
import type { Program } from "./types";

/** The run script's exit code when it has told the engine already what went wrong. */
const FAILED_AND_LOGGED = 32;
/** Time in which a program may end by itself when the run has failed, in milliseconds. */
const GRACE = 2000;

/** Variables by which copies of the SDK find their engine: those of an outer run must not reach this program. */
const OUTER_RUN = /^PULUMI_NODEJS_|^PULUMI_CONFIG/;

/**
 * Runs a program as a child process, started as Pulumi's Node language host starts it. Resolves to the errors that it ended
 * with: none when it ended well.
 */
export async function runChild(
  context: RunContext,
  program: Extract<Program, { kind: "child" }>,
  address: string,
): Promise<unknown[]> {
  const { config = {}, secretConfigKeys = [], project, stack, parallel = 16 } = context.options;
  const directory = path.resolve(program.directory);
  const outer = Object.entries(process.env).filter(([name]) => !OUTER_RUN.test(name));
  const child = spawn(
    process.execPath,
    [
      ...["-r", require.resolve("./no-closures"), ...program.nodeArgs],
      runScriptOf(directory),
      ...["--monitor", address, "--engine", address, "--organization", "organization", "--project", project],
      ...["--root-directory", directory, "--stack", stack, "--pwd", directory],
      ...(context.preview ? ["--dry-run"] : []),
      ...["--parallel", String(parallel), program.main],
    ],
    {
      cwd: directory,
      env: {
        ...Object.fromEntries(outer),
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretConfigKeys),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const output: string[] = [];
  readline.createInterface({ input: child.stdout }).on("line", (line) => context.reporter.diagnostic("info", "", line));
  readline.createInterface({ input: child.stderr }).on("line", (line) => output.push(line));

  // A program whose run has failed may end by itself; one that the user has stopped need not.
  const kill = (): void => void child.kill("SIGTERM");
  void context.ended().then(() => setTimeout(kill, context.interrupted ? 0 : GRACE).unref());
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return errorsOf(context, code, output);
}

function errorsOf(context: RunContext, code: number | null, output: readonly string[]): unknown[] {
  const text = withoutStack(output.join("\n"));
  if (code === 0 && !context.stopped) {
    context.reporter.diagnostic("info", "", text);
    return [];
  }
  // The user, who has stopped it, knows why it ended.
  if (context.interrupted) return [];
  if (context.stopped || code === FAILED_AND_LOGGED)
    return [new Error(text || "the program ended early")].filter(() => !context.reporter.hasErrors());
  return [new Error(text || `Program exited with non-zero exit code: ${code ?? "killed"}`)];
}

/** The run script of the SDK that the program itself uses. */
function runScriptOf(directory: string): string {
  try {
    return createRequire(path.join(directory, "index.js")).resolve("@pulumi/pulumi/cmd/run/index.js");
  } catch {
    throw new Error(`the program in ${directory} cannot find @pulumi/pulumi: run \`npm ci\` there first`);
  }
}
