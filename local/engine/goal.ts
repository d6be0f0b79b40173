import type { Alias } from "@pulumi/pulumi/proto/alias_pb";
import type { ReadResourceRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";

import { decode } from "../protocol/property";
import type { PropertyMap } from "../protocol/property";
import type { ResourceState } from "./types";

/** An alias as the program states it: a whole URN, or the parts that were different. */
export type AliasSpec =
  | { readonly kind: "urn"; readonly urn: string }
  | {
      readonly kind: "parts";
      readonly name?: string;
      readonly type?: string;
      readonly stack?: string;
      readonly project?: string;
      /** Former parent's URN; null for a resource that had none. */
      readonly parent?: string | null;
    };

/** What the program wants of one resource. */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string;
  readonly inputs: PropertyMap;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** `<urn>::<id>`, empty to let the parent or a default provider decide. */
  readonly provider: string;
  /** Provider references by package, for the children of a component. */
  readonly providers: Readonly<Record<string, string>>;
  readonly version: string;
  readonly pluginDownloadUrl: string;
  /** Undefined when not set: then the parent decides. */
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
  readonly deletedWith: string;
  readonly deleteBeforeReplace?: boolean;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly AliasSpec[];
  readonly customTimeouts: NonNullable<ResourceState["customTimeouts"]>;
  readonly hooks: NonNullable<ResourceState["resourceHooks"]>;
  readonly sourcePosition?: string;
}

/** The goal of a resource about which nothing is said. */
export const NO_OPTIONS = {
  parent: "",
  dependencies: [],
  propertyDependencies: {},
  provider: "",
  providers: {},
  version: "",
  pluginDownloadUrl: "",
  deletedWith: "",
  ignoreChanges: [],
  replaceOnChanges: [],
  additionalSecretOutputs: [],
  aliases: [],
  hooks: {},
  customTimeouts: {},
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

  const timeouts = request.getCustomtimeouts();
  return {
    ...identityOf(request),
    custom: request.getCustom(),
    inputs: decode(request.getObject()),
    propertyDependencies: propertyDependenciesOf(request),
    providers: Object.fromEntries(request.getProvidersMap().entries()),
    protect: request.hasProtect() ? request.getProtect() : undefined,
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : undefined,
    deletedWith: request.getDeletedwith(),
    // Programs in Go set only the first of the two flags.
    deleteBeforeReplace:
      request.getDeletebeforereplacedefined() || request.getDeletebeforereplace()
        ? request.getDeletebeforereplace()
        : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    aliases: [
      ...request.getAliasurnsList().map((urn) => ({ kind: "urn" as const, urn })),
      ...request.getAliasesList().map(aliasOf),
    ],
    hooks: hooksOf(request),
    customTimeouts: {
      ...seconds("create", timeouts?.getCreate()),
      ...seconds("update", timeouts?.getUpdate()),
      ...seconds("delete", timeouts?.getDelete()),
    },
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
    parent: request.getParent(),
    dependencies: [...new Set(request.getDependenciesList())].sort(),
    provider: request.getProvider(),
    version: request.getVersion(),
    pluginDownloadUrl: request.getPlugindownloadurl(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
  };
}

/** Names of hooks by when they are called: `BeforeCreate`, `OnError` and so on, as states hold them. */
function hooksOf(request: RegisterResourceRequest): Goal["hooks"] {
  const lists = Object.entries(request.getHooks()?.toObject() ?? {}).filter(([, names]) => names.length > 0);
  return Object.fromEntries(
    lists.map(([field, names]) => [field.charAt(0).toUpperCase() + field.slice(1, -"List".length), names]),
  );
}

function isNull(request: RegisterResourceRequest): boolean {
  return (request.getReplacementTrigger()?.toJavaScript() ?? null) === null;
}

function propertyDependenciesOf(request: RegisterResourceRequest): Goal["propertyDependencies"] {
  const lists = [...request.getPropertydependenciesMap().entries()].map(
    ([key, dependencies]) => [key, [...new Set(dependencies.getUrnsList())].sort()] as const,
  );
  return Object.fromEntries(lists.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function aliasOf(alias: Alias): AliasSpec {
  const spec = alias.getSpec();
  if (spec === undefined) return { kind: "urn", urn: alias.getUrn() };
  const parent = spec.hasNoparent() && spec.getNoparent() ? null : spec.getParenturn() || undefined;
  return {
    kind: "parts",
    name: spec.getName() || undefined,
    type: spec.getType() || undefined,
    stack: spec.getStack() || undefined,
    project: spec.getProject() || undefined,
    parent,
  };
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Parses a Go duration such as `1h30m`. */
function seconds<K extends string>(key: K, duration: string | undefined): { readonly [P in K]?: number } {
  if (duration === undefined || duration === "") return {};
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.map(([part]) => part).join("") !== duration) {
    throw new Error(`customTimeouts.${key}: found "${duration}", allowed: a duration such as 30s, 10m or 1h30m`);
  }
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? "s"] ?? 1), 0);
  return { [key]: total } as { [P in K]?: number };
}
