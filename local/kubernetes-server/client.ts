import { Agent, request } from "node:https";

/** What an API server answered. */
export interface Answer {
  /** HTTP status code. */
  readonly status: number;
  /** The object, or the `Status` that says why there is none. */
  readonly body: KubernetesObject;
}

/** A Kubernetes object, or a list of them. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Content types of the kinds of patches. */
export const PATCHES = {
  apply: "application/apply-patch+yaml",
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
} as const;

/** How a client signs in. */
export interface Access {
  /** E.g. `https://127.0.0.1:40261`. */
  readonly url: string;
  /** PEM. */
  readonly certificateAuthority: string;
  /** Bearer token. */
  readonly token: string;
}

/** A connection to one API server. */
export class Client {
  private readonly agent: Agent;

  constructor(private readonly access: Access) {
    this.agent = new Agent({ ca: access.certificateAuthority, keepAlive: true });
  }

  /**
   * One request. An answer that is not 2xx is an answer too; only a broken connection throws.
   *
   * @param path With its query, e.g. `/api/v1/namespaces?dryRun=All`.
   * @param contentType Default: JSON.
   */
  request(method: Method, path: string, body?: unknown, contentType = "application/json"): Promise<Answer> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, this.access.url), {
        method,
        agent: this.agent,
        headers: {
          accept: "application/json",
          authorization: `Bearer ${this.access.token}`,
          // Node.js sends the length by itself for some methods only, and a body without one is not read.
          ...(payload === undefined
            ? {}
            : { "content-type": contentType, "content-length": Buffer.byteLength(payload) }),
        },
      });
      sent.once("error", reject);
      sent.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString("utf8")) });
        });
      });
      sent.end(payload);
    });
  }

  /** Applies an object on the server's side, as `manager`; creates it when it is missing. */
  apply(path: string, object: KubernetesObject, manager: string, { force = false } = {}): Promise<Answer> {
    const query = `fieldManager=${encodeURIComponent(manager)}&force=${force}&fieldValidation=Strict`;
    return this.request("PATCH", `${path}?${query}`, object, PATCHES.apply);
  }

  /**
   * The objects of a list and every change after it, as the server tells them, until the returned function is called. The
   * server ends a watch now and then; it is taken up again.
   *
   * @param path Of the collection, e.g. `/api/v1/pods`.
   */
  watch(path: string, seen: (object: KubernetesObject, isGone: boolean) => void): () => void {
    let stopped = false;
    let abort = (): void => {};
    const again = (): void => {
      if (!stopped) setTimeout(() => void run(), 200).unref();
    };
    const run = async (): Promise<void> => {
      try {
        const { status, body } = await this.request("GET", path);
        if (status !== 200) return again();
        for (const item of (body.items ?? []) as readonly KubernetesObject[]) seen(item, false);
        const query = `watch=true&resourceVersion=${body.metadata?.resourceVersion ?? ""}`;
        abort = this.stream(`${path}?${query}`, seen, again);
        if (stopped) abort();
      } catch {
        again();
      }
    };
    void run();
    return () => {
      stopped = true;
      abort();
    };
  }

  /** Ends its connections. */
  close(): void {
    this.agent.destroy();
  }

  private stream(
    path: string,
    seen: (object: KubernetesObject, isGone: boolean) => void,
    ended: () => void,
  ): () => void {
    const sent = request(new URL(path, this.access.url), {
      ca: this.access.certificateAuthority,
      agent: false,
      headers: { accept: "application/json", authorization: `Bearer ${this.access.token}` },
    });
    sent.once("error", () => {});
    sent.once("close", ended);
    sent.once("response", (response) => {
      let rest = "";
      response.setEncoding("utf8");
      response.on("error", () => {});
      response.on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: KubernetesObject };
          if (type === "ERROR") sent.destroy();
          else seen(object, type === "DELETED");
        }
      });
    });
    sent.end();
    return () => sent.destroy();
  }
}

/** The answer's object; text that is not JSON, as `/readyz` gives it, becomes the message of a `Status`. */
function parse(text: string): KubernetesObject {
  try {
    return JSON.parse(text) as KubernetesObject;
  } catch {
    return { kind: "Status", message: text };
  }
}
