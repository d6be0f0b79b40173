import { type Facts, findService, type ServiceFacts, type ServicePort } from "../facts";
import { checkExpressions } from "../match";
import type { Anchor, Backend, DocumentIndex, HeaderMatch, HttpMatch, TrafficSplit } from "../model";
import type { NamedPlan } from "../objects";
import { sorted } from "../order";
import { type Position, type Problem, problemAt, type ProblemCode } from "../problem";
import { listed } from "../reader/suggest";
import { literalOf } from "../regex/literal";
import { escapeRegex } from "../regex/syntax";
import { checkConflicts, checkLeaves, matchesOf, rootMissing, weigh } from "../splits";
import { protocolOf } from "./protocol";

/** One VirtualService: all ports of one root. */
export interface SplitPlan extends NamedPlan {
  readonly host: string;
  readonly http: readonly object[];
  readonly tcp: readonly object[];
}

/** Weights are 32-bit in the CRD, and Envoy takes a sum of 32 bits without a sign. */
const LIMITS = { weight: 2 ** 31 - 1, total: 2 ** 32 - 1 };
/** What Istio's validation takes as an expression (https://github.com/istio/istio, pkg/config/validation). */
const MAX_REGEX = 1024;
/** Room for `(?:` and `).*`. */
const MAX_PATTERN = MAX_REGEX - 6;

