import type { ApiObject, OwnerReference } from "./api";
import { FACT_RESOURCES } from "./resources";

/** What the adapter keeps of an SMI object. */
export interface SmiObject {
  readonly value: Readonly<Record<string, unknown>>;
  readonly uid: string;
  readonly generation: number;
}

/** Conditions of an object's status, as they were written. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

/** The object without what changes while it stays the same: a status, managed fields, versions. */
export function keepSmi(object: ApiObject): SmiObject {
  const { metadata, status: _status, ...body } = object;
  const { name, namespace = "", annotations, uid = "", generation = 0 } = metadata;
  // What a conversion between versions keeps is heeded by the reader; other annotations may be large, and say nothing of traffic.
  const kept = Object.entries(annotations ?? {}).filter(([key]) => key.startsWith("smi.isthmus.dev/"));
  const head = { name, namespace, ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}) };
  return { value: { ...body, metadata: head }, uid, generation };
}

/** The conditions that are in the object's status. */
export function keepConditions({ status }: ApiObject): readonly Condition[] {
  const conditions = (status as { readonly conditions?: readonly Condition[] } | undefined)?.conditions;
  return Array.isArray(conditions) ? conditions : [];
}

/** A manifest with what facts are read from and no more. */
export type Manifest = Readonly<Record<string, unknown>>;

const WATCHED = new Set(FACT_RESOURCES.map(({ kind }) => kind));

/** What facts are read from: a Pod only if no kind that is watched made it. */
export function keepManifest(object: ApiObject): Manifest | undefined {
  const kind = object.kind!;
  const { name, namespace, labels, ownerReferences = [] } = object.metadata;
  const owner = ownerReferences.find(({ controller }) => controller === true);
  const metadata = { name, namespace };
  const spec = record(object["spec"]);
  switch (kind) {
    case "ServiceAccount":
      return { apiVersion: "v1", kind, metadata };
    case "Service":
      return { apiVersion: "v1", kind, metadata, spec: pick(spec, ["type", "clusterIP", "selector", "ports"]) };
    case "Pod": {
      const phase = record(object["status"])["phase"];
      if (owner !== undefined && owner.kind !== "ReplicaSet" && WATCHED.has(owner.kind)) return undefined;
      if (phase === "Succeeded" || phase === "Failed") return undefined;
      const owners = owner === undefined ? {} : { ownerReferences: [slim(owner)] };
      return { apiVersion: "v1", kind, metadata: { ...metadata, labels, ...owners }, spec: podSpec(spec) };
    }
    default: {
      // The Jobs of a CronJob are the same workload, again and again.
      if (owner !== undefined && WATCHED.has(owner.kind)) return undefined;
      const template = kind === "CronJob" ? record(record(spec["jobTemplate"])["spec"])["template"] : spec["template"];
      const kept = templateOf(record(template));
      const own = kind === "CronJob" ? { jobTemplate: { spec: { template: kept } } } : { template: kept };
      return { apiVersion: object.apiVersion, kind, metadata, spec: { ...pick(spec, ["selector"]), ...own } };
    }
  }
}

function slim({ apiVersion, kind, name, uid, controller }: OwnerReference): OwnerReference {
  return { apiVersion, kind, name, uid, controller };
}

function templateOf(template: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    metadata: pick(record(template["metadata"]), ["labels"]),
    spec: podSpec(record(template["spec"])),
  };
}

function podSpec(spec: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const containers = Array.isArray(spec["containers"]) ? spec["containers"] : [];
  return {
    ...pick(spec, ["serviceAccountName", "serviceAccount"]),
    containers: containers.map((container) =>
      pick(record(container), ["name", "ports", "startupProbe", "readinessProbe", "livenessProbe"]),
    ),
  };
}

/** The label and value by which the adapter knows what it made. */
export const MANAGED_BY = "app.kubernetes.io/managed-by";
export const MANAGER = "isthmus-smi-adapter";

/** What the adapter keeps of a mesh's object: whose it is, and what tells that somebody changed it. */
export interface LiveObject {
  readonly ours: boolean;
  readonly uid: string;
  readonly owners: readonly string[];
  /** Changes with the specification, the labels and the owners, and not with a status. */
  readonly fingerprint: string;
}

export function keepLive({ metadata }: ApiObject): LiveObject {
  const { uid = "", labels = {}, ownerReferences = [], generation, resourceVersion } = metadata;
  const ours = labels[MANAGED_BY] === MANAGER;
  const owners = ownerReferences.map((owner) => owner.uid).sort();
  const fingerprint = ours ? JSON.stringify([uid, generation ?? resourceVersion, labels, owners]) : "";
  return { ours, uid, owners, fingerprint };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
}

/** Whose manifest it is, for messages: `Deployment/web`. */
export function describeManifest(manifest: Manifest): string {
  return `${String(manifest["kind"])}/${String(record(manifest["metadata"])["name"])}`;
}
