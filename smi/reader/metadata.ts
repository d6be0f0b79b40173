import { KEPT_ANNOTATION } from "../kept";
import type { Located } from "../problem";
import type { Cursor } from "./cursor";

/** What every object has. */
export type ObjectHead = Pick<Located, "name" | "namespace" | "source">;

const METADATA_FIELDS = [
  "name",
  "namespace",
  "labels",
  "annotations",
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generateName",
  "generation",
  "managedFields",
  "ownerReferences",
  "resourceVersion",
  "selfLink",
  "uid",
];

/** A DNS-1123 subdomain, as the API server demands for these kinds. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Name and namespace of a document. */
export function readHead(root: Cursor, source: Located["source"], defaultNamespace: string): ObjectHead | undefined {
  const metadata = root.get("metadata");
  metadata.fields(METADATA_FIELDS);
  if (!metadata.exists) return undefined;
  const name = metadata.get("name").string("the object's name");
  const namespace = metadata.get("namespace").optionalString("the object's namespace") ?? defaultNamespace;
  if (name === undefined) return undefined;
  if (!NAME.test(name)) {
    metadata
      .get("name")
      .fail("SMI-NAME", `found "${name}", allowed: lower-case letters, digits, "-" and ".", at most 253`);
    return undefined;
  }
  return { name, namespace, source };
}

/** What a conversion kept of a later or earlier version; see `convert`. */
export function kept(root: Cursor): Cursor {
  return root.get("metadata").get("annotations").get(KEPT_ANNOTATION).json();
}
