import type { ContainerPort, Probe, WorkloadFacts } from "../facts";
import type { Cursor } from "../reader/cursor";
import { didYouMean, listed } from "../reader/suggest";
import { readLabels } from "./labels";

export interface WorkloadManifest {
  readonly facts: WorkloadFacts;
  /** The controller that made it. */
  readonly owner?: { readonly kind: string; readonly name: string };
}

/** Where each kind has its pods' template; a Pod is its own. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  Deployment: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

export function isWorkloadKind(kind: string): boolean {
  return kind in TEMPLATES;
}

/** Kinds whose selector the author writes. That of a Job is made for each Job. */
const SELECTING: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]);

/** Labels that controllers put on each pod; they differ between pods that are the same to a mesh. */
const OF_CONTROLLERS: ReadonlySet<string> = new Set([
  "pod-template-hash",
  "rollouts-pod-template-hash",
  "controller-revision-hash",
  "pod-template-generation",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "controller-uid",
  "batch.kubernetes.io/controller-uid",
  "batch.kubernetes.io/job-completion-index",
]);

/** What a mesh must know of a workload; nothing if what is read of it is wrong. */
export function readWorkload(root: Cursor, kind: string, namespace: string, name: string): WorkloadManifest[] {
  const template = TEMPLATES[kind]!.reduce((cursor, key) => cursor.get(key), root);
  const spec = template.get("spec");
  if (!spec.exists) {
    spec.fail("SMI-FIELD", "is missing; write the pods' spec with their containers");
    return [];
  }
  const account =
    spec.get("serviceAccountName").optionalString("the ServiceAccount's name") ??
    spec.get("serviceAccount").optionalString("the ServiceAccount's name") ??
    "default";
  const podLabels = labelsOfPods(template.get("metadata").get("labels"), kind, name);
  const containers = spec.get("containers").items();
  const list = spec.get("containers").value ?? [];
  if (Array.isArray(list) && list.length === 0)
    spec.get("containers").fail("SMI-FIELD", "is empty; write at least one container");
  const ports = containers.map(readPorts);
  if (!podLabels || containers.length === 0 || ports.includes(undefined)) return [];
  if (Object.keys(podLabels).length === 0) {
    if (SELECTING.has(kind)) template.get("metadata").get("labels").fail("SMI-FIELD", "is missing; write a label");
    else
      root.fail(
        "SMI-MANIFEST",
        "its pods have no labels, so no rule can be put on them; add a label to let others call them",
      );
    return [];
  }
  const labels = SELECTING.has(kind) ? selectorOf(root.get("spec").get("selector"), podLabels) : podLabels;
  if (!labels) return [];
  const known = unique(
    ports.flatMap((found) => found ?? []),
    ({ port }) => String(port),
  );
  const probes = containers.flatMap((container, index) => readProbes(container, ports[index]!));
  const owner = root
    .get("metadata")
    .get("ownerReferences")
    .items()
    .find((reference) => reference.get("controller").value === true);
  const facts: WorkloadFacts = {
    namespace,
    serviceAccount: account,
    name,
    labels,
    ...(Object.keys(labels).length < Object.keys(podLabels).length && { podLabels }),
    ports: known.sort((left, right) => left.port - right.port),
    probes: unique(probes, ({ port, path }) => `${port} ${path}`),
  };
  if (!owner) return [{ facts }];
  return [{ facts, owner: { kind: String(owner.get("kind").value), name: String(owner.get("name").value) } }];
}

function labelsOfPods(cursor: Cursor, kind: string, name: string): Record<string, string> | undefined {
  const written = readLabels(cursor);
  if (!written) return undefined;
  const labels = Object.fromEntries(Object.entries(written).filter(([label]) => !OF_CONTROLLERS.has(label)));
  // Kubernetes labels the pods of a Job with its name, since 1.27 with this prefix.
  return Object.keys(labels).length === 0 && kind === "Job" ? { "batch.kubernetes.io/job-name": name } : labels;
}

/** The labels of the selector, which select the pods of every revision; all labels if it is more than labels. */
function selectorOf(selector: Cursor, podLabels: Record<string, string>): Record<string, string> | undefined {
  if (!selector.exists) {
    selector.fail("SMI-FIELD", "is missing; write the pods' labels under matchLabels");
    return undefined;
  }
  const written = readLabels(selector.get("matchLabels"));
  if (!written) return undefined;
  for (const [name, value] of Object.entries(written)) {
    if (podLabels[name] === value || OF_CONTROLLERS.has(name)) continue;
    const found = podLabels[name] === undefined ? "do not have it" : `have ${name}=${podLabels[name]}`;
    selector
      .get("matchLabels")
      .get(name)
      .fail("SMI-FIELD", `found ${name}=${value}, but the template's pods ${found}; make them agree`);
    return undefined;
  }
  const labels = Object.fromEntries(Object.entries(written).filter(([name]) => !OF_CONTROLLERS.has(name)));
  const isMore = selector.get("matchExpressions").items().length > 0 || Object.keys(labels).length === 0;
  return isMore ? podLabels : labels;
}

/** TCP ports of a container: nothing else passes through a mesh. */
function readPorts(container: Cursor): ContainerPort[] | undefined {
  const ports = container
    .get("ports")
    .items()
    .map((item): ContainerPort | "other" | undefined => {
      const port = item.get("containerPort").port();
      const name = item.get("name").optionalString("the port's name");
      const protocol = item.get("protocol").optionalString("TCP, UDP or SCTP") ?? "TCP";
      if (port === undefined) return undefined;
      if (protocol !== "TCP") return "other";
      const speaks = protocolOf(name);
      return { ...(name !== undefined && { name }), port, ...(speaks && { protocol: speaks }) };
    });
  return ports.includes(undefined) ? undefined : ports.flatMap((port) => (port && port !== "other" ? [port] : []));
}

/** Names of ports start with what they carry, by a convention that meshes share. */
function protocolOf(name: string | undefined): ContainerPort["protocol"] {
  switch (name?.split("-")[0]) {
    case "http":
      return "http";
    case "http2":
    case "grpc":
      return "http2";
    default:
      return undefined;
  }
}

/** httpGet probes of one container. Sidecars that are init containers are the mesh's own, or none of its business. */
function readProbes(container: Cursor, ports: readonly ContainerPort[]): Probe[] {
  return ["startupProbe", "readinessProbe", "livenessProbe"].flatMap((name): Probe[] => {
    const get = container.get(name).get("httpGet");
    if (!get.exists) return [];
    const path = get.get("path").optionalString("a path") ?? "/";
    const port = probePort(get.get("port"), ports);
    return port === undefined ? [] : [{ port, path: path.startsWith("/") ? path : `/${path}` }];
  });
}

function probePort(cursor: Cursor, ports: readonly ContainerPort[]): number | undefined {
  const { value } = cursor;
  if (typeof value !== "string" || /^\d+$/.test(value)) return cursor.port();
  const found = ports.find(({ name }) => name === value);
  if (found) return found.port;
  const names = ports.flatMap(({ name }) => name ?? []);
  cursor.fail(
    "SMI-MANIFEST",
    `found the port "${value}", named ports of its container: ${listed(names)}.${didYouMean(value, names)} The probe is not known to the rules.`,
  );
  return undefined;
}

function unique<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map([...items].reverse().map((item) => [keyOf(item), item])).values()].reverse();
}
