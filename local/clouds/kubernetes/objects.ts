import { Unknown, type PropertyMap } from "../../protocol/property";
import {
  InitializationFailed,
  ProviderError,
  type CreateRequest,
  type CreateResult,
  type DiffRequest,
  type DiffResult,
  type UpdateRequest,
} from "../../protocol/provider";
import { diffProperties } from "../diff";
import { digest } from "../identity";
import { textAt, valueAt } from "../paths";
import { admissionProblem, podAdmissionProblem } from "./admission";
import { isWorkload } from "./admission/pods";
import { definedKinds, engineId, parseEngineId, type ApiServer, type ObjectName } from "./api-server";
import { balance } from "./balancers";
import { isAutonamed } from "./check-object";
import type { Settings } from "./config";
import { appliedOver, conflictsWith, conflictText } from "./field-managers";
import { withControllerFinalizers } from "./finalizers";
import { immutablePaths, replacingPaths } from "./immutable";
import { apiVersionOf, resourceName, type Kind, type ServedKind } from "./kinds";
import { liveObject } from "./live";

const SKIP_AWAIT = 'metadata.annotations["pulumi.com/skipAwait"]';
const PATCH_FORCE = 'metadata.annotations["pulumi.com/patchForce"]';
const FIELD_MANAGER = 'metadata.annotations["pulumi.com/patchFieldManager"]';

const CONFLICT_HELP =
  "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources";

export function diffObject(request: DiffRequest, kind: Kind, settings: Settings): DiffResult {
  const { oldInputs, news, ignoreChanges } = request;
  const alsoReplace = replacingPaths(kind, oldInputs, settings);
  const diff = diffProperties({}, oldInputs, news, { ignoreChanges, alsoReplace });
  // A name that the program fixed is free only once the old object is gone.
  const sameName = (path: string): boolean => textAt(oldInputs, path) === textAt(news, path);
  const fixed = textAt(news, "metadata.name") !== undefined && !isAutonamed(news);
  const deleteBeforeReplace =
    diff.replaces.length > 0 && fixed && sameName("metadata.name") && sameName("metadata.namespace");
  return { ...diff, deleteBeforeReplace };
}

export function createObject(
  { urn, properties: inputs }: CreateRequest,
  token: string,
  kind: Kind,
  server: ApiServer,
  settings: Settings,
): CreateResult {
  const served = servedKind(urn, kind, server);
  const name = nameOf(inputs, served);
  const refuse = (reason: string): never => {
    throw new ProviderError(
      `resource ${JSON.stringify(urn)} was not successfully created by the Kubernetes API server: ${reason}`,
    );
  };

  if (name.namespace !== undefined && !server.hasNamespace(name.namespace)) {
    refuse(
      `namespaces "${name.namespace}" not found; create the Namespace on cluster "${server.cluster.name}" first and refer to it, so that it is there before`,
    );
  }
  if (name.namespace !== undefined && server.isTerminating(name.namespace)) {
    refuse(
      `${resourceName(served)} "${name.name}" is forbidden: unable to create new content in namespace ${name.namespace} because it is being terminated`,
    );
  }
  const existing = server.find(kind, name);
  const taken = existing !== undefined || definitionIsTaken(kind, inputs, server);
  if (taken && !(settings.upsertExistingObjects && existing !== undefined)) {
    refuse(
      `${resourceName(served)} "${name.name}" already exists. A renamed resource needs an alias, one that others made needs an import`,
    );
  }
  const conflict = existing && conflictProblem(urn, inputs, existing.outputs, settings);
  if (conflict !== undefined) refuse(conflict);
  const live = existing?.outputs;
  const change = { object: appliedOver(inputs, live), ...(live === undefined ? {} : { oldObject: live }) };
  const problem = admissionProblem(server, live === undefined ? "CREATE" : "UPDATE", served, name, change);
  if (problem !== undefined) refuse(problem);
  return { id: engineId(name), properties: apply(urn, token, served, name, inputs, server, live) };
}

export function updateObject(
  { urn, id, news }: UpdateRequest,
  token: string,
  kind: Kind,
  server: ApiServer,
  settings: Settings,
): PropertyMap {
  const served = servedKind(urn, kind, server);
  const name = parseEngineId(id);
  const existing = server.find(kind, name);
  if (existing === undefined) {
    throw new ProviderError(
      `update of resource ${JSON.stringify(urn)} failed: ${resourceName(served)} "${name.name}" not found\nunable to get cluster state`,
    );
  }
  // The provider takes a refused update for one that went through and did not come up: the engine then has the new inputs.
  const refuse = (reason: string): never => {
    throw new InitializationFailed(id, existing.outputs, news, [
      `the Kubernetes API server reported that ${JSON.stringify(id)} failed to fully initialize or become live: ${reason}`,
    ]);
  };
  const conflict = conflictProblem(urn, news, existing.outputs, settings);
  if (conflict !== undefined) refuse(conflict);

  const { detailedDiff } = diffProperties({}, existing.inputs, news, {
    alsoReplace: immutablePaths(kind, existing.inputs),
  });
  const frozen = Object.keys(detailedDiff).find((path) => detailedDiff[path]?.kind.endsWith("-replace"));
  if (frozen !== undefined) {
    const what = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
    refuse(`${what} "${name.name}" is invalid: ${frozen}: Invalid value: field is immutable`);
  }
  const change = { object: appliedOver(news, existing.outputs), oldObject: existing.outputs };
  const problem = admissionProblem(server, "UPDATE", served, name, change);
  if (problem !== undefined) refuse(problem);
  return apply(urn, token, served, name, news, server, existing.outputs);
}

