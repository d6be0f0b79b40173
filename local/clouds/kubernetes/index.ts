export { forgetLostClusters } from "./clusters";
export { KubernetesProvider } from "./provider";
