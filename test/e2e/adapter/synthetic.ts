/** What the proxies of each mesh say of the same traffic: `web` calls `checkout`, in the namespace `store`. */

/** Requests a second that succeed, and that fail with a 503. */
export const SUCCESSES = 60;
export const FAILURES = 6;

type Labels = Readonly<Record<string, string>>;

const PODS = { web: "web-5c9f8d7b6c-abcde", checkout: "checkout-5c9f8d7b6c-fghij" } as const;

/** One histogram: two thirds up to 5 ms, the others up to 100 ms. `unit` is what a millisecond is in it. */
function histogram(name: string, labels: Labels, seconds: number, unit: number): string {
  const all = (SUCCESSES + FAILURES) * seconds;
  const bucket = (le: string, count: number): string => line(`${name}_bucket`, { ...labels, le }, count);
  return [
    bucket(String(unit), all / 3),
    bucket(String(5 * unit), (all * 2) / 3),
    bucket(String(50 * unit), (all * 2) / 3),
    bucket(String(100 * unit), all),
    bucket("+Inf", all),
  ].join("");
}

function line(name: string, labels: Labels, value: number): string {
  const text = Object.entries(labels).map(([label, said]) => `${label}="${said}"`);
  return `${name}{${text.join(",")}} ${Math.floor(value)}\n`;
}

function counters(name: string, labels: Labels, status: (code: string) => Labels, seconds: number): string {
  return (
    line(name, { ...labels, ...status("200") }, SUCCESSES * seconds) +
    line(name, { ...labels, ...status("503") }, FAILURES * seconds)
  );
}

/** The text that Prometheus scrapes, so many seconds after the start. */
export function exposition(seconds: number): string {
  return [linkerd(seconds), istio(seconds), consul(seconds)].join("");
}

function linkerd(seconds: number): string {
  const source = { namespace: "store", deployment: "web", pod: PODS.web };
  const destination = { namespace: "store", deployment: "checkout", pod: PODS.checkout };
  const dst = {
    dst_namespace: "store",
    dst_deployment: "checkout",
    dst_pod: PODS.checkout,
    dst_service: "checkout",
  };
  const sides = [
    { direction: "inbound", ...destination },
    { direction: "outbound", ...source, ...dst },
  ];
  const status = (status_code: string): Labels => ({ status_code });
  const route = {
    parent_kind: "Service",
    parent_namespace: "store",
    parent_name: "checkout",
    backend_namespace: "store",
    backend_name: "checkout-v1",
  };
  const byRoute = "outbound_http_route_backend_response";
  return [
    ...sides.map((labels) => counters("response_total", labels, status, seconds)),
    ...sides.map((labels) => histogram("response_latency_ms", labels, seconds, 1)),
    counters(`${byRoute}_statuses_total`, { ...source, ...route }, (http_status) => ({ http_status }), seconds),
    histogram(`${byRoute}_duration_seconds`, { ...source, ...route }, seconds, 0.001),
  ].join("");
}

function istio(seconds: number): string {
  const workloads = {
    source_workload: "web",
    source_workload_namespace: "store",
    destination_workload: "checkout",
    destination_workload_namespace: "store",
    destination_service_namespace: "store",
  };
  const sides = [
    { reporter: "source", namespace: "store", pod: PODS.web, destination_service_name: "checkout-v1", ...workloads },
    {
      reporter: "destination",
      namespace: "store",
      pod: PODS.checkout,
      destination_service_name: "checkout",
      ...workloads,
    },
  ];
  return sides
    .map(
      (labels) =>
        counters("istio_requests_total", labels, (response_code) => ({ response_code }), seconds) +
        histogram("istio_request_duration_milliseconds", labels, seconds, 1),
    )
    .join("");
}

function consul(seconds: number): string {
  const status = (code: string): Labels => ({ envoy_response_code_class: code.slice(0, 1) });
  const server = { envoy_http_conn_manager_prefix: "public_listener", namespace: "store", pod: PODS.checkout };
  const client = {
    namespace: "store",
    pod: PODS.web,
    consul_source_service: "web",
    consul_destination_service: "checkout",
    consul_destination_service_subset: "checkout-v1",
  };
  return [
    counters("envoy_http_downstream_rq_xx", server, status, seconds),
    histogram("envoy_http_downstream_rq_time", server, seconds, 1),
    counters("envoy_cluster_upstream_rq_xx", client, status, seconds),
    histogram("envoy_cluster_upstream_rq_time", client, seconds, 1),
  ].join("");
}
