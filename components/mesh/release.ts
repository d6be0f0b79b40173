import type * as core from "@pulumi/kubernetes/core/v1";
import * as helm from "@pulumi/kubernetes/helm/v3";
import type * as pulumi from "@pulumi/pulumi";

/** A chart at an exact version. */
export interface Chart {
  readonly chart: string;
  readonly version: string;
  readonly repositoryOpts: { readonly repo: string };
}

/**
 * Installs a chart as a Helm release under the release's own name. Always a release: charts of meshes have hooks, which
 * `helm.v4.Chart` leaves out, and webhooks that controllers change while they run, over which server-side apply would quarrel
 * (https://github.com/pulumi/pulumi-kubernetes/issues/2210).
 */
export function installChart(
  name: string,
  release: string,
  chart: Chart,
  namespace: core.Namespace,
  values: Readonly<Record<string, unknown>>,
  opts: pulumi.CustomResourceOptions,
): helm.Release {
  return new helm.Release(name, { ...chart, name: release, namespace: namespace.metadata.name, values }, opts);
}
