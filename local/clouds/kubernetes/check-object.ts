import { containsUnknown, Unknown, type PropertyMap } from "../../protocol/property";
import type { CheckFailure, CheckRequest, CheckResult } from "../../protocol/provider";
import { urnName } from "../../protocol/urn";
import { digest } from "../identity";
import { textAt, valueAt, withValueAt } from "../paths";
import { syntaxError } from "./admission/cel";
import { definedKinds, isNamespaced, type ApiServer } from "./api-server";
import type { Settings } from "./config";
import { apiVersionOf, builtInKind, builtInKindsOf, isBuiltInGroup, type Kind } from "./kinds";
import { sealed } from "./live";
import { checkShape, shape } from "./shape";
import { metadata, shapeOf } from "./shapes";
import { dropNulls, isUnknownAt, listAt, mapAt, peek } from "./values";

const AUTONAMED = "pulumi.com/autonamed";
const AUTONAMED_PATH = `metadata.annotations["${AUTONAMED}"]`;

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SERVICE = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const PATH_SEGMENT = /^(?!\.{1,2}$)[^/%]+$/;

/** Fills in an object's defaults and names every problem that needs no cluster. */
export function checkObject(request: CheckRequest, kind: Kind, settings: Settings, server?: ApiServer): CheckResult {
  const failures: CheckFailure[] = [];
  const fail = (property: string, reason: string): void => void failures.push({ property, reason });
  const apiVersion = apiVersionOf(kind);
  const sent = dropNulls(request.news);

  for (const [property, expected] of [["apiVersion", apiVersion] as const, ["kind", kind.kind] as const]) {
    const stated = textAt(sent, property);
    if (stated !== undefined && stated !== expected) {
      fail(property, `found "${stated}" in a resource of type ${apiVersion}/${kind.kind}; expected "${expected}"`);
    }
  }
  if (isBuiltInGroup(kind.group) && builtInKind(kind) === undefined) {
    const served = builtInKindsOf(kind.group).join(", ");
    fail("kind", `the simulated clouds do not serve ${apiVersion}/${kind.kind}; of its group they serve ${served}`);
    return { inputs: sent, failures };
  }

  let inputs: PropertyMap = { apiVersion, kind: kind.kind, ...sent };
  if (textAt(inputs, "metadata.generateName") !== undefined) {
    fail("metadata.generateName", "the `.metadata.generateName` field is not supported in Server-Side Apply mode");
  }
  inputs = withName(inputs, request);
  const namespaced = isNamespaced(kind, server);
  if (namespaced && !isUnknownAt(inputs, "metadata") && valueAt(inputs, "metadata.namespace") === undefined) {
    inputs = withValueAt(inputs, "metadata.namespace", settings.namespace);
  }
  if (kind.group === "" && kind.kind === "Secret") {
    for (const field of ["data", "stringData"]) {
      const value = inputs[field];
      if (value !== undefined) inputs = { ...inputs, [field]: sealed(value) };
    }
  }

  const name = textAt(inputs, "metadata.name");
  const invalid = `${kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`} ${JSON.stringify(name ?? "")} is invalid`;
  failures.push(...checkShape(inputs, shapeOf(kind) ?? withMetadata(inputs), invalid));
  if (!namespaced && builtInKind(kind) !== undefined && textAt(inputs, "metadata.namespace") !== undefined) {
    fail("metadata.namespace", `${invalid}: metadata.namespace: Forbidden: not allowed on this type`);
  }
  const badName = name === undefined ? undefined : nameProblem(kind, name);
  if (badName !== undefined)
    fail("metadata.name", `${invalid}: metadata.name: Invalid value: ${JSON.stringify(name)}: ${badName}`);
  for (const [property, problem] of meaningProblems(kind, inputs))
    fail(property, `${invalid}: ${property}: ${problem}`);
  return { inputs, failures };
}

/** Whether Check made up the object's name. */
export function isAutonamed(inputs: PropertyMap): boolean {
  return textAt(inputs, AUTONAMED_PATH) === "true";
}

/** The name of a URN's resource with eight hexadecimal digits from the engine's seed. */
export function generatedName({ urn, randomSeed }: CheckRequest): string {
  const seed = randomSeed === undefined || randomSeed.length === 0 ? urn : Buffer.from(randomSeed).toString("hex");
  return `${urnName(urn)}-${digest([seed], 8)}`;
}

function withName(inputs: PropertyMap, request: CheckRequest): PropertyMap {
  if (isUnknownAt(inputs, "metadata") || valueAt(inputs, "metadata.name") !== undefined) return inputs;
  const old = isAutonamed(request.olds) ? textAt(request.olds, "metadata.name") : undefined;
  const named = withValueAt(inputs, "metadata.name", old ?? generatedName(request));
  return withValueAt(named, AUTONAMED_PATH, "true");
}

/** Custom resources may have any field beside the ones that every object has. */
function withMetadata(inputs: PropertyMap): ReturnType<typeof shape> {
  return shape(Object.keys(inputs).join(" "), { metadata });
}

function nameProblem({ group, kind }: Kind, name: string): string | undefined {
  if (group === "rbac.authorization.k8s.io") {
    return PATH_SEGMENT.test(name) ? undefined : "may not be '.' or '..' and may not contain '/' or '%'";
  }
  if (group === "" && kind === "Service") {
    if (SERVICE.test(name)) return undefined;
    return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name', or 'abc-123')";
  }
  if (group === "" && kind === "Namespace") {
    if (LABEL.test(name)) return undefined;
    return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name', or '123-abc')";
  }
  if (SUBDOMAIN.test(name)) return undefined;
  return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com')";
}

/** Rules between fields that the API server holds to: a property and what is wrong with it. */
function* meaningProblems(kind: Kind, inputs: PropertyMap): Generator<[property: string, problem: string]> {
  if (kind.group === "apps" && ["DaemonSet", "Deployment", "StatefulSet"].includes(kind.kind)) {
    const labels = valueAt(inputs, "spec.template.metadata.labels");
    if (labels instanceof Unknown || isUnknownAt(inputs, "spec.template.metadata")) return;
    for (const [key, selected] of Object.entries(mapAt(inputs, "spec.selector.matchLabels"))) {
      const wanted = peek(selected);
      const label = peek(mapAt(inputs, "spec.template.metadata.labels")[key]);
      if (typeof wanted !== "string" || label instanceof Unknown || label === wanted) continue;
      yield ["spec.template.metadata.labels", "Invalid value: `selector` does not match template `labels`"];
      return;
    }
  }
  if (kind.kind === "ValidatingAdmissionPolicy") {
    for (const list of ["spec.matchConditions", "spec.validations", "spec.variables"]) {
      for (const [index, item] of listAt(inputs, list).entries()) {
        const expression = textAt(item, "expression");
        const error = expression === undefined ? undefined : syntaxError(expression);
        if (error === undefined) continue;
        yield [
          `${list}[${index}].expression`,
          `Invalid value: ${JSON.stringify(expression)}: compilation failed: ${error}`,
        ];
      }
    }
  }
  if (kind.kind === "CustomResourceDefinition") {
    const [plural, group] = [textAt(inputs, "spec.names.plural"), textAt(inputs, "spec.group")];
    const name = textAt(inputs, "metadata.name");
    if (plural !== undefined && group !== undefined && name !== undefined && name !== `${plural}.${group}`) {
      yield ["metadata.name", `Invalid value: "${name}": must be spec.names.plural+"."+spec.group`];
    }
    for (const [index, version] of listAt(inputs, "spec.versions").entries()) {
      const path = `spec.versions[${index}].schema.openAPIV3Schema`;
      if (containsUnknown(version) || valueAt(version, "schema.openAPIV3Schema") !== undefined) continue;
      yield [path, "Required value: schemas are required"];
    }
    const versions = valueAt(inputs, "spec.versions");
    if (versions !== undefined && !containsUnknown(inputs.spec) && definedKinds(inputs).length === 0) {
      yield ["spec.versions", "Invalid value: at least one version must be served"];
    }
  }
}
