import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { ApiError } from "./api";
import { review } from "./convert-webhook";
import { CONVERSION_PATH } from "./crds";
import { type Delegation, statusOf } from "./telemetry/auth";
import { METRICS_GROUP, METRICS_VERSION, type MetricsApi } from "./telemetry/metrics-api";
import { PrometheusError } from "./telemetry/prometheus-client";
import { notFound, routeOf } from "./telemetry/route";

export interface ServeOptions {
  readonly port: number;
  /** Folder with tls.crt and tls.key, which may be renewed while the process runs. */
  readonly certificates: string;
  /** The metrics API and who may use it; without it only the webhook is served. */
  readonly metrics?: { readonly api: MetricsApi; readonly delegation: Delegation };
  readonly log: (message: string) => void;
}

/** Bytes of a request's body at most: a ConversionReview may hold a page of a list. */
const LARGEST_BODY = 32 * 1024 * 1024;
/** Milliseconds after which certificates and authorities are read again. */
const RENEWAL = 60_000;

/** Serves the conversion webhook and the metrics API over TLS. */
export async function serveApis({ port, certificates, metrics, log }: ServeOptions): Promise<Server> {
  const context = async (): Promise<Record<string, string | undefined>> => ({
    cert: readFileSync(`${certificates}/tls.crt`, "utf8"),
    key: readFileSync(`${certificates}/tls.key`, "utf8"),
    ca: await metrics?.delegation.refresh(),
  });
  // Clients without a certificate are let in: a token may speak for them.
  const server = createServer(
    { ...(await context()), requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      void answer(request, response, metrics, log);
    },
  );
  const timer = setInterval(() => {
    void context().then(
      (renewed) => server.setSecureContext(renewed),
      (error: Error) => log(`certificates were not read again: ${error.message}`),
    );
  }, RENEWAL);
  server.once("close", () => clearInterval(timer));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => resolve(server));
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: ServeOptions["metrics"],
  log: (message: string) => void,
): Promise<void> {
  const write = (code: number, body: unknown): void => {
    const text = JSON.stringify(body);
    response.writeHead(code, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
  };
  try {
    const path = request.url ?? "/";
    if (request.method === "POST" && path.replace(/\?.*$/, "") === CONVERSION_PATH) {
      return write(200, review(await bodyOf(request)));
    }
    if (!metrics || !path.startsWith("/apis")) throw notFound(path);
    if (request.method !== "GET") throw new ApiError(405, "MethodNotAllowed", "metrics can only be read");
    write(200, await answerMetrics(request, path, metrics));
  } catch (error) {
    const failure = toApiError(error);
    if (failure.code === 500) log(`${request.method} ${request.url}: ${failure.message}`);
    write(failure.code, statusOf(failure));
  }
}

async function answerMetrics(
  request: IncomingMessage,
  path: string,
  { api, delegation }: NonNullable<ServeOptions["metrics"]>,
): Promise<Record<string, unknown>> {
  const user = await delegation.authenticate(request);
  if (!user) throw new ApiError(401, "Unauthorized", "Unauthorized");
  const route = routeOf(path);
  const { allowed, reason } = await delegation.authorize(user, route.attributes);
  if (!allowed)
    throw new ApiError(403, "Forbidden", `User "${user.name}" may not get ${path}${reason && `: ${reason}`}`);
  if (route.is === "metrics") {
    if (!api.serves(route.request)) throw notFound(path);
    return api.answer(route.request);
  }
  const version = { groupVersion: `${METRICS_GROUP}/${METRICS_VERSION}`, version: METRICS_VERSION };
  const group = { name: METRICS_GROUP, versions: [version], preferredVersion: version };
  if (route.body === "resources") return api.resources();
  return route.body === "group"
    ? { kind: "APIGroup", apiVersion: "v1", ...group }
    : { kind: "APIGroupList", apiVersion: "v1", groups: [group] };
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof PrometheusError) return new ApiError(503, "ServiceUnavailable", error.message);
  if (error instanceof RangeError || error instanceof URIError) return new ApiError(400, "BadRequest", error.message);
  return new ApiError(500, "InternalError", (error as Error).message);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY)
      throw new ApiError(413, "RequestEntityTooLarge", `the body exceeds ${LARGEST_BODY} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new RangeError("the body is not JSON");
  }
}
