import type { Facts, WorkloadFacts } from "../facts";
import { type Anchor, compare, type HeaderMatch, type HttpMatch, type Subject, type TrafficTarget } from "../model";
import { type Problem, problemAt, type ProblemCode } from "../problem";
import { re2Problem } from "../regex/matcher";
import { type Grant, selects } from "../resolve";
import { containersBehind } from "../splits";
import { lowerHost, lowerPath, lowerValue, widenPath } from "./lower";
import type { Condition, Operation, PolicyRule } from "./objects";
import { protocolOf } from "./protocol";

/** One AuthorizationPolicy: what one TrafficTarget allows on the pods of one selector. */
export interface PolicyPlan {
  /** Unique, and independent of the order of documents. */
  readonly identity: string;
  readonly wantedName: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
  readonly origin: TrafficTarget;
}

export interface AccessOptions {
  readonly anchor: Anchor;
  readonly trustDomain: string;
  readonly rootNamespace: string;
  readonly widen: boolean;
  readonly rewriteProbes: boolean;
}

/** Items of a policy's `rules` (the CRD's `maxItems`). */
const MOST_RULES = 512;

/** Plans the AuthorizationPolicies of all TrafficTargets. Policies add up, so overlaps need no care. */
export function planAccess(
  grants: readonly Grant[],
  facts: Facts,
  options: AccessOptions,
): { readonly policies: PolicyPlan[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const policies = grants.flatMap((grant) => {
    const { rules, problems: found } = rulesOf(grant, options);
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
        origin: grant.target,
      };
    });
  });
  return { policies, problems };
}

/** Workloads whose pods no other selector of the list catches already; of equals, the first by name. */
function uncovered(workloads: readonly WorkloadFacts[]): WorkloadFacts[] {
  const key = (workload: WorkloadFacts): string => `${labelName(workload)} ${workload.name ?? ""}`;
  const sorted = [...workloads].sort((left, right) => compare(key(left), key(right)));
  return sorted.filter((workload, i) =>
    sorted.every((other, k) => k === i || !selects(other, workload) || (selects(workload, other) && i < k)),
  );
}

function labelName({ labels }: WorkloadFacts): string {
  return Object.keys(labels)
    .sort(compare)
    .map((name) => `${name.replace(/^.*\//, "")}-${labels[name]}`)
    .join("-");
}

function rulesOf(grant: Grant, options: AccessOptions): { readonly rules: PolicyRule[]; readonly problems: Problem[] } {
  const principals = grant.sources.map((source) => principalOf(source, options.trustDomain));
  const ports = grant.ports === "every" ? undefined : [...grant.ports].sort((left, right) => left - right).map(String);
  if (grant.requests === "any") {
    return { rules: [{ principals, ...(ports ? { operations: [{ ports }] } : {}), conditions: [] }], problems: [] };
  }
  const problems: Problem[] = [];
  const byConditions = new Map<string, { operations: Map<string, Operation>; conditions: readonly Condition[] }>();
  const unique = new Map(grant.requests.map((request) => [`${request.group.name}\0${request.match.name}`, request]));
  for (const { match, rule } of unique.values()) {
    const report = (code: ProblemCode, message: string): void => {
      problems.push(problemAt(code, grant.target, rule.position, `match "${match.name}": ${message}`));
    };
    const request = requestOf(match, options, report);
    if (!request) continue;
    const operation: Operation = { ...request.operation, ...(ports ? { ports } : {}) };
    const key = JSON.stringify(request.conditions);
    const group = byConditions.get(key) ?? { operations: new Map(), conditions: request.conditions };
    group.operations.set(JSON.stringify(operation), operation);
    byConditions.set(key, group);
  }
  const rules = [...byConditions.keys()].sort(compare).map((key): PolicyRule => {
    const { operations, conditions } = byConditions.get(key)!;
    return { principals, operations: [...operations.values()], conditions };
  });
  if (rules.length > MOST_RULES) {
    const message = `needs ${rules.length} rules, one for each combination of headers, allowed: ${MOST_RULES}; split the TrafficTarget`;
    problems.push(problemAt("SMI-LIMIT", grant.target, undefined, message));
  }
  return { rules, problems };
}

