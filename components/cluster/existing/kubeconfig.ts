import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

import { parse } from "yaml";
import { z } from "zod";

import { didYouMean, type Problem } from "../../problem";
import type { ExistingSpec } from "../../spec/types";

const cluster = z.looseObject({ server: z.string() });
const user = z.record(z.string(), z.unknown());
const kubeconfigSchema = z.looseObject({
  contexts: z.array(
    z.looseObject({ name: z.string(), context: z.looseObject({ cluster: z.string(), user: z.string() }) }),
  ),
  clusters: z.array(z.looseObject({ name: z.string(), cluster })),
  users: z.array(z.looseObject({ name: z.string(), user })),
});

const FLATTEN = "Write them into it: kubectl config view --flatten --raw.";

export type KubeconfigSource = Pick<ExistingSpec, "context" | "kubeconfigPath" | "credentials">;

/**
 * One context of a kubeconfig, by itself: no other cluster's credentials come along, and a change elsewhere in the file is
 * no change here.
 *
 * @param path where the context is named in the spec
 * @param directory what a relative `kubeconfigPath` is relative to
 * @returns the text of a kubeconfig with this context alone, or what is wrong. No problem names a credential.
 */
export function readContext(path: string, source: KubeconfigSource, directory: string): string | Problem {
  const { context, kubeconfigPath = "~/.kube/config", credentials = "exec" } = source;
  const at = source.kubeconfigPath === undefined ? `${path}.context` : `${path}.kubeconfigPath`;
  const file = kubeconfigPath.startsWith("~/")
    ? join(homedir(), kubeconfigPath.slice(2))
    : resolve(directory, kubeconfigPath);
  if (!existsSync(file)) {
    return { path: at, found: kubeconfigPath, allowed: "a kubeconfig file that exists on this machine" };
  }
  const config = kubeconfigSchema.safeParse(parsed(readFileSync(file, "utf8"))).data;
  if (config === undefined) {
    return { path: at, found: kubeconfigPath, allowed: "a kubeconfig with contexts, clusters and users" };
  }
  const names = config.contexts.map(({ name }) => name);
  const chosen = config.contexts.find(({ name }) => name === context)?.context;
  const server = config.clusters.find(({ name }) => name === chosen?.cluster)?.cluster;
  const login = config.users.find(({ name }) => name === chosen?.user)?.user;
  if (chosen === undefined || server === undefined || login === undefined) {
    const next = didYouMean(context, names);
    const allowed = `a context of ${kubeconfigPath} with its cluster and user: ${names.sort().join(", ")}`;
    return { path: `${path}.context`, found: context, allowed, ...(next !== undefined && { next }) };
  }
  const problem = credentialsProblem(path, credentials, { ...server, ...login });
  if (problem !== undefined) return problem;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "cluster", cluster: server }],
    contexts: [{ name: "cluster", context: { ...chosen, cluster: "cluster", user: "user" } }],
    "current-context": "cluster",
    users: [{ name: "user", user: login }],
  });
}

function credentialsProblem(
  path: string,
  credentials: "exec" | "inline",
  fields: Readonly<Record<string, unknown>>,
): Problem | undefined {
  const files = ["certificate-authority", "client-certificate", "client-key", "tokenFile"].filter(
    (key) => key in fields,
  );
  if (files.length > 0) {
    const allowed = "certificates and keys in the kubeconfig itself, which other machines have too";
    return { path: `${path}.context`, found: `names files: ${files.join(", ")}`, allowed, next: FLATTEN };
  }
  if (credentials === "inline" || "exec" in fields) return undefined;
  return {
    path: `${path}.credentials`,
    found: "exec",
    allowed: '"inline", since the context\'s user runs no command for its credentials',
    next: "They are then in the state, encrypted. A user with an exec plugin has none there.",
  };
}

function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
