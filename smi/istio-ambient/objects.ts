import { GATEWAY } from "../gateway-api/route";
import { ROOT_NAMESPACE } from "../istio/deny";
import { denyPolicy, strictMutualTls } from "../istio/objects";
import { type KubernetesObject, sortObjects } from "../objects";

/** Class of the Gateways that are waypoints. */
export const WAYPOINT_CLASS = "istio-waypoint";

/** A namespace's waypoint, as `istioctl waypoint apply` makes it: istiod runs its pods, for requests to Services. */
export function waypointGateway(namespace: string, name: string): KubernetesObject {
  return {
    apiVersion: `${GATEWAY}/v1`,
    kind: "Gateway",
    metadata: { name, namespace, labels: { "istio.io/waypoint-for": "service" } },
    spec: { gatewayClassName: WAYPOINT_CLASS, listeners: [{ name: "mesh", port: 15008, protocol: "HBONE" }] },
  };
}

/** Denies what no other policy of the waypoint admits, even where the whole mesh does not deny by default. */
export function waypointDeny(namespace: string, name: string, waypoint: string): KubernetesObject {
  return denyPolicy(namespace, name, { targetRefs: [{ group: GATEWAY, kind: "Gateway", name: waypoint }] });
}

/**
 * SMI's default deny for a whole mesh in ambient mode: an AuthorizationPolicy without rules for the pods (ztunnel), one for
 * all waypoints, which heed no policy without `targetRefs` (https://github.com/istio/istio/issues/54780), and strict mutual
 * TLS, all in the root namespace.
 *
 * It also closes ingress gateways, as `istioDefaultDeny` does. Pods of the host's network, and namespaces that are not in
 * the mesh, stay open; a NetworkPolicy closes those.
 */
export function istioAmbientDefaultDeny(args: { readonly rootNamespace?: string } = {}): KubernetesObject[] {
  const namespace = args.rootNamespace ?? ROOT_NAMESPACE;
  const waypoints = { targetRefs: [{ group: GATEWAY, kind: "GatewayClass", name: WAYPOINT_CLASS }] };
  return sortObjects([
    denyPolicy(namespace, "smi-default-deny"),
    denyPolicy(namespace, "smi-default-deny-waypoints", waypoints),
    strictMutualTls(namespace),
  ]);
}
