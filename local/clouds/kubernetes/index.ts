export { clustersOf, forgetLostClusters, type ClusterAt } from "./clusters";
export { KubernetesProvider } from "./provider";
