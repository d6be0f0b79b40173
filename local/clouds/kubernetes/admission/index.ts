import type { PropertyMap } from "../../../protocol/property";
import type { ApiServer, ObjectName } from "../api-server";
import { resourceName, type ServedKind } from "../kinds";
import { podSecurityProblem, type Level } from "./pod-security";
import { defaulted, isWorkload, podsOf } from "./pods";
import { policyProblem } from "./policies";
import { podQuotaProblem, quotaProblem } from "./quota";
import { namespaceLabels, plain, type AdmissionRequest, type Operation } from "./request";
import { webhookProblem } from "./webhooks";

const POD: ServedKind = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };

/** An object before and after an operation, as far as there is one. */
export interface Change {
  readonly object?: PropertyMap;
  readonly oldObject?: PropertyMap;
}

/** Why admission refuses an operation, in the API server's words; undefined when it does not. */
export function admissionProblem(
  server: ApiServer,
  operation: Operation,
  kind: ServedKind,
  name: ObjectName,
  { object, oldObject }: Change,
): string | undefined {
  const request: AdmissionRequest = {
    operation,
    kind,
    name,
    ...(object === undefined ? {} : { object: defaulted(kind, plain(object)) }),
    ...(oldObject === undefined ? {} : { oldObject: defaulted(kind, plain(oldObject)) }),
  };
  const forbidden = (reason: string): string => `${resourceName(kind)} "${name.name}" is forbidden: ${reason}`;
  const security =
    isPod(kind) && operation === "CREATE" && object !== undefined ? podSecurity(server, name, object) : undefined;
  if (security !== undefined) return forbidden(security);
  const policy = policyProblem(server, request);
  if (policy !== undefined) return forbidden(policy);
  const webhook = webhookProblem(server, request);
  if (webhook !== undefined) return webhook;
  const quota = quotaProblem(server, request);
  return quota === undefined ? undefined : forbidden(quota);
}

/** Why the pods that a controller makes for a workload are refused, as its events tell it; undefined when they are not. */
export function podAdmissionProblem(
  server: ApiServer,
  kind: ServedKind,
  { namespace, name }: ObjectName,
  object: PropertyMap,
): string | undefined {
  const pods = isWorkload(kind) ? podsOf(kind, plain(object)) : undefined;
  if (pods === undefined || namespace === undefined || pods.count === 0) return undefined;
  const podName = { namespace, name: `${name}-` };
  const request: AdmissionRequest = { operation: "CREATE", kind: POD, name: podName, object: pods.pod };
  const reason =
    podSecurity(server, podName, pods.pod) ??
    policyProblem(server, request) ??
    podQuotaProblem(server, namespace, pods);
  return reason === undefined ? webhookProblem(server, request) : `pods "${podName.name}" is forbidden: ${reason}`;
}

function isPod({ group, kind }: ServedKind): boolean {
  return group === "" && kind === "Pod";
}

function podSecurity(server: ApiServer, { namespace = "default" }: ObjectName, pod: PropertyMap): string | undefined {
  const labels = namespaceLabels(server, namespace);
  const level = labels.get("pod-security.kubernetes.io/enforce");
  if (!isLevel(level)) return undefined;
  const { spec } = plain(pod);
  const version = labels.get("pod-security.kubernetes.io/enforce-version");
  return podSecurityProblem((spec ?? {}) as PropertyMap, level, version);
}

function isLevel(level: string | undefined): level is Level {
  return level === "baseline" || level === "restricted";
}
