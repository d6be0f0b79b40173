import type { PropertyMap, PropertyValue } from "../../../protocol/property";
import { textAt, valueAt } from "../../paths";
import type { ApiServer } from "../api-server";
import { apiVersionOf } from "../kinds";
import { listAt, mapAt } from "../values";
import { evaluate, toCel, type Bindings } from "./cel";
import { namespaceLabels, plain, ruleMatches, selectorsMatch, type AdmissionRequest } from "./request";

const GROUP = "admissionregistration.k8s.io";
const POLICY = "ValidatingAdmissionPolicy";
const BINDING = "ValidatingAdmissionPolicyBinding";

/** Who applies: the administrator that a kubeconfig of this project signs in as. */
const USER = { username: "admin", groups: ["system:masters", "system:authenticated"] };

/**
 * Why a ValidatingAdmissionPolicy on the cluster denies a request, in the API server's words; undefined when none does.
 *
 * A policy holds from the moment it is bound, where a real API server takes some seconds to see it. `authorizer` is not
 * there, and actions other than `Deny` do nothing, since nobody reads their warnings here.
 */
export function policyProblem(server: ApiServer, request: AdmissionRequest): string | undefined {
  // They never judge themselves, so that a wrong one can be taken away.
  if (request.kind.group === GROUP && [POLICY, BINDING].includes(request.kind.kind)) return undefined;
  for (const policy of server.all({ group: GROUP, version: "v1", kind: POLICY })) {
    if (!constraintsMatch(valueAt(policy, "spec.matchConstraints") ?? {}, request, server)) continue;
    const name = textAt(policy, "metadata.name") ?? "";
    for (const binding of server.all({ group: GROUP, version: "v1", kind: BINDING })) {
      if (textAt(binding, "spec.policyName") !== name || !denies(binding)) continue;
      const matching = valueAt(binding, "spec.matchResources");
      if (matching !== undefined && !constraintsMatch(matching, request, server)) continue;
      const problem = denial(policy, binding, request, server);
      if (problem !== undefined)
        return `${POLICY} '${name}' with binding '${textAt(binding, "metadata.name") ?? ""}' denied request: ${problem}`;
    }
  }
  return undefined;
}

function denies(binding: PropertyMap): boolean {
  return listAt(binding, "spec.validationActions").includes("Deny");
}

/** `matchConstraints` of a policy, or `matchResources` of a binding, which may leave the rules to the policy. */
function constraintsMatch(constraints: PropertyValue, request: AdmissionRequest, server: ApiServer): boolean {
  const rules = listAt(constraints, "resourceRules");
  const excluded = listAt(constraints, "excludeResourceRules");
  const isNamed = (rule: PropertyValue): boolean => {
    const names = listAt(rule, "resourceNames");
    return names.length === 0 || names.includes(request.name.name);
  };
  const covers = (rule: PropertyValue): boolean => ruleMatches(rule, request) && isNamed(rule);
  return (
    (rules.length === 0 || rules.some(covers)) && !excluded.some(covers) && selectorsMatch(constraints, request, server)
  );
}

