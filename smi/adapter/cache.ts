import { isDeepStrictEqual } from "node:util";
import {
  apiVersionOf,
  ApiError,
  type ApiClient,
  type ApiList,
  type ApiObject,
  pathOf,
  type Resource,
  type WatchEvent,
} from "./api";

/** What is kept of each object of a kind, by `namespace/name`. */
export interface CacheOptions<T> {
  readonly resource: Resource;
  /** What is kept of an object, undefined for nothing. */
  readonly keep: (object: ApiObject) => T | undefined;
  /** Told of whatever is new, gone, or different in what is kept. */
  readonly onChange: (key: string, namespace: string) => void;
  readonly log: (message: string) => void;
}

/** Objects of one request of a list. */
const PAGE = 500;
/** Seconds after which the server ends a watch, at least and at most: not all at once. */
const WATCH_SECONDS = [240, 300] as const;
/** Milliseconds of the first and the longest pause after a failure. */
const PAUSE = [200, 30_000] as const;

/**
 * A kind's objects as the API server has them, kept true by a list and a watch. Failures are tried again, with pauses that
 * grow.
 */
export class Cache<T> {
  readonly resource: Resource;
  private readonly items = new Map<string, T>();
  private readonly byNamespace = new Map<string, Map<string, T>>();
  private version: string | undefined;
  private listed = false;

  constructor(
    private readonly client: ApiClient,
    private readonly options: CacheOptions<T>,
  ) {
    this.resource = options.resource;
  }

  /** Whether the kind was listed once. */
  get isReady(): boolean {
    return this.listed;
  }

  get size(): number {
    return this.items.size;
  }

  get(key: string): T | undefined {
    return this.items.get(key);
  }

  in(namespace: string): ReadonlyMap<string, T> {
    return this.byNamespace.get(namespace) ?? NOTHING;
  }

  namespaces(): Iterable<string> {
    return this.byNamespace.keys();
  }

  /** An object as an answer to a request of our own, before the watch tells of it. */
  put(object: ApiObject): void {
    const key = keyOf(object);
    const kept = this.options.keep(object);
    if (kept === undefined) return this.remove(key);
    if (isDeepStrictEqual(this.items.get(key), kept)) return;
    this.items.set(key, kept);
    const namespace = namespaceOf(key);
    const here = this.byNamespace.get(namespace);
    if (here) here.set(key, kept);
    else this.byNamespace.set(namespace, new Map([[key, kept]]));
    this.options.onChange(key, namespace);
  }

  /** Follows the server until the signal is given. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (this.version === undefined) await this.list();
        await this.watch(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        // What the server refuses to continue, be it too old (410) or newer than it knows (after a restore), is listed again.
        const refused = error instanceof ApiError && !(error.code === 429);
        if (refused) this.version = undefined;
        if (refused && error.code === 410) continue;
        failures += 1;
        const pause = Math.min(PAUSE[0] * 2 ** (failures - 1), PAUSE[1]);
        this.options.log(`${this.resource.plural}: ${(error as Error).message}; again in ${pause} ms`);
        await sleep(pause, signal);
      }
    }
  }

  private async list(): Promise<void> {
    const seen = new Set<string>();
    let next: string | undefined;
    let version = "";
    do {
      const query = { limit: String(PAGE), ...(next === undefined ? {} : { continue: next }) };
      const page = await this.client.request<ApiList>("GET", pathOf(this.resource), { query });
      for (const item of page.items ?? []) {
        const object = { apiVersion: apiVersionOf(this.resource), kind: this.resource.kind, ...item };
        seen.add(keyOf(object));
        this.put(object);
      }
      next = page.metadata.continue || undefined;
      version = page.metadata.resourceVersion;
    } while (next !== undefined);
    for (const key of [...this.items.keys()]) if (!seen.has(key)) this.remove(key);
    this.version = version;
    this.listed = true;
  }

  private async watch(signal: AbortSignal): Promise<void> {
    const seconds = WATCH_SECONDS[0] + Math.floor(Math.random() * (WATCH_SECONDS[1] - WATCH_SECONDS[0]));
    const query = {
      resourceVersion: this.version!,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(seconds),
    };
    const failed: ApiError[] = [];
    await this.client.watch(pathOf(this.resource), query, (event) => this.take(event, failed), signal);
    if (failed[0]) throw failed[0];
  }

  private take({ type, object }: WatchEvent, failed: ApiError[]): void {
    if (type === "ERROR") {
      failed.push(new ApiError(object.code ?? 500, "", object.message ?? "the watch failed"));
      return;
    }
    this.version = object.metadata.resourceVersion ?? this.version;
    if (type === "DELETED") this.remove(keyOf(object));
    else if (type !== "BOOKMARK") this.put(object);
  }

  private remove(key: string): void {
    if (!this.items.delete(key)) return;
    const namespace = namespaceOf(key);
    const here = this.byNamespace.get(namespace);
    here?.delete(key);
    if (here?.size === 0) this.byNamespace.delete(namespace);
    this.options.onChange(key, namespace);
  }
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/** `namespace/name`. */
export function keyOf({ metadata }: ApiObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

/** Waits, or until the signal is given. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done, { once: true });
  });
}
