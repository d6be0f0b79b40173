import type { Anchor, HeaderMatch, HttpMatch, Subject } from "../model";
import { sortedNumbers, sortedTexts } from "../order";
import { neverMatches } from "../match";
import { type Problem, PROBLEM_CODES, problemAt, type ProblemCode } from "../problem";
import { re2Problem } from "../regex/matcher";
import type { Grant } from "../resolve";
import { lowerHost, lowerPath, lowerValue, widenPath } from "./lower";
import type { Condition, Operation, PolicyRule } from "./objects";

export interface RuleOptions {
  readonly anchor: Anchor;
  readonly trustDomain: string;
  /** Other trust domains whose identities stand for the same ServiceAccounts. */
  readonly trustDomainAliases: readonly string[];
  readonly widen: boolean;
}

/** Items of a policy's `rules` (the CRD's `maxItems`). */
const MOST_RULES = 512;

/**
 * What one TrafficTarget allows, as rules of an AuthorizationPolicy.
 *
 * @param ports Container ports to name in each rule; `every` names none.
 */
export function rulesOf(
  grant: Grant,
  options: RuleOptions,
  within: Grant["ports"],
): { readonly rules: PolicyRule[]; readonly problems: Problem[] } {
  const principals = principalsOf(grant.sources, options);
  const ports = within === "every" ? undefined : sortedNumbers(within).map(String);
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
  const rules = sortedTexts(byConditions.keys()).map((key): PolicyRule => {
    const { operations, conditions } = byConditions.get(key)!;
    return { principals, operations: [...operations.values()], conditions };
  });
  if (rules.length > MOST_RULES) {
    const message = `needs ${rules.length} rules, one for each combination of headers, allowed: ${MOST_RULES}; split the TrafficTarget`;
    problems.push(problemAt("SMI-LIMIT", grant.target, undefined, message));
  }
  return { rules, problems };
}

/** Exact: no other identity can have them, whatever their names contain. */
export function principalsOf(sources: readonly Subject[], options: RuleOptions): string[] {
  return sources.flatMap(({ namespace, serviceAccount, spiffe }) =>
    spiffe !== undefined
      ? [spiffe]
      : [options.trustDomain, ...options.trustDomainAliases].map(
          (trustDomain) => `${trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
        ),
  );
}

type Report = (code: ProblemCode, message: string) => void;

/** What one match admits, or undefined if it admits nothing or cannot be said. */
function requestOf(
  match: HttpMatch,
  options: RuleOptions,
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
  options: RuleOptions,
  report: Report,
): readonly string[] | "every" | undefined {
  if (pathRegex === undefined) return "every";
  const language = { pattern: pathRegex, anchor: anchor ?? options.anchor };
  const lowered = lowerPath(language);
  if (lowered.ok) {
    if (lowered.values.length === 0) {
      report("SMI-RE-NEVER", neverMatches({ pathRegex, headers: [] }));
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

/** By default Istio resolves `..`, but leaves `%2F` and `//` to the server behind the sidecar. */
export function rawPaths(policies: readonly (readonly PolicyRule[])[]): Problem[] {
  const open = policies.filter((rules) =>
    rules.some(({ operations }) => operations?.some(({ paths }) => paths?.some((path) => path.includes("*")))),
  );
  if (open.length === 0) return [];
  const code = "SMI-PATH-RAW";
  const message = `Istio's default normalisation leaves encoded and repeated slashes, so /cart/..%2Fadmin passes a rule for /cart. Set meshConfig.pathNormalization.normalization to DECODE_AND_MERGE_SLASHES; then acknowledge ${code}.`;
  const where = `Istio, ${open.length} ${open.length === 1 ? "policy" : "policies"} with patterns for paths`;
  return [{ code, severity: PROBLEM_CODES[code].severity, where, message }];
}
