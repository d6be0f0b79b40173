import { setMaxListeners } from "node:events";

/** Keys that wait for work: each once, and never by two workers at the same time. */
export class WorkQueue {
  private readonly waiting = new Map<string, number>();
  private readonly active = new Set<string>();
  private readonly failures = new Map<string, number>();
  private wake: (() => void) | undefined;

  constructor(private readonly pause: { readonly first: number; readonly longest: number }) {}

  get depth(): number {
    return this.waiting.size + this.active.size;
  }

  /** Asks for work on a key; if it is being worked on, once more after that. */
  add(key: string): void {
    if (!this.waiting.has(key)) this.waiting.set(key, performance.now());
    this.wakeUp();
  }

  /** Runs workers until the signal is given; what they do then is finished first. */
  async run(workers: number, work: (key: string, since: number) => Promise<void>, signal: AbortSignal): Promise<void> {
    setMaxListeners(0, signal);
    signal.addEventListener("abort", () => this.wakeUp(), { once: true });
    const running = new Set<Promise<void>>();
    while (!signal.aborted) {
      const next = running.size < workers ? this.take() : undefined;
      if (next === undefined) {
        await new Promise<void>((resolve) => (this.wake = resolve));
        continue;
      }
      const done = this.attempt(next.key, next.since, work).finally(() => {
        running.delete(done);
        this.wakeUp();
      });
      running.add(done);
    }
    await Promise.all(running);
  }

  private async attempt(
    key: string,
    since: number,
    work: (key: string, since: number) => Promise<void>,
  ): Promise<void> {
    this.active.add(key);
    try {
      await work(key, since);
      this.failures.delete(key);
    } catch {
      const failures = (this.failures.get(key) ?? 0) + 1;
      this.failures.set(key, failures);
      const pause = Math.min(this.pause.first * 2 ** (failures - 1), this.pause.longest);
      setTimeout(() => this.add(key), pause).unref();
    } finally {
      this.active.delete(key);
    }
  }

  private take(): { readonly key: string; readonly since: number } | undefined {
    for (const [key, since] of this.waiting) {
      if (this.active.has(key)) continue;
      this.waiting.delete(key);
      return { key, since };
    }
    return undefined;
  }

  private wakeUp(): void {
    this.wake?.();
    this.wake = undefined;
  }
}

/** Does something for each item, so many at a time. The first failure is thrown when all are done. */
export async function each<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next++]!;
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
