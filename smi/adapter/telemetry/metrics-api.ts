import type { MeshName } from "../../mesh-names";
import type { TrafficSplit } from "../../model";
import { type ApiClient, ApiError, type ApiList, type ApiObject, pathOf, type Query } from "../api";
import { type Group, matchersOf, measure, NOTHING, type PrometheusQuery } from "./query";
import { type Edge, edgeOf, listOf, metricsOf, type ResourceRef } from "./objects";
import { KINDS, type KindName, type KindSeries, MESH_SERIES, type MeshSeries } from "./series";

export const METRICS_GROUP = "metrics.smi-spec.io";
export const METRICS_VERSION = "v1alpha1";

/** A request to the metrics API after its path was understood. */
export interface MetricsRequest {
  readonly resource: KindName | "trafficsplits";
  readonly namespace?: string;
  readonly name?: string;
  readonly edges: boolean;
  readonly labelSelector?: string;
  /** Seconds. */
  readonly window: number;
}

export interface MetricsApiOptions {
  readonly mesh: MeshName;
  readonly ask: PrometheusQuery;
  readonly client: ApiClient;
  /** Splits of a namespace, or of all. */
  readonly splits: (namespace?: string) => readonly TrafficSplit[];
  readonly now?: () => Date;
}

/** What a mesh's telemetry can answer, and the answers. */
export class MetricsApi {
  private readonly series: MeshSeries;

  constructor(private readonly options: MetricsApiOptions) {
    const series = MESH_SERIES[options.mesh];
    if (!series) throw new RangeError(`${options.mesh} has no metrics of its own`);
    this.series = series;
  }

  /** `APIResourceList` of the group. */
  resources(): Record<string, unknown> {
    const entry = (name: string, namespaced: boolean, verbs: readonly string[]): Record<string, unknown> => ({
      name,
      singularName: "",
      namespaced,
      kind: "TrafficMetrics",
      verbs,
    });
    const kinds = (Object.keys(KINDS) as KindName[]).flatMap((name) => {
      const found = this.series.kinds[name];
      if (!found) return [];
      const { namespaced } = KINDS[name];
      return [
        entry(name, namespaced, ["get", "list"]),
        ...(found.edges ? [entry(`${name}/edges`, namespaced, ["get"])] : []),
      ];
    });
    const resources = [...kinds, entry("trafficsplits", true, ["get", "list"])];
    return {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: `${METRICS_GROUP}/${METRICS_VERSION}`,
      resources,
    };
  }

  /** Whether there is such a resource. */
  serves({ resource, edges }: Pick<MetricsRequest, "resource" | "edges">): boolean {
    if (resource === "trafficsplits") return true;
    const found = this.series.kinds[resource];
    return found !== undefined && (!edges || found.edges !== undefined);
  }

  /** @throws ApiError 404 for an object that does not exist, PrometheusError when Prometheus fails */
  async answer(request: MetricsRequest): Promise<Record<string, unknown>> {
    const { resource } = request;
    if (resource === "trafficsplits") return this.splits(request);
    const found = this.series.kinds[resource]!;
    if (request.edges) return this.edges(request, resource, found);
    return request.name === undefined ? this.list(request, resource, found) : this.one(request, resource, found);
  }

  private async one(request: MetricsRequest, resource: KindName, found: KindSeries): Promise<Record<string, unknown>> {
    await this.object(resource, request);
    const { namespace, name } = spaceOf(resource, request);
    const matchers = matchersOf(found.resource, namespace, name);
    const [group = NOTHING] = await measure(this.options.ask, found.series, matchers, undefined, request.window);
    return metricsOf(refOf(resource, request), edgeOf("from", found.side, {}), group, this.at(request));
  }

  private async list(request: MetricsRequest, resource: KindName, found: KindSeries): Promise<Record<string, unknown>> {
    const objects = await this.objects(resource, request);
    const matchers = matchersOf(found.resource, request.namespace);
    const groups = await measure(this.options.ask, found.series, matchers, found.resource, request.window);
    const byKey = new Map(groups.map((group) => [`${group.namespace ?? ""}/${group.name ?? ""}`, group]));
    const items = objects.map(({ metadata: { name, namespace } }) => {
      // A mesh whose names are one space tells no namespace; a namespace is told by its own label.
      const key = resource === "namespaces" ? `${name}/` : `${found.resource.namespace ? namespace : ""}/${name}`;
      const ref = refOf(resource, { name, ...(namespace && { namespace }) });
      return metricsOf(ref, edgeOf("from", found.side, {}), byKey.get(key) ?? NOTHING, this.at(request));
    });
    const { kind, group, version } = KINDS[resource];
    const { namespace } = request;
    const of = { apiVersion: group ? `${group}/${version}` : version, kind, ...(namespace && { namespace }) };
    return listOf(of, request.labelSelector, items);
  }

