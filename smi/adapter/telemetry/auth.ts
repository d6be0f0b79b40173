import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { ApiClient, ApiError, ApiObject } from "../api";

/** Who sent a request. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What is asked for, as a SubjectAccessReview puts it. */
export type Attributes =
  | { readonly path: string; readonly verb: string }
  | {
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      readonly subresource?: string;
      readonly namespace?: string;
      readonly name?: string;
      readonly verb: string;
    };

/** How the API server signs in to those it forwards requests to. */
interface RequestHeaders {
  /** Certificates that the front proxy's is signed by, in PEM. */
  readonly ca: string;
  /** Common names that are trusted; empty for any. */
  readonly names: readonly string[];
  readonly user: readonly string[];
  readonly group: readonly string[];
  readonly extraPrefixes: readonly string[];
}

const CONFIG_PATH = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";

/** Milliseconds for which an answer of the API server is used again, as API servers do. */
const MEMORY = 10_000;
const MOST_REMEMBERED = 4096;

/**
 * Delegated authentication and authorization, as an API server does it: the front proxy's certificate vouches for the user in the
 * headers, a token is looked at by a TokenReview, and a SubjectAccessReview decides.
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/)
 */
export class Delegation {
  private headers: RequestHeaders | undefined;
  private readonly remembered = new Map<string, { readonly value: unknown; readonly until: number }>();

  constructor(private readonly client: ApiClient) {}

  /** Reads how the front proxy signs in; gives its authorities, undefined if the cluster has no front proxy. */
  async refresh(): Promise<string | undefined> {
    const { data } = await this.client.request<ApiObject & { readonly data?: Record<string, string> }>(
      "GET",
      CONFIG_PATH,
    );
    const ca = data?.["requestheader-client-ca-file"];
    const list = (key: string): string[] => (data?.[key] ? (JSON.parse(data[key]!) as string[]) : []);
    this.headers =
      ca === undefined
        ? undefined
        : {
            ca,
            names: list("requestheader-allowed-names"),
            user: list("requestheader-username-headers"),
            group: list("requestheader-group-headers"),
            extraPrefixes: list("requestheader-extra-headers-prefix"),
          };
    return ca;
  }

  /** Who sent the request; undefined for nobody that is known. */
  async authenticate(request: IncomingMessage): Promise<User | undefined> {
    const proxied = this.fromProxy(request);
    if (proxied) return proxied;
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    return token === undefined ? undefined : this.remember(`token ${token}`, () => this.reviewToken(token));
  }

  /** Whether the user may do it; the reason that the authorizer gives otherwise. */
  authorize(user: User, attributes: Attributes): Promise<{ readonly allowed: boolean; readonly reason: string }> {
    return this.remember(`access ${JSON.stringify([user, attributes])}`, async () => {
      const subject = { user: user.name, groups: user.groups, extra: user.extra, ...(user.uid && { uid: user.uid }) };
      const what = "path" in attributes ? { nonResourceAttributes: attributes } : { resourceAttributes: attributes };
      const { status } = await this.client.request<{
        readonly status?: { readonly allowed?: boolean; readonly reason?: string };
      }>("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
        body: {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          spec: { ...subject, ...what },
        },
      });
      return { allowed: status?.allowed === true, reason: status?.reason ?? "" };
    });
  }

  private fromProxy({ socket, headersDistinct: headers }: IncomingMessage): User | undefined {
    const tls = socket as TLSSocket;
    const known = this.headers;
    if (!known || tls.authorized !== true) return undefined;
    const { CN: common } = tls.getPeerCertificate().subject ?? {};
    if (known.names.length > 0 && !known.names.includes(String(common))) return undefined;
    const all = (name: string): readonly string[] => headers[name.toLowerCase()] ?? [];
    const name = known.user.flatMap(all)[0];
    if (name === undefined) return undefined;
    const extra = known.extraPrefixes.flatMap((prefix) =>
      Object.keys(headers)
        .filter((header) => header.startsWith(prefix.toLowerCase()))
        .map((header) => [decodeURIComponent(header.slice(prefix.length)), all(header)] as const),
    );
    return { name, groups: known.group.flatMap(all), extra: Object.fromEntries(extra) };
  }

  private async reviewToken(token: string): Promise<User | undefined> {
    const { status } = await this.client.request<{
      readonly status?: {
        readonly authenticated?: boolean;
        readonly user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
      };
    }>("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } },
    });
    const { username, uid, groups = [], extra = {} } = status?.user ?? {};
    if (status?.authenticated !== true || username === undefined) return undefined;
    return { name: username, groups, extra, ...(uid && { uid }) };
  }

  private async remember<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const now = Date.now();
    const known = this.remembered.get(key);
    if (known && known.until > now) return known.value as T;
    const value = await ask();
    if (this.remembered.size >= MOST_REMEMBERED) this.remembered.clear();
    this.remembered.set(key, { value, until: now + MEMORY });
    return value;
  }
}

/** The Status of an API server for a refusal. */
export function statusOf(error: ApiError): Record<string, unknown> {
  const { code, reason, message } = error;
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}
