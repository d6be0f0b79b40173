import * as fc from "fast-check";

import type { Facts, SmiDocument, Subject, TCPRoute, TrafficSplit, TrafficTarget } from "../../../smi";
import { group, NAMESPACE, request, source, subject } from "../istio-rules";

/** Workloads, rules for them, and requests to be judged. */
export interface World {
  readonly facts: Facts;
  readonly documents: readonly SmiDocument[];
  readonly requests: readonly {
    readonly source: Subject;
    /** A connection to a pod in which no request is seen. */
    readonly connection: boolean;
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  }[];
  readonly widen: boolean;
}

const DESTINATIONS = ["api", "db", "web"];
const CALLERS: readonly Subject[] = [
  ...["s1", "s2", "s3"].map(subject),
  { namespace: "pay", serviceAccount: "s4" },
  { namespace: "pay", serviceAccount: "s5" },
];

/** `web` has two versions with a Service each, of which a split is made. */
function factsWith(ports: readonly number[]): Facts {
  const workload = (serviceAccount: string, over: object = {}): Facts["workloads"][number] => ({
    namespace: NAMESPACE,
    serviceAccount,
    labels: { app: serviceAccount },
    ports: ports.map((port) => ({ port })),
    probes: serviceAccount === "api" ? [{ port: 8080, path: "/health" }] : [],
    ...over,
  });
  const service = (name: string, selector: Record<string, string>, over: object = {}): Facts["services"][number] => ({
    namespace: NAMESPACE,
    name,
    selector,
    ports: ports.map((targetPort, at) => ({ port: 80 + at, targetPort, appProtocol: "http" })),
    waypoint: "waypoint",
    ...over,
  });
  return {
    workloads: [
      workload("api"),
      workload("db"),
      ...["1", "2"].map((v) => workload("web", { name: `web-v${v}`, labels: { app: "web", v } })),
      ...CALLERS.map((caller) => ({ ...workload(caller.serviceAccount), ...caller, ports: [{ port: 8080 }] })),
    ],
    services: [
      ...DESTINATIONS.map((name) => service(name, { app: name })),
      ...["1", "2"].map((v) => service(`web-v${v}`, { app: "web", v })),
      ...CALLERS.map(({ namespace, serviceAccount: name }) => service(name, { app: name }, { namespace })),
    ],
  };
}

const tcp = (name: string): fc.Arbitrary<TCPRoute> =>
  fc
    .constantFrom<number[]>([], [], [8080], [9090], [8080, 9090])
    .map((ports) => ({ kind: "TCPRoute", namespace: NAMESPACE, name, source, ports }));

const target = (name: string): fc.Arbitrary<TrafficTarget> =>
  fc
    .record({
      destination: fc.constantFrom(...DESTINATIONS),
      port: fc.option(fc.constant(8080), { freq: 6 }),
      sources: fc.subarray([...CALLERS], { minLength: 1, maxLength: 3 }),
      rules: fc.subarray(["HTTPRouteGroup g1", "HTTPRouteGroup g2", "TCPRoute t1", "TCPRoute t2"], { minLength: 1 }),
      only: fc.option(fc.constant("m0")),
    })
    .map(({ destination, port, sources, rules, only }) => ({
      kind: "TrafficTarget",
      namespace: NAMESPACE,
      name,
      source,
      destination: { ...subject(destination), ...(port === null ? {} : { port }) },
      sources,
      rules: rules.map((rule) => {
        const [kind, route] = rule.split(" ") as ["HTTPRouteGroup" | "TCPRoute", string];
        return { kind, name: route, ...(only && kind === "HTTPRouteGroup" ? { matches: [{ name: only }] } : {}) };
      }),
    }));

const split: fc.Arbitrary<TrafficSplit> = fc
  .record({
    weights: fc.array(fc.oneof(fc.nat(3), fc.nat(100), fc.nat(5_000_000)), { minLength: 2, maxLength: 2 }),
    matched: fc.boolean(),
  })
  .filter(({ weights }) => weights.some((weight) => weight > 0))
  .map(({ weights, matched }) => ({
    kind: "TrafficSplit",
    namespace: NAMESPACE,
    name: "canary",
    source,
    service: "web",
    backends: weights.map((weight, at) => ({ service: `web-v${at + 1}`, weight })),
    ...(matched ? { matches: [{ kind: "HTTPRouteGroup", name: "g1" }] } : {}),
  }));

/** Most groups name no host, which only Istio can match on. */
const routes = (name: string): fc.Arbitrary<SmiDocument> =>
  fc.tuple(group(name), fc.nat(5)).map(([document, hosts]) => ({
    ...document,
    matches: document.matches.map((match) => ({
      ...match,
      headers: match.headers.filter((header, at, all) => {
        const first = all.findIndex((other) => other.name === header.name) === at;
        return hosts === 0 || (first && header.name !== "host");
      }),
    })),
  }));

/** @param requests Requests of each world; each is judged at every port of every workload. */
export const worlds = (requests: number): fc.Arbitrary<World> =>
  fc
    .record({
      ports: fc.constantFrom<number[]>([8080], [8080], [8080, 9090]),
      groups: fc.tuple(routes("g1"), routes("g2")),
      tcps: fc.tuple(tcp("t1"), tcp("t2")),
      targets: fc.tuple(target("one"), fc.option(target("two")), fc.option(target("three"), { freq: 2 })),
      split: fc.option(split),
      requests: fc.array(
        fc.record({
          call: request,
          caller: fc.constantFrom(...CALLERS),
          connection: fc.constantFrom(false, false, true),
        }),
        { minLength: requests, maxLength: requests },
      ),
      widen: fc.constantFrom(false, false, true),
    })
    .map(({ ports, groups, tcps, targets, split: shared, requests: asked, widen }) => ({
      // A route for a port that no pod has is an error of its own, which is tested elsewhere.
      documents: [
        ...groups,
        ...tcps.map((route) => ({ ...route, ports: route.ports.filter((port) => ports.includes(port)) })),
        ...[...targets, shared].filter((document) => document !== null),
      ],
      facts: factsWith(ports),
      requests: asked.map(({ call, caller, connection }) => ({ ...call, source: caller, connection })),
      widen,
    }));
