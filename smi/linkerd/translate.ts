import { type Facts, groupBy } from "../facts";
import { type Anchor, DocumentIndex, type SmiDocument, subjectKey } from "../model";
import { sortedTexts } from "../order";
import { madeFrom } from "../origin";
import { distinctProblems, hasErrors, type Problem, PROBLEM_CODES, type ProblemCode } from "../problem";
import { foreignSources, hiddenSources, type MultiCluster, resolveAccess } from "../resolve";
import { planAccess, type PortPlan, serverOf, union } from "./access";
import { LIMITS } from "../gateway-api/match";
import { httpRoute } from "../gateway-api/route";
import { planSplits, type SplitPlan } from "../gateway-api/split";
import { assignNames, type KubernetesObject, sortObjects, type Translation } from "../objects";
import { authorizationPolicy, meshTlsAuthentication, networkAuthentication, routeRef, serverRef } from "./objects";
import type { RoutePlan } from "./routes";

export interface LinkerdOptions {
  /** How path expressions without an anchor of their own are read. Default: `start`, as the specification says. */
  readonly anchor?: Anchor;
  /** Trust domain of the mesh's identities. Default: `cluster.local`. */
  readonly trustDomain?: string;
  /** How calls come from other clusters of the mesh, which must share the trust anchor. Default: they do not. */
  readonly multiCluster?: MultiCluster;
  /** Networks from which the kubelet probes. Default: every address, as Linkerd's own implicit rule. */
  readonly probeNetworks?: readonly string[];
  /** Warnings that the author has read and accepts; they are not reported. Errors cannot be accepted. */
  readonly acknowledge?: readonly ProblemCode[];
}

/**
 * Translates access rules and splits into Linkerd's objects (2.14 and later; written for 2.20). A pure function: the
 * same documents and facts give the same objects.
 *
 * Ports that no rule opens get no Server. They are denied by `proxy.defaultInboundPolicy: deny`, which the installation
 * of the mesh sets, as SMI's default deny demands; without it, rules here would only restrict the ports they name. A
 * request that no route knows is answered 404, one from a wrong source 403.
 */
export function translateLinkerd(
  documents: readonly SmiDocument[],
  facts: Facts,
  options: LinkerdOptions = {},
): Translation {
  const index = new DocumentIndex(documents, options);
  const anchor = options.anchor ?? "start";
  const { grants, problems: references } = resolveAccess(index, facts);
  const access = planAccess(grants, facts, anchor);
  const opaque = groupBy(
    access.ports.filter(({ protocol }) => protocol === "opaque"),
    ({ workload }) => workload,
  );
  const isOpaque = (workload: PortPlan["workload"], port: number): boolean =>
    opaque.get(workload)?.some((plan) => plan.port === port) ?? false;
  const splits = planSplits(index, facts, anchor, { name: "Linkerd", isOpaque });
  const problems = distinctProblems([
    ...references,
    ...foreignSources(grants, "Linkerd"),
    ...(options.multiCluster === "gateway" ? hiddenSources(grants, facts, "Linkerd") : []),
    ...access.problems,
    ...splits.problems,
    ...rawPaths(access.ports),
  ]).filter(({ code, severity }) => severity === "error" || !options.acknowledge?.includes(code));
  if (hasErrors(problems)) return { objects: [], problems };
  return {
    objects: emit(index, access.ports, splits.splits, options.probeNetworks ?? ["0.0.0.0/0", "::/0"]),
    problems,
  };
}

/** `/cart/../admin` has the prefix `/cart`, whatever the server behind the proxy makes of it. */
function rawPaths(ports: readonly PortPlan[]): Problem[] {
  const limited = ports.filter(({ routes }) =>
    routes.some(
      ({ entries, matches }) =>
        entries.every(({ sources }) => sources !== "everyone") && matches.some(({ path }) => path),
    ),
  );
  if (limited.length === 0) return [];
  const code = "SMI-PATH-RAW";
  const message = `Linkerd compares paths as they are sent, so /cart/../admin passes a rule for /cart. Servers must refuse such paths, or serve them as written; then acknowledge ${code}.`;
  const where = `Linkerd, ${limited.length} ${limited.length === 1 ? "port" : "ports"} with rules for paths`;
  return [{ code, severity: PROBLEM_CODES[code].severity, where, message }];
}

