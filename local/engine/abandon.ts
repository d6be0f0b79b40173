import { setMaxListeners } from "node:events";

import type { Provider } from "../protocol/provider";
import { RunAbandoned } from "./errors";

/** Waits for the work, or throws `RunAbandoned` when the signal is aborted before. How the work then ends is never known. */
export function unlessAbandoned<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work();
  if (signal.aborted) return Promise.reject(new RunAbandoned());
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new RunAbandoned());
    signal.addEventListener("abort", giveUp, { once: true });
    void work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", giveUp));
  });
}

/** The provider, none of whose answers is waited for once the signal is aborted. It can still be closed. */
export function abandonable(provider: Provider, signal: AbortSignal | undefined): Provider {
  if (signal === undefined) return provider;
  // Each operation that goes on listens; by default Node takes more than ten listeners for a leak, and says so.
  setMaxListeners(0, signal);
  return new Proxy(provider, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function" || name === "close") return method;
      return (...args: unknown[]): Promise<unknown> =>
        unlessAbandoned(async () => (await Reflect.apply(method, target, args)) as unknown, signal);
    },
  });
}
