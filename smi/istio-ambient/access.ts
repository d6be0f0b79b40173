import { type Facts, groupBy, labelName, type WorkloadFacts } from "../facts";
import { subjectKey } from "../model";
import { compare } from "../order";
import type { NamedPlan } from "../objects";
import { type Problem, problemAt } from "../problem";
import { listed } from "../reader/suggest";
import type { Grant } from "../resolve";
import { checkLabels, checkNamespace, checkTcp, uncovered } from "../istio/access";
import type { PolicyRule, PolicyTarget } from "../istio/objects";
import { type RuleOptions, rulesOf } from "../istio/rules";
import { type BoundService, coverage } from "./waypoint";

export interface AmbientPolicy extends NamedPlan {
  readonly target: PolicyTarget;
  readonly rules: readonly PolicyRule[];
}

export interface AmbientAccess {
  readonly policies: AmbientPolicy[];
  /** Namespaces in which pods admit the waypoint, which must then deny what no policy admits. */
  readonly guarded: ReadonlySet<string>;
  readonly problems: Problem[];
}

export interface AmbientAccessOptions extends RuleOptions {
  readonly rootNamespace: string;
  /** Name of the waypoint of each namespace, which is the name of its ServiceAccount too. */
  readonly waypoint: string;
}

/** `targetRefs` of a policy (the CRD's `maxItems`). */
const MOST_TARGETS = 16;

/**
 * Plans the AuthorizationPolicies. A pod's ztunnel knows connections only and enforces the rules for those; rules for
 * requests are enforced by the waypoint, for the Services that lead to the pod, and the pod admits the waypoint.
 */
export function planAccess(
  grants: readonly Grant[],
  bound: readonly BoundService[],
  facts: Facts,
  options: AmbientAccessOptions,
): AmbientAccess {
  const byAccount = groupBy(
    bound.filter(({ account }) => account !== undefined),
    ({ account }) => account!,
  );
  const problems: Problem[] = [];
  const policies: AmbientPolicy[] = [];
  const admitted = new Map<WorkloadFacts, { readonly ports: Set<number>; readonly grants: Set<Grant> }>();
  for (const grant of grants) {
    problems.push(...checkNamespace(grant, options), ...checkLabels(grant, grant.workloads), ...checkTcp(grant, facts));
    if (grant.requests === "any") policies.push(...onPods(grant, options));
    const services = byAccount.get(subjectKey(grant.target.destination)) ?? [];
    const through = services.filter((service) => coverage(grant, service) !== "none");
    const partly = through.find((service) => coverage(grant, service) === "some");
    if (partly) problems.push(sharedPort(grant, partly));
    if (grant.requests !== "any" && through.length === 0) problems.push(unreached(grant));
    if (through.length === 0) continue;
    const { rules, problems: found } = rulesOf(grant, options, "every");
    problems.push(...found, ...tooMany(grant, through));
    if (rules.length === 0) continue;
    policies.push(atWaypoint(grant, through, rules));
    for (const { workload, port } of through.flatMap(({ reached }) => reached)) {
      if (!grant.workloads.includes(workload)) continue;
      const entry = admitted.get(workload) ?? { ports: new Set(), grants: new Set() };
      entry.ports.add(port);
      entry.grants.add(grant);
      admitted.set(workload, entry);
    }
  }
  policies.push(...fromWaypoint(admitted, options));
  problems.push(...directCalls(grants, admitted));
  return { policies, guarded: new Set([...admitted.keys()].map(({ namespace }) => namespace)), problems };
}

/** Rules for connections, which the pods' own proxy enforces. */
function onPods(grant: Grant, options: AmbientAccessOptions): AmbientPolicy[] {
  const { rules } = rulesOf(grant, options, grant.ports);
  const workloads = uncovered(grant.workloads);
  return workloads.map((workload) => ({
    identity: `pods ${grant.target.name} ${labelName(workload)}`,
    wantedName: named(grant.target.name, workload, workloads),
    namespace: grant.target.namespace,
    target: { labels: workload.labels },
    rules,
    origin: [grant.target],
  }));
}

function named(name: string, workload: WorkloadFacts, all: readonly WorkloadFacts[]): string {
  return all.length > 1 ? `${name}-${workload.name ?? labelName(workload)}` : name;
}

