import { unwrapSecrets, type PropertyMap, type PropertyValue } from "../../../protocol/property";
import { textAt } from "../../paths";
import type { ApiServer, ObjectName } from "../api-server";
import type { ServedKind } from "../kinds";
import { listAt, mapAt } from "../values";

export type Operation = "CREATE" | "UPDATE" | "DELETE";

/** What admission is asked about an object. Its values are known and without secrets. */
export interface AdmissionRequest {
  readonly operation: Operation;
  readonly kind: ServedKind;
  readonly name: ObjectName;
  /** Absent in a deletion. */
  readonly object?: PropertyMap;
  /** Absent in a creation. */
  readonly oldObject?: PropertyMap;
}

export function plain(map: PropertyMap): PropertyMap {
  return unwrapSecrets(map) as PropertyMap;
}

/** Labels of an object as texts. */
export function labelsOf(object: PropertyMap | undefined): ReadonlyMap<string, string> {
  const labels = Object.entries(mapAt(object, "metadata.labels"));
  return new Map(labels.flatMap(([key, value]) => (typeof value === "string" ? [[key, value] as const] : [])));
}

/** Labels of a namespace; each has one with its own name. */
export function namespaceLabels(server: ApiServer, name: string): ReadonlyMap<string, string> {
  const found = server.find({ group: "", version: "v1", kind: "Namespace" }, { name });
  return new Map([["kubernetes.io/metadata.name", name], ...labelsOf(found && plain(found.outputs))]);
}

/** Whether labels are what a label selector selects. An empty or absent selector selects everything. */
export function selects(selector: PropertyValue | undefined, labels: ReadonlyMap<string, string>): boolean {
  const equal = Object.entries(mapAt(selector, "matchLabels")).every(([key, value]) => labels.get(key) === value);
  const holds = listAt(selector, "matchExpressions").every((expression) => {
    const value = labels.get(textAt(expression, "key") ?? "");
    const values = listAt(expression, "values");
    switch (textAt(expression, "operator")) {
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return value === undefined || !values.includes(value);
      case "Exists":
        return value !== undefined;
      default:
        return value === undefined;
    }
  });
  return equal && holds;
}

/**
 * Whether a rule of a policy or a webhook is about the request. The version does not matter: the default match policy
 * takes every version of a kind for the same.
 */
export function ruleMatches(rule: PropertyValue, { operation, kind }: AdmissionRequest): boolean {
  const has = (list: string, ...wanted: readonly string[]): boolean =>
    listAt(rule, list).some((item) => typeof item === "string" && wanted.includes(item));
  const scope = textAt(rule, "scope") ?? "*";
  return (
    has("operations", "*", operation) &&
    has("apiGroups", "*", kind.group) &&
    has("resources", "*", "*/*", kind.plural) &&
    (scope === "*" || (scope === "Namespaced") === kind.namespaced)
  );
}

/** Whether namespace and object are what the selectors of a policy or a webhook select. */
export function selectorsMatch(matching: PropertyValue, request: AdmissionRequest, server: ApiServer): boolean {
  const { kind, name, object, oldObject } = request;
  const ofNamespace =
    name.namespace !== undefined
      ? namespaceLabels(server, name.namespace)
      : kind.group === "" && kind.kind === "Namespace"
        ? new Map([["kubernetes.io/metadata.name", name.name], ...labelsOf(object ?? oldObject)])
        : undefined;
  const { namespaceSelector, objectSelector } = mapAt({ matching }, "matching");
  // What is outside of namespaces is never left out by their labels.
  if (ofNamespace !== undefined && !selects(namespaceSelector, ofNamespace)) return false;
  return [object, oldObject].some((one) => one !== undefined && selects(objectSelector, labelsOf(one)));
}
