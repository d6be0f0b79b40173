import type { MeshName } from "../../smi/mesh-names";
import { MESHES, type MeshOptions } from "../../smi/meshes";
import type { KubernetesObject } from "../../smi/objects";
import type { ProblemCode } from "../../smi/problem";
import type { Problem } from "../problem";
import type { ConsulSpec, IstioSpec, LinkerdSpec, MeshSpec } from "../spec/types";

/** Labels and annotations. */
export interface Marks {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/**
 * An init container, which leads traffic to a proxy in the pod from within; or the mesh's CNI plugin, which does so in the
 * pod's network namespace on the node, to a proxy in the pod or to one on the node.
 */
export type Redirection = "init-container" | "plugin-to-pod" | "plugin-to-node";

/** How what runs in a cluster joins its mesh. */
export interface Membership {
  /** Of a namespace: pods that anyone makes in it join. */
  readonly namespace: Marks;
  /** Of our pods, which say it themselves too: another mesh is another pod template, so that Kubernetes restarts them. */
  readonly pod: Marks;
  /** Annotation with a pod's version, where the mesh tells versions by it. */
  readonly versionAnnotation?: string;
  /** Labels of every Service. */
  readonly serviceLabels: Readonly<Record<string, string>>;
  /** Labels of the Services of single versions, besides. */
  readonly versionServiceLabels: Readonly<Record<string, string>>;
  /** Whether the mesh's proxies need the pod's ordinary ServiceAccount token. */
  readonly apiToken: boolean;
  /** What leads a pod's traffic through a proxy. Sandboxes hide a pod's network from some of these. */
  readonly redirection: Redirection;
  /** The strictest Pod Security Standard that a pod meets with what the mesh adds to it. */
  readonly podSecurity: "privileged" | "restricted";
  /** What a NetworkPolicy must leave open for it. */
  readonly network: MeshNetwork;
}

/** Where a mesh's own traffic goes, as NetworkPolicies see it: before a pod's own routes change the port. */
export interface MeshNetwork {
  /** Namespace of its control plane and gateways. */
  readonly namespace: string;
  /** Ports that proxies accept each other's traffic on, besides those of the workloads. */
  readonly ports: readonly number[];
  /** Port on which a pod's proxy shows its metrics, to whatever Prometheus there is. */
  readonly metricsPort: number;
  /** Address that the kubelet's probes seem to come from, where the mesh gives them another. */
  readonly probesFrom?: string;
}

/** How traffic rules become the mesh's objects. */
export interface TranslationPlan {
  readonly mesh: MeshName;
  readonly options: MeshOptions;
  /** Warnings about what only an installation can settle, and this one does. */
  readonly settled: readonly ProblemCode[];
}

interface MeshBasePlan {
  readonly membership: Membership;
  readonly translation: TranslationPlan;
  /** What holds for the whole mesh, whatever the rules are: its default deny, and how its proxies read paths. */
  readonly objects: readonly KubernetesObject[];
}

export interface LinkerdPlan extends MeshBasePlan {
  readonly kind: "linkerd";
  readonly trustDomain: string;
}

export interface IstioPlan extends MeshBasePlan {
  readonly kind: "istio";
  readonly mode: IstioSpec["mode"];
  readonly version: string;
  readonly trustDomain: string;
  readonly escapedSlashes: "keep" | "decode";
}

export interface ConsulPlan extends MeshBasePlan {
  readonly kind: "consul";
  readonly servers: number;
  readonly escapedSlashes: "keep" | "decode";
}

export type MeshPlan = LinkerdPlan | IstioPlan | ConsulPlan;

/** Label of a Service whose requests go through a waypoint, in Istio's ambient mode. */
export const WAYPOINT_LABEL = "istio.io/use-waypoint";
const WAYPOINT = "waypoint";

/** Istio's own default: policies in it apply to the whole mesh. */
export const ISTIO_NAMESPACE = "istio-system";
export const CONSUL_NAMESPACE = "consul";
export const LINKERD_NAMESPACE = "linkerd";

const ISTIO_VERSION = "1.30.3";
const TRUST_DOMAIN = "cluster.local";

/** First patch of a minor version in which no request passes access policies that should stop it; later minors have it. */
const ISTIO_FLOOR: Readonly<Record<number, number>> = { 28: 7, 29: 3 };

/** What is wrong with the mesh beyond its shape. */
export function validateMesh(mesh: MeshSpec): Problem[] {
  if (mesh.kind !== "istio" || mesh.version === undefined || isSafe(mesh.version)) return [];
  return [
    {
      path: "mesh.version",
      found: mesh.version,
      allowed: "1.28.7, 1.29.3, 1.30.0 or a later patch of these, or a later release",
      next: `Earlier ones let requests pass that access rules deny (CVE-2026-31838, CVE-2026-39350). Leave it out for ${ISTIO_VERSION}.`,
    },
  ];
}

function isSafe(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return major > 1 || (major === 1 && (minor >= 30 || patch >= (ISTIO_FLOOR[minor] ?? Infinity)));
}

export function planMesh(spec: MeshSpec): MeshPlan {
  switch (spec.kind) {
    case "linkerd":
      return planLinkerd(spec);
    case "istio":
      return planIstio(spec);
    case "consul":
      return planConsul(spec);
  }
}

function planLinkerd({ trustDomain = TRUST_DOMAIN }: LinkerdSpec): LinkerdPlan {
  const inject: Marks = { annotations: { "linkerd.io/inject": "enabled" } };
  return {
    kind: "linkerd",
    trustDomain,
    membership: {
      namespace: inject,
      pod: inject,
      serviceLabels: {},
      versionServiceLabels: {},
      apiToken: false,
      redirection: "init-container",
      // The init container needs NET_ADMIN.
      podSecurity: "privileged",
      // Opaque traffic, and what comes from other clusters, goes to the proxy's own port (linkerd.io/2/reference/proxy-metrics, "ports").
      network: { namespace: LINKERD_NAMESPACE, ports: [4143], metricsPort: 4191 },
    },
    translation: { mesh: "linkerd", options: {}, settled: [] },
    // It denies by a value of its chart.
    objects: [],
  };
}

function planIstio(spec: IstioSpec): IstioPlan {
  const { mode, version = ISTIO_VERSION, trustDomain = TRUST_DOMAIN, escapedSlashes = "keep" } = spec;
  const isAmbient = mode === "ambient";
  const ambient: Marks = { labels: { "istio.io/dataplane-mode": "ambient" } };
  const name = isAmbient ? "istio-ambient" : "istio";
  const options: MeshOptions = {
    trustDomain,
    rootNamespace: ISTIO_NAMESPACE,
    ...(isAmbient ? { waypoint: WAYPOINT } : { rewriteProbes: true }),
  };
  return {
    kind: "istio",
    mode,
    version,
    trustDomain,
    escapedSlashes,
    membership: {
      namespace: isAmbient ? ambient : { labels: { "istio-injection": "enabled" } },
      pod: isAmbient ? ambient : { labels: { "sidecar.istio.io/inject": "true" } },
      // Rules for requests, and splits, are for a waypoint, which the rules bring to the namespace when there are any.
      serviceLabels: isAmbient ? { [WAYPOINT_LABEL]: WAYPOINT } : {},
      versionServiceLabels: {},
      apiToken: false,
      redirection: isAmbient ? "plugin-to-node" : "plugin-to-pod",
      // The CNI plugin sets the routes, outside the pod.
      podSecurity: "restricted",
      // HBONE, and the address that probes get from ztunnel's redirection (istio.io/latest/docs/ambient/usage/networkpolicy).
      network: isAmbient
        ? { namespace: ISTIO_NAMESPACE, ports: [15008], metricsPort: 15020, probesFrom: "169.254.7.127/32" }
        : { namespace: ISTIO_NAMESPACE, ports: [], metricsPort: 15020 },
    },
    translation: { mesh: name, options, settled: pathsSettled(escapedSlashes) },
    objects: objectsOf(MESHES[name].defaultDeny(options)),
  };
}

function objectsOf(deny: readonly KubernetesObject[] | string): readonly KubernetesObject[] {
  return typeof deny === "string" ? [] : deny;
}

/** Label of the namespaces whose pods Consul's webhook looks at: it has none of its own. */
export const CONSUL_NAMESPACE_LABEL = "consul.hashicorp.com/connect-inject";

function planConsul({ servers = 3, escapedSlashes = "keep" }: ConsulSpec): ConsulPlan {
  return {
    kind: "consul",
    servers,
    escapedSlashes,
    membership: {
      namespace: { labels: { [CONSUL_NAMESPACE_LABEL]: "true" } },
      pod: { annotations: { "consul.hashicorp.com/connect-inject": "true" } },
      // Subsets of a service are told by its metadata, and a pod belongs to one service only.
      versionAnnotation: "consul.hashicorp.com/service-meta-version",
      serviceLabels: {},
      versionServiceLabels: { "consul.hashicorp.com/service-ignore": "true" },
      // Its webhook looks for the token's volume and refuses pods without (control-plane/connect-inject/webhook).
      apiToken: true,
      redirection: "plugin-to-pod",
      podSecurity: "restricted",
      // The public listener of every sidecar (developer.hashicorp.com/consul/docs/k8s, "annotations").
      network: { namespace: CONSUL_NAMESPACE, ports: [20000], metricsPort: 20200 },
    },
    translation: {
      mesh: "consul",
      options: { acls: true, split: "subsets" },
      // Workloads bear the labels and annotations that these ask for: `versionAnnotation` and `versionServiceLabels`.
      settled: ["SMI-SPLIT-SETUP", "SMI-SERVICE-IGNORE", ...pathsSettled(escapedSlashes)],
    },
    objects: [consulMesh(escapedSlashes)],
  };
}

function pathsSettled(escapedSlashes: "keep" | "decode"): ProblemCode[] {
  return escapedSlashes === "decode" ? ["SMI-PATH-RAW"] : [];
}

/** Intentions compare normalised paths only if the proxies are told to normalise them. There is one such object, `mesh`. */
function consulMesh(escapedSlashes: ConsulPlan["escapedSlashes"]): KubernetesObject {
  const pathWithEscapedSlashesAction = escapedSlashes === "decode" ? "UNESCAPE_AND_FORWARD" : "KEEP_UNCHANGED";
  return {
    apiVersion: "consul.hashicorp.com/v1alpha1",
    kind: "Mesh",
    metadata: { name: "mesh", namespace: CONSUL_NAMESPACE },
    spec: { http: { incoming: { requestNormalization: { mergeSlashes: true, pathWithEscapedSlashesAction } } } },
  };
}
