import type { KubernetesObject } from "../objects";

/** API group of the Gateway API. */
export const GATEWAY = "gateway.networking.k8s.io";

/** An HTTPRoute. Only fields of Gateway API 1.2: Linkerd ignores a route that uses a field it does not know. */
export function httpRoute(
  namespace: string,
  name: string,
  parent: Readonly<Record<string, unknown>>,
  rules: readonly object[],
): KubernetesObject {
  return {
    apiVersion: `${GATEWAY}/v1`,
    kind: "HTTPRoute",
    metadata: { name, namespace },
    spec: { parentRefs: [parent], rules },
  };
}
