import pc from "picocolors";

import type { Operation, Step } from "../../local/engine/types";
import { cloudOperation } from "../../local/timeline";

/** `9m 40s`, `45s`, `1h 5m`. */
export function duration(seconds: number): string {
  const rounded = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(rounded / 3600), Math.floor((rounded % 3600) / 60), rounded % 60];
  if (hours > 0) return `${hours}h ${minutes}m`;
  if (minutes > 0) return rest === 0 ? `${minutes}m` : `${minutes}m ${rest}s`;
  return `${rest}s`;
}

/** Seconds that an operation takes on the real cloud. */
export type LatencyOf = (type: string, operation: "create" | "update" | "delete") => number;

/** ` (9m 30s on the real cloud)` for a step that takes long enough to be worth a word. */
export function expectation(step: Step, latency: LatencyOf): string {
  const operation = cloudOperation(step);
  const seconds = operation === undefined ? 0 : latency(step.type, operation);
  return seconds < 10 ? "" : ` (${duration(seconds)} on the real cloud)`;
}

/** Logical name of a resource. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

/** `eks.Cluster` of `aws:eks/cluster:Cluster`, `Server` of `kubernetes:policy.linkerd.io/v1beta3:Server`. */
export function shortType(type: string): string {
  const [pkg, module, kind] = type.split(":") as [string, string, string];
  const service = pkg === "kubernetes" ? "" : (module.split("/")[0] ?? "");
  return service === "" || service === "index" ? (kind ?? type) : `${service}.${kind}`;
}

const SIGNS: Readonly<Partial<Record<Operation, string>>> = {
  create: "+",
  update: "~",
  delete: "-",
  replace: "±",
  "create-replacement": "+",
  "delete-replaced": "-",
  read: ">",
};

/** `+`, `~`, `-` or `±`, in Pulumi's colours. */
export function sign(operation: Operation): string {
  const mark = SIGNS[operation] ?? " ";
  switch (operation) {
    case "create":
    case "create-replacement":
      return pc.green(mark);
    case "update":
      return pc.yellow(mark);
    case "delete":
    case "delete-replaced":
      return pc.red(mark);
    case "replace":
      return pc.magenta(mark);
    default:
      return mark;
  }
}

/** Whether a step changes something that a user would count. */
export function isChange({ operation }: Step): boolean {
  return operation in SIGNS && operation !== "read";
}

/** Present participle, for what is being done now. */
export function doing(operation: Operation): string {
  if (operation.startsWith("create") || operation === "replace") return "creating";
  if (operation.startsWith("delete") || operation.startsWith("discard")) return "deleting";
  if (operation === "update") return "updating";
  return operation.startsWith("read") || operation === "refresh" ? "reading" : "checking";
}

/** `12 created, 1 updated, 130 unchanged`; `no changes, 143 unchanged`. */
export function countChanges(changes: Readonly<Partial<Record<Operation, number>>>, planned: boolean): string {
  const words: [Operation, string, string][] = [
    ["create", "to create", "created"],
    ["update", "to update", "updated"],
    ["replace", "to replace", "replaced"],
    ["delete", "to delete", "deleted"],
  ];
  const counts = words.flatMap(([operation, future, past]) => {
    const count = changes[operation] ?? 0;
    return count === 0 ? [] : [`${count} ${planned ? future : past}`];
  });
  if (counts.length === 0) counts.push("no changes");
  if (changes.same !== undefined && changes.same > 0) counts.push(`${changes.same} unchanged`);
  return counts.join(", ");
}
