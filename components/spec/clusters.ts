import type { ClusterSpec, Environment, MadeClusterSpec } from "./types";

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

/** What something of a spec is called: its key, or the name that it keeps when its key is another one. */
export function calledBy(key: string, { name }: { readonly name?: string | undefined }): string {
  return name ?? key;
}

/**
 * The spec with every cluster under its name in place of its key, references to it too. Planners work on it, so that nothing
 * that they make hangs on the key. The spec itself where nothing has another name.
 */
export function byName(spec: Environment): Environment {
  const { clusters, workloads, buckets, waivers } = spec;
  const names = new Map(Object.entries(clusters).map(([key, cluster]) => [key, calledBy(key, cluster)]));
  if ([...names].every(([key, name]) => key === name)) return spec;
  const rename = (key: string): string => names.get(key) ?? key;
  return {
    ...spec,
    clusters: mapEntries(clusters, (key, cluster) => [rename(key), cluster]),
    ...(workloads && {
      workloads: mapEntries(workloads, (key, workload) => [key, { ...workload, on: workload.on.map(rename) }]),
    }),
    ...(buckets && {
      buckets: mapEntries(buckets, (key, bucket) => [
        key,
        { ...bucket, primary: rename(bucket.primary), replica: rename(bucket.replica) },
      ]),
    }),
    ...(waivers && {
      waivers: waivers.map((waiver) => ({
        ...waiver,
        resource: waiver.resource.replace(/(?<=^clusters\.).*/, rename),
      })),
    }),
  };
}

function mapEntries<T>(record: Readonly<Record<string, T>>, map: (key: string, value: T) => [string, T]) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => map(key, value)));
}
