import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import type { Crypter } from "../protocol/crypter";
import { decodeValue, encodeValue } from "../protocol/property";
import type { PropertyMap, PropertyValue } from "../protocol/property";
import { sortTopologically } from "./state";
import type { PendingOperation, ResourceState, Snapshot } from "./types";

type Json = { [key: string]: JavaScriptValue };

/** Pulumi's deployment file, as `pulumi stack export` writes and `pulumi stack import` reads it. */
export interface DeploymentFile {
  /** 4 when the state needs what older readers do not know: then `features` says what. */
  readonly version: 3 | 4;
  readonly features?: readonly string[];
  readonly deployment: {
    readonly manifest: { readonly time: string; readonly magic: string; readonly version: string };
    readonly secrets_providers?: { readonly type: "passphrase"; readonly state: { readonly salt: string } };
    readonly resources?: readonly Json[];
    readonly pending_operations?: readonly { readonly resource: Json; readonly type: PendingOperation["type"] }[];
    readonly metadata: Json;
  };
}

/** A crypter together with the salt that others need to open what it sealed. */
export interface SaltedCrypter extends Crypter {
  readonly salt: string;
}

/** The one feature of version 4 that the engine has (pkg/resource/stack/deployment.go). */
const HOOKS = "hooks";

/**
 * Writes a state in Pulumi's format, with secrets sealed by the crypter. The time is fixed so that the same state always
 * gives the same file but for the nonces of its secrets; Pulumi only displays it.
 */
export function serializeDeployment(snapshot: Snapshot, crypter: SaltedCrypter): DeploymentFile {
  const resources = sortTopologically(snapshot.resources).map((resource) => serializeResource(resource, crypter));
  const pending = snapshot.pending.map(({ resource, type }) => ({
    resource: serializeResource(resource, crypter),
    type,
  }));
  const hooked = snapshot.resources.some(({ resourceHooks }) => resourceHooks !== undefined);
  return {
    ...(hooked ? { version: 4, features: [HOOKS] } : { version: 3 }),
    deployment: {
      manifest: { time: "0001-01-01T00:00:00Z", magic: "", version: "" },
      secrets_providers: { type: "passphrase", state: { salt: crypter.salt } },
      ...(resources.length > 0 ? { resources } : {}),
      ...(pending.length > 0 ? { pending_operations: pending } : {}),
      metadata: {},
    },
  };
}

/** Reads a state in Pulumi's format. Throws when a secret was not sealed by the crypter, or the format is a newer one. */
export function deserializeDeployment(file: DeploymentFile, crypter: Crypter): Snapshot {
  const unknown = (file.features ?? []).filter((feature) => feature !== HOOKS);
  if (![3, 4].includes(file.version) || unknown.length > 0) {
    const found = [`version ${String(file.version)}`, ...unknown].join(" with ");
    throw new Error(`deployment ${found} is not supported, only version 3, and version 4 with ${HOOKS}`);
  }
  const { resources = [], pending_operations: pending = [] } = file.deployment;
  return {
    resources: resources.map((resource) => deserializeResource(resource, crypter)),
    pending: pending.map(({ resource, type }) => ({ resource: deserializeResource(resource, crypter), type })),
  };
}

/** One resource as Pulumi's `ResourceV3`: its key order, empty fields left out, properties sorted. */
export function serializeResource(resource: ResourceState, crypter?: Crypter): Json {
  const { inputs, outputs } = resource;
  const fields: { [key: string]: JavaScriptValue | undefined } = {
    urn: resource.urn,
    custom: resource.custom,
    delete: truthy(resource.delete),
    id: truthy(resource.id),
    type: resource.type,
    inputs: serializeMap(inputs, crypter),
    outputs: serializeMap(outputs, crypter),
    parent: truthy(resource.parent),
    protect: truthy(resource.protect),
    external: truthy(resource.external),
    dependencies: list([...resource.dependencies].sort()),
    initErrors: list(resource.initErrors),
    provider: truthy(resource.provider),
    propertyDependencies: dependencyLists(resource.propertyDependencies),
    pendingReplacement: truthy(resource.pendingReplacement),
    additionalSecretOutputs: list(resource.additionalSecretOutputs),
    aliases: list(resource.aliases),
    customTimeouts: resource.customTimeouts === undefined ? undefined : { ...resource.customTimeouts },
    retainOnDelete: truthy(resource.retainOnDelete),
    deletedWith: truthy(resource.deletedWith),
    created: truthy(resource.created),
    modified: truthy(resource.modified),
    sourcePosition: truthy(resource.sourcePosition),
    ignoreChanges: list(resource.ignoreChanges),
    replaceOnChanges: list(resource.replaceOnChanges),
    resourceHooks: resource.resourceHooks === undefined ? undefined : dependencyLists(resource.resourceHooks),
  };
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, JavaScriptValue] => entry[1] !== undefined),
  );
}

