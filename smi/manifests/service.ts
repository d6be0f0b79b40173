import type { ServiceFacts, ServicePort } from "../facts";
import type { Cursor } from "../reader/cursor";
import { readLabels } from "./labels";

export interface ServiceManifest {
  readonly facts: ServiceFacts;
  /** Its `spec.ports`. */
  readonly ports: Cursor;
}

/** A Service; nothing if what is read of it is wrong. Ports that are not TCP do not pass through a mesh. */
export function readService(root: Cursor, namespace: string, name: string): ServiceManifest[] {
  const spec = root.get("spec");
  const type = spec.get("type").optionalString("ClusterIP, NodePort, LoadBalancer or ExternalName");
  const selector = readLabels(spec.get("selector"));
  const ports = spec.get("ports").items().map(readPort);
  const waypoint = root.get("metadata").get("labels").get("istio.io/use-waypoint").optionalString("a Gateway's name");
  if (!selector || ports.includes(undefined)) return [];
  const facts: ServiceFacts = {
    namespace,
    name,
    selector,
    ports: ports.flatMap((port) => (port && port !== "other" ? [port] : [])),
    ...(spec.get("clusterIP").value === "None" && { headless: true }),
    ...(type === "ExternalName" && { externalName: true }),
    ...(waypoint !== undefined && waypoint !== "none" && { waypoint }),
  };
  return [{ facts, ports: spec.get("ports") }];
}

function readPort(item: Cursor): ServicePort | "other" | undefined {
  const protocol = item.get("protocol").optionalString("TCP, UDP or SCTP") ?? "TCP";
  const name = item.get("name").optionalString("the port's name");
  const port = item.get("port").port();
  const target = item.get("targetPort");
  const targetPort = typeof target.value === "string" && !/^\d+$/.test(target.value) ? target.value : portOf(target);
  const appProtocol = item.get("appProtocol").optionalString("the application's protocol, e.g. http");
  if (port === undefined || targetPort === undefined) return undefined;
  if (protocol !== "TCP") return "other";
  return {
    ...(name !== undefined && { name }),
    port,
    ...(targetPort !== "same" && { targetPort }),
    ...(appProtocol !== undefined && { appProtocol }),
  };
}

function portOf(target: Cursor): number | "same" | undefined {
  return target.exists ? target.port() : "same";
}
