import { istioDefaultDeny } from "../../smi/istio";
import type { MeshName } from "../../smi/mesh-names";
import type { MeshOptions } from "../../smi/meshes";
import type { KubernetesObject } from "../../smi/objects";
import type { ProblemCode } from "../../smi/problem";
import type { Problem } from "../problem";
import type { ConsulSpec, Environment, IstioSpec, LinkerdSpec, MeshSpec } from "../spec/types";

/** Labels and annotations. */
export interface Marks {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/** How what runs in a cluster joins its mesh. */
export interface Membership {
  /** Of a namespace: pods that anyone makes in it join. */
  readonly namespace: Marks;
  /** Of our pods, which say it themselves too: another mesh is another pod template, so that Kubernetes restarts them. */
  readonly pod: Marks;
  /** Annotation with a pod's version, where the mesh tells versions by it. */
  readonly versionAnnotation?: string;
  /** Labels of the Services of single versions. */
  readonly versionServiceLabels: Readonly<Record<string, string>>;
  /** Whether the mesh's proxies need the pod's ordinary ServiceAccount token. */
  readonly apiToken: boolean;
  /** The strictest Pod Security Standard that a pod meets with what the mesh adds to it. */
  readonly podSecurity: "privileged" | "restricted";
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

/** Istio's own default: policies in it apply to the whole mesh. */
export const ISTIO_NAMESPACE = "istio-system";
export const CONSUL_NAMESPACE = "consul";

const ISTIO_VERSION = "1.30.3";
const TRUST_DOMAIN = "cluster.local";

/** First patch of a minor version in which no request passes access policies that should stop it; later minors have it. */
const ISTIO_FLOOR: Readonly<Record<number, number>> = { 28: 7, 29: 3 };

/** What is wrong with the mesh beyond its shape. */
export function validateMesh({ mesh, access = [], splits = {}, smi = [], adapter }: Environment): Problem[] {
  if (mesh.kind !== "istio") return [];
  const problems: Problem[] = [];
  if (mesh.version !== undefined && !isSafe(mesh.version)) {
    problems.push({
      path: "mesh.version",
      found: mesh.version,
      allowed: "1.28.7, 1.29.3, 1.30.0 or a later patch of these, or a later release",
      next: `Earlier ones let requests pass that access rules deny (CVE-2026-31838, CVE-2026-39350). Leave it out for ${ISTIO_VERSION}.`,
    });
  }
  const isCompiled = access.some(({ kind }) => kind === "call") || Object.keys(splits).length > 0 || smi.length > 0;
  const hasRules = isCompiled || adapter !== undefined;
  if (mesh.mode === "ambient" && hasRules) {
    problems.push({
      path: "mesh.mode",
      found: mesh.mode,
      allowed: '"sidecar", with rules for traffic',
      next: "Ambient needs waypoints for rules about requests, and none are planned yet.",
    });
  }
  return problems;
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
      versionServiceLabels: {},
      apiToken: false,
      // An init container sets the routes of the pod's traffic, for which it needs NET_ADMIN.
      podSecurity: "privileged",
    },
    translation: { mesh: "linkerd", options: {}, settled: [] },
    // It denies by a value of its chart.
    objects: [],
  };
}

function planIstio(spec: IstioSpec): IstioPlan {
  const { mode, version = ISTIO_VERSION, trustDomain = TRUST_DOMAIN, escapedSlashes = "keep" } = spec;
  const options: MeshOptions = { trustDomain, rootNamespace: ISTIO_NAMESPACE, rewriteProbes: true };
  const ambient: Marks = { labels: { "istio.io/dataplane-mode": "ambient" } };
  return {
    kind: "istio",
    mode,
    version,
    trustDomain,
    escapedSlashes,
    membership: {
      namespace: mode === "ambient" ? ambient : { labels: { "istio-injection": "enabled" } },
      pod: mode === "ambient" ? ambient : { labels: { "sidecar.istio.io/inject": "true" } },
      versionServiceLabels: {},
      apiToken: false,
      // The CNI plugin sets the routes, outside the pod.
      podSecurity: "restricted",
    },
    translation: { mesh: "istio", options, settled: pathsSettled(escapedSlashes) },
    objects: istioDefaultDeny(options),
  };
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
      versionServiceLabels: { "consul.hashicorp.com/service-ignore": "true" },
      // Its webhook looks for the token's volume and refuses pods without (control-plane/connect-inject/webhook).
      apiToken: true,
      podSecurity: "restricted",
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
