/** What the adapter needs of the Kubernetes API. */

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly deletionTimestamp?: string;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** An object as the API server gives it. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface ApiList {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** Go writes an empty list as null. */
  readonly items: readonly ApiObject[] | null;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  /** A Status if the type is ERROR. */
  readonly object: ApiObject & { readonly code?: number; readonly message?: string };
}

/** A kind of object as the API server serves it. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
}

export type Query = Readonly<Record<string, string>>;

export interface RequestOptions {
  readonly query?: Query;
  readonly body?: unknown;
  /** Of the body. Default: `application/json`. */
  readonly contentType?: string;
  /** Form of the answer. Default: `application/json`. */
  readonly accept?: string;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface ApiClient {
  /** @throws ApiError for any answer but a success; an error of the network as it comes */
  request<T>(method: Method, path: string, options?: RequestOptions): Promise<T>;
  /** Gives events until the server ends the watch or the signal is given. */
  watch(path: string, query: Query, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>;
}

/** An answer of the API server that is not a success. */
export class ApiError extends Error {
  constructor(
    /** HTTP status. */
    readonly code: number,
    /** As in the Status object, e.g. `AlreadyExists`. */
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }

  /** Whether the same request may succeed later by itself. */
  get isTransient(): boolean {
    return this.code === 429 || this.code >= 500;
  }
}

export function apiVersionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}

/** `/apis/apps/v1/namespaces/shop/deployments/web`; without a namespace, of all namespaces. */
export function pathOf(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const { group, version, plural } = resource;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
  const object = name === undefined ? "" : `/${name}${subresource === undefined ? "" : `/${subresource}`}`;
  return `${root}${scope}/${plural}${object}`;
}
