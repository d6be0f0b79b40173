import { createServer, type Server } from "node:http";
import type { Metrics } from "./prometheus";

export interface HealthOptions {
  readonly port: number;
  readonly metrics: Metrics;
  /** What is missing until requests can be answered; empty when nothing is. */
  readonly missing: () => readonly string[];
}

/** `/healthz`, `/readyz` and `/metrics` in plain text, for the kubelet and for Prometheus. */
export function serveHealth({ port, metrics, missing }: HealthOptions): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (code: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(code, { "content-type": type }).end(text);
    };
    if (request.method !== "GET") return answer(405, "only GET\n");
    switch (request.url?.replace(/\?.*$/, "")) {
      case "/healthz":
        return answer(200, "ok\n");
      case "/readyz": {
        const waits = missing();
        return waits.length === 0 ? answer(200, "ok\n") : answer(503, `waiting for ${waits.join(", ")}\n`);
      }
      case "/metrics":
        return answer(200, metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
      default:
        return answer(404, "there is /healthz, /readyz and /metrics\n");
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => resolve(server));
  });
}