  /** All that the object called, and all that called it. */
  private async edges(
    request: MetricsRequest,
    resource: KindName,
    found: KindSeries,
  ): Promise<Record<string, unknown>> {
    await this.object(resource, request);
    const { namespace, name } = spaceOf(resource, request);
    const { series, source, destination } = found.edges!;
    const { ask } = this.options;
    const [to, from] = await Promise.all([
      measure(ask, series, matchersOf(source, namespace, name), destination, request.window),
      measure(ask, series, matchersOf(destination, namespace, name), source, request.window),
    ]);
    const items = [...itemsOf("to", to), ...itemsOf("from", from)].map(([direction, group]) =>
      metricsOf(refOf(resource, request), edgeOf(direction, "client", endOf(resource, group)), group, this.at(request)),
    );
    return listOf(refOf(resource, request), request.labelSelector, items);
  }

  private async splits(request: MetricsRequest): Promise<Record<string, unknown>> {
    const all = this.options.splits(request.namespace);
    const splits = request.name === undefined ? all : all.filter(({ name }) => name === request.name);
    if (request.name !== undefined && splits.length === 0) {
      throw new ApiError(404, "NotFound", `trafficsplits.split.smi-spec.io "${request.name}" not found`);
    }
    const { series, matchers } = this.series.splits;
    const items = await Promise.all(
      splits.flatMap((split) =>
        split.backends.map(async ({ service, weight }) => {
          const selected = matchers(split.namespace, split.service, service);
          const [group = NOTHING] = await measure(this.options.ask, series, selected, undefined, request.window);
          const ref = { kind: "TrafficSplit", namespace: split.namespace, name: split.name };
          const backend = { apex: split.service, name: service, weight };
          return metricsOf(ref, edgeOf("from", "client", {}), group, this.at(request), backend);
        }),
      ),
    );
    const { namespace, name } = request;
    return listOf({ kind: "TrafficSplit", ...(namespace && { namespace }), ...(name && { name }) }, undefined, items);
  }

  private at({ window }: MetricsRequest): { readonly timestamp: string; readonly window: string } {
    const now = (this.options.now ?? (() => new Date()))();
    return { timestamp: now.toISOString().replace(/\.\d+/, ""), window: `${window}s` };
  }

  /** The object itself must exist, or somebody would read zeros for a name that is misspelt. */
  private async object(resource: KindName, { namespace, name }: MetricsRequest): Promise<void> {
    await this.options.client.request("GET", pathOf({ ...KINDS[resource], plural: resource }, namespace, name), {
      accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    });
  }

  private async objects(resource: KindName, request: MetricsRequest): Promise<readonly ApiObject[]> {
    const query: Query = request.labelSelector === undefined ? {} : { labelSelector: request.labelSelector };
    const path = pathOf({ ...KINDS[resource], plural: resource }, request.namespace);
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    return (await this.options.client.request<ApiList>("GET", path, { query, accept })).items ?? [];
  }
}

/** A namespace is told by the label of namespaces, anything else by both. */
function spaceOf(
  resource: KindName,
  { namespace, name }: MetricsRequest,
): { readonly namespace?: string; readonly name?: string } {
  return resource === "namespaces" ? { namespace: name } : { namespace, name };
}

function refOf(
  resource: KindName,
  { namespace, name }: { readonly namespace?: string; readonly name?: string },
): ResourceRef {
  return { kind: KINDS[resource].kind, ...(namespace && { namespace }), ...(name && { name }) };
}

function itemsOf(direction: Edge["direction"], groups: readonly Group[]): [Edge["direction"], Group][] {
  const sorted = [...groups].sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
  // Edges are only seen between those that have exchanged traffic.
  return sorted.filter(({ success, failure }) => success + failure > 0).map((group) => [direction, group]);
}

function endOf(resource: KindName, { namespace, name }: Group): ResourceRef {
  return resource === "namespaces"
    ? { kind: "Namespace", ...(namespace && { name: namespace }) }
    : refOf(resource, { namespace, name });
}
