import { pluralOf, type ServedKind } from "./kinds";

/** A family of kinds in one group: `Kind: served versions`; a `*` marks kinds outside namespaces. */
function kindsOf(group: string, kinds: Readonly<Record<string, string>>): ServedKind[] {
  return Object.entries(kinds).flatMap(([entry, versions]) => {
    const kind = entry.replace("*", "");
    return versions.split(" ").map((version) => ({
      group,
      version,
      kind,
      plural: pluralOf(kind),
      namespaced: !entry.endsWith("*"),
    }));
  });
}

/** Standard channel of Gateway API 1.5.1 (https://github.com/kubernetes-sigs/gateway-api/tree/v1.5.1/config/crd). */
export const GATEWAY_API = kindsOf("gateway.networking.k8s.io", {
  BackendTLSPolicy: "v1",
  "GatewayClass*": "v1 v1beta1",
  Gateway: "v1 v1beta1",
  GRPCRoute: "v1",
  HTTPRoute: "v1 v1beta1",
  ListenerSet: "v1",
  ReferenceGrant: "v1 v1beta1",
  TLSRoute: "v1",
});

export const GATEWAY_API_EXPERIMENTAL = kindsOf("gateway.networking.k8s.io", {
  TCPRoute: "v1alpha2",
  UDPRoute: "v1alpha2",
});

export const ENVOY_GATEWAY = kindsOf("gateway.envoyproxy.io", {
  Backend: "v1alpha1",
  BackendTrafficPolicy: "v1alpha1",
  ClientTrafficPolicy: "v1alpha1",
  EnvoyExtensionPolicy: "v1alpha1",
  EnvoyPatchPolicy: "v1alpha1",
  EnvoyProxy: "v1alpha1",
  HTTPRouteFilter: "v1alpha1",
  SecurityPolicy: "v1alpha1",
});

/** https://github.com/linkerd/linkerd2/tree/main/charts/linkerd-crds */
export const LINKERD = [
  ...kindsOf("policy.linkerd.io", {
    AuthorizationPolicy: "v1alpha1",
    EgressNetwork: "v1alpha1",
    HTTPLocalRateLimitPolicy: "v1alpha1",
    HTTPRoute: "v1alpha1 v1beta1 v1beta2 v1beta3",
    MeshTLSAuthentication: "v1alpha1",
    NetworkAuthentication: "v1alpha1",
    Server: "v1alpha1 v1beta1 v1beta2 v1beta3",
    ServerAuthorization: "v1alpha1 v1beta1",
  }),
  ...kindsOf("linkerd.io", { ServiceProfile: "v1alpha1 v1alpha2" }),
  ...kindsOf("workload.linkerd.io", { ExternalWorkload: "v1alpha1 v1beta1" }),
];

/** Istio 1.30.3: manifests/charts/base/files/crd-all.gen.yaml */
export const ISTIO = [
  ...kindsOf("extensions.istio.io", { TrafficExtension: "v1alpha1", WasmPlugin: "v1alpha1" }),
  ...kindsOf("networking.istio.io", {
    DestinationRule: "v1 v1alpha3 v1beta1",
    EnvoyFilter: "v1alpha3",
    Gateway: "v1 v1alpha3 v1beta1",
    ProxyConfig: "v1beta1",
    ServiceEntry: "v1 v1alpha3 v1beta1",
    Sidecar: "v1 v1alpha3 v1beta1",
    VirtualService: "v1 v1alpha3 v1beta1",
    WorkloadEntry: "v1 v1alpha3 v1beta1",
    WorkloadGroup: "v1 v1alpha3 v1beta1",
  }),
  ...kindsOf("security.istio.io", {
    AuthorizationPolicy: "v1 v1beta1",
    PeerAuthentication: "v1 v1beta1",
    RequestAuthentication: "v1 v1beta1",
  }),
  ...kindsOf("telemetry.istio.io", { Telemetry: "v1 v1alpha1" }),
];

/** consul-k8s 2.0.3: charts/consul/templates/crd-*.yaml */
export const CONSUL = [
  ...kindsOf("consul.hashicorp.com", {
    ControlPlaneRequestLimit: "v1alpha1",
    ExportedServices: "v1alpha1",
    "GatewayClassConfig*": "v1alpha1",
    GatewayPolicy: "v1alpha1",
    IngressGateway: "v1alpha1",
    JWTProvider: "v1alpha1",
    Mesh: "v1alpha1",
    MeshService: "v1alpha1",
    ProxyDefaults: "v1alpha1",
    "RateLimit*": "v1alpha1",
    "Registration*": "v1alpha1",
    RouteAuthFilter: "v1alpha1",
    RouteExtProc: "v1alpha1",
    RouteRetryFilter: "v1alpha1",
    RouteTimeoutFilter: "v1alpha1",
    RouteTLSSDSFilter: "v1alpha1",
    SamenessGroup: "v1alpha1",
    ServiceDefaults: "v1alpha1",
    ServiceIntentions: "v1alpha1",
    ServiceResolver: "v1alpha1",
    ServiceRouter: "v1alpha1",
    ServiceSplitter: "v1alpha1",
    TerminatingGateway: "v1alpha1",
  }),
  ...kindsOf("auth.consul.hashicorp.com", { TrafficPermissions: "v2beta1" }),
];

export const CONSUL_PEERING = kindsOf("consul.hashicorp.com", {
  PeeringAcceptor: "v1alpha1",
  PeeringDialer: "v1alpha1",
});

/** Flagger 1.44.0: charts/flagger/crds/crd.yaml */
export const FLAGGER = kindsOf("flagger.app", {
  AlertProvider: "v1beta1",
  Canary: "v1beta1",
  MetricTemplate: "v1beta1",
});

/** Argo Rollouts 1.9: the chart's templates/crds */
export const ARGO_ROLLOUTS = kindsOf("argoproj.io", {
  AnalysisRun: "v1alpha1",
  AnalysisTemplate: "v1alpha1",
  "ClusterAnalysisTemplate*": "v1alpha1",
  Experiment: "v1alpha1",
  Rollout: "v1alpha1",
});

/** charts/karpenter-crd of https://github.com/aws/karpenter-provider-aws, tag v1.14.1 */
export const KARPENTER = [
  ...kindsOf("karpenter.sh", { "NodeClaim*": "v1", "NodeOverlay*": "v1alpha1", "NodePool*": "v1" }),
  ...kindsOf("karpenter.k8s.aws", { "EC2NodeClass*": "v1" }),
];

/** Every kind that some known chart brings: their scope is known before they are on any cluster. */
export const KNOWN_CUSTOM_KINDS: readonly ServedKind[] = [
  ...LINKERD,
  ...GATEWAY_API,
  ...GATEWAY_API_EXPERIMENTAL,
  ...ENVOY_GATEWAY,
  ...ISTIO,
  ...CONSUL,
  ...CONSUL_PEERING,
  ...FLAGGER,
  ...ARGO_ROLLOUTS,
  ...KARPENTER,
];
