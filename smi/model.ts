import { resolveBindings } from "./bindings";
import { sortBy, sortedTexts } from "./order";
import { groupByPair, PairMap } from "./pair-map";
import type { Located, Position, Problem, Source } from "./problem";

/**
 * The Service Mesh Interface in one normal form. Every served version is read into it, so that translators and the
 * reference evaluator never see a version.
 */
export type SmiDocument = TrafficTarget | IdentityBinding | HTTPRouteGroup | TCPRoute | UDPRoute | TrafficSplit;

/** A ServiceAccount, the principal of SMI's access rules. */
export interface Subject {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** SPIFFE identity without its scheme, of a workload that is no ServiceAccount of this mesh; then the names say nothing. */
  readonly spiffe?: string;
}

export interface LocatedSubject extends Subject {
  /** The name is that of an IdentityBinding (v1alpha4), which says who it is; `DocumentIndex` puts that in its place. */
  readonly binding?: true;
  readonly position?: Position;
}

/** Sources may call the pods of the destination's ServiceAccount as the rules say. Additive; the default is deny. */
export interface TrafficTarget extends Located {
  readonly kind: "TrafficTarget";
  readonly destination: LocatedSubject & {
    /** `destination.port` of v1alpha1 and v1alpha2: narrows all rules to this container port. */
    readonly port?: number;
  };
  readonly sources: readonly LocatedSubject[];
  /** TCPRoute (and UDPRoute) rules give ports, HTTPRouteGroup rules give requests; both together are a conjunction. */
  readonly rules: readonly AccessRule[];
}

/** Who a workload is, for the TrafficTargets of the v1alpha4 draft. Its schemes are alternatives. */
export interface IdentityBinding extends Located {
  readonly kind: "IdentityBinding";
  /** In the binding's own namespace. Excludes `podLabelSelectors`. */
  readonly serviceAccount?: string;
  /** Labels of pods. No mesh has an identity for them. */
  readonly podLabelSelectors: readonly Readonly<Record<string, string>>[];
  /** Without their scheme, such as `cluster.local/ns/shop/sa/web`. */
  readonly spiffeIdentities: readonly string[];
  readonly position?: Position;
}

export interface AccessRule {
  readonly kind: "HTTPRouteGroup" | "TCPRoute" | "UDPRoute";
  /** Name of the route in the TrafficTarget's namespace. */
  readonly name: string;
  /** Names of matches of an HTTPRouteGroup; absent means all of them. */
  readonly matches?: readonly LocatedName[];
  readonly position?: Position;
}

export interface LocatedName {
  readonly name: string;
  readonly position?: Position;
}

/** Named descriptions of HTTP requests. The matches are alternatives. */
export interface HTTPRouteGroup extends Located {
  readonly kind: "HTTPRouteGroup";
  readonly matches: readonly HttpMatch[];
}

/**
 * How a path expression is anchored. SMI says "anchored to the beginning", so `start` is the default: `/api` matches
 * `/apix`. Open Service Mesh read the same text as `full`. (https://github.com/servicemeshinterface/smi-spec)
 */
export type Anchor = "start" | "full";

/** A request must satisfy the path, one of the methods, and every header. */
export interface HttpMatch {
  readonly name: string;
  /** RE2 expression for the path without its query; absent means any path. */
  readonly pathRegex?: string;
  /** Overrides the anchor of the translation; set by the typed builders, whose paths are literal prefixes. */
  readonly anchor?: Anchor;
  /** Upper-case methods; absent means any method (`*`, or none given). */
  readonly methods?: readonly string[];
  /** Sorted by name. Each value must match the whole RE2 expression, as in Envoy. */
  readonly headers: readonly HeaderMatch[];
  readonly position?: Position;
}

export interface HeaderMatch {
  /** Lower case. */
  readonly name: string;
  readonly regex: string;
}

export interface TCPRoute extends Located {
  readonly kind: "TCPRoute";
  /** Container ports, sorted; empty means any port. */
  readonly ports: readonly number[];
}

export interface UDPRoute extends Located {
  readonly kind: "UDPRoute";
  /** Container ports, sorted; empty means any port. */
  readonly ports: readonly number[];
}

/** Requests to the root Service are shared among the backends by relative weight. */
export interface TrafficSplit extends Located {
  readonly kind: "TrafficSplit";
  /** Name of the root Service in the split's namespace. */
  readonly service: string;
  readonly backends: readonly Backend[];
  /** Only requests of these groups are split; others go to the root. Absent means all requests. */
  readonly matches?: readonly SplitMatch[];
  /** Of `spec.service`. */
  readonly position?: Position;
}

export interface Backend {
  readonly service: string;
  /** Non-negative integer, relative to the others. Quantities of v1alpha1 are scaled so that all are integers. */
  readonly weight: number;
  readonly position?: Position;
}

export interface SplitMatch {
  readonly kind: string;
  readonly name: string;
  readonly position?: Position;
}

