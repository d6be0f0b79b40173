import { StoreUnusable, type RunOptions, type RunResult } from "../local/engine";
import { latency } from "../local/clouds";
import { UserError } from "./user-error";
import { openView } from "./view/view";

/**
 * Runs an operation of the engine and shows it while it goes on, unless standard output is for JSON alone.
 * One interrupt lets what is running finish; a second one stops at once, and what was running is looked for by the next run.
 */
export async function showRun(
  json: boolean,
  start: (watch: Pick<RunOptions, "onEvent" | "signal" | "abandon">) => Promise<RunResult>,
): Promise<RunResult> {
  const view = json ? undefined : openView(process.stdout, latency);
  const stop = new AbortController();
  const abandon = new AbortController();
  const interrupt = (): void => {
    if (abandon.signal.aborted) process.exit(130);
    if (stop.signal.aborted) return abandon.abort();
    stop.abort();
    process.stderr.write("stopping when the running operations have finished; interrupt again to stop at once\n");
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    return await withStore(() =>
      start({ onEvent: (event) => view?.event(event), signal: stop.signal, abandon: abandon.signal }),
    );
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    view?.close();
  }
}

/** Uses the local environment's state; one that cannot be used is the user's to mend. */
export async function withStore<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof StoreUnusable) throw new UserError(error.message);
    throw error;
  }
}
