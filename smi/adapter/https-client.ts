import { readFileSync } from "node:fs";
import { Agent, request as httpsRequest, type RequestOptions as HttpsOptions } from "node:https";
import { ApiError, type ApiClient, type Method, type Query, type RequestOptions, type WatchEvent } from "./api";

export interface ConnectionOptions {
  /** E.g. `https://10.96.0.1:443`. */
  readonly server: string;
  /** File with the certificates that the API server's is signed by. */
  readonly caFile: string;
  /** File with a bearer token, which may be renewed while the process runs. */
  readonly tokenFile: string;
  /** Requests at the same time, watches apart. Default: 32. */
  readonly connections?: number;
}

/** Milliseconds without an answer after which a request is given up. */
const TIMEOUT = 30_000;
/** Milliseconds for which a token that was read is used. */
const TOKEN_AGE = 60_000;

/** Where a pod finds the API server of its own cluster. */
export function inCluster(environment: Readonly<Record<string, string | undefined>>): ConnectionOptions {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  if (host === undefined) {
    throw new Error(
      "there is no KUBERNETES_SERVICE_HOST: run this in a pod, or name --server, --ca-file, --token-file",
    );
  }
  const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return { server, caFile: `${folder}/ca.crt`, tokenFile: `${folder}/token` };
}

/**
 * A client of the API server. It is our own because @kubernetes/client-node 1.4, which carries a model of every kind, is 3.5 MB
 * when it is bundled (a ConfigMap holds 1 MiB) and takes 78 MB of memory before it does anything.
 */
export class HttpsClient implements ApiClient {
  private readonly agent: Agent;
  private readonly watchAgent: Agent;
  private readonly ca: Buffer;
  private token: { readonly text: string; readonly readAt: number } | undefined;

  constructor(private readonly options: ConnectionOptions) {
    this.agent = new Agent({ keepAlive: true, maxSockets: options.connections ?? 32 });
    this.watchAgent = new Agent({ keepAlive: false });
    this.ca = readFileSync(options.caFile);
  }

  async request<T>(
    method: Method,
    path: string,
    { query = {}, body, contentType, accept }: RequestOptions = {},
  ): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { ...(accept && { accept }), ...(text !== undefined && contentHeaders(text, contentType)) };
    const answer = await new Promise<{ readonly code: number; readonly text: string }>((resolve, reject) => {
      const request = httpsRequest(this.url(path, query), this.with(method, this.agent, headers), (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ code: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
        response.on("error", reject);
      });
      request.setTimeout(TIMEOUT, () => request.destroy(new Error(`${method} ${path}: no answer in ${TIMEOUT} ms`)));
      request.on("error", reject);
      request.end(text);
    });
    if (answer.code < 200 || answer.code > 299) throw errorOf(answer.code, answer.text);
    return JSON.parse(answer.text) as T;
  }

  async watch(path: string, query: Query, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void> {
    const url = this.url(path, { ...query, watch: "true" });
    await new Promise<void>((resolve, reject) => {
      const request = httpsRequest(url, { ...this.with("GET", this.watchAgent, {}), signal }, (response) => {
        response.setEncoding("utf8");
        let rest = "";
        const isEvent = response.statusCode === 200;
        response.on("data", (chunk: string) => {
          rest += chunk;
          if (!isEvent) return;
          const lines = rest.split("\n");
          rest = lines.pop()!;
          try {
            for (const line of lines) if (line !== "") onEvent(JSON.parse(line) as WatchEvent);
          } catch (error) {
            request.destroy(error as Error);
          }
        });
        response.on("end", () => (isEvent ? resolve() : reject(errorOf(response.statusCode ?? 0, rest))));
        response.on("error", reject);
      });
      // The server ends a watch in time; one that is silent for longer has lost its connection.
      request.setTimeout(WATCH_SILENCE, () => request.destroy(new Error(`watch of ${path}: the connection is silent`)));
      request.on("error", reject);
      request.end();
    });
  }

  close(): void {
    this.agent.destroy();
    this.watchAgent.destroy();
  }

  private url(path: string, query: Query): string {
    const text = new URLSearchParams(query).toString();
    return `${this.options.server}${path}${text === "" ? "" : `?${text}`}`;
  }

  private with(method: Method, agent: Agent, headers: Record<string, string | number>): HttpsOptions {
    const authorization = `Bearer ${this.readToken()}`;
    return { method, agent, ca: this.ca, headers: { accept: "application/json", authorization, ...headers } };
  }

  private readToken(): string {
    const now = Date.now();
    if (this.token === undefined || now - this.token.readAt > TOKEN_AGE) {
      this.token = { text: readFileSync(this.options.tokenFile, "utf8").trim(), readAt: now };
    }
    return this.token.text;
  }
}

/** Longer than any watch that is asked for, whose bookmarks come once a minute. */
const WATCH_SILENCE = 600_000;

function contentHeaders(text: string, contentType = "application/json"): Record<string, string | number> {
  return { "content-type": contentType, "content-length": Buffer.byteLength(text) };
}

function errorOf(code: number, text: string): ApiError {
  try {
    const status = JSON.parse(text) as { readonly reason?: string; readonly message?: string };
    return new ApiError(code, status.reason ?? "", status.message ?? text);
  } catch {
    return new ApiError(code, "", text.slice(0, 500));
  }
}
