import { type ContainerPort, type Facts, groupBy, labelName, type WorkloadFacts, workloadsOf } from "../facts";
import { type Anchor, type Subject, subjectKey } from "../model";
import { sortBy, sorted, sortedTexts } from "../order";
import { neverMatches } from "../match";
import { type Problem, PROBLEM_CODES, problemAt } from "../problem";
import { escapeRegex } from "../regex/syntax";
import { type Grant, selects } from "../resolve";
import { checkMatch, LIMITS } from "../gateway-api/match";
import type { KubernetesObject } from "../objects";
import { server } from "./objects";
import { type Entry, planRoutes, type RoutePlan } from "./routes";

/** One container port of one workload, and all that the rules allow on it. */
export interface PortPlan {
  /** Unique, and independent of the order of documents. */
  readonly identity: string;
  readonly wantedName: string;
  readonly workload: WorkloadFacts;
  readonly port: number;
  readonly protocol: "HTTP/1" | "HTTP/2" | "opaque";
  /** Who may open any connection; set if no rule speaks of HTTP, so that the Server has no routes. */
  readonly connections?: readonly Subject[];
  readonly routes: readonly RoutePlan[];
}

/** Plans a Server per container port that a rule opens, with its routes. */
export function planAccess(
  grants: readonly Grant[],
  facts: Facts,
  anchor: Anchor,
): { readonly ports: PortPlan[]; readonly problems: Problem[] } {
  const problems = grants.flatMap((grant) =>
    grant.requests === "any"
      ? []
      : grant.requests.flatMap(({ match, rule }) => checkMatch(match, grant.target, rule.position, "Linkerd")),
  );
  if (problems.length > 0) return { ports: [], problems };
  const ports: PortPlan[] = [];
  const byAccount = groupBy(grants, ({ target }) => subjectKey(target.destination));
  for (const workload of destinations(grants)) {
    const mine = byAccount.get(subjectKey(workload)) ?? [];
    const others = workloadsOf(facts, workload).filter((other) => selects(workload, other));
    for (const port of sorted(workload.ports, (left, right) => left.port - right.port)) {
      if (isCovered(workload, port, facts)) continue;
      const probes = others.flatMap((other) =>
        other.probes.filter((probe) => probe.port === port.port).map(({ path }) => path),
      );
      const plan = planPort(workload, port, probes, mine, facts, anchor);
      problems.push(...plan.problems);
      if (plan.port) ports.push(plan.port);
    }
  }
  return { ports, problems };
}

function destinations(grants: readonly Grant[]): WorkloadFacts[] {
  return sortBy([...new Set(grants.flatMap((grant) => grant.workloads))], identityOf);
}

/** Two Servers must not select one pod and port: the labels of another workload of the ServiceAccount may include these. */
function isCovered(workload: WorkloadFacts, port: ContainerPort, facts: Facts): boolean {
  const all = workloadsOf(facts, workload);
  const mine = all.indexOf(workload);
  return all.some((other, index) => {
    if (other === workload || !selects(other, workload)) return false;
    if (!other.ports.some((own) => own.port === port.port)) return false;
    return !selects(workload, other) || index < mine;
  });
}

