import type { ContainerPort, Facts, ServiceFacts, WorkloadFacts } from "./facts";
import { catches } from "./facts";
import { readService, type ServiceManifest } from "./manifests/service";
import { isWorkloadKind, readWorkload, type WorkloadManifest } from "./manifests/workload";
import { type SmiDocument, type Subject, subjectKey } from "./model";
import { compare } from "./order";
import { describeSource, distinctProblems, type Problem, problemAt } from "./problem";
import type { OtherDocument } from "./read";
import { Cursor } from "./reader/cursor";
import { didYouMean, listed } from "./reader/suggest";

export interface ManifestFacts {
  readonly facts: Facts;
  /** Every ServiceAccount that is declared, or that a workload runs as; sorted. */
  readonly accounts: readonly Subject[];
  readonly problems: readonly Problem[];
}

/**
 * Takes the facts from Kubernetes manifests: workloads, Services and ServiceAccounts. Other kinds are left alone, and so
 * are fields that have no meaning for a mesh; what is read of a manifest must be right.
 *
 * Pods are told by the labels of their controller's selector, which outlive a rollout (`app.kubernetes.io/version` does
 * not), while Services and other selectors are matched with all labels of the pods.
 */
export function readFacts(
  others: readonly OtherDocument[],
  options: { readonly defaultNamespace?: string } = {},
): ManifestFacts {
  const problems: Problem[] = [];
  const workloads: WorkloadManifest[] = [];
  const manifests: ServiceManifest[] = [];
  const declared: Subject[] = [];
  const seen = new Map<string, OtherDocument>();
  for (const other of others) {
    const kind = kindOf(other);
    if (kind === undefined || !(isWorkloadKind(kind) || kind === "Service" || kind === "ServiceAccount")) continue;
    const context = { label: describeSource(other.source), problems, lineOf: other.lineOf };
    const root = new Cursor(context, other.value, other.path);
    const metadata = root.get("metadata");
    const name = metadata.get("name").string("the object's name");
    const namespace =
      metadata.get("namespace").optionalString("the object's namespace") ?? options.defaultNamespace ?? "default";
    if (name === undefined) continue;
    context.label = `${describeSource(other.source)} ${kind} ${namespace}/${name}`;
    const before = seen.get(`${kind} ${namespace}/${name}`);
    if (before) {
      root.fail(
        "SMI-DUPLICATE",
        `is described already by ${describeSource(before.source)}; rename or remove one of them`,
      );
      continue;
    }
    seen.set(`${kind} ${namespace}/${name}`, other);
    if (kind === "ServiceAccount") declared.push({ namespace, serviceAccount: name });
    else if (kind === "Service") manifests.push(...readService(root, namespace, name));
    else workloads.push(...readWorkload(root, kind, namespace, name));
  }
  const own = workloads.filter((workload) => !isOwned(workload, seen));
  manifests.forEach((service) => checkTargetPorts(own, service));
  const services = manifests.map(({ facts }) => facts);
  services.sort((left, right) => compare(`${left.namespace}/${left.name}`, `${right.namespace}/${right.name}`));
  const facts = { workloads: merge(own.map((manifest) => withServices(manifest.facts, services))), services };
  return { facts, accounts: accountsOf([...declared, ...facts.workloads]), problems: distinctProblems(problems) };
}

/** Sources that nobody is, in namespaces that the files do describe: most likely a typing mistake, which would deny. */
export function checkSources(documents: readonly SmiDocument[], accounts: readonly Subject[]): Problem[] {
  const known = accounts.map(subjectKey);
  return documents.flatMap((document): Problem[] => {
    if (document.kind !== "TrafficTarget") return [];
    return document.sources.flatMap((source): Problem[] => {
      if (source.binding) return [];
      const key = subjectKey(source);
      const here = known.filter((name) => name.startsWith(`${source.namespace}/`));
      if (here.length === 0 || here.includes(key)) return [];
      const message = `found the ServiceAccount "${key}", in its namespace there are: ${listed(here)}.${didYouMean(key, here)} Correct the name, or add its manifest; if it does not exist, nobody can call.`;
      return [problemAt("SMI-SOURCE", document, source.position, message)];
    });
  });
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  apps: ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"],
  batch: ["Job", "CronJob"],
  v1: ["Pod", "Service", "ServiceAccount"],
};

/** The kind, if it is Kubernetes' own: Knative and others have a Service too. */
function kindOf({ value }: OtherDocument): string | undefined {
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0]! : apiVersion;
  return GROUPS[group]?.includes(kind) ? kind : undefined;
}

