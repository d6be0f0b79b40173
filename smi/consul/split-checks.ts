import type { Facts } from "../facts";
import type { Backend, DocumentIndex, TrafficSplit } from "../model";
import { type Problem, problemAt } from "../problem";
import { listed } from "../reader/suggest";
import { checkConflicts as checkCommonConflicts, checkLeaves as checkCommonLeaves, rootMissing } from "../splits";
import type { ConsulServices, SplitMode } from "./identity";

export interface SplitContext {
  readonly index: DocumentIndex;
  readonly facts: Facts;
  readonly services: ConsulServices;
  readonly mode: SplitMode;
  readonly acls: boolean;
  /** Tells whether only TCP rules open a service whose protocol is not known, so that no request can be seen in it. */
  readonly isOpaque: (namespace: string, name: string) => boolean;
}

/** What is wrong with the root: it must exist, have an address of its own, and carry HTTP on every port. */
export function checkRoot(split: TrafficSplit, { facts, services, isOpaque }: SplitContext): Problem[] {
  const { namespace, service: name, position } = split;
  const root = services.find(namespace, name);
  if (!root) return [rootMissing(split, facts)];
  if (root.headless || root.externalName) {
    const message = `found ${root.headless ? "a headless" : "an ExternalName"} Service "${name}"; Consul only splits Services with a cluster IP. Give it one.`;
    return [problemAt("SMI-HEADLESS", split, position, message)];
  }
  const collision = services.collision(name);
  return [
    ...(collision ? [problemAt("SMI-NAME-COLLISION", split, position, collision)] : []),
    ...(services.protocolOf(namespace, name) === undefined || isOpaque(namespace, name)
      ? [
          problemAt(
            "SMI-SPLIT-PROTOCOL",
            split,
            position,
            `found a port of "${name}" that does not carry HTTP (by appProtocol, by the container's port, or because only TCP rules open it); Consul gives a service one protocol and splits requests only. Use HTTP on all of its ports.`,
          ),
        ]
      : []),
  ];
}

/** Conflicts with other splits. Consul applies a splitter to the shares of another one, which SMI does not. */
export function checkConflicts(split: TrafficSplit, { index, mode }: SplitContext): Problem[] {
  const problems = checkCommonConflicts(index, split).filter(({ code }) => code !== "SMI-SPLIT-NESTED");
  for (const { service, position } of split.backends) {
    if (service === split.service || index.splitsOf(split.namespace, service).length === 0) continue;
    const message = `found "${service}", which is split itself; Consul would apply both splits, SMI only this one. List its backends here.`;
    problems.push(problemAt("SMI-SPLIT-FLATTENED", split, position, message));
  }
  if (mode === "services" && split.matches) {
    const message = `has matches, and other requests go to the root "${split.service}", which is no service of its own when the backends are; use split: "subsets"`;
    problems.push(problemAt("SMI-SPLIT-MODE", split, split.position, message));
  }
  return problems;
}

/** Ports of each leaf, and what it needs to be a service of its own. */
export function checkLeaves(split: TrafficSplit, context: SplitContext): Problem[] {
  const { services, facts, mode } = context;
  const common = checkCommonLeaves(split, services.find(split.namespace, split.service)?.ports ?? [], facts);
  const leaves = split.backends.filter(
    ({ service }) => service !== split.service && services.find(split.namespace, service),
  );
  return mode === "subsets" ? common : [...common, ...leaves.flatMap((leaf) => checkLeafService(split, leaf, context))];
}

/** A leaf that is a service of its own shares no pod with another one, and with ACLs no ServiceAccount. */
function checkLeafService(split: TrafficSplit, { service, position }: Backend, context: SplitContext): Problem[] {
  const { services, acls, isOpaque } = context;
  const problems: Problem[] = [];
  const collision = services.collision(service);
  if (collision) problems.push(problemAt("SMI-NAME-COLLISION", split, position, collision));
  const workloads = services.workloadsBehind(split.namespace, service);
  const others = services.servicesOf(workloads).filter((name) => name !== service);
  if (others.length > 0) {
    const message = `found "${service}", whose pods also belong to ${listed(others)}; as a service of its own it needs pods of its own. Use split: "subsets", or change the selectors.`;
    problems.push(problemAt("SMI-SA-SERVICE", split, position, message));
  }
  const accounts = [...new Set(workloads.map(({ serviceAccount }) => serviceAccount))].sort();
  if (acls && accounts.some((account) => account !== service)) {
    const message = `found "${service}", whose pods run as ${listed(accounts)}; with ACLs each backend needs a ServiceAccount of its own name, "${service}". Use split: "subsets" for backends that share one.`;
    problems.push(problemAt("SMI-SA-SERVICE", split, position, message));
  }
  const [wanted, found] = [split.service, service].map((name) => services.protocolOf(split.namespace, name)?.protocol);
  if (wanted && wanted !== found) {
    const message = `found "${service}", which carries ${found ?? "tcp"}, while the root "${split.service}" carries ${wanted}; Consul refuses to mix them`;
    problems.push(problemAt("SMI-LEAF-PORT", split, position, message));
  }
  if (isOpaque(split.namespace, service)) {
    const message = `found "${service}", which only TCP rules open; splits share requests. Add an HTTPRouteGroup, or declare its port's protocol.`;
    problems.push(problemAt("SMI-SPLIT-PROTOCOL", split, position, message));
  }
  return problems;
}