/** Plans the VirtualServices of all splits. */
export function planSplits(
  index: DocumentIndex,
  facts: Facts,
  options: { readonly anchor: Anchor; readonly clusterDomain: string },
): { readonly splits: SplitPlan[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const splits = index.splits.flatMap((split) => {
    const root = findService(facts, split.namespace, split.service);
    const matches = matchesOf(index, split, (match, position) => checkMatch(match, split, position));
    const ports = root ? portsOf(split, root) : { http: [], tcp: [], problems: [rootMissing(split, facts)] };
    const { backends, problems: weightProblems } = weigh(split, LIMITS);
    problems.push(
      ...matches.problems,
      ...ports.problems,
      ...weightProblems,
      ...checkConflicts(index, split),
      ...checkLeaves(split, [...ports.http, ...ports.tcp], facts),
      ...checkProtocols(split, ports, facts),
    );
    if (!root || ports.http.length + ports.tcp.length === 0) return [];
    const plan = new Routes(split, root, backends, options.clusterDomain);
    return [
      {
        identity: `split ${split.name}`,
        wantedName: split.name,
        namespace: split.namespace,
        host: plan.hostOf(split.service),
        http: ports.http.flatMap(({ port }) => plan.http(port, split.matches && matches.matches, options.anchor)),
        tcp: ports.tcp.map(({ port }) => plan.tcp(port)),
        origin: [split],
      },
    ];
  });
  return { splits, problems };
}

/** The routes of one split, port by port: a destination without a port would take any port of a Service that has one. */
class Routes {
  constructor(
    private readonly split: TrafficSplit,
    private readonly root: ServiceFacts,
    private readonly backends: readonly Backend[],
    private readonly clusterDomain: string,
  ) {}

  http(port: number, matches: readonly HttpMatch[] | undefined, anchor: Anchor): object[] {
    const name = `smi-${this.split.name}${this.hasSeveralPorts ? `-${port}` : ""}`;
    const only = this.onPort(port);
    if (!matches) return [{ name, ...(only ? { match: [only] } : {}), route: this.weighted(port) }];
    const root = {
      name: `${name}-root`,
      ...(only ? { match: [only] } : {}),
      route: [{ destination: this.destination(this.split.service, port) }],
    };
    // A list without matches would match everything.
    if (matches.length === 0) return [root];
    const match = matches.map((each) => ({ ...requestMatch(each, anchor), ...only }));
    return [{ name, match, route: this.weighted(port) }, root];
  }

  tcp(port: number): object {
    const only = this.onPort(port);
    return { ...(only ? { match: [only] } : {}), route: this.weighted(port) };
  }

  hostOf(service: string): string {
    return `${service}.${this.split.namespace}.svc.${this.clusterDomain}`;
  }

  private weighted(port: number): object[] {
    return this.backends.map(({ service, weight }) => ({ destination: this.destination(service, port), weight }));
  }

  private destination(service: string, port: number): object {
    return { host: this.hostOf(service), port: { number: port } };
  }

  private onPort(port: number): { readonly port: number } | undefined {
    return this.hasSeveralPorts ? { port } : undefined;
  }

  private get hasSeveralPorts(): boolean {
    return this.root.ports.length > 1;
  }
}

function requestMatch(match: HttpMatch, anchor: Anchor): object {
  const host = match.headers.find(({ name }) => isHost(name));
  const headers = match.headers.filter(({ name }) => !isHost(name));
  return {
    name: match.name,
    ...(match.pathRegex === undefined ? {} : { uri: uriMatch(match.pathRegex, match.anchor ?? anchor) }),
    ...(match.methods ? { method: methodMatch(match.methods) } : {}),
    ...(host ? { authority: textMatch(host.regex) } : {}),
    ...(headers.length > 0
      ? { headers: Object.fromEntries(headers.map(({ name, regex }) => [name, textMatch(regex)])) }
      : {}),
  };
}

/** A prefix is one of characters, as SMI's; an expression must match the whole path. */
function uriMatch(pattern: string, anchor: Anchor): object {
  const literal = literalOf(pattern);
  // A prefix is compared with the query too, so that one with a question mark could match what is no path.
  if (literal && !/[?#]/.test(literal)) return anchor === "start" ? { prefix: literal } : { exact: literal };
  return { regex: anchor === "start" ? `(?:${pattern}).*` : whole(pattern) };
}

function methodMatch(methods: readonly string[]): object {
  return methods.length === 1 ? { exact: methods[0] } : { regex: methods.map(escapeRegex).join("|") };
}

function textMatch(pattern: string): object {
  const literal = literalOf(pattern);
  return literal ? { exact: literal } : { regex: whole(pattern) };
}

/** Istio refuses an empty expression. */
function whole(pattern: string): string {
  return pattern === "" ? "(?:)" : pattern;
}

function isHost(name: string): boolean {
  return name === "host" || name === ":authority";
}

function checkMatch(match: HttpMatch, split: TrafficSplit, position: Position | undefined): Problem[] {
  const problem = (code: ProblemCode, message: string): Problem =>
    problemAt(code, split, position, `match "${match.name}": ${message}`);
  const expressions = [match.pathRegex, ...match.headers.map(({ regex }) => regex)].filter(
    (text) => text !== undefined,
  );
  const names = match.headers.map(({ name }) => (isHost(name) ? "host" : name));
  return [
    ...checkExpressions(match, problem),
    ...expressions
      .filter(({ length }) => length > MAX_PATTERN)
      .map(({ length }) =>
        problem("SMI-LIMIT", `an expression has ${length} characters, allowed: ${MAX_PATTERN}; use several matches`),
      ),
    ...(match.methods ?? [])
      .filter((method) => !TOKEN.test(method))
      .map((method) => problem("SMI-METHOD", `found the method "${method}", which is no name of a method`)),
    ...[...new Set(names.filter((name, i) => names.indexOf(name) !== i))].map((name) =>
      problem("SMI-HDR-DUP", `found the header "${name}" twice; a VirtualService has one each. Write one expression.`),
    ),
    ...match.headers
      .filter(isUnusable)
      .map(({ name }) =>
        problem(
          "SMI-RE-HDR",
          `found the header "${name}", which is no name of a header; a method or path has its own field`,
        ),
      ),
  ];
}

/** Names of methods and headers (RFC 9110). */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

function isUnusable({ name }: HeaderMatch): boolean {
  return !TOKEN.test(name) && !isHost(name);
}

/** Backends that declare a port to carry something else than the root's: the sidecar would speak the wrong protocol. */
function checkProtocols(
  split: TrafficSplit,
  root: { readonly http: readonly ServicePort[]; readonly tcp: readonly ServicePort[] },
  facts: Facts,
): Problem[] {
  return split.backends.flatMap(({ service, position }) => {
    const own = findService(facts, split.namespace, service)?.ports ?? [];
    const differs = (ports: readonly ServicePort[], others: readonly string[]): ServicePort[] =>
      own.filter((port) => others.includes(protocolOf(port)) && ports.some((each) => each.port === port.port));
    return [...differs(root.http, ["tcp", "tls"]), ...differs(root.tcp, ["http", "tls"])].map((port) => {
      const message = `found "${service}", whose port ${port.port} is declared as ${port.appProtocol ?? port.name}, unlike that of the root "${split.service}"; declare both alike`;
      return problemAt("SMI-LEAF-PORT", split, position, message);
    });
  });
}

/** The root's ports, by what Istio can share on them: requests, or connections. */
function portsOf(
  split: TrafficSplit,
  root: ServiceFacts,
): { readonly http: ServicePort[]; readonly tcp: ServicePort[]; readonly problems: Problem[] } {
  const none = { http: [], tcp: [] };
  const at = (code: ProblemCode, message: string): Problem => problemAt(code, split, split.position, message);
  if (root.externalName) {
    const message = `found an ExternalName Service "${root.name}", which Istio takes for another name of its target; split the target`;
    return { ...none, problems: [at("SMI-HEADLESS", message)] };
  }
  const ports = sorted(root.ports, (left, right) => left.port - right.port);
  const tls = ports.filter((port) => protocolOf(port) === "tls");
  const tcp = ports.filter((port) => protocolOf(port) === "tcp");
  const http = ports.filter((port) => !tls.includes(port) && !tcp.includes(port));
  const refused = split.matches ? [...tls, ...tcp] : tls;
  if ((split.matches && refused.length > 0) || http.length + tcp.length === 0) {
    const named = listed(refused.map(({ port }) => String(port)));
    const message = split.matches
      ? `found ports of "${root.name}" that do not carry HTTP (${named}), in which no request can be matched; use a root with HTTP ports only`
      : `found only ports of "${root.name}" whose TLS Istio does not open (${named}); use HTTP, which the mesh encrypts by itself`;
    return { ...none, problems: [at("SMI-SPLIT-PROTOCOL", message)] };
  }
  if (root.headless && tcp.length > 0) {
    const message = `found port ${tcp[0]!.port} of the headless Service "${root.name}", whose connections go to single pods and are not split; give it a cluster IP`;
    return { ...none, problems: [at("SMI-HEADLESS", message)] };
  }
  const guessed = http.filter((port) => protocolOf(port) === "guessed");
  return {
    http,
    tcp,
    problems: [
      ...tls.map(({ port }) =>
        at("SMI-SPLIT-PORT-SKIPPED", `port ${port} of "${root.name}" carries TLS; its connections all go to the root`),
      ),
      ...guessed.map(({ port }) =>
        at(
          "SMI-PORT-PROTOCOL",
          `port ${port} of "${root.name}" declares no protocol; Istio splits it only where it recognises HTTP. Set appProtocol: http, or name the port http.`,
        ),
      ),
      ...(root.headless
        ? [
            at(
              "SMI-HEADLESS-BALANCE",
              `found the headless Service "${root.name}"; requests to the names of its single pods are not split. Give it a cluster IP if all should be.`,
            ),
          ]
        : []),
    ],
  };
}