function truthy<T extends string | boolean>(value: T | undefined): T | undefined {
  return value === undefined || value === false || value === "" ? undefined : value;
}

function list(values: readonly string[] | undefined): string[] | undefined {
  return values === undefined || values.length === 0 ? undefined : [...values];
}

function dependencyLists(lists: ResourceState["propertyDependencies"]): Json | undefined {
  const names = Object.keys(lists).sort();
  return names.length === 0
    ? undefined
    : Object.fromEntries(names.map((name) => [name, [...(lists[name] ?? [])].sort()]));
}

function serializeMap(map: PropertyMap, crypter?: Crypter): Json | undefined {
  return Object.keys(map).length === 0 ? undefined : (toFile(encodeValue(map, crypter)) as Json);
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SPECIAL_FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c";

/** Sorts keys, and writes the numbers that JSON lacks as Pulumi does: the bits of the double in hexadecimal. */
function toFile(value: JavaScriptValue): JavaScriptValue {
  if (typeof value === "number" && !Number.isFinite(value)) {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value);
    return { [SIGNATURE]: SPECIAL_FLOAT, value: bits.toString("hex") };
  }
  if (Array.isArray(value)) return value.map(toFile);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Json;
  return Object.fromEntries(
    Object.keys(object)
      .sort()
      .map((key) => [key, toFile(object[key] ?? null)]),
  );
}

function fromFile(value: JavaScriptValue, crypter: Crypter): PropertyValue {
  return decodeValue(restoreFloats(value), crypter);
}

function restoreFloats(value: JavaScriptValue): JavaScriptValue {
  if (Array.isArray(value)) return value.map(restoreFloats);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Json;
  if (object[SIGNATURE] === SPECIAL_FLOAT) return Buffer.from(String(object.value), "hex").readDoubleBE();
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, restoreFloats(item)]));
}

/** Reads what `serializeResource` writes, and what Pulumi writes; fields that the engine does not know are dropped. */
export function deserializeResource(json: Json, crypter: Crypter): ResourceState {
  const text = (key: string): string | undefined => (typeof json[key] === "string" ? String(json[key]) : undefined);
  const flag = (key: string): true | undefined => (json[key] === true ? true : undefined);
  const texts = (key: string): string[] | undefined => (Array.isArray(json[key]) ? (json[key] as string[]) : undefined);
  const map = (key: string): PropertyMap =>
    json[key] === undefined || json[key] === null ? {} : (fromFile(json[key], crypter) as PropertyMap);
  const state: { [K in keyof ResourceState]: ResourceState[K] | undefined } = {
    urn: text("urn"),
    type: text("type"),
    custom: json.custom === true,
    delete: flag("delete"),
    id: text("id"),
    inputs: map("inputs"),
    outputs: map("outputs"),
    parent: text("parent"),
    protect: flag("protect"),
    external: flag("external"),
    dependencies: texts("dependencies") ?? [],
    propertyDependencies: (json.propertyDependencies ?? {}) as { [key: string]: string[] },
    provider: text("provider"),
    pendingReplacement: flag("pendingReplacement"),
    initErrors: texts("initErrors"),
    additionalSecretOutputs: texts("additionalSecretOutputs"),
    aliases: texts("aliases"),
    customTimeouts: (json.customTimeouts ?? undefined) as ResourceState["customTimeouts"],
    retainOnDelete: flag("retainOnDelete"),
    deletedWith: text("deletedWith"),
    ignoreChanges: texts("ignoreChanges"),
    replaceOnChanges: texts("replaceOnChanges"),
    resourceHooks: (json.resourceHooks ?? undefined) as ResourceState["resourceHooks"],
    created: text("created"),
    modified: text("modified"),
    sourcePosition: text("sourcePosition"),
  };
  if (state.urn === undefined || state.type === undefined)
    throw new Error("a resource of the deployment has no urn or type");
  return compact(state) as ResourceState;
}

/** The object without its undefined fields. */
export function compact<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
