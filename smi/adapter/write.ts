import { originOf } from "../origin";
import type { KubernetesObject } from "../objects";
import { PROBLEM_CODES, type Problem, type ProblemCode } from "../problem";
import { type ApiClient, ApiError, type ApiObject, pathOf, type Resource } from "./api";
import { smiKey } from "./desired";
import { MANAGED_BY, MANAGER, type SmiObject } from "./keep";
import { apiVersionOf } from "./api";
import { SMI_RESOURCES } from "./resources";

/** A mesh's object as it is applied. */
export interface Manifested {
  readonly resource: Resource;
  /** `namespace/name`. */
  readonly key: string;
  readonly body: ApiObject;
  /** The body as text: two objects with the same text need not be applied twice. */
  readonly text: string;
  /** SMI objects that it was made from. */
  readonly origins: readonly string[];
}

/** Adds what tells whose an object is: the label, and as owners the rules of its namespace that it was made from. */
export function manifest(
  object: KubernetesObject,
  resource: Resource,
  smi: ReadonlyMap<string, SmiObject>,
): Manifested {
  const { apiVersion, kind, metadata, spec } = object;
  const origins = [...new Set(originOf(object).map(smiKey))].sort();
  const ownerReferences = origins.flatMap((key) => {
    const [ownerKind, path] = key.split(" ") as [string, string];
    const [namespace, name] = path.split("/") as [string, string];
    const owner = smi.get(key);
    const home = SMI_RESOURCES.find((each) => each.kind === ownerKind);
    // An owner in another namespace would be taken for gone, and the object be removed as garbage.
    if (!owner || !home || namespace !== metadata.namespace) return [];
    return [{ apiVersion: apiVersionOf(home), kind: ownerKind, name, uid: owner.uid }];
  });
  const body = {
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [MANAGED_BY]: MANAGER },
      ...(ownerReferences.length > 0 ? { ownerReferences } : {}),
    },
    spec,
  };
  return { resource, key: `${metadata.namespace}/${metadata.name}`, body, text: JSON.stringify(body), origins };
}

/** Applies an object as the manager of its fields, without taking any from others. */
export function apply(client: ApiClient, { resource, body }: Manifested): Promise<ApiObject> {
  return client.request<ApiObject>("PATCH", pathOf(resource, body.metadata.namespace, body.metadata.name), {
    query: { fieldManager: MANAGER, fieldValidation: "Strict" },
    body,
    contentType: "application/apply-patch+yaml",
  });
}

/** Removes an object of ours, and no other that has got its name since. */
export async function remove(client: ApiClient, resource: Resource, key: string, uid: string): Promise<void> {
  const [namespace, name] = key.split("/") as [string, string];
  try {
    await client.request("DELETE", pathOf(resource, namespace, name), { body: { preconditions: { uid } } });
  } catch (error) {
    if (!(error instanceof ApiError && (error.code === 404 || error.code === 409))) throw error;
  }
}

/** What the API server's refusal means to the author of the rule; undefined for what may pass by itself. */
export function failureOf(error: unknown, { resource, key }: Manifested): Problem | undefined {
  if (!(error instanceof ApiError) || error.isTransient) return undefined;
  const subject = `${resource.kind} ${key}`;
  if (error.code === 409) {
    return failure("SMI-CONFLICT", `${subject}: others own what the rule says: ${error.message}. Let them give it up.`);
  }
  if (error.code === 404) {
    const message = `${subject}: the API server does not serve ${apiVersionOf(resource)}, or the namespace is gone. Install the mesh's CRDs.`;
    return failure("SMI-REJECTED", message);
  }
  return failure("SMI-REJECTED", `${subject}: the API server refuses it: ${error.message}`);
}

/** The name is taken by an object that somebody else made. */
export function taken({ resource, key }: Manifested): Problem {
  const message = `${resource.kind} ${key} exists and is not the adapter's; it is left alone. Rename or remove it.`;
  return failure("SMI-CONFLICT", message);
}

function failure(code: ProblemCode, message: string): Problem {
  return { code, severity: PROBLEM_CODES[code].severity, where: "", message };
}
