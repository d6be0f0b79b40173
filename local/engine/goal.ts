import type { Alias } from "@pulumi/pulumi/proto/alias_pb";
import type { ReadResourceRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";

import { omitEmpty } from "../objects";
import { decode, mapValues } from "../protocol/property";
import type { ResourceState } from "./types";

/** An alias as the program states it: a whole URN, or the parts that were different. */
export type AliasSpec =
  | string
  | {
      readonly name?: string;
      readonly type?: string;
      readonly stack?: string;
      readonly project?: string;
      /** Former parent's URN; empty for a resource that had none. */
      readonly parent?: string;
    };

/**
 * What the program wants of one resource: the state that it asks for, and what matters only until that is reached. Options
 * that are undefined are left to the parent, and the provider to a default one besides.
 */
export interface Goal extends Omit<ResourceState, "urn" | "outputs"> {
  readonly name: string;
  /** Provider references by package, for the children of a component. */
  readonly providers: Readonly<Record<string, string>>;
  readonly version: string;
  readonly pluginDownloadUrl: string;
  readonly deleteBeforeReplace?: boolean;
  readonly aliases: readonly AliasSpec[];
}

/** The goal of a resource about which nothing is said. */
export const NO_OPTIONS = {
  dependencies: [],
  propertyDependencies: {},
  providers: {},
  version: "",
  pluginDownloadUrl: "",
  aliases: [],
} as const;

/** A feature of Pulumi that a program uses and the embedded engine does not have. */
export class UnsupportedFeature extends Error {
  override readonly name = "UnsupportedFeature";
  constructor(feature: string) {
    super(`the embedded engine does not support ${feature}: run this program with the real Pulumi CLI, which does`);
  }
}

/** Reads a registration. Throws `UnsupportedFeature` for an option that would otherwise be silently dropped. */
export function goalOf(request: RegisterResourceRequest): Goal {
  const name = request.getName();
  const refuse = (used: boolean, feature: string): void => {
    if (used) throw new UnsupportedFeature(`${feature} (resource "${name}", ${request.getType()})`);
  };
  refuse(request.getRemote(), "remote components");
  refuse(request.getImportid() !== "", "the option `import`");
  refuse(request.getTransformsList().length > 0, "the option `transforms`");
  refuse(request.getReplaceWithList().length > 0, "the option `replaceWith`");
  refuse(request.hasReplacementTrigger() && !isNull(request), "the option `replacementTrigger`");
  refuse(request.getStateMigrationsList().length > 0, "the option `stateMigrations`");
  refuse(request.getPackageref() !== "", "parameterized packages");
  refuse(request.getEnvvarmappingsMap().getLength() > 0, "the option `envVarMappings`");
  refuse(["pulumi:pulumi:StackReference", "pulumi:index:Stash"].includes(request.getType()), request.getType());

  const dependencies = Object.fromEntries(request.getPropertydependenciesMap().entries());
  return {
    ...identityOf(request),
    custom: request.getCustom(),
    inputs: decode(request.getObject()),
    propertyDependencies: mapValues(dependencies, (list) => distinct(list.getUrnsList())),
    providers: Object.fromEntries(request.getProvidersMap().entries()),
    protect: request.hasProtect() ? request.getProtect() : undefined,
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : undefined,
    deletedWith: request.getDeletedwith() || undefined,
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    aliases: [...request.getAliasurnsList(), ...request.getAliasesList().map(aliasOf)],
    resourceHooks: hooksOf(request),
    customTimeouts: timeoutsOf(request),
  };
}

/** Reads a `.get`: a goal whose inputs are what the provider gets to find the resource. */
export function readGoalOf(request: ReadResourceRequest): Goal {
  if (request.getType() === "pulumi:pulumi:StackReference") throw new UnsupportedFeature("StackReference");
  if (request.getPackageref() !== "") throw new UnsupportedFeature("parameterized packages");
  return {
    ...NO_OPTIONS,
    ...identityOf(request),
    custom: true,
    inputs: decode(request.getProperties()),
  };
}

/** What registrations and reads have in common. */
function identityOf(request: RegisterResourceRequest | ReadResourceRequest) {
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent() || undefined,
    dependencies: distinct(request.getDependenciesList()),
    provider: request.getProvider() || undefined,
    version: request.getVersion(),
    pluginDownloadUrl: request.getPlugindownloadurl(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
  };
}

function distinct(urns: readonly string[]): string[] {
  return [...new Set(urns)].sort();
}

/** Names of hooks by when they are called: `BeforeCreate`, `OnError` and so on, as states hold them. */
function hooksOf(request: RegisterResourceRequest): Goal["resourceHooks"] {
  const lists = Object.entries(request.getHooks()?.toObject() ?? {}).filter(([, names]) => names.length > 0);
  return Object.fromEntries(
    lists.map(([field, names]) => [field.charAt(0).toUpperCase() + field.slice(1, -"List".length), names]),
  );
}

function isNull(request: RegisterResourceRequest): boolean {
  return (request.getReplacementTrigger()?.toJavaScript() ?? null) === null;
}

function aliasOf(alias: Alias): AliasSpec {
  const spec = alias.getSpec()?.toObject();
  if (spec === undefined) return alias.getUrn();
  const { name, type, stack, project, parenturn: parent, noparent } = spec;
  return { ...omitEmpty({ name, type, stack, project, parent }), ...(noparent ? { parent: "" } : {}) };
}

function timeoutsOf(request: RegisterResourceRequest): Goal["customTimeouts"] {
  const { create, update, pb_delete } = request.getCustomtimeouts()?.toObject() ?? {};
  const stated = Object.entries(omitEmpty({ create, update, delete: pb_delete }));
  return Object.fromEntries(stated.map(([operation, duration]) => [operation, secondsOf(operation, duration)]));
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Parses a Go duration such as `1h30m`. */
function secondsOf(operation: string, duration: string): number {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.map(([part]) => part).join("") !== duration) {
    throw new Error(`customTimeouts.${operation}: found "${duration}", allowed: a duration such as 30s, 10m or 1h30m`);
  }
  return parts.reduce((sum, [, amount, unit = "s"]) => sum + Number(amount) * (UNITS[unit] ?? 1), 0);
}
