import { readArguments } from "./arguments";
import { runAdapter } from "./run";

/** The program that runs in the cluster: arguments in, log lines on standard error, an exit code out. */
function main(): void {
  const log = (message: string): void => void process.stderr.write(`${new Date().toISOString()} ${message}\n`);
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  void (async () => {
    try {
      process.exit(await runAdapter(readArguments(process.argv.slice(2)), stop.signal, log));
    } catch (error) {
      log((error as Error).message);
      process.exit(2);
    }
  })();
}

main();
