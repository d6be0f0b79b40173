import { type Facts, labelName, servicesIn, type WorkloadFacts } from "../facts";
import { sortBy } from "../order";
import type { NamedPlan } from "../objects";
import { type Problem, problemAt } from "../problem";
import { type Grant, selects } from "../resolve";
import { containersBehind } from "../splits";
import type { PolicyRule } from "./objects";
import { protocolOf } from "./protocol";
import { type RuleOptions, rulesOf } from "./rules";

/** One AuthorizationPolicy: what one TrafficTarget allows on the pods of one selector. */
export interface PolicyPlan extends NamedPlan {
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
}

export interface AccessOptions extends RuleOptions {
  readonly rootNamespace: string;
  readonly rewriteProbes: boolean;
}

/** Plans the AuthorizationPolicies of all TrafficTargets. Policies add up, so overlaps need no care. */
export function planAccess(
  grants: readonly Grant[],
  facts: Facts,
  options: AccessOptions,
): { readonly policies: PolicyPlan[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const policies = grants.flatMap((grant) => {
    const { rules, problems: found } = rulesOf(grant, options, grant.ports);
    problems.push(...found, ...checkNamespace(grant, options), ...checkTcp(grant, facts));
    if (!options.rewriteProbes) problems.push(...checkProbes(grant));
    if (rules.length === 0) return [];
    const workloads = uncovered(grant.workloads);
    problems.push(...checkLabels(grant, workloads));
    return workloads.map((workload): PolicyPlan => {
      const { name, namespace } = grant.target;
      const label = labelName(workload);
      return {
        identity: `${name} ${label}`,
        wantedName: workloads.length > 1 ? `${name}-${workload.name ?? label}` : name,
        namespace,
        labels: workload.labels,
        rules,
        origin: [grant.target],
      };
    });
  });
  return { policies, problems };
}

/** Workloads whose pods no other selector of the list catches already; of equals, the first by name. */
export function uncovered(workloads: readonly WorkloadFacts[]): WorkloadFacts[] {
  const key = (workload: WorkloadFacts): string => `${labelName(workload)} ${workload.name ?? ""}`;
  const ordered = sortBy(workloads, key);
  return ordered.filter((workload, i) =>
    ordered.every((other, k) => k === i || !selects(other, workload) || (selects(workload, other) && i < k)),
  );
}

/** A policy of the root namespace applies to pods of all namespaces that have its labels. */
export function checkNamespace({ target }: Grant, { rootNamespace }: { readonly rootNamespace: string }): Problem[] {
  if (target.namespace !== rootNamespace) return [];
  const message = `found the namespace "${rootNamespace}", Istio's root namespace, whose policies apply in all namespaces; run the workload in one of its own`;
  return [problemAt("SMI-ROOT-NAMESPACE", target, target.destination.position, message)];
}

/** A selector without labels is a policy for the namespace. */
export function checkLabels({ target }: Grant, workloads: readonly WorkloadFacts[]): Problem[] {
  if (workloads.every(({ labels }) => Object.keys(labels).length > 0)) return [];
  const message =
    "its pods have no labels of their own, so a policy for them would apply to the whole namespace; add one";
  return [problemAt("SMI-SA-AMBIGUOUS", target, target.destination.position, message)];
}

/** HTTP rules on a port that a Service declares as something else: Istio never matches them. */
export function checkTcp({ target, ports, requests, workloads }: Grant, facts: Facts): Problem[] {
  if (requests === "any" || ports === "every") return [];
  return servicesIn(facts, target.namespace).flatMap((service) =>
    service.ports
      .filter((port) => ["tcp", "tls"].includes(protocolOf(port)))
      .flatMap((port) => {
        const behind = containersBehind(service, port, facts).filter(
          (found) => workloads.includes(found.workload) && ports.has(found.port),
        );
        return [...new Set(behind.map((found) => found.port))].map((found) => {
          const message = `has HTTP rules for port ${found}, which port ${port.port} of the Service "${service.name}" declares as ${port.appProtocol ?? port.name ?? "TCP by its number"}; Istio never matches them, so all is denied. Declare appProtocol: http, or use a TCPRoute alone.`;
          return problemAt("SMI-HTTP-ON-TCP", target, target.destination.position, message);
        });
      }),
  );
}

function checkProbes({ target, workloads }: Grant): Problem[] {
  const ports = [...new Set(workloads.flatMap(({ probes }) => probes.map(({ port }) => port)))].sort((a, b) => a - b);
  if (ports.length === 0) return [];
  const message = `has httpGet probes on port ${ports.join(", ")}, which the injector leaves as they are; the kubelet has no identity, so they fail. Let the injector rewrite probes.`;
  return [problemAt("SMI-PROBE-DENIED", target, target.destination.position, message)];
}
