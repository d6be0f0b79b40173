import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import type { Crypter, PassphraseCrypter } from "../protocol/crypter";
import { decodeValue, encodeMap, mapValues, SIGNATURE, SPECIAL_FLOAT } from "../protocol/property";
import { omitEmpty, sortKeys } from "../objects";
import { sortTopologically } from "./live-state";
import type { PendingOperation, ResourceState, Snapshot } from "./types";

/** A JSON object. */
export type Json = { [key: string]: JavaScriptValue };

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

/** The one feature of version 4 that the engine has (pkg/resource/stack/deployment.go). */
const HOOKS = "hooks";

/**
 * Writes a state in Pulumi's format, with secrets sealed by the crypter. The time is fixed so that the same state always
 * gives the same file but for the nonces of its secrets; Pulumi only displays it.
 */
export function serializeDeployment(snapshot: Snapshot, crypter: PassphraseCrypter): DeploymentFile {
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

/** The fields of Pulumi's `ResourceV3` that the engine knows, in its order. */
const FIELDS = Object.keys({
  urn: true,
  custom: true,
  delete: true,
  id: true,
  type: true,
  inputs: true,
  outputs: true,
  parent: true,
  protect: true,
  external: true,
  dependencies: true,
  initErrors: true,
  provider: true,
  propertyDependencies: true,
  pendingReplacement: true,
  additionalSecretOutputs: true,
  customTimeouts: true,
  retainOnDelete: true,
  deletedWith: true,
  created: true,
  modified: true,
  ignoreChanges: true,
  replaceOnChanges: true,
  resourceHooks: true,
} satisfies { readonly [K in keyof Required<ResourceState>]: true });

/** A resource about which nothing is said. */
export const NOTHING_SAID: ResourceState = {
  urn: "",
  type: "",
  custom: false,
  inputs: {},
  outputs: {},
  dependencies: [],
  propertyDependencies: {},
};

/** One resource as Pulumi's `ResourceV3`: its key order, empty fields left out, properties sorted. */
export function serializeResource(resource: ResourceState, crypter?: Crypter): Json {
  const { urn, custom, inputs, outputs, dependencies, propertyDependencies, resourceHooks = {} } = resource;
  const sorted = (texts: readonly string[]): string[] => [...texts].sort();
  const written: Json = {
    ...resource,
    inputs: toFile(encodeMap(inputs, crypter)),
    outputs: toFile(encodeMap(outputs, crypter)),
    dependencies: sorted(dependencies),
    propertyDependencies: sortKeys(mapValues(propertyDependencies, sorted)),
    resourceHooks: sortKeys(mapValues(resourceHooks, sorted)),
  };
  const ordered = FIELDS.map((field) => [field, written[field]] as const);
  return { urn, custom, ...omitEmpty(Object.fromEntries(ordered)) };
}

/** Sorts keys, and writes the numbers that JSON lacks as Pulumi does: the bits of the double in hexadecimal. */
function toFile(value: JavaScriptValue): JavaScriptValue {
  if (typeof value === "number" && !Number.isFinite(value)) {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value);
    return { [SIGNATURE]: SPECIAL_FLOAT, value: bits.toString("hex") };
  }
  if (Array.isArray(value)) return value.map(toFile);
  if (typeof value !== "object" || value === null) return value;
  return sortKeys(mapValues(value as Json, toFile));
}

/** Reads what `serializeResource` writes, and what Pulumi writes; fields that the engine does not know are dropped. */
export function deserializeResource(json: Json, crypter: Crypter): ResourceState {
  const fields = FIELDS.map((field) => {
    const value = json[field] ?? null;
    return [field, field === "inputs" || field === "outputs" ? decodeValue(value, crypter) : value] as const;
  });
  const state = { ...NOTHING_SAID, ...omitEmpty(Object.fromEntries(fields)) };
  if (state.urn === "" || state.type === "") throw new Error("a resource of the deployment has no urn or type");
  return state;
}