/** Exact: no other identity can have it, whatever its names contain. */
function principalOf({ namespace, serviceAccount, spiffe }: Subject, trustDomain: string): string {
  return spiffe ?? `${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

type Report = (code: ProblemCode, message: string) => void;

/** What one match admits, or undefined if it admits nothing or cannot be said. */
function requestOf(
  match: HttpMatch,
  options: AccessOptions,
  report: Report,
): { readonly operation: Operation; readonly conditions: readonly Condition[] } | undefined {
  const expressions = [match.pathRegex, ...match.headers.map(({ regex }) => regex)];
  const faults = expressions.flatMap((pattern) => {
    const fault = pattern === undefined ? undefined : re2Problem(pattern);
    return fault === undefined ? [] : [`found "${pattern}" with ${fault}; allowed: RE2 syntax`];
  });
  for (const fault of faults) report("SMI-RE2", fault);
  if (faults.length > 0) return undefined;
  const paths = pathsOf(match, options, report);
  const methods = methodsOf(match, report);
  const hosts = hostsOf(match.headers, report);
  const conditions = match.headers.filter(({ name }) => !isHost(name)).map((header) => conditionOf(header, report));
  if (!paths || paths.length === 0 || !hosts || conditions.includes(undefined)) return undefined;
  const operation: Operation = {
    ...(hosts === "every" ? {} : { hosts }),
    ...(methods ? { methods } : {}),
    ...(paths === "every" ? {} : { paths }),
  };
  return {
    // Without a word of HTTP, the rule would admit connections of any protocol.
    operation: Object.keys(operation).length > 0 ? operation : { methods: ["*"] },
    conditions: conditions.map((condition) => condition!),
  };
}

function pathsOf(
  { pathRegex, anchor }: HttpMatch,
  options: AccessOptions,
  report: Report,
): readonly string[] | "every" | undefined {
  if (pathRegex === undefined) return "every";
  const language = { pattern: pathRegex, anchor: anchor ?? options.anchor };
  const lowered = lowerPath(language);
  if (lowered.ok) {
    if (lowered.values.length === 0) {
      report("SMI-RE-NEVER", `found pathRegex "${pathRegex}", which no path matches: paths start with a slash`);
    }
    if (lowered.narrowed !== undefined) {
      report(
        "SMI-RE-PATH-NARROWED",
        `found pathRegex "${pathRegex}", emitted as ${shown(lowered.values)}. Istio's {*} and {**} only match characters of URLs without "*", so "${lowered.narrowed}" is denied. Accept it, or name the characters.`,
      );
    }
    return lowered.values;
  }
  const wide = widenPath(language);
  const known = `found pathRegex "${pathRegex}"${language.anchor === "start" ? ", in which what follows the match is free" : ""}`;
  if (options.widen && wide) {
    report(
      "SMI-RE-PATH-WIDENED",
      `${known}, emitted as ${shown(wide.value === "every" ? "every" : [wide.value])}, the smallest prefix that contains it: "${wide.witness}" becomes allowed`,
    );
    return wide.value === "every" ? "every" : [wide.value];
  }
  const offer = wide
    ? ` The smallest prefix that contains it is ${shown(wide.value === "every" ? "every" : [wide.value])}, which also admits "${wide.witness}"; the option widen takes it.`
    : "";
  report(
    "SMI-RE-PATH",
    `${known}; Istio's policies only know texts, prefixes (text*), suffixes (*text), and the segments {*} and {**}. Write expressions for those, such as /orders/[^/]+$.${offer}`,
  );
  return undefined;
}

function shown(values: readonly string[] | "every"): string {
  return values === "every" ? "any path" : values.map((value) => `"${value}"`).join(", ");
}

/** Names of methods and headers (RFC 9110), without the star, which Istio reads as a wildcard. */
const TOKEN = /^[A-Za-z0-9!#$%&'+.^_`|~-]+$/;

function methodsOf({ methods }: HttpMatch, report: Report): readonly string[] | undefined {
  for (const method of methods ?? []) {
    if (!TOKEN.test(method)) report("SMI-METHOD", `found the method "${method}", which is no name of a method`);
  }
  return methods;
}

function isHost(name: string): boolean {
  return name === "host" || name === ":authority";
}

function hostsOf(headers: readonly HeaderMatch[], report: Report): readonly string[] | "every" | undefined {
  const [host, second] = headers.filter(({ name }) => isHost(name));
  if (!host) return "every";
  if (second) {
    report("SMI-HDR-DUP", "found the host twice; write one expression for both");
    return undefined;
  }
  const lowered = lowerHost(host.regex);
  if (lowered.ok && lowered.values !== "every") return lowered.values;
  report(
    "SMI-HOST",
    `found "${host.regex}" for the host; Istio only knows names, prefixes and suffixes of hosts, in any case of letters. Write for example (?i)shop\\.example, or (?i).*\\.shop\\.example.`,
  );
  return undefined;
}

function conditionOf({ name, regex }: HeaderMatch, report: Report): Condition | undefined {
  if (!TOKEN.test(name)) {
    report(
      "SMI-RE-HDR",
      `found the header "${name}", which is no name of a header; a method or path has its own field`,
    );
    return undefined;
  }
  const lowered = lowerValue(regex);
  if (lowered.ok && lowered.values.length > 0) {
    return { key: `request.headers[${name}]`, values: lowered.values === "every" ? ["*"] : lowered.values };
  }
  const found = lowered.ok ? "which no value matches" : "which Istio's policies cannot say";
  report(
    "SMI-RE-HDR",
    `found "${regex}" for the header "${name}", ${found}; allowed: texts, prefixes (text.*), suffixes (.*text) and presence (.*). Set a header of its own for what it means.`,
  );
  return undefined;
}

/** A policy of the root namespace applies to pods of all namespaces that have its labels. */
function checkNamespace({ target }: Grant, { rootNamespace }: AccessOptions): Problem[] {
  if (target.namespace !== rootNamespace) return [];
  const message = `found the namespace "${rootNamespace}", Istio's root namespace, whose policies apply in all namespaces; run the workload in one of its own`;
  return [problemAt("SMI-ROOT-NAMESPACE", target, target.destination.position, message)];
}

/** A selector without labels is a policy for the namespace. */
function checkLabels({ target }: Grant, workloads: readonly WorkloadFacts[]): Problem[] {
  if (workloads.every(({ labels }) => Object.keys(labels).length > 0)) return [];
  const message =
    "its pods have no labels of their own, so a policy for them would apply to the whole namespace; add one";
  return [problemAt("SMI-SA-AMBIGUOUS", target, target.destination.position, message)];
}

/** HTTP rules on a port that a Service declares as something else: Istio never matches them. */
function checkTcp({ target, ports, requests, workloads }: Grant, facts: Facts): Problem[] {
  if (requests === "any" || ports === "every") return [];
  return facts.services.flatMap((service) =>
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