function planPort(
  workload: WorkloadFacts,
  port: ContainerPort,
  probes: readonly string[],
  grants: readonly Grant[],
  facts: Facts,
  anchor: Anchor,
): { readonly port?: PortPlan; readonly problems: Problem[] } {
  const open = grants.filter(({ ports }) => ports === "every" || ports.has(port.port));
  // HTTP rules for every port do not turn a port into HTTP that is known to carry something else.
  const http = open.filter(
    ({ requests, ports }) => requests !== "any" && !(ports === "every" && port.protocol === "tcp"),
  );
  const tcp = open.filter(({ requests }) => requests === "any");
  if (http.length === 0 && tcp.length === 0) return { problems: [] };
  const several = workloadsOf(facts, workload).length > 1;
  const base = {
    identity: `${identityOf(workload)} ${port.port}`,
    wantedName: [workload.serviceAccount, ...(several ? [workload.name ?? labelName(workload)] : []), port.port].join(
      "-",
    ),
    workload,
    port: port.port,
  };
  const speaksHttp = port.protocol === "http" || probes.length > 0 || http.length > 0;
  const protocol = port.protocol === "http2" ? "HTTP/2" : speaksHttp ? "HTTP/1" : "opaque";
  if (http.length === 0) return { port: { ...base, protocol, connections: union(tcp), routes: [] }, problems: [] };

  const entries = [
    ...http.flatMap((grant) => httpEntries(grant, anchor)),
    ...tcp.map(tcpEntry),
    ...probeEntries(probes),
  ];
  const plan = planRoutes(sortBy(entries, ({ id }) => id));
  const where = `port ${port.port} of "${workload.namespace}/${workload.serviceAccount}"`;
  if (!plan.ok) return { problems: [overlapProblem(plan.between, plan.reason, where)] };
  const problems = [
    ...tcp.map(({ target }) =>
      problemAt(
        "SMI-TCP-HTTP",
        target,
        undefined,
        `opens ${where} to any protocol, but other rules speak of HTTP there; only HTTP passes. Add an HTTPRouteGroup, or use another port.`,
      ),
    ),
    ...plan.unreachable.map(({ entry, by }) =>
      entryProblem(
        "SMI-RE-NEVER",
        entry,
        `match "${entry.label}" ${neverMatches(by === "path" ? { pathRegex: entry.path?.pattern, headers: [] } : entry)}`,
      ),
    ),
    ...plan.opened.map((entry) =>
      entryProblem(
        "SMI-PROBE-OPEN",
        entry,
        `match "${entry.label}" covers a probe on ${where}; GET of the probe's own path (${[...new Set(probes)].sort().join(", ")}) is open to everyone, since the kubelet has no identity. Keep nothing secret there.`,
      ),
    ),
    ...plan.routes
      .filter(({ matches }) => matches.length > LIMITS.matches)
      .map(({ entries: [entry] }) =>
        entryProblem(
          "SMI-LIMIT",
          entry!,
          `needs more than ${LIMITS.matches} matches on ${where}, a limit of the Gateway API; use fewer methods, paths or headers`,
        ),
      ),
  ];
  return { port: { ...base, protocol, routes: plan.routes }, problems };
}

function httpEntries({ target, sources, requests }: Grant, anchor: Anchor): Entry[] {
  if (requests === "any") return [];
  const unique = new Map(requests.map((request) => [`${request.group.name}\0${request.match.name}`, request]));
  return [...unique.values()].map(({ group, match, rule }) => ({
    id: `${target.name}\0${group.name}\0${match.name}`,
    label: match.name,
    ...(match.pathRegex === undefined ? {} : { path: { pattern: match.pathRegex, anchor: match.anchor ?? anchor } }),
    ...(match.methods ? { methods: match.methods } : {}),
    headers: match.headers,
    sources,
    origin: { target, position: rule.position },
  }));
}

function tcpEntry({ target, sources }: Grant): Entry {
  return { id: `${target.name}\0`, label: "any", headers: [], sources, origin: { target, position: undefined } };
}

/** Once a route is attached to a Server, the kubelet's probes are no longer let through by themselves. */
function probeEntries(paths: readonly string[]): Entry[] {
  const clean = [...new Set(paths.map((path) => path.replace(/[?#].*$/, "") || "/"))];
  return clean.map((path) => ({
    id: `\0${path}`,
    label: "probes",
    path: { pattern: escapeRegex(path), anchor: "full" },
    methods: ["GET"],
    headers: [],
    sources: "everyone",
  }));
}

function overlapProblem(between: readonly [Entry, Entry], reason: string, where: string): Problem {
  const [first, second] = between[0].origin ? between : [between[1], between[0]];
  const other = second.origin ? `match "${second.label}" of TrafficTarget ${second.origin.target.name}` : "a probe";
  return entryProblem(
    "SMI-OVERLAP",
    first,
    `match "${first.label}" and ${other} overlap on ${where}, and Linkerd binds a request to one route only; they cannot be made disjoint: ${reason}. Write simpler expressions, or ones that exclude each other.`,
  );
}

function entryProblem(
  code: "SMI-OVERLAP" | "SMI-LIMIT" | "SMI-PROBE-OPEN" | "SMI-RE-NEVER",
  entry: Entry,
  message: string,
): Problem {
  if (entry.origin) return problemAt(code, entry.origin.target, entry.origin.position, message);
  return { code, severity: PROBLEM_CODES[code].severity, where: "probes", message };
}

/** All sources of the entries, sorted. */
export function union(entries: readonly { readonly sources: readonly Subject[] | "everyone" }[]): Subject[] {
  const subjects = new Map<string, Subject>();
  for (const { sources } of entries) {
    if (sources !== "everyone")
      for (const subject of sources) subjects.set(`${subject.namespace}/${subject.serviceAccount}`, subject);
  }
  return sortedTexts(subjects.keys()).map((key) => subjects.get(key)!);
}

/** The Server object of a plan. */
export function serverOf(plan: PortPlan, name: string): KubernetesObject {
  const { workload, port, protocol } = plan;
  return server(workload.namespace, name, { labels: workload.labels, port, protocol });
}

function identityOf(workload: WorkloadFacts): string {
  return `${workload.namespace}/${workload.serviceAccount} ${labelName(workload)}`;
}
