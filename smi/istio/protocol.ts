import type { ServicePort } from "../facts";

/** What Istio takes a Service's port for. `guessed`: it looks at each connection's first bytes. */
export type PortProtocol = "http" | "tcp" | "tls" | "guessed";

const BY_NAME: Readonly<Record<string, PortProtocol>> = {
  grpc: "http",
  "grpc-web": "http",
  http: "http",
  http2: "http",
  https: "tls",
  "kubernetes.io/h2c": "http",
  "kubernetes.io/ws": "http",
  "kubernetes.io/wss": "tls",
  mongo: "tcp",
  mysql: "tcp",
  redis: "tcp",
  tcp: "tcp",
  tls: "tls",
};

/** Ports of protocols in which the server speaks first, where Istio never guesses (smtp, dns, mysql, mongo). */
const SERVER_FIRST = [25, 53, 3306, 27017];

/**
 * By `appProtocol`, or else the prefix of the port's name
 * (https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/).
 */
export function protocolOf({ appProtocol, name = "", port }: ServicePort): PortProtocol {
  const declared = (appProtocol ?? name).toLowerCase();
  const found = BY_NAME[declared] ?? (declared.startsWith("grpc-web") ? "http" : BY_NAME[declared.split("-")[0]!]);
  return found ?? (SERVER_FIRST.includes(port) ? "tcp" : "guessed");
}
