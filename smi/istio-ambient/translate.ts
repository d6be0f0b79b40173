import { type Facts, groupBy } from "../facts";
import { planSplits } from "../gateway-api/split";
import { emitRoutes } from "../gateway-api/translate";
import { ROOT_NAMESPACE } from "../istio/deny";
import { allowPolicy } from "../istio/objects";
import { protocolOf } from "../istio/protocol";
import { rawPaths } from "../istio/rules";
import type { IstioOptions } from "../istio/translate";
import { DocumentIndex, type SmiDocument } from "../model";
import { compare } from "../order";
import { emitNamed, type KubernetesObject, type NamedPlan, sortObjects, type Translation } from "../objects";
import { madeFrom } from "../origin";
import { distinctProblems, hasErrors, type Problem, PROBLEM_CODES, problemAt, type ProblemCode } from "../problem";
import { listed } from "../reader/suggest";
import { resolveAccess } from "../resolve";
import type { MultiCluster } from "../resolve";
import { type AmbientPolicy, planAccess } from "./access";
import { waypointDeny, waypointGateway } from "./objects";
import { bindServices, type BoundService } from "./waypoint";

/** As for sidecars, but for what only those have. */
export interface IstioAmbientOptions extends Omit<IstioOptions, "rewriteProbes" | "clusterDomain"> {
  /** Name of the waypoint in each namespace that needs one. Default: `waypoint`, as `istioctl` names it. */
  readonly waypoint?: string;
  /** How the mesh spans clusters: calls from another one skip the destination's waypoint. Default: it does not. */
  readonly multiCluster?: MultiCluster;
}

/**
 * Translates access rules and splits into Istio's objects for ambient mode (1.28.7, 1.29.3, 1.30 and later; written for
 * 1.30). A pure function: the same documents and facts give the same objects.
 *
 * Rules for connections are enforced by ztunnel at the pods. Rules for requests, and splits, need a waypoint: a Gateway in
 * the namespace is emitted, and the Services must have the label that binds them to it, which is no object of their own and
 * so is reported (`SMI-WAYPOINT-SETUP`) unless the facts have it. Access needs `istioAmbientDefaultDeny` beside it.
 */
export function translateIstioAmbient(
  documents: readonly SmiDocument[],
  facts: Facts,
  options: IstioAmbientOptions = {},
): Translation {
  const index = new DocumentIndex(documents, options);
  const { anchor = "start", waypoint = "waypoint" } = options;
  const { grants, problems: references } = resolveAccess(index, facts);
  const { bound, problems: shared } = bindServices(index, grants, facts, waypoint);
  const access = planAccess(grants, bound, facts, {
    anchor,
    trustDomain: options.trustDomain ?? "cluster.local",
    trustDomainAliases: options.trustDomainAliases ?? [],
    rootNamespace: options.rootNamespace ?? ROOT_NAMESPACE,
    widen: options.widen ?? false,
    waypoint,
  });
  const splits = planSplits(index, facts, anchor, {
    name: "Istio's waypoint",
    isOpaque: (workload, port) => workload.ports.some((own) => own.port === port && own.protocol === "tcp"),
    isOpaqueService: (port) => protocolOf(port) === "tcp" || protocolOf(port) === "tls",
  });
  const problems = distinctProblems([
    ...references,
    ...shared,
    ...access.problems,
    ...splits.problems,
    ...rawPaths(access.policies.map(({ rules }) => rules)),
    ...setup(bound, waypoint),
    ...(options.multiCluster ? acrossClusters(bound) : []),
  ]).filter(({ code, severity }) => severity === "error" || !options.acknowledge?.includes(code));
  if (hasErrors(problems)) return { objects: [], problems };
  const policies = emitPolicies(access.policies, access.guarded, waypoint);
  return {
    objects: sortObjects([...policies, ...emitWaypoints(bound, waypoint), ...emitRoutes(splits.splits)]),
    problems,
  };
}

type Deny = NamedPlan & { readonly deny: true };

function emitPolicies(
  policies: readonly AmbientPolicy[],
  guarded: ReadonlySet<string>,
  waypoint: string,
): KubernetesObject[] {
  const byNamespace = groupBy(policies, ({ namespace }) => namespace);
  const denies = [...guarded].map((namespace): Deny => {
    const origin = (byNamespace.get(namespace) ?? []).flatMap((policy) => policy.origin);
    return {
      identity: "deny",
      wantedName: `${waypoint}-smi-deny`,
      namespace,
      origin: [...new Set(origin)],
      deny: true,
    };
  });
  return emitNamed<AmbientPolicy | Deny>([...policies, ...denies], (plan, name) =>
    "deny" in plan
      ? waypointDeny(plan.namespace, name, waypoint)
      : allowPolicy(plan.namespace, name, plan.target, plan.rules),
  );
}

/** A waypoint for each namespace that needs one. */
function emitWaypoints(bound: readonly BoundService[], waypoint: string): KubernetesObject[] {
  const needed = bound.filter(({ why }) => why.length > 0);
  return [...groupBy(needed, ({ service }) => service.namespace)].map(([namespace, here]) => {
    const why = here.flatMap((each) => each.why);
    return madeFrom(waypointGateway(namespace, waypoint), [...new Set(why)]);
  });
}

/** The label that leads a Service's requests through the waypoint, where the facts do not have it. */
function setup(bound: readonly BoundService[], waypoint: string): Problem[] {
  const code: ProblemCode = "SMI-WAYPOINT-SETUP";
  const open = bound.filter(({ service, why }) => why.length > 0 && service.waypoint !== waypoint);
  return [...new Set(open.map(({ service }) => service.namespace))].sort(compare).map((namespace) => {
    const names = open.filter(({ service }) => service.namespace === namespace).map(({ service }) => service.name);
    const message = `needs the label istio.io/use-waypoint: ${waypoint} on the Services ${listed(names.sort(compare))}; until then their requests do not pass the waypoint, and are denied. Then acknowledge ${code}.`;
    return { code, severity: PROBLEM_CODES[code].severity, where: `Istio, namespace ${namespace}`, message };
  });
}

/** https://github.com/istio/istio/issues/60806 */
function acrossClusters(bound: readonly BoundService[]): Problem[] {
  return bound
    .flatMap(({ why }) => why)
    .map((document) => {
      const message =
        "needs a waypoint, which Istio skips for calls from another cluster of the mesh, so they would be denied or not split; use sidecars (mesh istio), or rules for ports alone";
      return problemAt("SMI-WAYPOINT-CLUSTERS", document, undefined, message);
    });
}
