import type { PropertyMap } from "../../protocol/property";
import { textAt, valueAt } from "../paths";
import {
  ARGO_ROLLOUTS,
  CONSUL,
  CONSUL_PEERING,
  ENVOY_GATEWAY,
  FLAGGER,
  GATEWAY_API,
  GATEWAY_API_EXPERIMENTAL,
  ISTIO,
  KARPENTER,
  LINKERD,
} from "./chart-kinds";
import { CONSUL_INJECTOR, ISTIO_INJECTOR, ISTIO_VALIDATOR, type ChartWebhook } from "./chart-webhooks";
import type { Kind, ServedKind } from "./kinds";
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
  /** Finalizers that its controllers put on custom resources and take off again when those are deleted. */
  readonly finalizers?: readonly { readonly finalizer: string; readonly groups: readonly string[] }[];
  /** Webhooks that stand before the API server. */
  readonly webhooks?: readonly ChartWebhook[];
  /** Why the chart does not render with these values, in Helm's words; undefined when it does. */
  readonly refuses?: (values: PropertyMap) => string | undefined;
  /** Kinds without which its pods never become ready. */
  readonly needsKinds?: (values: PropertyMap) => readonly NeededKind[];
  /** Secrets of the release's namespace without which its pods never start. */
  readonly needsSecrets?: (values: PropertyMap) => readonly NeededSecret[];
}

interface NeededKind {
  readonly kind: Kind;
  readonly because: string;
}

interface NeededSecret {
  readonly name: string;
  readonly keys: readonly string[];
}

const LINKERD_EDGE = {
  repository: "https://helm.linkerd.io/edge",
  versions: { test: /^20\d\d\.\d{1,2}\.\d+$/, example: "2026.8.3" },
  appVersion: (version: string) => `edge-${version.slice(2)}`,
};

const LINKERD_WEBHOOKS = [
  ["proxyInjector", "linkerd-proxy-injector"],
  ["profileValidator", "linkerd-sp-validator"],
  ["policyValidator", "linkerd-policy-validator"],
] as const;

const ISTIO_RELEASE = {
  repository: "https://istio-release.storage.googleapis.com/charts",
  versions: { test: /^\d+\.\d+\.\d+$/, example: "1.30.3" },
  appVersion: (version: string) => version,
};

const SERVES_AUTHORIZATION: NeededKind = {
  kind: { group: "security.istio.io", version: "v1", kind: "AuthorizationPolicy" },
  because: "istiod watches it; install the chart base on this cluster first",
};

const CONSUL_WATCHES = ["GatewayClass", "Gateway", "HTTPRoute"].map((kind) => ({
  kind: { group: "gateway.networking.k8s.io", version: "v1", kind },
  because:
    "consul-connect-injector watches it; install the Gateway API CRDs first, or let the chart (connectInject.apiGateway.manageExternalCRDs)",
}));