/** What a mesh reports of the traffic of one resource; what `metrics.smi-spec.io` answers. */
export interface TrafficMetrics {
  readonly kind: "TrafficMetrics";
  readonly source: Source;
  /** What is measured. */
  readonly resource: MetricsResource;
  /** The other end: `to` what the resource calls, or `from` what calls it. */
  readonly edge: {
    readonly direction: "to" | "from";
    /** Where it was observed. */
    readonly side?: "client" | "server";
    /** Empty: every other end together. */
    readonly resource: MetricsResource;
  };
  /** Of a TrafficSplit: which of its backends. */
  readonly backend?: { readonly apex: string; readonly name: string; readonly weight: number };
  /** RFC 3339. */
  readonly timestamp: string;
  /** Seconds before the timestamp in which was measured. */
  readonly window: number;
  /** Latencies in milliseconds. */
  readonly metrics: Readonly<Partial<Record<MetricName, number>>>;
}

export type MetricName =
  "p50_response_latency" | "p90_response_latency" | "p99_response_latency" | "success_count" | "failure_count";

export interface MetricsResource {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** `namespace/name`, the key under which a document is found among those of its kind. */
export function keyOf(object: { readonly namespace: string; readonly name: string }): string {
  return `${object.namespace}/${object.name}`;
}

/** `namespace/serviceAccount`; of a foreign identity its SPIFFE id, of an unresolved IdentityBinding that it is one. */
export function subjectKey({ namespace, serviceAccount, spiffe, binding }: Subject & { binding?: true }): string {
  if (spiffe !== undefined) return `spiffe://${spiffe}`;
  return `${binding ? "IdentityBinding " : ""}${namespace}/${serviceAccount}`;
}

/** Documents by kind and key, for those who follow references. */
export class DocumentIndex {
  readonly targets: readonly TrafficTarget[];
  readonly splits: readonly TrafficSplit[];
  /** What is wrong with the IdentityBindings that the targets name. */
  readonly bindingProblems: readonly Problem[];
  private readonly namesByKind = new Map<string, readonly string[]>();
  private splitsByRoot: PairMap<TrafficSplit[]> | undefined;
  private readonly groups = new PairMap<HTTPRouteGroup>();
  private readonly tcpRoutes = new PairMap<TCPRoute>();
  private readonly udpRoutes = new PairMap<UDPRoute>();

  /** @param options.trustDomain Of the mesh; identities of others stay foreign. Default: `cluster.local`. */
  constructor(
    readonly documents: readonly SmiDocument[],
    options: { readonly trustDomain?: string } = {},
  ) {
    const targets = sortByKey(documents.filter((document) => document.kind === "TrafficTarget"));
    const bindings = documents.filter((document) => document.kind === "IdentityBinding");
    const resolved = resolveBindings(targets, bindings, options.trustDomain ?? "cluster.local");
    this.targets = resolved.targets;
    this.bindingProblems = resolved.problems;
    this.splits = sortByKey(documents.filter((document) => document.kind === "TrafficSplit"));
    for (const document of documents) {
      const { namespace, name } = document;
      if (document.kind === "HTTPRouteGroup") this.groups.set(namespace, name, document);
      else if (document.kind === "TCPRoute") this.tcpRoutes.set(namespace, name, document);
      else if (document.kind === "UDPRoute") this.udpRoutes.set(namespace, name, document);
    }
  }

  /** The splits of a root Service. */
  splitsOf(namespace: string, service: string): readonly TrafficSplit[] {
    this.splitsByRoot ??= groupByPair(this.splits, (split) => [split.namespace, split.service]);
    return this.splitsByRoot.get(namespace, service) ?? [];
  }

  group(namespace: string, name: string): HTTPRouteGroup | undefined {
    return this.groups.get(namespace, name);
  }

  tcp(namespace: string, name: string): TCPRoute | undefined {
    return this.tcpRoutes.get(namespace, name);
  }

  udp(namespace: string, name: string): UDPRoute | undefined {
    return this.udpRoutes.get(namespace, name);
  }

  /** Names of a kind, sorted, for "did you mean". */
  names(kind: string): readonly string[] {
    const known =
      this.namesByKind.get(kind) ?? sortedTexts(this.documents.filter((each) => each.kind === kind).map(keyOf));
    this.namesByKind.set(kind, known);
    return known;
  }
}

/** The documents with ServiceAccounts where their TrafficTargets name IdentityBindings, for those who look at them singly. */
export function withAccounts(
  documents: readonly SmiDocument[],
  options: { readonly trustDomain?: string } = {},
): readonly SmiDocument[] {
  if (!documents.some(({ kind }) => kind === "IdentityBinding")) return documents;
  const targets = new Map(new DocumentIndex(documents, options).targets.map((target) => [keyOf(target), target]));
  return documents.map((document) => (document.kind === "TrafficTarget" ? targets.get(keyOf(document))! : document));
}

function sortByKey<T extends Located>(documents: readonly T[]): T[] {
  return sortBy(documents, keyOf);
}
