import type { Facts } from "../facts";
import { type Anchor, DocumentIndex, keyOf, type SmiDocument, type TrafficSplit, type TrafficTarget } from "../model";
import { type KubernetesObject, sortObjects, type Translation } from "../objects";
import { madeFrom } from "../origin";
import { distinctProblems, hasErrors, type Problem, problemAt, PROBLEM_CODES, type ProblemCode } from "../problem";
import { resolveAccess } from "../resolve";
import { type IntentionPlan, planIntentions } from "./access";
import { ConsulServices, type SplitMode } from "./identity";
import type { Peers } from "./peer";
import { type Protocol, serviceDefaults, serviceIntentions } from "./objects";
import { planSplits, type SplitsPlan } from "./split";

export interface ConsulOptions {
  /**
   * How the backends of a split are known to Consul. `subsets`: the root is the service, the backends are subsets of its
   * pods. `services`: each backend is a service, and with ACLs has a ServiceAccount of its own. Default: `subsets`.
   */
  readonly split?: SplitMode;
  /** Whether Consul runs with ACLs, so that what no intention allows is denied. Default: true. */
  readonly acls?: boolean;
  /**
   * Peering connections by the trust domain of the cluster behind them, such as `<uuid>.consul`. Its services are callers by
   * their SPIFFE identities, which IdentityBindings name. Default: none.
   */
  readonly peers?: Peers;
  /** Trust domain of the mesh's identities. Default: `cluster.local`. */
  readonly trustDomain?: string;
  /** How path expressions without an anchor of their own are read. Default: `start`, as the specification says. */
  readonly anchor?: Anchor;
  /** Warnings that the author has read and accepts; they are not reported. Errors cannot be accepted. */
  readonly acknowledge?: readonly ProblemCode[];
}

/**
 * Translates access rules and splits into Consul's config entries (consul-k8s 1.4 and later; written for 2.0). A pure
 * function: the same documents and facts give the same objects.
 *
 * What no rule opens is denied by Consul's ACLs; without them, by {@link consulDefaultDeny}, which the installation of
 * the mesh must add. `spec.destination` of ServiceIntentions cannot be changed in place: a renamed destination is a
 * new object.
 */
export function translateConsul(
  documents: readonly SmiDocument[],
  facts: Facts,
  options: ConsulOptions = {},
): Translation {
  const { anchor = "start", acls = true, split = "subsets", peers = {} } = options;
  const index = new DocumentIndex(documents, options);
  const services = new ConsulServices(index, facts, { acls, split });
  const { grants, problems: references } = resolveAccess(index, facts);
  const access = planIntentions(grants, services, { anchor, acls, peers });
  const tcp = new Set(access.intentions.filter(({ protocol }) => !protocol).map(keyOf));
  const isOpaque = (namespace: string, name: string): boolean =>
    tcp.has(keyOf({ namespace, name })) && !services.protocolOf(namespace, name)?.certain;
  const splits = planSplits({ index, facts, services, mode: split, acls, isOpaque }, anchor);
  const problems = distinctProblems([
    ...references,
    ...access.problems,
    ...splits.problems,
    ...splitConnections(access.intentions, splits),
    ...rawPaths(access.intentions),
  ]).filter(({ code, severity }) => severity === "error" || !options.acknowledge?.includes(code));
  if (hasErrors(problems)) return { objects: [], problems };
  return { objects: emit(access.intentions, splits), problems };
}

/** A split makes Consul read requests, so that other connections to the service do not pass any more. */
function splitConnections(intentions: readonly IntentionPlan[], { services }: SplitsPlan): Problem[] {
  const split = new Set(services.map(keyOf));
  return intentions
    .filter((plan) => !plan.protocol && split.has(keyOf(plan)))
    .flatMap(({ name, origin }) =>
      origin.map((target) => {
        const message = `opens "${name}" to any protocol, but a TrafficSplit shares its requests; only HTTP passes. Add an HTTPRouteGroup, or use another service.`;
        return problemAt("SMI-TCP-HTTP", target, undefined, message);
      }),
    );
}

interface ProtocolPlan {
  readonly namespace: string;
  readonly name: string;
  readonly protocol: Protocol;
  readonly origin: readonly (TrafficTarget | TrafficSplit)[];
}

function emit(intentions: readonly IntentionPlan[], splits: SplitsPlan): KubernetesObject[] {
  const protocols = new Map<string, ProtocolPlan>();
  for (const { namespace, name, protocol, origin } of [...intentions, ...splits.services]) {
    const key = `${namespace}/${name}`;
    const before = protocols.get(key)?.origin ?? [];
    if (protocol) protocols.set(key, { namespace, name, protocol, origin: [...before, ...origin] });
  }
  return sortObjects([
    ...[...protocols.values()].map(({ namespace, name, protocol, origin }) =>
      madeFrom(serviceDefaults(namespace, name, protocol), origin),
    ),
    ...intentions.map(({ namespace, name, sources, origin }) =>
      madeFrom(serviceIntentions(namespace, name, name, sources), origin),
    ),
    ...splits.objects,
  ]);
}

/** Envoy removes `.` and `..`, but what an escaped slash means is up to the mesh and the server. */
function rawPaths(intentions: readonly IntentionPlan[]): Problem[] {
  const limited = intentions.filter(({ sources }) =>
    sources.some(
      (source) =>
        "permissions" in source &&
        source.permissions.some(
          ({ http }) =>
            http.pathExact !== undefined ||
            http.pathRegex !== undefined ||
            (http.pathPrefix !== undefined && http.pathPrefix !== "/"),
        ),
    ),
  );
  if (limited.length === 0) return [];
  const code = "SMI-PATH-RAW";
  const message = `Consul leaves repeated and escaped slashes in paths as they are sent, so /cart/..%2fadmin passes a rule for /cart. Set spec.http.incoming.requestNormalization (mergeSlashes, pathWithEscapedSlashesAction) of Consul's Mesh resource, or let servers refuse such paths; then acknowledge ${code}.`;
  const where = `Consul, ${limited.length} ${limited.length === 1 ? "service" : "services"} with rules for paths`;
  return [{ code, severity: PROBLEM_CODES[code].severity, where, message }];
}
