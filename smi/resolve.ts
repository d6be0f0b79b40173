import { accountsOf, catches, type Facts, type WorkloadFacts, workloadsCaughtBy, workloadsOf } from "./facts";
import {
  type AccessRule,
  type DocumentIndex,
  type HTTPRouteGroup,
  type HttpMatch,
  keyOf,
  type Subject,
  subjectKey,
  type TrafficTarget,
} from "./model";
import { IDENTITY_FORM, isIdentity, isLabel, isName, LABEL_FORM, NAME_FORM } from "./names";
import { sortedNumbers, sortedTexts } from "./order";
import { type Problem, problemAt } from "./problem";
import { didYouMean, listed } from "./reader/suggest";

/** How calls come from other clusters of a mesh: from pod to pod, or through a gateway, which hides who calls. */
export type MultiCluster = "flat" | "gateway";

/** A TrafficTarget with its references followed and its destination found among the workloads. */
export interface Grant {
  readonly target: TrafficTarget;
  /** Sorted, each once. */
  readonly sources: readonly Subject[];
  readonly workloads: readonly WorkloadFacts[];
  /** Container ports, or every port of a workload. */
  readonly ports: ReadonlySet<number> | "every";
  /** What may be asked: matches of HTTP requests, or any connection (no HTTPRouteGroup among the rules). */
  readonly requests:
    readonly { readonly group: HTTPRouteGroup; readonly match: HttpMatch; readonly rule: AccessRule }[] | "any";
}

/** Follows every TrafficTarget's references: what all meshes need, and the errors that all meshes share. */
export function resolveAccess(
  index: DocumentIndex,
  facts: Facts,
): { readonly grants: Grant[]; readonly problems: Problem[] } {
  const problems: Problem[] = [...index.bindingProblems];
  const grants = index.targets.flatMap((target) => {
    if ([target.destination, ...target.sources].some(({ binding }) => binding)) return [];
    const found = [...checkShape(target), ...checkReferences(index, target), ...checkWorkloads(target, facts)];
    const grant = toGrant(index, target, facts);
    found.push(...checkPorts(grant));
    problems.push(...found);
    return found.some(({ severity }) => severity === "error") ? [] : [grant];
  });
  return { grants, problems };
}

/** The errors of sources that are no ServiceAccounts of the mesh, for one that only knows those. */
export function foreignSources(grants: readonly Grant[], mesh: string): Problem[] {
  return grants.flatMap(({ target }) =>
    target.sources.flatMap(({ spiffe, position }) => {
      if (spiffe === undefined) return [];
      const message = `found the identity "${spiffe}", which is no ServiceAccount of the mesh's trust domain; ${mesh} names no other callers. Give the caller an identity of this mesh.`;
      return [problemAt("SMI-IDENTITY", target, position, message)];
    }),
  );
}

/** The errors of sources that no workload here runs as, where calls from other clusters lose their identity. */
export function hiddenSources(grants: readonly Grant[], facts: Facts, mesh: string): Problem[] {
  return grants.flatMap(({ target }) =>
    target.sources
      .filter((source) => source.spiffe === undefined && workloadsOf(facts, source).length === 0)
      .map((source) => {
        const message = `found the ServiceAccount "${subjectKey(source)}", which no workload of this cluster runs as; calls through ${mesh}'s multicluster gateway have the gateway's identity. Use flat (pod to pod) multicluster, or add its workload.`;
        return problemAt("SMI-IDENTITY", target, source.position, message);
      }),
  );
}

function checkShape(target: TrafficTarget): Problem[] {
  const problems: Problem[] = [];
  if (target.rules.length === 0 || target.sources.length === 0) {
    problems.push(
      problemAt(
        "SMI-EMPTY",
        target,
        undefined,
        "has no rules or no sources, so it allows nothing; write both, or delete it",
      ),
    );
  }
  for (const subject of [target.destination, ...target.sources]) {
    const { spiffe, serviceAccount, namespace } = subject;
    if (spiffe === undefined ? isName(serviceAccount) && isLabel(namespace) : isIdentity(spiffe)) continue;
    const message =
      spiffe === undefined
        ? `found the ServiceAccount "${subjectKey(subject)}", allowed: a namespace with ${LABEL_FORM}, and a name with ${NAME_FORM}`
        : `found the identity "${spiffe}", allowed: ${IDENTITY_FORM}`;
    problems.push(problemAt("SMI-NAME", target, subject.position, message));
  }
  if (target.destination.namespace !== target.namespace) {
    const message = `found the destination namespace "${target.destination.namespace}", allowed: "${target.namespace}", the TrafficTarget's own`;
    problems.push(problemAt("SMI-NAMESPACE", target, target.destination.position, message));
  }
  return problems;
}

function checkReferences(index: DocumentIndex, target: TrafficTarget): Problem[] {
  return target.rules.flatMap((rule): Problem[] => {
    if (rule.kind === "UDPRoute") {
      const message =
        "found a UDPRoute; UDP does not pass through the mesh's proxy. Remove the rule and use a NetworkPolicy for this port.";
      return [problemAt("SMI-UDP", target, rule.position, message)];
    }
    const group = rule.kind === "HTTPRouteGroup" ? index.group(target.namespace, rule.name) : undefined;
    if (!group && !(rule.kind === "TCPRoute" && index.tcp(target.namespace, rule.name))) {
      return [problemAt("SMI-REF", target, rule.position, missing(index, rule.kind, target.namespace, rule.name))];
    }
    return (rule.matches ?? [])
      .filter(({ name }) => !group?.matches.some((match) => match.name === name))
      .map(({ name, position }) => {
        const known = group?.matches.map((match) => match.name) ?? [];
        const message = `found the match "${name}", in ${keyOf(rule.kind === "HTTPRouteGroup" && group ? group : target)} there are: ${listed(known)}.${didYouMean(name, known)}`;
        return problemAt("SMI-REF", target, position, message);
      });
  });
}

