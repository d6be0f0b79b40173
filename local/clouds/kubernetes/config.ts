import { parse } from "yaml";

import { equals, isPropertyMap, Unknown, type PropertyMap, type PropertyValue } from "../../protocol/property";
import type { CheckFailure, DiffRequest, DiffResult } from "../../protocol/provider";
import { diffProperties } from "../diff";
import { textAt, valueAt } from "../paths";
import { nearest } from "../schema";
import { peek } from "./values";

/** Keys of `kubernetes.ProviderArgs`, and those with which engines mark a provider's plugin. */
const KEYS: readonly string[] = [
  "alwaysRender",
  "cluster",
  "clusterIdentifier",
  "context",
  "deleteUnreachable",
  "enableConfigMapMutable",
  "enablePatchForce",
  "enableSecretMutable",
  "enableServerSideApply",
  "helmReleaseSettings",
  "kubeClientSettings",
  "kubeconfig",
  "namespace",
  "renderYamlToDirectory",
  "skipUpdateUnreachable",
  "strictMode",
  "suppressDeprecationWarnings",
  "suppressHelmHookWarnings",
  "upsertExistingObjects",
];
const ENGINE_KEYS: readonly string[] = ["version", "pluginDownloadURL", "__internal"];

/** A provider's settings as the simulated API server and Helm use them. */
export interface Settings {
  /** URL of the API server in the kubeconfig's active context. */
  readonly server: string | undefined;
  /** Why there is no server, in a sentence. */
  readonly noServer: string;
  /** Namespace of objects that name none. */
  readonly namespace: string;
  readonly deleteUnreachable: boolean;
  readonly upsertExistingObjects: boolean;
  /** Whether server-side apply takes fields from other managers. */
  readonly patchForce: boolean;
  readonly configMapMutable: boolean;
  readonly secretMutable: boolean;
}

/** Settings of a provider whose configuration is not known yet. */
export const UNCONFIGURED: Settings = {
  server: undefined,
  noServer: "the provider has no configuration yet",
  namespace: "default",
  deleteUnreachable: false,
  upsertExistingObjects: false,
  patchForce: false,
  configMapMutable: false,
  secretMutable: false,
};

export function checkConfig(news: PropertyMap): CheckFailure[] {
  const failures: CheckFailure[] = Object.keys(news)
    .filter((key) => !KEYS.includes(key) && !ENGINE_KEYS.includes(key))
    .map((key) => ({ property: key, reason: unknownKey(key) }));
  const kubeconfig = textAt(news, "kubeconfig");
  if (kubeconfig !== undefined) {
    const parsed = parseKubeconfig(kubeconfig);
    if (typeof parsed === "string") failures.push({ property: "kubeconfig", reason: parsed });
  }
  if (textAt(news, "renderYamlToDirectory")) {
    failures.push({
      property: "renderYamlToDirectory",
      reason: "the simulated clouds do not render YAML; leave it out, or run with the real provider",
    });
  }
  return failures;
}

function unknownKey(key: string): string {
  const near = nearest(key, KEYS);
  const hint = near === undefined ? `allowed: ${KEYS.join(", ")}` : `did you mean "${near}"?`;
  return `the kubernetes provider has no argument "${key}"; ${hint}`;
}

/**
 * The provider's own rules for when another cluster is meant (provider.go `DiffConfig` of pulumi-kubernetes 4.34): a
 * changed `clusterIdentifier` replaces; with an unchanged one nothing does, not even an unknown kubeconfig
 * (https://github.com/pulumi/pulumi-kubernetes/issues/2745); without one, the active cluster block decides.
 */
export function diffConfig({ oldInputs, news }: DiffRequest): DiffResult {
  const olds = oldInputs;
  const [oldIdentifier, identifier] = [valueAt(olds, "clusterIdentifier"), valueAt(news, "clusterIdentifier")];
  const kept = identifier !== undefined && !(identifier instanceof Unknown) && identifier === oldIdentifier;

  const replacing: string[] = [];
  if (!kept) {
    if (oldIdentifier !== undefined && identifier !== undefined) replacing.push("clusterIdentifier");
    const selecting = ["kubeconfig", "context", "cluster"];
    const unknown = selecting.filter((key) => valueAt(news, key) instanceof Unknown);
    if (unknown.length > 0) replacing.push(...unknown);
    else {
      const [before, now] = [activeCluster(olds), activeCluster(news)];
      if (before !== undefined && now !== undefined && !equals(before, now)) replacing.push(...selecting);
    }
    replacing.push("renderYamlToDirectory");
  }
  return diffProperties({}, withoutEngineKeys(olds), withoutEngineKeys(news), { alsoReplace: replacing });
}

export function readSettings(args: PropertyMap): Settings {
  const kubeconfig = textAt(args, "kubeconfig");
  const cluster = activeCluster(args);
  return {
    server: textAt(cluster, "server"),
    noServer:
      kubeconfig === undefined || kubeconfig === ""
        ? 'the provider has no "kubeconfig"; the simulated clouds never read an ambient one'
        : "the kubeconfig has no active context with a cluster and a server",
    namespace: textAt(args, "namespace") ?? contextNamespace(args) ?? "default",
    deleteUnreachable: flag(args, "deleteUnreachable"),
    upsertExistingObjects: flag(args, "upsertExistingObjects"),
    patchForce: flag(args, "enablePatchForce"),
    configMapMutable: flag(args, "enableConfigMapMutable"),
    secretMutable: flag(args, "enableSecretMutable"),
  };
}

/** Flags come as booleans, or as JSON text from the SDK. */
function flag(args: PropertyMap, key: string): boolean {
  const value = valueAt(args, key);
  return value === true || value === "true";
}

function contextNamespace(args: PropertyMap): string | undefined {
  return textAt(activeContext(args)?.context, "namespace");
}

function activeCluster(args: PropertyMap): PropertyMap | undefined {
  const active = activeContext(args);
  if (active === undefined) return undefined;
  const name = textAt(args, "cluster") ?? textAt(active.context, "cluster");
  return named(active.kubeconfig, "clusters", "cluster", name);
}

function activeContext(args: PropertyMap): { kubeconfig: PropertyMap; context: PropertyMap } | undefined {
  const kubeconfig = parseKubeconfig(textAt(args, "kubeconfig") ?? "");
  if (typeof kubeconfig === "string") return undefined;
  const name = textAt(args, "context") ?? textAt(kubeconfig, "current-context");
  const context = named(kubeconfig, "contexts", "context", name);
  return context && { kubeconfig, context };
}

function named(
  kubeconfig: PropertyMap,
  list: string,
  field: string,
  name: string | undefined,
): PropertyMap | undefined {
  const items = kubeconfig[list];
  const found = Array.isArray(items)
    ? (items as readonly PropertyValue[]).find((item) => textAt(item, "name") === name)
    : undefined;
  const value = valueAt(found, field);
  return isPropertyMap(value) ? value : undefined;
}

/** The kubeconfig as properties, or what is wrong with the text. Its values are never part of the message. */
function parseKubeconfig(source: string): PropertyMap | string {
  let value: PropertyValue;
  try {
    value = parse(source) as PropertyValue;
  } catch {
    return "failed to parse kubeconfig: it is neither JSON nor YAML";
  }
  if (!isPropertyMap(value))
    return "failed to parse kubeconfig: it must be an object with clusters, contexts and users";
  return value;
}

function withoutEngineKeys(map: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(map)
      .filter(([key]) => !ENGINE_KEYS.includes(key))
      .map(([key, value]) => [key, peek(value) ?? null]),
  );
}
