import type { Facts, ServiceFacts, ServicePort, WorkloadFacts } from "../facts";
import { type Anchor, type Backend, type DocumentIndex, type HttpMatch, type TrafficSplit } from "../model";
import { type Problem, problemAt } from "../problem";
import { didYouMean, listed } from "../reader/suggest";
import { missing } from "../resolve";
import { checkMatch, type GatewayMatch, headerMatch, LIMITS, pathMatch } from "./match";

/** One HTTPRoute that shares the requests to one port of a root Service. */
export interface SplitPlan {
  readonly identity: string;
  readonly wantedName: string;
  readonly namespace: string;
  readonly parent: Readonly<Record<string, unknown>>;
  readonly rules: readonly Readonly<Record<string, unknown>>[];
}

/** Tells whether rules made this port of a workload opaque, so that no request can be seen in it. */
export type IsOpaque = (workload: WorkloadFacts, port: number) => boolean;

/** `appProtocol` values in which Linkerd sees requests. */
const HTTP_PROTOCOLS = ["http", "http2", "h2c", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws"];

/** Plans the HTTPRoutes of all splits. */
export function planSplits(
  index: DocumentIndex,
  facts: Facts,
  anchor: Anchor,
  isOpaque: IsOpaque,
): { readonly splits: SplitPlan[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const splits = index.splits.flatMap((split) => {
    const root = findService(facts, split.namespace, split.service);
    const matches = matchesOf(index, split);
    const ports = root ? splitPorts(split, root, facts, isOpaque) : { http: [], problems: [rootMissing(split, facts)] };
    const { backends, problems: weightProblems } = weigh(split);
    problems.push(
      ...matches.problems,
      ...ports.problems,
      ...weightProblems,
      ...checkConflicts(index, split),
      ...checkLeaves(split, ports.http, facts),
    );
    return ports.http.map((port) => toPlan(split, port, ports.http.length > 1, backends, matches.matches, anchor));
  });
  return { splits, problems };
}

function toPlan(
  split: TrafficSplit,
  port: ServicePort,
  several: boolean,
  backends: readonly Backend[],
  matches: readonly HttpMatch[],
  anchor: Anchor,
): SplitPlan {
  const backendRefs = backends.map(({ service, weight }) => ({ name: service, port: port.port, weight }));
  const gatewayMatches = matches.flatMap((match) => toGatewayMatches(match, anchor));
  const rules = split.matches
    ? [{ backendRefs, matches: gatewayMatches }, { backendRefs: [{ name: split.service, port: port.port }] }]
    : [{ backendRefs }];
  return {
    identity: `split ${split.name} ${port.port}`,
    wantedName: several ? `${split.name}-${port.port}` : split.name,
    namespace: split.namespace,
    parent: { group: "", kind: "Service", name: split.service, port: port.port },
    rules,
  };
}

/** One match has one method, so several methods are several matches. */
function toGatewayMatches(match: HttpMatch, anchor: Anchor): GatewayMatch[] {
  const path =
    match.pathRegex === undefined ? undefined : pathMatch({ pattern: match.pathRegex, anchor: match.anchor ?? anchor });
  const headers = match.headers.map(({ name, regex }) => headerMatch(name, regex));
  return (match.methods ?? [undefined]).map((method) => ({
    ...(path ? { path } : {}),
    ...(headers.length > 0 ? { headers } : {}),
    ...(method === undefined ? {} : { method }),
  }));
}

function matchesOf(
  index: DocumentIndex,
  split: TrafficSplit,
): { readonly matches: HttpMatch[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const matches = (split.matches ?? []).flatMap(({ kind, name, position }) => {
    if (kind !== "HTTPRouteGroup") {
      problems.push(problemAt("SMI-SPLIT-MATCH", split, position, `found "${kind}", allowed: HTTPRouteGroup`));
      return [];
    }
    const group = index.group(split.namespace, name);
    if (!group)
      problems.push(problemAt("SMI-REF", split, position, missing(index, "HTTPRouteGroup", split.namespace, name)));
    problems.push(...(group?.matches ?? []).flatMap((match) => checkMatch(match, split, position)));
    return group?.matches ?? [];
  });
  const count = matches.reduce((sum, { methods }) => sum + (methods?.length ?? 1), 0);
  if (count > LIMITS.matchesPerRule) {
    problems.push(
      problemAt(
        "SMI-LIMIT",
        split,
        undefined,
        `needs ${count} matches (each method counts), allowed: ${LIMITS.matchesPerRule}; use fewer methods`,
      ),
    );
  }
  return { matches, problems };
}

/** Weights as the Gateway API takes them: duplicates added, at most 1,000,000, never a zero that becomes traffic. */
function weigh(split: TrafficSplit): { readonly backends: readonly Backend[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const merged = new Map<string, Backend>();
  for (const backend of split.backends) {
    const before = merged.get(backend.service);
    if (!Number.isSafeInteger(backend.weight) || backend.weight < 0) {
      problems.push(
        problemAt(
          "SMI-WEIGHT",
          split,
          backend.position,
          `found the weight ${backend.weight}, allowed: an integer from 0; weights are relative`,
        ),
      );
    }
    if (before) {
      problems.push(
        problemAt(
          "SMI-BACKEND-DUPLICATE",
          split,
          backend.position,
          `found "${backend.service}" again; its weights are added to ${before.weight + backend.weight}. Write it once.`,
        ),
      );
    }
    merged.set(backend.service, { ...backend, weight: (before?.weight ?? 0) + backend.weight });
  }
  const backends = [...merged.values()];
  const largest = Math.max(0, ...backends.map(({ weight }) => weight));
  if (backends.length === 0)
    problems.push(problemAt("SMI-EMPTY", split, undefined, "has no backends; write at least one"));
  else if (largest === 0) {
    problems.push(
      problemAt(
        "SMI-WEIGHT",
        split,
        undefined,
        "all weights are 0, so no request could be answered; give at least one backend a weight, or delete the split",
      ),
    );
  }
  if (backends.length > LIMITS.backends) {
    problems.push(
      problemAt("SMI-LIMIT", split, undefined, `has ${backends.length} backends, allowed: ${LIMITS.backends}`),
    );
  }
  return problems.some(({ severity }) => severity === "error") || largest <= LIMITS.weight
    ? { backends, problems }
    : scale(split, backends, problems);
}

function scale(
  split: TrafficSplit,
  backends: readonly Backend[],
  problems: Problem[],
): { readonly backends: readonly Backend[]; readonly problems: Problem[] } {
  const divisor = backends.map(({ weight }) => weight).reduce(greatestCommonDivisor);
  const reduced = backends.map((backend) => ({ ...backend, weight: backend.weight / divisor }));
  const largest = Math.max(...reduced.map(({ weight }) => weight));
  if (largest <= LIMITS.weight) return { backends: reduced, problems };
  const scaled = reduced.map((backend) => {
    const weight = Math.round((backend.weight * LIMITS.weight) / largest);
    return { ...backend, weight: backend.weight > 0 ? Math.max(1, weight) : 0 };
  });
  const message = `weights above ${LIMITS.weight} were scaled to ${scaled.map(({ service, weight }) => `${service} ${weight}`).join(", ")}; shares change by less than one in a million`;
  return { backends: scaled, problems: [...problems, problemAt("SMI-WEIGHT-ROUNDED", split, undefined, message)] };
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

function findService(facts: Facts, namespace: string, name: string): ServiceFacts | undefined {
  return facts.services.find((service) => service.namespace === namespace && service.name === name);
}

function rootMissing(split: TrafficSplit, facts: Facts): Problem {
  const known = facts.services
    .filter(({ namespace }) => namespace === split.namespace)
    .map(({ name }) => name)
    .sort();
  const message = `found the root Service "${split.service}", in namespace "${split.namespace}" there are: ${listed(known)}.${didYouMean(split.service, known)} Its ports must be known; add the Service.`;
  return problemAt("SMI-SERVICE", split, split.position, message);
}

/** The root's ports that carry HTTP. */
function splitPorts(
  split: TrafficSplit,
  root: ServiceFacts,
  facts: Facts,
  isOpaque: IsOpaque,
): { readonly http: ServicePort[]; readonly problems: Problem[] } {
  if (root.headless || root.externalName) {
    const message = `found ${root.headless ? "a headless" : "an ExternalName"} Service "${root.name}"; Linkerd only splits Services with a cluster IP. Give it one.`;
    return { http: [], problems: [problemAt("SMI-HEADLESS", split, split.position, message)] };
  }
  const carries = (port: ServicePort): boolean =>
    (port.appProtocol === undefined || HTTP_PROTOCOLS.includes(port.appProtocol)) &&
    !leadsToOpaque(root, port, facts, isOpaque);
  const http = root.ports.filter(carries).sort((left, right) => left.port - right.port);
  const rest = root.ports.filter((port) => !carries(port));
  if (http.length === 0 || (split.matches && rest.length > 0)) {
    const ports = listed((rest.length > 0 ? rest : root.ports).map(({ port }) => String(port)));
    const message = `found ports of "${root.name}" that do not carry HTTP (${ports}: by appProtocol, or because only TCP rules open them); splits share requests. Use HTTP there${split.matches ? ", or a root with HTTP ports only" : ""}.`;
    return { http, problems: [problemAt("SMI-SPLIT-PROTOCOL", split, split.position, message)] };
  }
  return {
    http,
    problems: rest.map(({ port }) =>
      problemAt(
        "SMI-SPLIT-PORT-SKIPPED",
        split,
        split.position,
        `port ${port} of "${root.name}" does not carry HTTP; its connections all go to the root`,
      ),
    ),
  };
}

function leadsToOpaque(service: ServiceFacts, port: ServicePort, facts: Facts, isOpaque: IsOpaque): boolean {
  const target = port.targetPort ?? port.port;
  const selector = Object.entries(service.selector);
  return facts.workloads.some((workload) => {
    const selected = selector.length > 0 && selector.every(([name, value]) => workload.labels[name] === value);
    const container = workload.ports.find(
      (own) => own.port === target || (own.name !== undefined && own.name === target),
    );
    return (
      workload.namespace === service.namespace &&
      selected &&
      container !== undefined &&
      isOpaque(workload, container.port)
    );
  });
}

function checkConflicts(index: DocumentIndex, split: TrafficSplit): Problem[] {
  const same = index.splits.filter((other) => other !== split && other.namespace === split.namespace);
  return [
    ...same
      .filter((other) => other.service === split.service)
      .map((other) =>
        problemAt(
          "SMI-SPLIT-CONFLICT",
          split,
          split.position,
          `found the root "${split.service}", which TrafficSplit ${other.name} splits too; merge them into one`,
        ),
      ),
    ...split.backends
      .filter(({ service }) => service !== split.service && same.some((other) => other.service === service))
      .map(({ service, position }) =>
        problemAt(
          "SMI-SPLIT-NESTED",
          split,
          position,
          `found "${service}", which is split itself; that split does not apply to requests from this one. List its backends here.`,
        ),
      ),
    ...split.backends
      .filter(({ service }) => service === split.service)
      .map(({ service, position }) =>
        problemAt(
          "SMI-SPLIT-SELF",
          split,
          position,
          `found the root "${service}" among the backends; its share goes to all pods of the root's selector. Name a Service of one version.`,
        ),
      ),
  ];
}

function checkLeaves(split: TrafficSplit, ports: readonly ServicePort[], facts: Facts): Problem[] {
  return split.backends.flatMap(({ service, position }): Problem[] => {
    const leaf = findService(facts, split.namespace, service);
    if (!leaf) {
      const message = `found "${service}", a Service that is not known yet; requests for its share fail until it exists`;
      return [problemAt("SMI-LEAF-MISSING", split, position, message)];
    }
    const lacking = ports
      .filter(({ port }) => !leaf.ports.some((own) => own.port === port))
      .map(({ port }) => String(port));
    if (lacking.length === 0) return [];
    const message = `found "${service}" without port ${lacking.join(", ")} of the root "${split.service}"; give both the same ports`;
    return [problemAt("SMI-LEAF-PORT", split, position, message)];
  });
}
