import { istioDefaultDeny } from "../../smi/istio";
import type { KubernetesObject } from "../../smi/objects";
import type { Problem } from "../problem";
import type { ConsulSpec, IstioSpec, LinkerdSpec, MeshSpec } from "../spec/types";

/** Labels and annotations. */
export interface Marks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** How what runs in a cluster joins its mesh. */
export interface Membership {
  /** Of a namespace: pods that anyone makes in it join. */
  readonly namespace: Marks;
  /** Of our pods, which say it themselves too: another mesh is another pod template, so that Kubernetes restarts them. */
  readonly pod: Marks;
  /** Annotation with a pod's version, where the mesh tells versions by it. */
  readonly versionAnnotation?: string;
  /** Of the Services of single versions. */
  readonly versionService: Marks;
  /** Whether the mesh's proxies need the pod's ordinary ServiceAccount token. */
  readonly apiToken: boolean;
  /** The strictest Pod Security Standard that a pod meets with what the mesh adds to it. */
  readonly podSecurity: "privileged" | "restricted";
}

interface MeshBasePlan {
  readonly membership: Membership;
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

/** What the mesh's certificates are made under, for meshes whose clusters share a root. */
export function trustDomainOf(plan: MeshPlan): string | undefined {
  return plan.kind === "consul" ? undefined : plan.trustDomain;
}

/** Istio's own default: policies in it apply to the whole mesh. */
export const ISTIO_NAMESPACE = "istio-system";
export const CONSUL_NAMESPACE = "consul";

const ISTIO_VERSION = "1.30.3";
const TRUST_DOMAIN = "cluster.local";

/** First patch of a minor version in which no request passes access policies that should stop it; later minors have it. */
const ISTIO_FLOOR: Readonly<Record<number, number>> = { 28: 7, 29: 3 };

/** What is wrong with the mesh beyond its shape. */
export function validateMesh(spec: MeshSpec): Problem[] {
  if (spec.kind !== "istio" || spec.version === undefined || isSafe(spec.version)) return [];
  return [
    {
      path: "mesh.version",
      found: spec.version,
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

const NOTHING: Marks = { labels: {}, annotations: {} };

function planLinkerd({ trustDomain = TRUST_DOMAIN }: LinkerdSpec): LinkerdPlan {
  const inject: Marks = { labels: {}, annotations: { "linkerd.io/inject": "enabled" } };
  return {
    kind: "linkerd",
    trustDomain,
    membership: {
      namespace: inject,
      pod: inject,
      versionService: NOTHING,
      apiToken: false,
      // An init container sets the routes of the pod's traffic, for which it needs NET_ADMIN.
      podSecurity: "privileged",
    },
    // It denies by a value of its chart.
    objects: [],
  };
}

function planIstio({ mode, version, trustDomain, escapedSlashes }: IstioSpec): IstioPlan {
  const [namespace, pod]: Readonly<Record<string, string>>[] =
    mode === "ambient"
      ? [{ "istio.io/dataplane-mode": "ambient" }, { "istio.io/dataplane-mode": "ambient" }]
      : [{ "istio-injection": "enabled" }, { "sidecar.istio.io/inject": "true" }];
  return {
    kind: "istio",
    mode,
    version: version ?? ISTIO_VERSION,
    trustDomain: trustDomain ?? TRUST_DOMAIN,
    escapedSlashes: escapedSlashes ?? "keep",
    membership: {
      namespace: { labels: namespace!, annotations: {} },
      pod: { labels: pod!, annotations: {} },
      versionService: NOTHING,
      apiToken: false,
      // The CNI plugin sets the routes, outside the pod.
      podSecurity: "restricted",
    },
    objects: istioDefaultDeny({ rootNamespace: ISTIO_NAMESPACE }),
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
      namespace: { labels: { [CONSUL_NAMESPACE_LABEL]: "true" }, annotations: {} },
      pod: { labels: {}, annotations: { "consul.hashicorp.com/connect-inject": "true" } },
      // Subsets of a service are told by its metadata, and a pod belongs to one service only.
      versionAnnotation: "consul.hashicorp.com/service-meta-version",
      versionService: { labels: { "consul.hashicorp.com/service-ignore": "true" }, annotations: {} },
      // Its webhook looks for the token's volume and refuses pods without (control-plane/connect-inject/webhook).
      apiToken: true,
      podSecurity: "restricted",
    },
    objects: [consulMesh(escapedSlashes)],
  };
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
