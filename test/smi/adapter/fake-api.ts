import {
  ApiError,
  type ApiClient,
  type ApiList,
  type ApiObject,
  type Method,
  type Query,
  type RequestOptions,
  type WatchEvent,
} from "../../../smi/adapter/api";

interface Address {
  /** `/apis/apps/v1/deployments`. */
  readonly collection: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

interface Watcher {
  readonly collection: string;
  readonly onEvent: (event: WatchEvent) => void;
  readonly end: (error?: ApiError) => void;
}

/** An API server in memory, as far as the adapter uses one: versions, generations, watches, apply, and refusals on demand. */
export class FakeApi implements ApiClient {
  readonly requests: string[] = [];
  private readonly objects = new Map<string, ApiObject>();
  private readonly watchers = new Set<Watcher>();
  private version = 0;
  /** Gives the error with which a request is refused. */
  refuse: (method: Method, path: string) => ApiError | undefined = () => undefined;

  /** Writes an object as somebody else than the adapter. */
  put(collection: string, object: ApiObject): void {
    const { name, namespace } = object.metadata;
    this.store({ collection, namespace, name }, object, true);
  }

  /** Removes an object as somebody else. */
  remove(collection: string, namespace: string, name: string): void {
    this.drop({ collection, namespace, name });
  }

  /** All objects of a collection. */
  list(collection: string): ApiObject[] {
    return [...this.objects].filter(([key]) => key.startsWith(`${collection} `)).map(([, object]) => object);
  }

  get(collection: string, namespace: string, name: string): ApiObject | undefined {
    return this.objects.get(`${collection} ${namespace}/${name}`);
  }

  /** Ends all watches, with an error for what the server does not remember any more. */
  endWatches(error?: ApiError): void {
    for (const watcher of [...this.watchers]) watcher.end(error);
  }

  async request<T>(method: Method, path: string, { body }: RequestOptions = {}): Promise<T> {
    await Promise.resolve();
    this.requests.push(`${method} ${path}`);
    const refused = this.refuse(method, path);
    if (refused) throw refused;
    return this.answer(method, addressOf(path), body as ApiObject) as T;
  }

  async watch(path: string, _query: Query, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void> {
    const { collection } = addressOf(path);
    await new Promise<void>((resolve, reject) => {
      const end = (error?: ApiError): void => {
        this.watchers.delete(watcher);
        if (error) reject(error);
        else resolve();
      };
      const watcher = { collection, onEvent, end };
      this.watchers.add(watcher);
      signal.addEventListener("abort", () => end(), { once: true });
    });
  }

  private answer(method: Method, address: Address, body: ApiObject): unknown {
    const found = this.objects.get(keyOf(address));
    if (method === "GET" && address.name === undefined) {
      const metadata = { resourceVersion: String(this.version) };
      return { metadata, items: this.list(address.collection) } satisfies ApiList;
    }
    if (method === "POST") {
      const at = { ...address, name: body.metadata.name };
      if (this.objects.has(keyOf(at))) throw new ApiError(409, "AlreadyExists", `${at.name} exists`);
      return this.store(at, body, true);
    }
    if (method === "PATCH" && address.subresource === undefined) {
      const same =
        found &&
        JSON.stringify({ ...found, metadata: specified(found) }) ===
          JSON.stringify({ ...body, metadata: specified(body) });
      return same ? found : this.store(address, body, true);
    }
    if (!found) throw new ApiError(404, "NotFound", `${address.name} is not there`);
    if (method === "DELETE") return this.drop(address);
    if (method === "PATCH") return this.store(address, { ...found, status: body["status"] }, false);
    if (method === "PUT" && body.metadata.resourceVersion !== found.metadata.resourceVersion) {
      throw new ApiError(409, "Conflict", `${address.name} has changed`);
    }
    return method === "PUT" ? this.store(address, body, true) : found;
  }

  private store(address: Address, object: ApiObject, changesSpec: boolean): ApiObject {
    const before = this.objects.get(keyOf(address));
    this.version += 1;
    const stored: ApiObject = {
      ...object,
      metadata: {
        ...object.metadata,
        ...(address.namespace !== undefined && { namespace: address.namespace }),
        uid: before?.metadata.uid ?? `uid-${this.version}`,
        generation: (before?.metadata.generation ?? 0) + (changesSpec ? 1 : 0),
        resourceVersion: String(this.version),
      },
    };
    this.objects.set(keyOf(address), stored);
    this.tell(address, { type: before ? "MODIFIED" : "ADDED", object: stored });
    return stored;
  }

  private drop(address: Address): ApiObject | undefined {
    const found = this.objects.get(keyOf(address));
    if (!found) return undefined;
    this.version += 1;
    this.objects.delete(keyOf(address));
    this.tell(address, { type: "DELETED", object: found });
    return found;
  }

  private tell({ collection }: Address, event: WatchEvent): void {
    for (const watcher of this.watchers) if (watcher.collection === collection) watcher.onEvent(event);
  }
}

function specified({ metadata: { name, namespace, labels, ownerReferences } }: ApiObject): unknown {
  return { name, namespace, labels, ownerReferences };
}

function keyOf({ collection, namespace = "", name = "" }: Address): string {
  return `${collection} ${namespace}/${name}`;
}

function addressOf(path: string): Address {
  const parts =
    /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path);
  if (!parts) throw new Error(`the fake API server does not know ${path}`);
  const [, root, namespace, plural, name, subresource] = parts;
  return { collection: `${root}/${plural}`, namespace, name, subresource };
}
