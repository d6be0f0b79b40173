import type { MeshName } from "../mesh-names";
import type { Resource } from "./api";

function resource(group: string, version: string, kind: string, plural: string): Resource {
  return { group, version, kind, plural };
}

/** SMI as the adapter reads it: the versions in which the API server stores it. */
export const SMI_RESOURCES: readonly Resource[] = [
  resource("specs.smi-spec.io", "v1alpha4", "HTTPRouteGroup", "httproutegroups"),
  resource("specs.smi-spec.io", "v1alpha4", "TCPRoute", "tcproutes"),
  resource("specs.smi-spec.io", "v1alpha4", "UDPRoute", "udproutes"),
  resource("access.smi-spec.io", "v1alpha3", "TrafficTarget", "traffictargets"),
  resource("split.smi-spec.io", "v1alpha4", "TrafficSplit", "trafficsplits"),
];

/** What tells who runs where. ReplicaSets are left out: their pods tell as much. */
export const FACT_RESOURCES: readonly Resource[] = [
  resource("", "v1", "Service", "services"),
  resource("", "v1", "ServiceAccount", "serviceaccounts"),
  resource("", "v1", "Pod", "pods"),
  resource("apps", "v1", "Deployment", "deployments"),
  resource("apps", "v1", "StatefulSet", "statefulsets"),
  resource("apps", "v1", "DaemonSet", "daemonsets"),
  resource("batch", "v1", "Job", "jobs"),
  resource("batch", "v1", "CronJob", "cronjobs"),
];

export const LEASE = resource("coordination.k8s.io", "v1", "Lease", "leases");
export const EVENT = resource("", "v1", "Event", "events");

const HTTP_ROUTE = resource("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
const ISTIO_POLICY = resource("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies");

function linkerd(version: string, kind: string, plural: string): Resource {
  return resource("policy.linkerd.io", version, kind, plural);
}

function consul(kind: string, plural: string): Resource {
  return resource("consul.hashicorp.com", "v1alpha1", kind, plural);
}

/**
 * The kinds that each mesh's translation is made of, in the order in which they are applied: what others refer to comes first,
 * and what closes a port (Linkerd's Server) comes last, when all that opens it again is there. They are removed in the
 * opposite order.
 */
export const MESH_RESOURCES: Readonly<Record<MeshName, readonly Resource[]>> = {
  linkerd: [
    linkerd("v1alpha1", "MeshTLSAuthentication", "meshtlsauthentications"),
    linkerd("v1alpha1", "NetworkAuthentication", "networkauthentications"),
    linkerd("v1alpha1", "AuthorizationPolicy", "authorizationpolicies"),
    HTTP_ROUTE,
    linkerd("v1beta3", "Server", "servers"),
  ],
  istio: [ISTIO_POLICY, resource("networking.istio.io", "v1", "VirtualService", "virtualservices")],
  // A waypoint that stands before its policies would let everything through.
  "istio-ambient": [ISTIO_POLICY, resource("gateway.networking.k8s.io", "v1", "Gateway", "gateways"), HTTP_ROUTE],
  consul: [
    consul("ServiceDefaults", "servicedefaults"),
    consul("ServiceIntentions", "serviceintentions"),
    consul("ServiceResolver", "serviceresolvers"),
    consul("ServiceSplitter", "servicesplitters"),
    consul("ServiceRouter", "servicerouters"),
  ],
  "gateway-api": [HTTP_ROUTE],
};
