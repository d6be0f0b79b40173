import type { MeshName } from "../../mesh-names";

/** Time series of a mesh's proxies, seen from one side of a call. */
export interface Series {
  /** Counter of responses. */
  readonly requests: string;
  /** Histogram of latencies, in `perMillisecond` of a millisecond. */
  readonly latency: string;
  /** Factor from the histogram's unit to milliseconds. */
  readonly toMilliseconds: number;
  /** Label matchers that both have. */
  readonly selector: readonly string[];
  /** Matchers of the counter for responses with a status of the server's own failure (5xx), and for all others that have one. */
  readonly failure: string;
  readonly success: string;
}

/** How the objects of a kind are told by labels: of the namespace, and of the name (none for namespaces themselves). */
export interface Identity {
  readonly namespace?: string;
  readonly name?: string;
  /** The name is the first group of this expression over the label's value, where the label says more. */
  readonly within?: string;
}

/** What is known of a kind on a mesh. */
export interface KindSeries {
  readonly series: Series;
  /** Whose series they are: at the server the called, at the client the caller. */
  readonly side: "server" | "client";
  /** The object whose traffic is measured. */
  readonly resource: Identity;
  /** For edges: series at the client, which know both ends. */
  readonly edges?: { readonly series: Series; readonly source: Identity; readonly destination: Identity };
}

/** Kinds of the metrics API, by their plural. */
export const KINDS = {
  namespaces: { kind: "Namespace", namespaced: false, group: "", version: "v1" },
  pods: { kind: "Pod", namespaced: true, group: "", version: "v1" },
  services: { kind: "Service", namespaced: true, group: "", version: "v1" },
  deployments: { kind: "Deployment", namespaced: true, group: "apps", version: "v1" },
  statefulsets: { kind: "StatefulSet", namespaced: true, group: "apps", version: "v1" },
  daemonsets: { kind: "DaemonSet", namespaced: true, group: "apps", version: "v1" },
  jobs: { kind: "Job", namespaced: true, group: "batch", version: "v1" },
} as const;
export type KindName = keyof typeof KINDS;

/** The backends of a split: series at the clients of its root. */
export interface SplitSeries {
  readonly series: Series;
  /** Matchers for one backend of one root. */
  readonly matchers: (namespace: string, root: string, backend: string) => readonly string[];
}

export interface MeshSeries {
  readonly kinds: Readonly<Partial<Record<KindName, KindSeries>>>;
  readonly splits: SplitSeries;
}

/**
 * A response is a failure if its HTTP status is 5xx and a success otherwise, on every mesh: that is what all of them can tell.
 * Calls without a response are neither. (Linkerd's own `classification` counts failed gRPC calls too, which Consul cannot.)
 */
function istioSeries(reporter: "source" | "destination" | "waypoint"): Series {
  return {
    requests: "istio_requests_total",
    latency: "istio_request_duration_milliseconds_bucket",
    toMilliseconds: 1,
    selector: [`reporter="${reporter}"`],
    failure: 'response_code=~"5.."',
    success: 'response_code=~"[1-4].."',
  };
}

/** https://istio.io/latest/docs/reference/config/metrics/ */
function istioMesh(client: Series, server: Series, podLabels: boolean): MeshSeries {
  const source = { namespace: "source_workload_namespace", name: "source_workload" };
  const destination = { namespace: "destination_workload_namespace", name: "destination_workload" };
  const workload: KindSeries = {
    series: server,
    side: "server",
    resource: destination,
    edges: { series: client, source, destination },
  };
  return {
    kinds: {
      namespaces: {
        series: server,
        side: "server",
        resource: { namespace: destination.namespace },
        edges: {
          series: client,
          source: { namespace: source.namespace },
          destination: { namespace: destination.namespace },
        },
      },
      // The labels of the scraped proxy, as Prometheus' configuration of Istio's documents gives them.
      ...(podLabels && {
        pods: { series: server, side: "server", resource: { namespace: "namespace", name: "pod" } } as const,
      }),
      services: {
        series: client,
        side: "client",
        resource: { namespace: "destination_service_namespace", name: "destination_service_name" },
      },
      deployments: workload,
      statefulsets: workload,
      daemonsets: workload,
      jobs: workload,
    },
    splits: {
      series: client,
      // The route's destination is what is reported, not the host that was called.
      matchers: (namespace, _root, backend) => [
        `destination_service_namespace="${namespace}"`,
        `destination_service_name="${backend}"`,
      ],
    },
  };
}

