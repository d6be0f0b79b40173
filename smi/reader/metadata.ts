import { KEPT_ANNOTATION } from "../kept";
import { isLabel, isName, LABEL_FORM, NAME_FORM } from "../names";
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

/** Name and namespace of a document. */
export function readHead(root: Cursor, source: Located["source"], defaultNamespace: string): ObjectHead | undefined {
  const metadata = root.get("metadata");
  metadata.fields(METADATA_FIELDS);
  if (!metadata.exists) return undefined;
  const name = nameIn(metadata.get("name"), "the object's name");
  const namespace = optionalNamespaceIn(metadata.get("namespace"), "the object's namespace");
  return name === undefined || namespace === undefined
    ? undefined
    : { name, namespace: namespace.written ?? defaultNamespace, source };
}

/** The name of an object, as the API server demands it. */
export function nameIn(field: Cursor, what: string): string | undefined {
  const name = field.string(what);
  if (name === undefined || isName(name)) return name;
  field.fail("SMI-NAME", `found "${name}", allowed: ${NAME_FORM}`);
  return undefined;
}

/** The namespace, if one is written; undefined if what is written is none. */
export function optionalNamespaceIn(field: Cursor, what: string): { readonly written?: string } | undefined {
  const namespace = field.optionalString(what);
  if (namespace === undefined) return {};
  if (isLabel(namespace)) return { written: namespace };
  field.fail("SMI-NAME", `found "${namespace}", allowed: ${LABEL_FORM}`);
  return undefined;
}

/** What a conversion kept of a later or earlier version; see `convert`. */
export function kept(root: Cursor): Cursor {
  return root.get("metadata").get("annotations").get(KEPT_ANNOTATION).json();
}