/** What a dump of a cluster holds twice: a Deployment, its ReplicaSets, and their Pods. */
function isOwned({ owner, facts: { namespace } }: WorkloadManifest, seen: ReadonlyMap<string, unknown>): boolean {
  if (!owner) return false;
  const { kind, name } = owner;
  // A ReplicaSet may be missing between a Pod and its Deployment, a Job between a Pod and its CronJob.
  const above = { ReplicaSet: "Deployment", Job: "CronJob" }[kind];
  return (
    seen.has(`${kind} ${namespace}/${name}`) ||
    (above !== undefined && seen.has(`${above} ${namespace}/${name.replace(/-[^-]+$/, "")}`))
  );
}

/**
 * A container may listen on a port without declaring it, but a Service that leads there tells. Its `appProtocol` also tells
 * what the container speaks.
 */
function withServices(workload: WorkloadFacts, services: readonly ServiceFacts[]): WorkloadFacts {
  const ports = new Map(workload.ports.map((port) => [port.port, port]));
  for (const service of services.filter((candidate) => leadsTo(candidate, workload))) {
    for (const { port, targetPort = port, appProtocol } of service.ports) {
      const known = workload.ports.find((own) => own.name === targetPort || own.port === targetPort);
      if (!known && typeof targetPort === "string") continue;
      const number = known?.port ?? Number(targetPort);
      const protocol = protocolOf(appProtocol);
      ports.set(number, { ...(ports.get(number) ?? { port: number }), ...(protocol && { protocol }) });
    }
  }
  return { ...workload, ports: [...ports.values()].sort((left, right) => left.port - right.port) };
}

function leadsTo({ namespace, selector }: ServiceFacts, workload: WorkloadFacts): boolean {
  return namespace === workload.namespace && Object.keys(selector).length > 0 && catches(selector, workload);
}

function protocolOf(appProtocol: string | undefined): ContainerPort["protocol"] {
  switch (appProtocol?.toLowerCase()) {
    case "http":
    case "kubernetes.io/ws":
      return "http";
    case "http2":
    case "grpc":
    case "kubernetes.io/h2c":
      return "http2";
    case "tcp":
    case "https":
    case "tls":
    case "kubernetes.io/wss":
      return "tcp";
    default:
      return undefined;
  }
}

/** A Service that names a port which none of its pods has leads nowhere. */
function checkTargetPorts(workloads: readonly WorkloadManifest[], { facts: service, ports }: ServiceManifest): void {
  const mine = workloads.filter(({ facts }) => leadsTo(service, facts));
  const names = [...new Set(mine.flatMap(({ facts }) => facts.ports.flatMap(({ name }) => name ?? [])))].sort();
  for (const port of ports.items()) {
    const target = port.get("targetPort");
    if (mine.length === 0 || typeof target.value !== "string" || /^\d+$/.test(target.value)) continue;
    if (names.includes(target.value)) continue;
    target.fail(
      "SMI-MANIFEST",
      `found "${target.value}", named ports of its pods: ${listed(names)}.${didYouMean(target.value, names)} Its connections lead nowhere.`,
    );
  }
}

/** Workloads of one ServiceAccount whose pods have the same labels are one: no selector tells them apart. */
function merge(workloads: readonly WorkloadFacts[]): WorkloadFacts[] {
  const merged = new Map<string, WorkloadFacts>();
  for (const workload of [...workloads].sort((left, right) => compare(orderOf(left), orderOf(right)))) {
    const key = `${subjectKey(workload)} ${labelsOf(workload.labels)} ${labelsOf(workload.podLabels ?? {})}`;
    const before = merged.get(key);
    if (!before) {
      merged.set(key, workload);
      continue;
    }
    const ports = new Map([...workload.ports, ...before.ports].map((port) => [port.port, port]));
    const probes = new Map(
      [...before.probes, ...workload.probes].map((probe) => [`${probe.port} ${probe.path}`, probe]),
    );
    merged.set(key, {
      ...before,
      ports: [...ports.values()].sort((left, right) => left.port - right.port),
      probes: [...probes.values()],
    });
  }
  return [...merged.values()];
}

function orderOf(workload: WorkloadFacts): string {
  return `${subjectKey(workload)} ${workload.name ?? ""} ${labelsOf(workload.labels)}`;
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([left], [right]) => compare(left, right)));
}

function accountsOf(subjects: readonly Subject[]): Subject[] {
  const unique = new Map(
    subjects.map(({ namespace, serviceAccount }) => [`${namespace}/${serviceAccount}`, { namespace, serviceAccount }]),
  );
  return [...unique.keys()].sort(compare).map((key) => unique.get(key)!);
}
