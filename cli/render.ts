import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { stringify } from "yaml";

import type { ResourceState } from "../local/engine/types";
import { isPropertyMap, Secret, Unknown, type PropertyMap, type PropertyValue } from "../local/protocol/property";
import { UserError } from "./user-error";

/** One file of a rendering. */
export interface RenderedFile {
  /** Folder of the cluster and name of the file, e.g. `east/10-linkerd-server-catalog-8080.yaml`. */
  readonly path: string;
  readonly text: string;
}

/** Marks folders that a rendering made, and so may empty. */
const MARKER = ".isthmus-rendered";

/** Order in which `kubectl apply -f FOLDER` must meet kinds that others need: file names begin with its number. */
const ORDER: Readonly<Record<string, number>> = {
  Namespace: 0,
  CustomResourceDefinition: 1,
  ServiceAccount: 2,
  ConfigMap: 3,
  Secret: 3,
};
const LAST = 5;

const HELM_RELEASE = "kubernetes:helm.sh/v3:Release";

/**
 * The Kubernetes objects of every cluster as YAML, one folder a cluster. Helm releases become values files with the command
 * that installs them. Secret values are never written: a Secret becomes a `.redacted` file, which kubectl does not read.
 *
 * @param clusterOf names the cluster of a Kubernetes provider, by the provider's URN
 * @param header comment at the top of each file
 */
export function renderObjects(
  resources: readonly ResourceState[],
  clusterOf: (providerUrn: string) => string | undefined,
  header: string,
): RenderedFile[] {
  const files = resources.flatMap((resource) => {
    const provider = resource.provider?.slice(0, resource.provider.lastIndexOf("::"));
    if (provider === undefined || !resource.type.startsWith("kubernetes:") || resource.delete === true) return [];
    const cluster = clusterOf(provider);
    if (cluster === undefined) return [];
    return [
      resource.type === HELM_RELEASE
        ? renderRelease(cluster, resource, header)
        : renderObject(cluster, resource, header),
    ];
  });
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Refuses a folder with anything in it that no rendering made. */
export function checkRenderingFolder(directory: string): void {
  const present = existsSync(directory) ? readdirSync(directory) : [];
  if (present.length > 0 && !present.includes(MARKER)) {
    throw new UserError(
      `${directory} is not empty and no rendering made it. Name an empty or a new folder with --out.`,
    );
  }
}

/** Writes a rendering into a folder, whose earlier rendering it replaces. */
export function writeRendering(directory: string, files: readonly RenderedFile[]): void {
  checkRenderingFolder(directory);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, MARKER), "");
  for (const { path, text } of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

function renderObject(cluster: string, { inputs }: ResourceState, header: string): RenderedFile {
  const kind = String(inputs.kind);
  const metadata = isPropertyMap(inputs.metadata) ? inputs.metadata : {};
  const number = String(ORDER[kind] ?? LAST).padEnd(2, "0");
  const name = [metadata.namespace, kind.toLowerCase(), metadata.name].filter((part) => part !== undefined).join("-");
  const plain = { apiVersion: inputs.apiVersion ?? null, kind, ...withoutSecrets(inputs) };
  const text = `${comment(header)}${toYaml(plain)}`;
  // An object with a value left out would overwrite the real one when applied, so kubectl must not take it.
  const path = `${cluster}/${number}-${name}.yaml${hasSecret(inputs) ? ".redacted" : ""}`;
  return { path, text };
}

function renderRelease(cluster: string, { inputs }: ResourceState, header: string): RenderedFile {
  const options = isPropertyMap(inputs.repositoryOpts) ? inputs.repositoryOpts : {};
  const chart = [String(inputs.chart), ...(typeof options.repo === "string" ? ["--repo", options.repo] : [])].join(" ");
  const name = String(inputs.name);
  const command = `helm upgrade --install ${name} ${chart} --version ${String(inputs.version)} --namespace ${String(inputs.namespace)} --values ${name}.values.yaml`;
  const values = isPropertyMap(inputs.values) ? withoutSecrets(inputs.values) : {};
  return { path: `${cluster}/helm/${name}.values.yaml`, text: `${comment(`${header}\n${command}`)}${toYaml(values)}` };
}

function comment(text: string): string {
  return text
    .split("\n")
    .map((line) => `# ${line}\n`)
    .join("");
}

function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, compat: "yaml-1.1" });
}

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

function withoutSecrets(map: PropertyMap): { [key: string]: Plain } {
  return Object.fromEntries(
    Object.entries(map)
      .filter(([key]) => !key.startsWith("__"))
      .map(([key, value]) => [key, plain(value)]),
  );
}

function plain(value: PropertyValue): Plain {
  if (value instanceof Secret) return "[secret]";
  if (value instanceof Unknown) return "[unknown]";
  if (Array.isArray(value)) return value.map((item: PropertyValue) => plain(item));
  if (isPropertyMap(value)) return withoutSecrets(value);
  if (typeof value === "object" && value !== null) throw new Error("a Kubernetes object holds an asset or a resource");
  return value;
}

function hasSecret(value: PropertyValue): boolean {
  if (value instanceof Secret) return true;
  if (Array.isArray(value)) return value.some(hasSecret);
  return isPropertyMap(value) && Object.values(value).some(hasSecret);
}