const KARPENTER_RELEASE = {
  versions: { test: /^\d+\.\d+\.\d+$/, example: "1.14.1" },
  appVersion: (version: string) => version,
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
    needsKinds: () => [
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
    needsSecrets: (values) => [
      ...(valueAt(values, "identity.issuer.scheme") === "kubernetes.io/tls"
        ? [{ name: "linkerd-identity-issuer", keys: ["ca.crt", "tls.crt", "tls.key"] }]
        : []),
      ...LINKERD_WEBHOOKS.filter(([webhook]) => valueAt(values, `${webhook}.externalSecret`) === true).map(
        ([, name]) => ({ name: `${name}-k8s-tls`, keys: ["tls.crt", "tls.key"] }),
      ),
    ],
  },
  // manifests/charts of https://github.com/istio/istio, tag 1.30.3
  base: { ...ISTIO_RELEASE, workloads: [], webhooks: [ISTIO_VALIDATOR], kinds: () => ISTIO },
  istiod: {
    ...ISTIO_RELEASE,
    workloads: ["Deployment/istiod"],
    webhooks: [ISTIO_INJECTOR],
    kinds: () => [],
    refuses: unknownProfile,
    needsKinds: () => [SERVES_AUTHORIZATION],
  },
  cni: { ...ISTIO_RELEASE, workloads: ["DaemonSet/istio-cni-node"], kinds: () => [], refuses: unknownProfile },
  ztunnel: { ...ISTIO_RELEASE, workloads: ["DaemonSet/ztunnel"], kinds: () => [], refuses: unknownProfile },
  // charts/consul of https://github.com/hashicorp/consul-k8s, tag v2.0.3
  consul: {
    repository: "https://helm.releases.hashicorp.com",
    versions: { test: /^\d+\.\d+\.\d+$/, example: "2.0.3" },
    appVersion: (version) => version,
    workloads: [
      "DaemonSet/consul-cni",
      "Deployment/consul-connect-injector",
      "Deployment/consul-webhook-cert-manager",
      "StatefulSet/consul-server",
    ],
    webhooks: [CONSUL_INJECTOR],
    // They hang for ever once their controller is gone (https://github.com/hashicorp/consul-helm/issues/646).
    finalizers: [{ finalizer: "finalizers.consul.hashicorp.com", groups: ["consul.hashicorp.com"] }],
    kinds: (values) => [
      ...CONSUL,
      ...(valueAt(values, "global.peering.enabled") === true ? CONSUL_PEERING : []),
      ...(managesGatewayApi(values) ? [...GATEWAY_API, ...GATEWAY_API_EXPERIMENTAL].filter(isConsulRoute) : []),
    ],
    needsKinds: (values) => [
      ...(managesGatewayApi(values) ? [] : CONSUL_WATCHES),
      ...(valueAt(values, "global.crds.enableTcpRoute") === false || managesGatewayApi(values)
        ? []
        : [
            {
              kind: { group: "gateway.networking.k8s.io", version: "v1alpha2", kind: "TCPRoute" },
              because:
                "consul-connect-injector watches it unless global.crds.enableTcpRoute is false; it is in the experimental channel only",
            },
          ]),
    ],
  },
  "oci://public.ecr.aws/karpenter/karpenter-crd": { ...KARPENTER_RELEASE, workloads: [], kinds: () => KARPENTER },
  "oci://public.ecr.aws/karpenter/karpenter": {
    ...KARPENTER_RELEASE,
    workloads: ["Deployment/karpenter"],
    finalizers: [{ finalizer: "karpenter.k8s.aws/termination", groups: ["karpenter.k8s.aws"] }],
    kinds: () => [],
    refuses: (values) =>
      isUnknownAt(values, "settings.clusterName") || (valueAt(values, "settings.clusterName") ?? "") !== ""
        ? undefined
        : "settings.clusterName is required",
    needsKinds: () => [
      {
        kind: { group: "karpenter.sh", version: "v1", kind: "NodePool" },
        because: "karpenter watches it; install the chart karpenter-crd on this cluster first",
      },
    ],
  },
  // charts/flagger of https://github.com/fluxcd/flagger, tag v1.44.0
  flagger: {
    repository: "https://flagger.app",
    versions: { test: /^\d+\.\d+\.\d+$/, example: "1.44.0" },
    appVersion: (version) => version,
    workloads: ["Deployment/flagger"],
    kinds: () => FLAGGER,
  },
  // charts/argo-rollouts of https://github.com/argoproj/argo-helm, tag argo-rollouts-2.41.0
  "argo-rollouts": {
    repository: "https://argoproj.github.io/argo-helm",
    versions: { test: /^\d+\.\d+\.\d+$/, example: "2.41.0" },
    appVersion: () => "v1.9.0",
    workloads: ["Deployment/argo-rollouts"],
    kinds: (values) => (valueAt(values, "installCRDs") === false ? [] : ARGO_ROLLOUTS),
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

function unknownProfile(values: PropertyMap): string | undefined {
  const profile = textAt(values, "profile");
  const known = ["ambient", "demo", "preview", "remote", "stable"];
  return profile === undefined || known.includes(profile)
    ? undefined
    : `execution error at (templates/zzz_profile.yaml): unknown profile ${profile}`;
}

/** Consul's chart brings CRDs of the Gateway API unless it is told not to. */
function managesGatewayApi(values: PropertyMap): boolean {
  return (valueAt(values, "connectInject.apiGateway.manageExternalCRDs") ?? true) !== false;
}

function isConsulRoute({ kind }: ServedKind): boolean {
  return ["GatewayClass", "Gateway", "HTTPRoute", "ReferenceGrant", "TCPRoute"].includes(kind);
}
