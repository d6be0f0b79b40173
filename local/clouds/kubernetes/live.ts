import { isPropertyMap, Secret, Unknown, type PropertyMap, type PropertyValue } from "../../protocol/property";
import { uuidOf } from "../identity";
import { textAt, valueAt, withValueAt } from "../paths";
import type { ApiServer, ObjectName } from "./api-server";
import type { Kind } from "./kinds";
import { mapAt, peek } from "./values";

/** What the API server makes of the inputs: identity, defaults and, if its pods come up, the status of a ready object. */
export function liveObject(
  server: ApiServer,
  token: string,
  kind: Kind,
  name: ObjectName,
  inputs: PropertyMap,
  { previous, ready }: { readonly previous?: PropertyMap; readonly ready: boolean },
): PropertyMap {
  const hash = server.digest(token, name, 64);
  const version = Number(textAt(previous, "metadata.resourceVersion") ?? "0") + 1;
  let live = withDefaults(kind, inputs, valueAt(previous, "spec.clusterIP") ?? clusterIp(server, hash));
  // Only what differs: a name that is secret stays so.
  if (textAt(live, "metadata.namespace") !== name.namespace)
    live = withValueAt(live, "metadata.namespace", name.namespace);
  live = withValueAt(live, "metadata.uid", valueAt(previous, "metadata.uid") ?? uuidOf(hash));
  live = withValueAt(live, "metadata.generation", Number(valueAt(previous, "metadata.generation") ?? 0) + 1);
  live = withValueAt(live, "metadata.resourceVersion", String(version));
  const status = ready ? statusOf(server, kind, live, hash) : waitingStatus(live);
  return status === undefined ? live : { ...live, status };
}

/** The same before it is there: what the server computes is unknown, unless an earlier state has it. */
export function previewedObject(kind: Kind, inputs: PropertyMap, previous?: PropertyMap): PropertyMap {
  let live = withDefaults(kind, inputs, valueAt(previous, "spec.clusterIP") ?? Unknown.value);
  live = withValueAt(live, "metadata.uid", valueAt(previous, "metadata.uid") ?? Unknown.value);
  live = withValueAt(live, "metadata.generation", Unknown.value);
  live = withValueAt(live, "metadata.resourceVersion", Unknown.value);
  return { ...live, status: previous?.status ?? Unknown.value };
}

function withDefaults(kind: Kind, inputs: PropertyMap, clusterIP: PropertyValue): PropertyMap {
  if (kind.group !== "") return inputs;
  if (kind.kind === "Secret") return { type: "Opaque", ...inputs, ...secretData(inputs) };
  if (kind.kind !== "Service" || peek(inputs.spec) instanceof Unknown) return inputs;
  const type = valueAt(inputs, "spec.type");
  const typed = type === undefined ? withValueAt(inputs, "spec.type", "ClusterIP") : inputs;
  const addressed = type === "ExternalName" || valueAt(inputs, "spec.clusterIP") !== undefined;
  return addressed ? typed : withValueAt(typed, "spec.clusterIP", clusterIP);
}

/** `data` with what `stringData` adds to it, base64-encoded. Both are secret whatever the program said. */
function secretData(inputs: PropertyMap): PropertyMap {
  const strings = peek(inputs.stringData);
  const data = peek(inputs.data);
  if (strings === undefined) return data === undefined ? {} : { data: sealed(data) };
  const merged: PropertyValue =
    strings instanceof Unknown || data instanceof Unknown
      ? Unknown.value
      : {
          ...(isPropertyMap(data) ? data : {}),
          ...Object.fromEntries(
            Object.entries(isPropertyMap(strings) ? strings : {}).map(([key, item]) => [key, base64(item)]),
          ),
        };
  return { data: sealed(merged), stringData: sealed(strings) };
}

export function sealed(value: PropertyValue): Secret {
  return value instanceof Secret ? value : new Secret(value);
}

function base64(item: PropertyValue): PropertyValue {
  const value = peek(item);
  return typeof value === "string" ? Buffer.from(value).toString("base64") : item;
}

/** The status of a workload whose pods do not come up. */
function waitingStatus(live: PropertyMap): PropertyMap {
  return {
    observedGeneration: valueAt(live, "metadata.generation") ?? 1,
    unavailableReplicas: valueAt(live, "spec.replicas") ?? 1,
    conditions: [{ type: "Available", status: "False", reason: "MinimumReplicasUnavailable" }],
  };
}

function statusOf(server: ApiServer, kind: Kind, live: PropertyMap, hash: string): PropertyMap | undefined {
  const observedGeneration = valueAt(live, "metadata.generation") ?? 1;
  const replicas = valueAt(live, "spec.replicas") ?? 1;
  switch (`${kind.group}/${kind.kind}`) {
    case "/Namespace":
      return { phase: "Active" };
    case "/Service":
      return { loadBalancer: textAt(live, "spec.type") === "LoadBalancer" ? balancer(server, hash) : {} };
    case "apps/Deployment":
      return {
        observedGeneration,
        replicas,
        updatedReplicas: replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
        conditions: [
          { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" },
          { type: "Available", status: "True", reason: "MinimumReplicasAvailable" },
        ],
      };
    case "apps/StatefulSet":
      return { observedGeneration, replicas, readyReplicas: replicas, updatedReplicas: replicas };
    case "batch/Job":
      return { succeeded: valueAt(live, "spec.completions") ?? 1, conditions: [{ type: "Complete", status: "True" }] };
    case "apiextensions.k8s.io/CustomResourceDefinition":
      return { acceptedNames: mapAt(live, "spec.names"), conditions: [{ type: "Established", status: "True" }] };
    default:
      return undefined;
  }
}

/** EKS balancers have a host name, those of AKS an address. */
function balancer({ cluster }: ApiServer, hash: string): PropertyMap {
  const ingress: PropertyMap =
    cluster.cloud === "aws"
      ? { hostname: `${hash.slice(0, 32)}-${hash.slice(32, 48)}.elb.${cluster.region}.amazonaws.com` }
      : { ip: `20.${octet(hash, 0)}.${octet(hash, 2)}.${octet(hash, 4)}` };
  return { ingress: [ingress] };
}

function clusterIp({ cluster }: ApiServer, hash: string): string {
  return `${cluster.cloud === "aws" ? "172.20" : "10.0"}.${octet(hash, 0)}.${octet(hash, 2)}`;
}

/** 1 to 254. */
function octet(hash: string, at: number): number {
  return (Number.parseInt(hash.slice(at, at + 2), 16) % 254) + 1;
}
