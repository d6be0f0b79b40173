import type { PropertyMap } from "../../protocol/property";
import { uuidOf } from "../identity";
import type { LedgerEntry } from "../ledger";
import { ANY_TYPE, type Context, type Identified, type Reference, type Refusal, type ResourceModel } from "../model";
import { textAt } from "../paths";
import { map, string, type Properties } from "../schema";

/** What an azure-native provider is configured with. */
export interface AzureSettings {
  readonly subscription: string;
  readonly tenant: string;
  /** Default location; empty for none. */
  readonly location: string;
}

export type AzureModel = ResourceModel<AzureSettings>;
export type AzureContext = Context<AzureSettings>;

export const EXAMPLE_SUBSCRIPTION = "00000000-0000-4000-8000-000000000001";
export const EXAMPLE_TENANT = "00000000-0000-4000-8000-00000000000a";

export const RESOURCE_GROUP = "azure-native:resources:ResourceGroup";

/** Properties of what lies directly in a resource group. */
export const GROUPED: Properties = {
  resourceGroupName: string({ required: true, immutable: true }),
  location: string({ immutable: true }),
  tags: map(),
};

/** ARM compares ids without regard to case. */
export function sameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** An id in a resource group, e.g. of `Microsoft.Network/virtualNetworks`, `v` and more pairs of kind and name below. */
export function groupedId(provider: string, ...segments: readonly (readonly [kind: string, property: string])[]) {
  return (inputs: PropertyMap, { settings }: AzureContext): string => {
    const path = segments.map(([kind, property]) => `${kind}/${String(inputs[property])}`).join("/");
    return `/subscriptions/${settings.subscription}/resourceGroups/${String(inputs.resourceGroupName)}/providers/${provider}/${path}`;
  };
}

/** `/subscriptions/<subscription>/resourceGroups/<name>` of an id below it. */
function groupOf(id: string): string {
  return id.split("/").slice(0, 5).join("/");
}

/** The group that a thing lies in. It takes everything along when it goes. */
export const groupReference: Reference = {
  path: "resourceGroupName",
  type: RESOURCE_GROUP,
  matches: (entry, _, from) => sameId(entry.id, groupOf(from.id)),
  missing: (name) => ({ code: "ResourceGroupNotFound", message: `Resource group '${name}' could not be found.` }),
  onDelete: "cascade",
};

/** The thing of which this one is a part, named by a property, e.g. the virtual network of a subnet. */
export function parentReference(path: string, type: string): Reference {
  return {
    path,
    type,
    matches: (entry, _, from) => from.id.toLowerCase().startsWith(`${entry.id.toLowerCase()}/`),
    missing: (name) => ({
      code: "ParentResourceNotFound",
      message: `Can not perform requested operation on nested resource. Parent resource '${name}' not found.`,
    }),
    onDelete: "cascade",
  };
}

/** Another thing by its ARM id. */
export function idReference(path: string, type: string, onDelete: Reference["onDelete"] = "block"): Reference {
  return {
    path,
    type,
    matches: (entry, value) => sameId(entry.id, value),
    missing: (value) => ({
      code: "InvalidResourceReference",
      message: `Resource ${value} referenced at ${path} was not found. Please make sure that the referenced resource exists.`,
    }),
    onDelete,
  };
}

/** A thing of any type by its ARM id, which this one is attached to and goes with. Larger scopes are not looked up. */
export function anyIdReference(path: string): Reference {
  return {
    path,
    type: ANY_TYPE,
    applies: (value) => /\/resourceGroups\/[^/]+/i.test(value) && !/\/resourceGroups\/MC_[^/]+$/i.test(value),
    matches: (entry, value) => sameId(entry.id, value),
    missing: (value) => ({ code: "ResourceNotFound", message: `The Resource '${value}' was not found.` }),
    onDelete: "cascade",
  };
}

/** What azure-native says when a create would overwrite. */
export function existing(_: PropertyMap, other: LedgerEntry): Refusal {
  return { code: "Conflict", message: `cannot create already existing resource '${other.id}'` };
}

/** What every ARM resource answers. */
export function armOutputs(type: string, apiVersion: string): AzureModel["outputs"] {
  return {
    name: (_, { id }) => id.split("/").at(-1) ?? "",
    type: () => type,
    azureApiVersion: () => apiVersion,
  };
}

/** The same for what has a location: its own, the provider's, or the group's. */
export function locatedOutputs(type: string, apiVersion: string): AzureModel["outputs"] {
  return { ...armOutputs(type, apiVersion), location: locationOf, provisioningState: () => "Succeeded" };
}

export function locationOf(inputs: PropertyMap, { ledger, settings, id }: AzureContext): string {
  const own = textAt(inputs, "location") ?? settings.location;
  if (own !== "") return own;
  const group = ledger.list(RESOURCE_GROUP).find((entry) => sameId(entry.id, groupOf(id)));
  return textAt(group?.outputs, "location") ?? "";
}

/** A UUID of a thing, for a purpose. */
export function uuid(context: AzureContext, purpose: string): string {
  return uuidOf(context.digest(purpose, 32));
}

/** "in use" in the words of Microsoft.Network. */
export function inUseBy(code: string, what: string) {
  return (entry: LedgerEntry, by: readonly Identified[]): Refusal => ({
    code,
    message: `${what} ${entry.id} cannot be deleted because it is in use by ${by.map((it) => it.id).join(", ")}.`,
  });
}

/** Names of most ARM resources. */
export const armName = (maximum: number): { readonly test: RegExp; readonly allowed: string } => ({
  test: new RegExp(`^[A-Za-z0-9]([\\w.-]{0,${maximum - 2}}\\w)?$`),
  allowed: `1 to ${maximum} letters, digits, - . and _, beginning with a letter or digit and not ending with - or .`,
});