function emit(
  index: DocumentIndex,
  ports: readonly PortPlan[],
  splits: readonly SplitPlan[],
  probeNetworks: readonly string[],
): KubernetesObject[] {
  const targets = groupBy(index.targets, ({ destination }) => subjectKey(destination));
  const portsByNamespace = groupBy(ports, ({ workload }) => workload.namespace);
  const splitsByNamespace = groupBy(splits, ({ namespace }) => namespace);
  const namespaces = new Set([...portsByNamespace.keys(), ...splitsByNamespace.keys()]);
  const objects = [...namespaces].flatMap((namespace) => {
    const here = portsByNamespace.get(namespace) ?? [];
    const shared = splitsByNamespace.get(namespace) ?? [];
    const servers = assignNames(new Map(here.map((plan) => [plan.identity, plan.wantedName])));
    const named = here.map((plan) => ({
      plan,
      identity: `server ${plan.identity}`,
      wantedName: servers.get(plan.identity)!,
      routes: plan.routes.map((route) => ({ route, identity: routeIdentity(plan, route) })),
    }));
    const wanted = new Map(named.map(({ identity, wantedName }) => [identity, wantedName]));
    for (const { wantedName, routes } of named) {
      for (const { route, identity } of routes) wanted.set(identity, `${wantedName}-${routeLabel(route)}`);
    }
    for (const { identity, wantedName } of shared) wanted.set(identity, wantedName);
    const names = assignNames(wanted);
    return [
      ...named.flatMap(({ plan, identity, routes }) => {
        const name = names.get(identity)!;
        const origin = targets.get(subjectKey(plan.workload)) ?? [];
        const objects = [
          serverOf(plan, name),
          ...emitConnections(plan, name),
          ...routes.flatMap((each) => emitRoute(namespace, name, names.get(each.identity)!, each.route, probeNetworks)),
        ];
        return objects.map((object) => madeFrom(object, origin));
      }),
      ...shared.map(({ identity, parent, rules, origin }) =>
        madeFrom(httpRoute(namespace, names.get(identity)!, parent, rules), origin),
      ),
    ];
  });
  return sortObjects(objects);
}

/** Without routes the policy is on the Server itself, and the kubelet's probes stay let through. */
function emitConnections({ workload: { namespace }, connections }: PortPlan, name: string): KubernetesObject[] {
  if (!connections) return [];
  const { object, ref } = meshTlsAuthentication(namespace, name, connections);
  return [authorizationPolicy(namespace, name, serverRef(name), ref), object];
}

function emitRoute(
  namespace: string,
  serverName: string,
  name: string,
  route: RoutePlan,
  probeNetworks: readonly string[],
): KubernetesObject[] {
  const rules = [];
  for (let at = 0; at < route.matches.length; at += LIMITS.matchesPerRule) {
    rules.push({
      matches: route.matches.slice(at, at + LIMITS.matchesPerRule).map((match) => (isEmpty(match) ? ANY_MATCH : match)),
    });
  }
  const { object, ref } = isProbe(route)
    ? networkAuthentication(namespace, name, probeNetworks)
    : meshTlsAuthentication(namespace, name, union(route.entries));
  return [
    httpRoute(namespace, name, { ...serverRef(serverName) }, rules),
    authorizationPolicy(namespace, name, routeRef(name), ref),
    object,
  ];
}

/** What the Gateway API defaults an empty match to, written out. */
const ANY_MATCH = { path: { type: "PathPrefix", value: "/" } };

function isEmpty(match: object): boolean {
  return Object.keys(match).length === 0;
}

function isProbe({ entries }: RoutePlan): boolean {
  return entries.some(({ sources }) => sources === "everyone");
}

function routeIdentity(plan: PortPlan, route: RoutePlan): string {
  return `route ${plan.identity} ${isProbe(route) ? "probes" : route.entries.map(({ id }) => id).join("\n")}`;
}

/** The names of the matches that meet in the route. */
function routeLabel(route: RoutePlan): string {
  return isProbe(route) ? "probes" : sortedTexts(new Set(route.entries.map(({ label }) => label))).join("-");
}
