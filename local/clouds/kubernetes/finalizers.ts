import type { PropertyMap } from "../../protocol/property";
import { ProviderError } from "../../protocol/provider";
import { valueAt, withValueAt } from "../paths";
import { admissionProblem } from "./admission";
import { definedKinds, parseEngineId, type ApiServer, type ObjectName } from "./api-server";
import { unbalance } from "./balancers";
import { CHARTS } from "./charts";
import { editedBy } from "./field-managers";
import { kindOfToken, type Kind, type ServedKind } from "./kinds";
import { listAt } from "./values";

const FINALIZERS = "metadata.finalizers";
const DELETED_AT = "metadata.deletionTimestamp";

/** Finalizers that the control plane itself takes off. */
const OWN: readonly string[] = [
  "customresourcecleanup.apiextensions.k8s.io",
  "foregroundDeletion",
  "kubernetes.io/pv-protection",
  "kubernetes.io/pvc-protection",
  "orphan",
  "service.kubernetes.io/load-balancer-cleanup",
];

/** When everything that waits for a finalizer was deleted: the clouds' clock is virtual, and objects are the same on every run. */
const THE_TIME = "1970-01-01T00:00:00Z";

/** An object that is being deleted. */
interface Deleted {
  readonly token: string;
  readonly name: ObjectName;
  readonly inputs: PropertyMap;
  readonly object: PropertyMap;
}

/** A custom resource as its controller leaves it that puts a finalizer on all of its kind. */
export function withControllerFinalizers(server: ApiServer, { group }: Kind, object: PropertyMap): PropertyMap {
  const present = finalizersOf(object);
  const added = server
    .releases()
    .filter(({ isReady }) => isReady)
    .flatMap(({ chart }) => CHARTS[chart]?.finalizers ?? [])
    .filter(({ finalizer, groups }) => groups.includes(group) && !present.includes(finalizer))
    .map(({ finalizer }) => finalizer);
  if (added.length === 0) return object;
  return editedBy("manager", object, { [FINALIZERS]: [...present, ...added] });
}

/**
 * Deletes an object and waits for it, as the provider does: for finalizers that nobody takes off, until its time is up. The
 * object then stays, marked as deleted, and so does the namespace or the definition around it.
 *
 * @throws ProviderError when admission refuses, or when it waits in vain.
 */
export function deleteObject(urn: string, kind: ServedKind, name: ObjectName, server: ApiServer): void {
  const entry = server.find(kind, name);
  if (entry === undefined) return;
  const refused = admissionProblem(server, "DELETE", kind, name, { oldObject: entry.outputs });
  if (refused !== undefined) throw new ProviderError(refused);

  const own = { token: entry.type, name, inputs: entry.inputs, object: entry.outputs };
  const content = contentOf(server, kind, name, entry.inputs);
  for (const gone of [own, ...content]) unbalance(server, gone.token, gone.name);
  const waiting = [own, ...content]
    .map((one) => ({ ...one, finalizers: pending(server, one.object) }))
    .filter(({ finalizers }) => finalizers.length > 0);
  server.remove(entry.type, name);
  if (waiting.length === 0) return;

  for (const one of [own, ...waiting]) {
    const object = withValueAt(one.object, DELETED_AT, valueAt(one.object, DELETED_AT) ?? THE_TIME);
    server.put(one.token, one.name, one.inputs, object);
  }
  const whose = waiting.map((one) => `${kindOfToken(one.token).kind} ${one.name.name}: ${one.finalizers.join(", ")}`);
  throw new ProviderError(
    `resource ${JSON.stringify(urn)} was not deleted: timed out waiting for the condition: finalizers might be preventing deletion ` +
      `(${whose.join("; ")}). The controller that takes them off is gone; delete what it manages before it, or take the finalizers off by hand`,
  );
}

/** What goes with a namespace or with a definition. */
function contentOf(server: ApiServer, { group, kind }: Kind, { name }: ObjectName, inputs: PropertyMap): Deleted[] {
  const isInside = (token: string, id: string): boolean => {
    if (group === "" && kind === "Namespace") return parseEngineId(id).namespace === name;
    if (kind !== "CustomResourceDefinition") return false;
    const [defined] = definedKinds(inputs);
    const found = kindOfToken(token);
    return defined !== undefined && found.group === defined.group && found.kind === defined.kind;
  };
  return server
    .entries()
    .filter(({ type, id }) => isInside(type, id))
    .map(({ type, id, inputs: own, outputs }) => ({
      token: type,
      name: parseEngineId(id),
      inputs: own,
      object: outputs,
    }));
}

/** Finalizers of an object that nobody on the cluster takes off. */
function pending(server: ApiServer, object: PropertyMap): string[] {
  const handled = server
    .releases()
    .filter(({ isReady }) => isReady)
    .flatMap(({ chart }) => (CHARTS[chart]?.finalizers ?? []).map((one) => one.finalizer));
  return finalizersOf(object).filter((finalizer) => !OWN.includes(finalizer) && !handled.includes(finalizer));
}

function finalizersOf(object: PropertyMap): string[] {
  return listAt(object, FINALIZERS).filter((finalizer) => typeof finalizer === "string");
}
