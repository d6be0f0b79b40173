import type { Measured } from "./query";

/** A reference as in Kubernetes' ObjectReference; an empty one stands for anything. */
export interface ResourceRef {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface Edge {
  readonly direction: "to" | "from";
  readonly side: "client" | "server";
  readonly resource: ResourceRef;
}

export interface BackendRef {
  readonly apex: string;
  readonly name: string;
  readonly weight: number;
}

export function edgeOf(direction: Edge["direction"], side: Edge["side"], resource: ResourceRef): Edge {
  return { direction, side, resource };
}

const API_VERSION = "metrics.smi-spec.io/v1alpha1";

/** A TrafficMetrics (https://github.com/servicemeshinterface/smi-spec, apis/traffic-metrics/v1alpha1). */
export function metricsOf(
  resource: ResourceRef,
  edge: Edge,
  { success, failure, p50, p90, p99 }: Measured,
  at: { readonly timestamp: string; readonly window: string },
  backend?: BackendRef,
): Record<string, unknown> {
  const latency = (name: string, milliseconds: number | undefined): object[] =>
    milliseconds === undefined ? [] : [{ name: `${name}_response_latency`, unit: "ms", value: quantity(milliseconds) }];
  const { name, namespace } = resource;
  return {
    apiVersion: API_VERSION,
    kind: "TrafficMetrics",
    metadata: { ...(name && { name }), ...(namespace && { namespace }), creationTimestamp: at.timestamp },
    resource,
    edge,
    ...(backend && { backend }),
    ...at,
    metrics: [
      ...latency("p99", p99),
      ...latency("p90", p90),
      ...latency("p50", p50),
      { name: "success_count", value: String(Math.round(success)) },
      { name: "failure_count", value: String(Math.round(failure)) },
    ],
  };
}

export function listOf(
  resource: ResourceRef,
  labelSelector: string | undefined,
  items: readonly object[],
): Record<string, unknown> {
  return {
    apiVersion: API_VERSION,
    kind: "TrafficMetricsList",
    metadata: {},
    resource,
    ...(labelSelector === undefined ? {} : { selector: { matchLabels: matchLabels(labelSelector) } }),
    items,
  };
}

/** The labels of a selector that are to be equal, as `app=web,tier==front`. */
function matchLabels(selector: string): Record<string, string> {
  const pairs = selector.split(",").map((term) => /^\s*([^=!\s]+)\s*==?\s*([^=\s]*)\s*$/.exec(term));
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1]!, pair[2]!]] : [])));
}

/** A Kubernetes quantity in thousandths at most. */
function quantity(value: number): string {
  const thousandths = Math.round(value * 1000);
  return thousandths % 1000 === 0 ? String(thousandths / 1000) : `${thousandths}m`;
}
