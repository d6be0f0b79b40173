import type { MetricsResource, TrafficMetrics } from "../model";
import type { Source } from "../problem";
import { thousandths } from "../quantity";
import { type Cursor, shown } from "./cursor";

const FIELDS = ["apiVersion", "kind", "metadata", "resource", "edge", "backend", "timestamp", "window", "metrics"];

/** Milliseconds of one of a unit. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, seconds: 1000 };

const LATENCIES = ["p50_response_latency", "p90_response_latency", "p99_response_latency"] as const;
const COUNTS = ["success_count", "failure_count"] as const;

/** Reads a TrafficMetrics of v1alpha1 (https://github.com/servicemeshinterface/smi-spec, apis/traffic-metrics). */
export function readTrafficMetrics(root: Cursor, source: Source): TrafficMetrics | undefined {
  root.fields(FIELDS);
  const resource = readResource(root.get("resource"));
  if (resource.kind === undefined) {
    root.get("resource").fail("SMI-FIELD", "has no kind; write that of what is measured, such as Pod or Deployment");
  }
  const edge = root.get("edge");
  if (edge.exists) edge.fields(["direction", "side", "resource"]);
  const direction = oneOf(edge.get("direction"), ["to", "from"] as const);
  const side = edge.get("side").exists ? oneOf(edge.get("side"), ["client", "server"] as const) : undefined;
  const backend = readBackend(root.get("backend"));
  const timestamp = root.get("timestamp").string("a time such as 2026-04-08T22:25:55Z");
  if (timestamp !== undefined && Number.isNaN(Date.parse(timestamp))) {
    root.get("timestamp").fail("SMI-FIELD", `found "${timestamp}", allowed: a time such as 2026-04-08T22:25:55Z`);
  }
  const window = readSeconds(root.get("window"));
  const metrics = root.get("metrics").items().map(readMetric);
  if (!direction || timestamp === undefined || window === undefined || metrics.includes(undefined)) return undefined;
  return {
    kind: "TrafficMetrics",
    source,
    resource,
    edge: { direction, ...(side && { side }), resource: readResource(edge.get("resource")) },
    ...(backend && { backend }),
    timestamp,
    window,
    metrics: Object.fromEntries(metrics.filter((metric) => metric !== undefined)),
  };
}

/** A reference as Kubernetes' ObjectReference; an empty one is anything. */
function readResource(field: Cursor): MetricsResource {
  if (!field.exists) return {};
  field.fields(["apiVersion", "kind", "namespace", "name", "uid", "resourceVersion", "fieldPath"]);
  const [kind, namespace, name] = ["kind", "namespace", "name"].map((key) => field.get(key).optionalString("text"));
  return { ...(kind && { kind }), ...(namespace && { namespace }), ...(name && { name }) };
}

function oneOf<T extends string>(field: Cursor, allowed: readonly T[]): T | undefined {
  const found = allowed.find((each) => each === field.value);
  if (found === undefined) field.fail("SMI-FIELD", `found ${shown(field.value)}, allowed: ${allowed.join(", ")}`);
  return found;
}

function readBackend(field: Cursor): TrafficMetrics["backend"] {
  if (!field.exists) return undefined;
  field.fields(["apex", "name", "weight"]);
  const apex = field.get("apex").string("the root Service's name");
  const name = field.get("name").string("the backend Service's name");
  const weight = thousandths(field.get("weight").value);
  if (weight === undefined) {
    field.get("weight").fail("SMI-FIELD", `found ${shown(field.get("weight").value)}, allowed: a weight from 0`);
  }
  return apex === undefined || name === undefined || weight === undefined
    ? undefined
    : { apex, name, weight: weight / 1000 };
}

/** A duration as Go writes it, such as `30s` or `1m30s`. */
function readSeconds(field: Cursor): number | undefined {
  const parts = typeof field.value === "string" ? /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(field.value) : null;
  const seconds = parts && Number(parts[1] ?? 0) * 3600 + Number(parts[2] ?? 0) * 60 + Number(parts[3] ?? 0);
  if (seconds) return seconds;
  field.fail("SMI-FIELD", `found ${shown(field.value)}, allowed: a duration such as 30s`);
  return undefined;
}

function readMetric(metric: Cursor): [keyof TrafficMetrics["metrics"], number] | undefined {
  metric.fields(["name", "unit", "value"]);
  const name = oneOf(metric.get("name"), [...LATENCIES, ...COUNTS]);
  const value = thousandths(metric.get("value").value);
  if (value === undefined) {
    const found = shown(metric.get("value").value);
    metric.get("value").fail("SMI-FIELD", `found ${found}, allowed: a quantity from 0 such as 100 or 10m`);
  }
  const isLatency = LATENCIES.some((each) => each === name);
  // Old implementations say no unit and mean milliseconds.
  const unit = metric.get("unit").exists ? oneOf(metric.get("unit"), Object.keys(UNITS)) : "ms";
  if (name === undefined || value === undefined || unit === undefined) return undefined;
  return [name, isLatency ? (value * UNITS[unit]!) / 1000 : value / 1000];
}
