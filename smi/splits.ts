import {
  type Facts,
  findService,
  type ServiceFacts,
  servicesIn,
  type ServicePort,
  type WorkloadFacts,
  workloadsCaughtBy,
} from "./facts";
import type { Backend, DocumentIndex, HttpMatch, TrafficSplit } from "./model";
import { sortedTexts } from "./order";
import { type Position, type Problem, problemAt } from "./problem";
import { didYouMean, listed } from "./reader/suggest";
import { missing } from "./resolve";

/** What a mesh's API takes. */
export interface WeightLimits {
  /** Largest weight of one backend. */
  readonly weight: number;
  /** Largest sum. Default: none. */
  readonly total?: number;
  /** Backends of one route. Default: none. */
  readonly backends?: number;
}

/** The matches of the groups that a split names, each checked by the mesh. */
export function matchesOf(
  index: DocumentIndex,
  split: TrafficSplit,
  check: (match: HttpMatch, position: Position | undefined) => readonly Problem[],
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
    problems.push(...(group?.matches ?? []).flatMap((match) => check(match, position)));
    return group?.matches ?? [];
  });
  return { matches, problems };
}

/** Weights as a mesh takes them: duplicates added, within its limits, never a zero that becomes traffic. */
export function weigh(
  split: TrafficSplit,
  limits: WeightLimits,
): { readonly backends: readonly Backend[]; readonly problems: Problem[] } {
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
  if (limits.backends !== undefined && backends.length > limits.backends) {
    problems.push(
      problemAt("SMI-LIMIT", split, undefined, `has ${backends.length} backends, allowed: ${limits.backends}`),
    );
  }
  return problems.some(({ severity }) => severity === "error") || fits(backends, limits)
    ? { backends, problems }
    : scale(split, backends, limits, problems);
}

function fits(backends: readonly Backend[], { weight: most, total = Infinity }: WeightLimits): boolean {
  const weights = backends.map(({ weight }) => weight);
  return Math.max(...weights) <= most && weights.reduce((sum, weight) => sum + weight, 0) <= total;
}

function scale(
  split: TrafficSplit,
  backends: readonly Backend[],
  limits: WeightLimits,
  problems: Problem[],
): { readonly backends: readonly Backend[]; readonly problems: Problem[] } {
  const divisor = backends.map(({ weight }) => weight).reduce(greatestCommonDivisor);
  const reduced = backends.map((backend) => ({ ...backend, weight: backend.weight / divisor }));
  if (fits(reduced, limits)) return { backends: reduced, problems };
  // Half of the sum is left free for the shares that are raised to 1.
  const sum = reduced.reduce((total, { weight }) => total + weight, 0);
  const factor = Math.min(
    limits.weight / Math.max(...reduced.map(({ weight }) => weight)),
    (limits.total ?? Infinity) / 2 / sum,
  );
  const scaled = reduced.map((backend) => {
    const weight = Math.round(backend.weight * factor);
    return { ...backend, weight: backend.weight > 0 ? Math.max(1, weight) : 0 };
  });
  const message = `weights above ${limits.weight} were scaled to ${scaled.map(({ service, weight }) => `${service} ${weight}`).join(", ")}; shares change by less than one in a million`;
  return { backends: scaled, problems: [...problems, problemAt("SMI-WEIGHT-ROUNDED", split, undefined, message)] };
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

/** The problem of a root that is not among the Services. */
export function rootMissing(split: TrafficSplit, facts: Facts): Problem {
  const known = sortedTexts(servicesIn(facts, split.namespace).map(({ name }) => name));
  const message = `found the root Service "${split.service}", in namespace "${split.namespace}" there are: ${listed(known)}.${didYouMean(split.service, known)} Its ports must be known; add the Service.`;
  return problemAt("SMI-SERVICE", split, split.position, message);
}

/** The containers that a port of a Service leads to. */
export function containersBehind(
  service: ServiceFacts,
  port: ServicePort,
  facts: Facts,
): { readonly workload: WorkloadFacts; readonly port: number }[] {
  const target = port.targetPort ?? port.port;
  if (Object.keys(service.selector).length === 0) return [];
  return workloadsCaughtBy(facts, service.namespace, service.selector).flatMap((workload) =>
    workload.ports
      .filter((own) => own.port === target || (own.name !== undefined && own.name === target))
      .map((own) => ({ workload, port: own.port })),
  );
}

/** Other splits that this one meets: of the same root, or of one of its backends; and the root among the backends. */
export function checkConflicts(index: DocumentIndex, split: TrafficSplit): Problem[] {
  return [
    ...index
      .splitsOf(split.namespace, split.service)
      .filter((other) => other !== split)
      .map((other) =>
        problemAt(
          "SMI-SPLIT-CONFLICT",
          split,
          split.position,
          `found the root "${split.service}", which TrafficSplit ${other.name} splits too; merge them into one`,
        ),
      ),
    ...split.backends
      .filter(({ service }) => service !== split.service && index.splitsOf(split.namespace, service).length > 0)
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

/** Backends that do not exist yet, or lack one of these ports. */
export function checkLeaves(split: TrafficSplit, ports: readonly ServicePort[], facts: Facts): Problem[] {
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
