import { consulAllows, consulDefaultDeny, type ConsulOptions, consulShares, peerOf, translateConsul } from "./consul";
import { catches, type Facts, type WorkloadFacts } from "./facts";
import { type GatewayApiOptions, gatewayShares, translateGatewayApi } from "./gateway-api";
import {
  ambientAllows,
  ambientShares,
  istioAmbientDefaultDeny,
  type IstioAmbientOptions,
  translateIstioAmbient,
} from "./istio-ambient";
import { istioAllows, istioDefaultDeny, type IstioOptions, istioShares, translateIstio } from "./istio";
import { linkerdAllows, type LinkerdOptions, linkerdShares, translateLinkerd } from "./linkerd";
import type { Call, Protocol, Request } from "./meaning";
import type { MeshName } from "./mesh-names";
import { keyOf, type SmiDocument, type Subject } from "./model";
import type { KubernetesObject, Translation } from "./objects";

/** What can be chosen for a translation. A mesh that has no use for a choice passes over it. */
export interface MeshOptions
  extends LinkerdOptions, IstioOptions, IstioAmbientOptions, ConsulOptions, GatewayApiOptions {}

/** A request as a mesh's own model sees it. */
export interface MeshRequest extends Omit<Request, "protocol"> {
  /** Name of the Service, in the destination's namespace, that is called. Default: the pod is called by its own address. */
  readonly service?: string;
  /** What passes through a mesh. Default: `http`. */
  readonly protocol?: Exclude<Protocol, "udp">;
}

/** A call to one port of a Service, before it is split. */
export interface MeshCall extends Call {
  readonly port: number;
}

/** One mesh: its translator, and a model of what it makes of its objects that shares nothing with the translator. */
export interface Mesh {
  readonly name: MeshName;
  /** As people write it. */
  readonly title: string;
  readonly translate: (documents: readonly SmiDocument[], facts: Facts, options?: MeshOptions) => Translation;
  /** Objects that deny in the whole mesh what no rule allows; or, as text, the setting of its installation that does. */
  readonly defaultDeny: (options?: MeshOptions) => readonly KubernetesObject[] | string;
  /**
   * Whether a pod of the workload answers a request, given the objects of a translation and the mesh's default deny.
   * Absent for an API without access rules.
   */
  readonly allows?: (
    objects: readonly KubernetesObject[],
    facts: Facts,
    workload: WorkloadFacts,
    request: MeshRequest,
    options?: MeshOptions,
  ) => boolean;
  /** The share of each Service that may answer a call, by its name; they add up to 1, or to 0 where nothing answers. */
  readonly shares: (
    objects: readonly KubernetesObject[],
    call: MeshCall,
    options?: MeshOptions,
  ) => Readonly<Record<string, number>>;
}

const linkerd: Mesh = {
  name: "linkerd",
  title: "Linkerd",
  translate: translateLinkerd,
  defaultDeny: () => "Linkerd denies by a setting of its installation, proxy.defaultInboundPolicy: deny",
  allows: (objects, _facts, workload, request) => linkerdAllows(objects, workload, request),
  shares: linkerdShares,
};

const istio: Mesh = {
  name: "istio",
  title: "Istio with sidecars",
  translate: translateIstio,
  defaultDeny: (options) => istioDefaultDeny(options),
  allows: (objects, _facts, workload, request, options) =>
    istioAllows(
      [...istioDefaultDeny(options), ...objects],
      workload,
      inTrustDomain(request, options),
      options?.rootNamespace,
    ),
  shares: (objects, call, options) => byFirstLabel(istioShares(objects, call, options?.clusterDomain)),
};

const istioAmbient: Mesh = {
  name: "istio-ambient",
  title: "Istio, ambient",
  translate: translateIstioAmbient,
  defaultDeny: (options) => istioAmbientDefaultDeny(options),
  allows: (objects, facts, workload, request, options) =>
    ambientAllows(
      [...istioAmbientDefaultDeny(options), ...objects],
      facts,
      workload,
      inTrustDomain(request, options),
      options,
    ),
  shares: (objects, call) => byFirstLabel(ambientShares(objects, call)),
};

const consul: Mesh = {
  name: "consul",
  title: "Consul",
  translate: translateConsul,
  defaultDeny: ({ acls = true } = {}) =>
    acls
      ? "Consul denies by a setting of its installation, global.acls.manageSystemACLs: true"
      : consulDefaultDeny({ acls }),
  allows: (objects, facts, workload, { source, ...request }, { acls = true, peers = {} } = {}) => {
    const caller =
      source.spiffe === undefined ? { source: consulName(facts, source, acls) } : peerOf(source.spiffe, peers);
    return (
      caller !== undefined &&
      consulAllows(
        [...consulDefaultDeny({ acls }), ...objects],
        { ...request, ...caller, destination: consulName(facts, workload, acls) },
        acls ? "deny" : "allow",
      )
    );
  },
  shares: (objects, call) => byFirstLabel(consulShares(objects, call)),
};

const gatewayApi: Mesh = {
  name: "gateway-api",
  title: "Gateway API (GAMMA)",
  translate: translateGatewayApi,
  defaultDeny: () => "the Gateway API has no authorization",
  shares: (objects, call) => byFirstLabel(gatewayShares(objects, call, "below-prefix")),
};

/** Every mesh that traffic rules are translated for. Command line, components and adapter take them from here. */
export const MESHES: Readonly<Record<MeshName, Mesh>> = {
  linkerd,
  istio,
  "istio-ambient": istioAmbient,
  consul,
  "gateway-api": gatewayApi,
};

function inTrustDomain<T extends MeshRequest>(request: T, { trustDomain }: MeshOptions = {}): T {
  return trustDomain === undefined ? request : { ...request, source: { ...request.source, trustDomain } };
}

/** With ACLs Consul's services have the names of ServiceAccounts, without them those of the Services that select the pods. */
function consulName(facts: Facts, subject: Subject, acls: boolean): string {
  if (acls) return subject.serviceAccount;
  const pods = facts.workloads.filter(
    ({ namespace, serviceAccount }) => namespace === subject.namespace && serviceAccount === subject.serviceAccount,
  );
  const service = facts.services.find(
    ({ namespace, selector }) => namespace === subject.namespace && pods.some((pod) => catches(selector, pod)),
  );
  return service?.name ?? keyOf({ namespace: subject.namespace, name: subject.serviceAccount });
}

/** Meshes name a backend with what is behind a dot or a colon: its namespace, its port, the service of a subset. */
function byFirstLabel(shares: Readonly<Record<string, number>>): Record<string, number> {
  const result: Record<string, number> = {};
  for (const [name, share] of Object.entries(shares)) {
    const service = name.replace(/[.:].*$/, "");
    result[service] = (result[service] ?? 0) + share;
  }
  return result;
}
