import type { ClusterSpec, MadeClusterSpec } from "./types";

/** The clusters of a spec that are made by it, by key: all but the existing ones. */
export function madeClusters(clusters: Readonly<Record<string, ClusterSpec>>): Record<string, MadeClusterSpec> {
  return Object.fromEntries(
    Object.entries(clusters).filter((entry): entry is [string, MadeClusterSpec] => entry[1].kind !== "existing"),
  );
}

/** The issuer of a cluster's tokens, where the spec states it: a cluster that is made gets its own from its cloud. */
export function statedIssuer(spec: ClusterSpec | undefined): string | undefined {
  return spec?.kind === "existing" ? spec.issuer : undefined;
}