/** What another manager set may only be set to something else by force. */
function conflictProblem(urn: string, inputs: PropertyMap, live: PropertyMap, settings: Settings): string | undefined {
  if (settings.patchForce || textAt(inputs, PATCH_FORCE) === "true") return undefined;
  const conflicts = conflictsWith(inputs, live);
  if (conflicts.length === 0) return undefined;
  const manager = textAt(inputs, FIELD_MANAGER) ?? `pulumi-kubernetes-${digest([urn], 8)}`;
  return (
    `server-side apply field conflict detected, see ${CONFLICT_HELP} for troubleshooting help\n` +
    `The resource managed by field manager "${manager}" had an apply conflict: ${conflictText(conflicts)}`
  );
}

/** The object's name on the cluster; unknown names are an error, because nothing can be created without one. */
function nameOf(inputs: PropertyMap, { namespaced }: ServedKind): ObjectName {
  const name = textAt(inputs, "metadata.name");
  if (name === undefined)
    throw new ProviderError("the object has no metadata.name; was it checked before it was created?");
  return namespaced ? { namespace: textAt(inputs, "metadata.namespace") ?? "default", name } : { name };
}

/** The name under which inputs would be found on the cluster; undefined while it is not known or not served. */
export function lookUpName(inputs: PropertyMap, kind: Kind, server: ApiServer): ObjectName | undefined {
  const served = server.served(kind);
  if (served === undefined || textAt(inputs, "metadata.name") === undefined) return undefined;
  if (valueAt(inputs, "metadata.namespace") instanceof Unknown) return undefined;
  return nameOf(inputs, served);
}

function servedKind(urn: string, kind: Kind, server: ApiServer): ServedKind {
  const served = server.served(kind);
  if (served !== undefined) return served;
  const apiVersion = apiVersionOf(kind);
  throw new ProviderError(
    `creation of resource ${JSON.stringify(urn)} with kind ${apiVersion}/${kind.kind} failed because the Kubernetes API server ` +
      "reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been created: " +
      `no matches for kind "${kind.kind}" in version "${apiVersion}"`,
  );
}

/** A definition also exists when a Helm release brought it. */
function definitionIsTaken(kind: Kind, inputs: PropertyMap, server: ApiServer): boolean {
  if (kind.kind !== "CustomResourceDefinition") return false;
  const wanted = definedKinds(inputs);
  return server
    .customKinds()
    .some((have) => wanted.some((want) => want.group === have.group && want.plural === have.plural));
}

/** Why the object's pods never become ready, as its controller would report it; undefined when they do. */
function podProblem(kind: ServedKind, name: ObjectName, inputs: PropertyMap, server: ApiServer): string | undefined {
  if (!isWorkload(kind) || name.namespace === undefined) return undefined;
  if (valueAt(inputs, "spec.replicas") === 0) return undefined;
  const pod = "spec.template.spec";
  const account = textAt(inputs, `${pod}.serviceAccountName`) ?? textAt(inputs, `${pod}.serviceAccount`);
  if (account === undefined || server.hasServiceAccount(name.namespace, account)) {
    return podAdmissionProblem(server, kind, name, inputs);
  }
  return (
    `pods "${name.name}-" is forbidden: error looking up service account ${name.namespace}/${account}: ` +
    `serviceaccount "${account}" not found; create the ServiceAccount first and let the ${kind.kind} depend on it`
  );
}

/** Writes the object, then fails as the provider does when it has waited in vain for it: the object stays. */
function apply(
  urn: string,
  token: string,
  kind: ServedKind,
  name: ObjectName,
  inputs: PropertyMap,
  server: ApiServer,
  previous: PropertyMap | undefined,
): PropertyMap {
  const object = withControllerFinalizers(server, kind, appliedOver(inputs, previous));
  const problem = podProblem(kind, name, object, server) ?? balance(server, token, kind, name, object);
  const outputs = liveObject(server, token, kind, name, object, { previous, ready: problem === undefined });
  server.put(token, name, inputs, outputs);
  if (problem === undefined || textAt(inputs, SKIP_AWAIT) === "true") return outputs;
  throw new InitializationFailed(engineId(name), outputs, inputs, [
    `resource ${JSON.stringify(urn)} was successfully ${previous === undefined ? "created" : "updated"}, but the Kubernetes ` +
      `API server reported that it failed to fully initialize or become live: ${problem}`,
  ]);
}
