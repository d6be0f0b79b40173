export { forgetLostClusters } from "./clusters";
export { DEFAULT_LATENCY, latencies } from "./latencies";
export { KubernetesProvider } from "./provider";
