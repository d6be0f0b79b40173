import { CelScope } from "./cel";
import { Undetermined } from "./property";
import type { KubernetesKind, KubernetesRule, Report } from "./rule";
import type { PolicyMap } from "./value";

interface KubernetesType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Whether a rule is about the objects of a Pulumi type. */
export function matches(rule: KubernetesRule, type: string): boolean {
  const parsed = parseType(type);
  return parsed !== undefined && rule.match.some((kind) => isKind(parsed, kind));
}

/**
 * Evaluates a rule over the object that an API server would be sent for a resource.
 *
 * A validation passes only when it is exactly true: the library returns errors as values, so a test for false would
 * let a broken expression pass.
 */
export function checkKubernetes(rule: KubernetesRule, type: string, properties: PolicyMap, report: Report): void {
  const scope = new CelScope(admissionObject(type, properties), rule.variables);
  let undetermined: Undetermined | undefined;
  for (const { expression, problem } of rule.validations) {
    const outcome = scope.evaluate(expression);
    if (outcome.kind === "unknown") undetermined ??= new Undetermined(outcome.path);
    else if (outcome.kind === "error") {
      const found = "fields that the rule cannot read";
      report({ ...problem, found, next: "Check the object's fields against the Kubernetes API" });
    } else if (outcome.value !== true) report(problem);
  }
  if (undetermined !== undefined) throw undetermined;
}

/** Pulumi's inputs with what the type says and a program may leave out. */
function admissionObject(type: string, properties: PolicyMap): PolicyMap {
  const parsed = parseType(type);
  if (parsed === undefined) return properties;
  const apiVersion = parsed.group === "" ? parsed.version : `${parsed.group}/${parsed.version}`;
  return { ...properties, apiVersion, kind: parsed.kind };
}

/** `kubernetes:apps/v1:Deployment`; a server-side apply patch (`DeploymentPatch`) is the object as far as it goes. */
function parseType(type: string): KubernetesType | undefined {
  const match = /^kubernetes:([^:/]+)\/([^:/]+):([A-Za-z]+?)(Patch)?$/.exec(type);
  if (match === null) return undefined;
  const [, group = "", version = "", kind = ""] = match;
  return { group: group === "core" ? "" : group, version, kind };
}

/** Deployments and DaemonSets once lived in `extensions`; the SDK still has those types. */
function isKind(type: KubernetesType, kind: KubernetesKind): boolean {
  return type.kind === kind.kind && (type.group === kind.group || type.group === "extensions");
}