/** The message for a route that does not exist in the namespace, with the names that do. */
export function missing(index: DocumentIndex, kind: string, namespace: string, name: string): string {
  const known = index.names(kind);
  const here = known.filter((key) => key.startsWith(`${namespace}/`)).map((key) => key.slice(namespace.length + 1));
  const elsewhere = known.find((key) => key.endsWith(`/${name}`));
  const hint = elsewhere
    ? ` It exists as ${elsewhere}, but a reference stays in its namespace; copy it to "${namespace}".`
    : didYouMean(name, here);
  return `found ${kind} "${name}", in namespace "${namespace}" there are: ${listed(here)}.${hint}`;
}

function checkWorkloads(target: TrafficTarget, facts: Facts): Problem[] {
  const workloads = workloadsOf(facts, target.destination);
  const { position } = target.destination;
  if (workloads.length === 0) {
    const known = accountsOf(facts);
    const name = subjectKey(target.destination);
    const message = `found the ServiceAccount "${name}", known workloads run as: ${listed(known)}.${didYouMean(name, known)} Add its workload, or correct the name.`;
    return [problemAt("SMI-SA-UNRESOLVED", target, position, message)];
  }
  return workloads.flatMap((workload) =>
    workloadsCaughtBy(facts, workload.namespace, workload.labels)
      .filter((other) => other.serviceAccount !== workload.serviceAccount)
      .map((other) => {
        const labels = Object.entries(workload.labels)
          .map(([name, value]) => `${name}=${value}`)
          .sort()
          .join(",");
        const message = `its pods are selected by ${labels || "no label at all"}, which also selects pods of "${subjectKey(other)}"; give one of them a label of its own`;
        return problemAt("SMI-SA-AMBIGUOUS", target, position, message);
      }),
  );
}

/** Whether the labels of one workload also select the pods of another. */
export function selects(workload: WorkloadFacts, other: WorkloadFacts): boolean {
  return workload.namespace === other.namespace && catches(workload.labels, other);
}

function toGrant(index: DocumentIndex, target: TrafficTarget, facts: Facts): Grant {
  const http = target.rules.filter((rule) => rule.kind === "HTTPRouteGroup");
  const requests = http.flatMap((rule) => {
    const group = index.group(target.namespace, rule.name);
    const picked =
      group?.matches.filter((match) => !rule.matches || rule.matches.some(({ name }) => name === match.name)) ?? [];
    return group ? picked.map((match) => ({ group, match, rule })) : [];
  });
  const sources = new Map(
    target.sources.map(({ namespace, serviceAccount, spiffe }): [string, Subject] => {
      const source = { namespace, serviceAccount, ...(spiffe === undefined ? {} : { spiffe }) };
      return [subjectKey(source), source];
    }),
  );
  return {
    target,
    sources: sortedTexts(sources.keys()).map((key) => sources.get(key)!),
    workloads: workloadsOf(facts, target.destination),
    ports: portsOf(index, target),
    requests: http.length === 0 ? "any" : requests,
  };
}

/** The union of the TCPRoutes' ports, narrowed by `destination.port` of the early versions. */
function portsOf(index: DocumentIndex, target: TrafficTarget): ReadonlySet<number> | "every" {
  const routes = target.rules.flatMap((rule) =>
    rule.kind === "TCPRoute" ? (index.tcp(target.namespace, rule.name) ?? []) : [],
  );
  const every = routes.length === 0 || routes.some(({ ports }) => ports.length === 0);
  const ports = new Set(routes.flatMap((route) => route.ports));
  const { port } = target.destination;
  if (port === undefined) return every ? "every" : ports;
  return new Set(every || ports.has(port) ? [port] : []);
}

function checkPorts({ target, ports, workloads, requests }: Grant): Problem[] {
  if (ports === "every" || workloads.length === 0) return [];
  const { position } = target.destination;
  const known = new Map(workloads.flatMap((workload) => workload.ports.map((port) => [port.port, port] as const)));
  const allowed = listed(sortedNumbers(known.keys()).map(String));
  if (ports.size === 0) {
    const message = `destination.port ${target.destination.port} is not among the ports of its TCPRoutes, so nothing is allowed; make them agree`;
    return [problemAt("SMI-PORT", target, position, message)];
  }
  return [...ports].flatMap((port): Problem[] => {
    const found = known.get(port);
    if (!found) {
      const message = `found port ${port}, container ports of "${subjectKey(target.destination)}": ${allowed}. A route names container ports, not a Service's ports.`;
      return [problemAt("SMI-PORT", target, position, message)];
    }
    if (found.protocol === "tcp" && requests !== "any") {
      const message = `found HTTP rules for port ${port}, which carries tcp; remove the HTTPRouteGroup, or name an HTTP port`;
      return [problemAt("SMI-PORT", target, position, message)];
    }
    return [];
  });
}