/** The message of the first validation that fails, for each parameter object that the binding selects. */
function denial(
  policy: PropertyMap,
  binding: PropertyMap,
  request: AdmissionRequest,
  server: ApiServer,
): string | undefined {
  const ignoresErrors = textAt(policy, "spec.failurePolicy") === "Ignore";
  const parameters = parametersOf(policy, binding, request, server);
  if (typeof parameters === "string") return ignoresErrors ? undefined : parameters;
  for (const params of parameters) {
    const bindings = bindingsOf(policy, request, server, params);
    const applies = conditionsHold(policy, bindings);
    if (applies === false) continue;
    if (typeof applies === "string") {
      if (!ignoresErrors) return applies;
      continue;
    }
    for (const validation of listAt(policy, "spec.validations")) {
      const problem = validationProblem(validation, bindings, ignoresErrors);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function validationProblem(validation: PropertyValue, bindings: Bindings, ignoresErrors: boolean): string | undefined {
  const expression = (textAt(validation, "expression") ?? "").trim();
  const outcome = evaluate(expression, bindings);
  if ("error" in outcome) {
    return ignoresErrors ? undefined : `expression '${expression}' resulted in error: ${outcome.error}`;
  }
  if (outcome.value === true) return undefined;
  const computed = textAt(validation, "messageExpression");
  const message = computed === undefined ? undefined : evaluate(computed, bindings);
  if (message !== undefined && "value" in message && typeof message.value === "string") return message.value;
  return textAt(validation, "message") ?? `failed expression: ${expression}`;
}

function conditionsHold(policy: PropertyMap, bindings: Bindings): boolean | string {
  for (const condition of listAt(policy, "spec.matchConditions")) {
    const expression = textAt(condition, "expression") ?? "";
    const outcome = evaluate(expression, bindings);
    if ("error" in outcome) return `matchConditions '${textAt(condition, "name") ?? ""}' ${outcome.error}`;
    if (outcome.value !== true) return false;
  }
  return true;
}

function bindingsOf(
  policy: PropertyMap,
  request: AdmissionRequest,
  server: ApiServer,
  params: PropertyMap | undefined,
): Bindings {
  const { kind, name, operation, object, oldObject } = request;
  const { group, version, plural } = kind;
  const bindings: Record<string, ReturnType<typeof toCel>> = {
    object: toCel(object),
    oldObject: toCel(oldObject),
    params: toCel(params),
    namespaceObject: toCel(namespaceObject(server, name.namespace)),
    request: toCel({
      operation,
      name: name.name,
      namespace: name.namespace ?? "",
      kind: { group, version, kind: kind.kind },
      resource: { group, version, resource: plural },
      userInfo: USER,
      dryRun: false,
    }),
  };
  // Each may read those before it; one that fails is not there for those that read it.
  const variables = new Map<string, ReturnType<typeof toCel>>();
  for (const variable of listAt(policy, "spec.variables")) {
    const outcome = evaluate(textAt(variable, "expression") ?? "", { ...bindings, variables: new Map(variables) });
    if ("value" in outcome) variables.set(textAt(variable, "name") ?? "", outcome.value);
  }
  return { ...bindings, variables };
}

function namespaceObject(server: ApiServer, name: string | undefined): PropertyMap | undefined {
  if (name === undefined) return undefined;
  return { metadata: { name, labels: Object.fromEntries(namespaceLabels(server, name)) } };
}

/** The parameter objects of a binding: one `undefined` when the policy has none, or why they are missing. */
function parametersOf(
  policy: PropertyMap,
  binding: PropertyMap,
  { name }: AdmissionRequest,
  server: ApiServer,
): readonly (PropertyMap | undefined)[] | string {
  const paramKind = mapAt(policy, "spec.paramKind");
  const reference = mapAt(binding, "spec.paramRef");
  if (Object.keys(paramKind).length === 0 || Object.keys(reference).length === 0) return [undefined];
  const [group = "", version = ""] = splitApiVersion(textAt(paramKind, "apiVersion") ?? "");
  const kind = { group, version, kind: textAt(paramKind, "kind") ?? "" };
  const wanted = textAt(reference, "name");
  const served = server.served(kind);
  const namespace = served?.namespaced === true ? (textAt(reference, "namespace") ?? name.namespace) : undefined;
  const found = server
    .all(kind)
    .filter((object) => wanted === undefined || textAt(object, "metadata.name") === wanted)
    .filter((object) => namespace === undefined || textAt(object, "metadata.namespace") === namespace);
  if (found.length > 0) return found.map(plain);
  if (textAt(reference, "parameterNotFoundAction") === "Allow") return [];
  return `failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction (${apiVersionOf(kind)}/${kind.kind})`;
}

function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? ["", apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}
