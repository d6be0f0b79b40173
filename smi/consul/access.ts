import type { WorkloadFacts } from "../facts";
import { type Anchor, subjectKey, type TrafficTarget } from "../model";
import { sortedNumbers, sortedTexts } from "../order";
import { type Problem, problemAt } from "../problem";
import { listed } from "../reader/suggest";
import type { Grant } from "../resolve";
import type { ConsulServices } from "./identity";
import { checkMatch, criteriaOf, neverProblem, sortCriteria } from "./match";
import type { HttpCriteria, IntentionSource, Permission, Protocol } from "./objects";
import { type Caller, type Peers, peerCaller, peerSetup } from "./peer";

/** All that may call one destination. */
export interface IntentionPlan {
  readonly namespace: string;
  /** Consul's name of the destination. */
  readonly name: string;
  /** Set if any rule speaks of requests: Consul refuses permissions on a service that does not. */
  readonly protocol?: Protocol;
  readonly sources: readonly IntentionSource[];
  readonly origin: readonly TrafficTarget[];
}

export interface AccessOptions {
  readonly anchor: Anchor;
  readonly acls: boolean;
  readonly peers: Peers;
}

/** Plans one ServiceIntentions per destination, with the rules of all TrafficTargets merged per source. */
export function planIntentions(
  grants: readonly Grant[],
  services: ConsulServices,
  options: AccessOptions,
): { readonly intentions: IntentionPlan[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const byDestination = new Map<string, { name: string; grants: NamedGrant[] }>();
  for (const grant of grants) {
    const named = nameGrant(grant, services, options);
    problems.push(...named.problems, ...checkMatches(grant), ...checkPorts(grant));
    if (!named.grant) continue;
    const key = `${grant.target.namespace}/${named.grant.name}`;
    const entry = byDestination.get(key) ?? { name: named.grant.name, grants: [] };
    entry.grants.push(named.grant);
    byDestination.set(key, entry);
  }
  if (problems.some(({ severity }) => severity === "error")) return { intentions: [], problems };
  const intentions = [...byDestination.values()].map(({ name, grants: own }) => {
    const plan = planDestination(name, own, services, options);
    problems.push(...plan.problems);
    return plan.intention;
  });
  // Consul refuses intentions without a source, and none is needed to deny.
  return { intentions: intentions.filter(({ sources }) => sources.length > 0), problems };
}

interface NamedGrant extends Grant {
  readonly name: string;
  readonly callers: readonly Caller[];
}

function nameGrant(
  grant: Grant,
  services: ConsulServices,
  options: AccessOptions,
): { readonly grant?: NamedGrant; readonly problems: Problem[] } {
  const { target } = grant;
  const problems: Problem[] = [];
  const nameOf = (subject: TrafficTarget["sources"][number], role: "source" | "destination"): string | undefined => {
    const found = services.identify(subject, role);
    const at = subject.position;
    if (!found.ok) {
      problems.push(problemAt("SMI-SA-SERVICE", target, at, found.message));
      return undefined;
    }
    const collision = services.collision(found.name);
    if (collision) problems.push(problemAt("SMI-NAME-COLLISION", target, at, collision));
    if (found.others.length > 0) {
      const message = `pods of "${subjectKey(subject)}" are selected by ${listed(found.others)} besides "${found.name}", and Consul starts a pod with one Service only; label the others consul.hashicorp.com/service-ignore: "true"`;
      problems.push(problemAt("SMI-SERVICE-IGNORE", target, at, message));
    }
    return found.name;
  };
  const name = nameOf(target.destination, "destination");
  const callers = target.sources.flatMap((source): Caller[] => {
    if (source.spiffe === undefined) {
      const local = nameOf(source, "source");
      return local === undefined ? [] : [{ name: local }];
    }
    const found = peerCaller(source.spiffe, options);
    if ("caller" in found) return [found.caller];
    problems.push(problemAt("SMI-IDENTITY", target, source.position, found.message));
    return [];
  });
  if (name === undefined) return { problems };
  problems.push(...peerSetup(target, name, callers));
  return { grant: { ...grant, name, callers }, problems };
}

function checkMatches({ target, requests }: Grant): Problem[] {
  return requests === "any" ? [] : requests.flatMap(({ match, rule }) => checkMatch(match, target, rule.position));
}

/**
 * An intention has no port: it opens every port of the service that is in the mesh. Which those are depends on
 * `consul.hashicorp.com/connect-service-port`: by default the first container port before consul-k8s 2.0, and all of the
 * first container since.
 */
function checkPorts({ target, ports, workloads, requests }: Grant): Problem[] {
  const { position } = target.destination;
  const own = (workload: WorkloadFacts): number[] => workload.ports.map(({ port }) => port);
  const several = workloads.some((workload) => workload.ports.length > 1);
  const all = listed(sortedNumbers(new Set(workloads.flatMap(own))).map(String));
  if (ports !== "every" && workloads.some((workload) => own(workload).some((port) => !ports.has(port)))) {
    const message = `found rules for port ${listed([...ports].map(String))}, container ports of "${subjectKey(target.destination)}": ${all}. A Consul intention opens all ports of a service; name all of them, or let the pods declare these only.`;
    return [problemAt("SMI-PORT-SHARED", target, position, message)];
  }
  if (requests !== "any" && workloads.some((workload) => workload.ports.some(({ protocol }) => protocol === "tcp"))) {
    const message = `found HTTP rules for "${subjectKey(target.destination)}", of whose ports ${all} one carries tcp; Consul gives a service one protocol. Move that port to a service of its own.`;
    return [problemAt("SMI-PORT", target, position, message)];
  }
  if (!several) return [];
  const message = `opens the ports ${all} of "${subjectKey(target.destination)}"; Consul before 2.0 carries the first of them only. Set the pods' annotation consul.hashicorp.com/connect-service-port.`;
  return [problemAt("SMI-PORT-SINGLE", target, position, message)];
}

function planDestination(
  name: string,
  grants: readonly NamedGrant[],
  services: ConsulServices,
  { anchor, acls }: AccessOptions,
): { readonly intention: IntentionPlan; readonly problems: Problem[] } {
  const { namespace } = grants[0]!.target;
  const problems: Problem[] = [];
  const sources = new Map<string, { readonly caller: Caller; readonly criteria: HttpCriteria[] | "any" }>();
  const speaksHttp = grants.some(({ requests }) => requests !== "any");
  for (const { target, requests, callers } of grants) {
    const criteria: HttpCriteria[] | "any" = requests === "any" ? "any" : [];
    for (const { match, rule } of requests === "any" ? [] : requests) {
      const found = criteriaOf(match, anchor);
      if (found && criteria !== "any") criteria.push(found);
      else problems.push(neverProblem(match, target, rule.position));
    }
    if (criteria === "any" && speaksHttp) {
      const message = `opens "${name}" to any protocol, but other rules speak of HTTP there; only HTTP passes. Add an HTTPRouteGroup, or use another service.`;
      problems.push(problemAt("SMI-TCP-HTTP", target, undefined, message));
    }
    for (const caller of callers) {
      // Those of this cluster come first.
      const key = `${caller.peer ?? ""}/${caller.name}`;
      const before = sources.get(key)?.criteria ?? [];
      const both = before === "any" || criteria === "any" ? "any" : [...before, ...criteria];
      sources.set(key, { caller, criteria: both });
    }
  }
  const protocol = speaksHttp ? (services.protocolOf(namespace, name)?.protocol ?? "http") : undefined;
  const planned = sortedTexts(sources.keys()).flatMap((key): IntentionSource[] => {
    const { caller, criteria } = sources.get(key)!;
    if (criteria === "any") return [{ ...caller, action: "allow" }];
    return criteria.length === 0 ? [] : [{ ...caller, permissions: permissionsOf(criteria, acls) }];
  });
  const origin = grants.map(({ target }) => target);
  return { intention: { namespace, name, ...(protocol ? { protocol } : {}), sources: planned, origin }, problems };
}

/**
 * Permissions are tried in their order, and the first that matches decides. As all of them allow, none can hide another.
 * A request that none of them matches is left to the default of the ACL system, not to an intention for `*`; without
 * ACLs that default is to allow, so the last permission must deny.
 */
function permissionsOf(criteria: readonly HttpCriteria[], acls: boolean): Permission[] {
  const allowed = sortCriteria(criteria).map((http) => ({ action: "allow" as const, http }));
  // Every request has a method, while `OPTIONS *` and CONNECT have no path that starts with a slash.
  const everything: HttpCriteria = { header: [{ name: ":method", present: true }] };
  return acls ? allowed : [...allowed, { action: "deny", http: everything }];
}