function atWaypoint(grant: Grant, services: readonly BoundService[], rules: readonly PolicyRule[]): AmbientPolicy {
  const { name, namespace } = grant.target;
  const names = services.map(({ service }) => service.name).sort(compare);
  return {
    identity: `waypoint ${name}`,
    wantedName: grant.requests === "any" ? `${name}-waypoint` : name,
    namespace,
    target: { targetRefs: names.map((service) => ({ group: "", kind: "Service", name: service })) },
    rules,
    origin: [grant.target],
  };
}

/** Behind a waypoint, every caller has the waypoint's identity: a pod that admits others would let them pass it by. */
function fromWaypoint(
  admitted: ReadonlyMap<WorkloadFacts, { readonly ports: ReadonlySet<number>; readonly grants: ReadonlySet<Grant> }>,
  { trustDomain, waypoint }: AmbientAccessOptions,
): AmbientPolicy[] {
  const accounts = groupBy([...admitted.keys()], subjectKey);
  return [...accounts.values()].flatMap((workloads) => {
    // Of two workloads of which one selector catches both, that one admits the ports of both.
    const shown = uncovered(workloads);
    return shown.map((workload): AmbientPolicy => {
      const own = workloads.filter((each) => each === workload || !shown.includes(each));
      const ports = [...new Set(own.flatMap((each) => [...admitted.get(each)!.ports]))].sort((a, b) => a - b);
      const { namespace, serviceAccount } = workload;
      return {
        identity: `from ${serviceAccount} ${labelName(workload)}`,
        wantedName: named(`${serviceAccount}-from-waypoint`, workload, shown),
        namespace,
        target: { labels: workload.labels },
        rules: [
          {
            principals: [`${trustDomain}/ns/${namespace}/sa/${waypoint}`],
            operations: [{ ports: ports.map(String) }],
            conditions: [],
          },
        ],
        origin: [...new Set(own.flatMap((each) => [...admitted.get(each)!.grants]))].map(({ target }) => target),
      };
    });
  });
}

function sharedPort({ target, ports, workloads }: Grant, { service, reached }: BoundService): Problem {
  const all = [...new Set(reached.filter(({ workload }) => workloads.includes(workload)).map(({ port }) => port))];
  const named = ports === "every" ? "every" : listed([...ports].map(String));
  const message = `found rules for port ${named} of "${subjectKey(target.destination)}", and the Service "${service.name}" leads to its ports ${listed(all.sort((a, b) => a - b).map(String))}; the policy of a waypoint is for a whole Service. Give each port a Service of its own.`;
  return problemAt("SMI-PORT-SHARED", target, target.destination.position, message);
}

function unreached({ target, ports }: Grant): Problem {
  const what = ports === "every" ? "any of its ports" : `port ${listed([...ports].map(String))}`;
  const message = `found rules for requests to "${subjectKey(target.destination)}", and no Service with a cluster IP leads to ${what}; requests are seen by Istio's waypoint, which stands before a Service. Add one.`;
  return problemAt("SMI-WAYPOINT-SERVICE", target, target.destination.position, message);
}

function tooMany({ target }: Grant, services: readonly BoundService[]): Problem[] {
  if (services.length <= MOST_TARGETS) return [];
  const message = `needs a policy for ${services.length} Services, allowed: ${MOST_TARGETS} targetRefs; lead fewer Services to these pods`;
  return [problemAt("SMI-LIMIT", target, target.destination.position, message)];
}

/** What SMI allows and the pods refuse, since it does not come from their waypoint: one warning for each destination. */
function directCalls(
  grants: readonly Grant[],
  admitted: ReadonlyMap<WorkloadFacts, { readonly ports: ReadonlySet<number> }>,
): Problem[] {
  const http = grants.filter(({ requests }) => requests !== "any");
  return [...groupBy(http, ({ target }) => subjectKey(target.destination))].flatMap(([account, own]): Problem[] => {
    const { target, workloads } = own[0]!;
    const lacking = workloads.flatMap((workload) =>
      workload.ports.map(({ port }) => port).filter((port) => !admitted.get(workload)?.ports.has(port)),
    );
    const wanted = lacking.filter((port) => own.some(({ ports }) => ports === "every" || ports.has(port)));
    const ports = [...new Set(wanted)].sort((left, right) => left - right).map(String);
    const also = ports.length === 0 ? "" : `, and all to port ${listed(ports)}, to which no Service leads,`;
    const message = `requests to the addresses of single pods of "${account}"${also} are denied: rules for requests are enforced by the waypoint, which stands before Services. Call a Service.`;
    return [problemAt("SMI-WAYPOINT-DIRECT", target, target.destination.position, message)];
  });
}