const istio = istioMesh(istioSeries("source"), istioSeries("destination"), true);
/** Only waypoints see requests, and one stands for many pods. */
const istioAmbient = istioMesh(istioSeries("waypoint"), istioSeries("waypoint"), false);

function linkerdSeries(direction: "inbound" | "outbound"): Series {
  return {
    requests: "response_total",
    latency: "response_latency_ms_bucket",
    toMilliseconds: 1,
    selector: [`direction="${direction}"`],
    failure: 'status_code=~"5.."',
    success: 'status_code=~"[1-4].."',
  };
}

function linkerdKind(label: string): KindSeries {
  const source = { namespace: "namespace", name: label };
  const destination = { namespace: "dst_namespace", name: `dst_${label}` };
  return {
    series: linkerdSeries("inbound"),
    side: "server",
    resource: source,
    edges: { series: linkerdSeries("outbound"), source, destination },
  };
}

/** https://linkerd.io/2/reference/proxy-metrics/ */
const linkerd: MeshSeries = {
  kinds: {
    namespaces: {
      series: linkerdSeries("inbound"),
      side: "server",
      resource: { namespace: "namespace" },
      edges: {
        series: linkerdSeries("outbound"),
        source: { namespace: "namespace" },
        destination: { namespace: "dst_namespace" },
      },
    },
    pods: linkerdKind("pod"),
    services: {
      series: linkerdSeries("outbound"),
      side: "client",
      resource: { namespace: "dst_namespace", name: "dst_service" },
    },
    deployments: linkerdKind("deployment"),
    statefulsets: linkerdKind("statefulset"),
    daemonsets: linkerdKind("daemonset"),
    jobs: linkerdKind("k8s_job"),
  },
  splits: {
    series: {
      requests: "outbound_http_route_backend_response_statuses_total",
      latency: "outbound_http_route_backend_response_duration_seconds_bucket",
      toMilliseconds: 1000,
      selector: [],
      failure: 'http_status=~"5.."',
      success: 'http_status=~"[1-4].."',
    },
    matchers: (namespace, root, backend) => [
      'parent_kind="Service"',
      `parent_namespace="${namespace}"`,
      `parent_name="${root}"`,
      `backend_namespace="${namespace}"`,
      `backend_name="${backend}"`,
    ],
  },
};

const consulServer: Series = {
  requests: "envoy_http_downstream_rq_xx",
  latency: "envoy_http_downstream_rq_time_bucket",
  toMilliseconds: 1,
  selector: ['envoy_http_conn_manager_prefix="public_listener"'],
  failure: 'envoy_response_code_class="5"',
  success: 'envoy_response_code_class=~"[1-4]"',
};
const consulClient: Series = {
  requests: "envoy_cluster_upstream_rq_xx",
  latency: "envoy_cluster_upstream_rq_time_bucket",
  toMilliseconds: 1,
  selector: ['consul_destination_service!=""'],
  failure: 'envoy_response_code_class="5"',
  success: 'envoy_response_code_class=~"[1-4]"',
};

/** Envoy of Consul knows pods by the labels of the scrape only; the controller's name is the start of theirs. */
function consulKind(within: string): KindSeries {
  return { series: consulServer, side: "server", resource: { namespace: "namespace", name: "pod", within } };
}

/** https://developer.hashicorp.com/consul/docs/reference/proxy/envoy#bootstrap-configuration (metric tags) */
const consul: MeshSeries = {
  kinds: {
    namespaces: { series: consulServer, side: "server", resource: { namespace: "namespace" } },
    pods: { series: consulServer, side: "server", resource: { namespace: "namespace", name: "pod" } },
    // Services are one space over all namespaces: the name alone tells them.
    services: {
      series: consulClient,
      side: "client",
      resource: { name: "consul_destination_service" },
      edges: {
        series: consulClient,
        source: { name: "consul_source_service" },
        destination: { name: "consul_destination_service" },
      },
    },
    deployments: consulKind("(.+)-[a-z0-9]{6,10}-[a-z0-9]{5}"),
    statefulsets: consulKind("(.+)-[0-9]+"),
    daemonsets: consulKind("(.+)-[a-z0-9]{5}"),
    jobs: consulKind("(.+)-[a-z0-9]{5}"),
  },
  splits: {
    series: consulClient,
    matchers: (_namespace, root, backend) => [
      `consul_destination_service="${root}"`,
      `consul_destination_service_subset="${backend}"`,
    ],
  },
};

/** The series of each mesh; the Gateway API says nothing of metrics. */
export const MESH_SERIES: Readonly<Partial<Record<MeshName, MeshSeries>>> = {
  linkerd,
  istio,
  "istio-ambient": istioAmbient,
  consul,
};
