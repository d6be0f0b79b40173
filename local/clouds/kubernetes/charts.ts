import type { PropertyMap } from "../../protocol/property";
import { textAt, valueAt } from "../paths";
import { pluralOf, type Kind, type ServedKind } from "./kinds";
import { isUnknownAt } from "./values";

/** What a chart puts on a cluster and what it must be given, as far as a platform depends on it. */
export interface ChartModel {
  /** URL of the Helm repository; absent for charts whose name is an `oci://` reference. */
  readonly repository?: string;
  /** Form of the chart's versions, with an example for error messages. */
  readonly versions: { readonly test: RegExp; readonly example: string };
  readonly appVersion: (version: string) => string;
  /** Kinds of custom resources that it brings. */
  readonly kinds: (values: PropertyMap) => readonly ServedKind[];
  /** Workloads that it waits for, `kind/name` in the release's namespace. */
  readonly workloads: readonly string[];
  /** Why the chart does not render with these values, in Helm's words; undefined when it does. */
  readonly refuses?: (values: PropertyMap) => string | undefined;
  /** Kinds without which its pods never become ready. */
  readonly needsKinds?: readonly { readonly kind: Kind; readonly because: string }[];
  /** Secrets of the release's namespace without which its pods never start. */
  readonly needsSecrets?: (
    values: PropertyMap,
  ) => readonly { readonly name: string; readonly keys: readonly string[] }[];
}

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
const GATEWAY_API = kindsOf("gateway.networking.k8s.io", {
  BackendTLSPolicy: "v1",
  "GatewayClass*": "v1 v1beta1",
  Gateway: "v1 v1beta1",
  GRPCRoute: "v1",
  HTTPRoute: "v1 v1beta1",
  ListenerSet: "v1",
  ReferenceGrant: "v1 v1beta1",
  TLSRoute: "v1",
});

const GATEWAY_API_EXPERIMENTAL = kindsOf("gateway.networking.k8s.io", { TCPRoute: "v1alpha2", UDPRoute: "v1alpha2" });

const ENVOY_GATEWAY = kindsOf("gateway.envoyproxy.io", {
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
const LINKERD = [
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

const LINKERD_EDGE = {
  repository: "https://helm.linkerd.io/edge",
  versions: { test: /^20\d\d\.\d{1,2}\.\d+$/, example: "2026.8.3" },
  appVersion: (version: string) => `edge-${version.slice(2)}`,
};

/** The charts that the simulated clouds know, by the name that a Release gives. */
export const CHARTS: Readonly<Record<string, ChartModel>> = {
  "linkerd-crds": {
    ...LINKERD_EDGE,
    workloads: [],
    // Since 2.19 the Gateway API kinds come only on demand (https://github.com/linkerd/linkerd2/releases).
    kinds: (values) =>
      valueAt(values, "installGatewayAPI") === true
        ? [...LINKERD, ...GATEWAY_API.filter(({ kind }) => kind === "HTTPRoute" || kind === "GRPCRoute")]
        : LINKERD,
  },
  "linkerd-control-plane": {
    ...LINKERD_EDGE,
    workloads: [
      "Deployment/linkerd-destination",
      "Deployment/linkerd-identity",
      "Deployment/linkerd-proxy-injector",
      "CronJob/linkerd-heartbeat",
    ],
    kinds: () => [],
    refuses: linkerdRefuses,
    needsKinds: [
      {
        kind: { group: "policy.linkerd.io", version: "v1beta3", kind: "Server" },
        because: "linkerd-destination watches it; install the chart linkerd-crds on this cluster first",
      },
      {
        kind: { group: "gateway.networking.k8s.io", version: "v1", kind: "HTTPRoute" },
        because:
          "linkerd-destination watches it; install the Gateway API CRDs on this cluster first, linkerd-crds 2.19 and newer brings none",
      },
    ],
    needsSecrets: (values) =>
      valueAt(values, "identity.issuer.scheme") === "kubernetes.io/tls"
        ? [{ name: "linkerd-identity-issuer", keys: ["ca.crt", "tls.crt", "tls.key"] }]
        : [],
  },
  "oci://docker.io/envoyproxy/gateway-crds-helm": {
    versions: { test: /^v?\d+\.\d+\.\d+(-[\w.]+)?$/, example: "v1.7.0" },
    appVersion: (version) => version,
    workloads: [],
    kinds: (values) => [
      ...(valueAt(values, "crds.gatewayAPI.enabled") === true
        ? [
            ...GATEWAY_API,
            ...(valueAt(values, "crds.gatewayAPI.channel") === "experimental" ? GATEWAY_API_EXPERIMENTAL : []),
          ]
        : []),
      ...(valueAt(values, "crds.envoyGateway.enabled") === true ? ENVOY_GATEWAY : []),
    ],
    refuses: (values) => {
      const channel = valueAt(values, "crds.gatewayAPI.channel") ?? "standard";
      if (typeof channel !== "string" || ["standard", "experimental"].includes(channel)) return undefined;
      return `values.crds.gatewayAPI.channel: found "${channel}", allowed: standard, experimental`;
    },
  },
};

/** Kinds that some known chart brings: their scope is known before they are on any cluster. */
export const KNOWN_CUSTOM_KINDS: readonly ServedKind[] = [
  ...LINKERD,
  ...GATEWAY_API,
  ...GATEWAY_API_EXPERIMENTAL,
  ...ENVOY_GATEWAY,
];

/** The checks of linkerd-control-plane's templates on its identity values, and one of its policy controller. */
function linkerdRefuses(values: PropertyMap): string | undefined {
  const given = (path: string): boolean => isUnknownAt(values, path) || (valueAt(values, path) ?? "") !== "";
  const required = (message: string): string =>
    `execution error at (linkerd-control-plane/templates/identity.yaml): ${message}`;

  const external = valueAt(values, "identity.externalCA") === true || isUnknownAt(values, "identity.externalCA");
  if (!external && !given("identityTrustAnchorsPEM")) {
    return required("Please provide the identity trust anchors");
  }
  const scheme = textAt(values, "identity.issuer.scheme") ?? "linkerd.io/tls";
  if (scheme === "linkerd.io/tls" && !isUnknownAt(values, "identity.issuer.scheme")) {
    if (!given("identity.issuer.tls.crtPEM")) return required("Please provide the identity issuer certificate");
    if (!given("identity.issuer.tls.keyPEM")) return required("Please provide the identity issuer private key");
  }
  // The policy controller is written in Rust and reads PKCS #8 keys only.
  if (textAt(values, "policyValidator.keyPEM")?.includes("BEGIN EC PRIVATE KEY")) {
    return "values.policyValidator.keyPEM is a SEC1 key, which the policy controller cannot read; give PKCS #8, e.g. privateKeyPemPkcs8 of a tls.PrivateKey";
  }
  return undefined;
}
