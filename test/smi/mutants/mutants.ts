import { ambient, istio } from "./istio";

/** A plausible mistake: one text of one file, and what stands there instead. */
export interface Mutant {
  /** What goes wrong; in brackets the adapter that had this mistake. */
  readonly name: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Suites of which one must notice: `oracle`, with a mesh, or a file of test/smi. The quickest comes first. */
  readonly suites: readonly string[];
}

const reading: readonly Mutant[] = [
  {
    name: "quantities of v1alpha1 are read unscaled [smi-controller-sdk]",
    file: "smi/quantity.ts",
    find: "m: 1e-3",
    replace: "m: 1",
    suites: ["read"],
  },
  {
    name: "a conversion drops destination.port [smi-controller-sdk]",
    file: "smi/convert.ts",
    find: "kept: { ...kept, port } };",
    replace: "kept };",
    suites: ["convert"],
  },
  {
    name: "a conversion to v1alpha1 drops headers [smi-controller-sdk]",
    file: "smi/convert.ts",
    find: "kept: { ...kept, headers } };",
    replace: "kept };",
    suites: ["convert"],
  },
  {
    name: "destination.port of v1alpha2 is not read",
    file: "smi/reader/access.ts",
    find: "const portNumber = port.exists ? port.port() : undefined;",
    replace: "const portNumber = port.exists && false ? port.port() : undefined;",
    suites: ["read"],
  },
  {
    name: "a star is a ServiceAccount's name, which meshes take for any",
    file: "smi/reader/metadata.ts",
    find: "if (name === undefined || isName(name)) return name;",
    replace: "if (name === undefined || isName(name) || name) return name;",
    suites: ["corners"],
  },
  {
    name: "a source without namespace is taken for one of the namespace default",
    file: "smi/reader/access.ts",
    find: "namespace: namespace.written ?? head.namespace,",
    replace: 'namespace: namespace.written ?? "default",',
    suites: ["corners"],
  },
];

const common: readonly Mutant[] = [
  {
    name: "a rule without matches allows nothing [smi-adapter-istio, Open Service Mesh]",
    file: "smi/resolve.ts",
    find: "!rule.matches || rule.matches.some(({ name }) => name === match.name)",
    replace: "rule.matches?.some(({ name }) => name === match.name)",
    suites: ["oracle istio"],
  },
  {
    name: "destination.port does not narrow [smi-controller-sdk]",
    file: "smi/resolve.ts",
    find: "if (port === undefined) return",
    replace: "if (port !== 0) return",
    suites: ["oracle istio"],
  },
  {
    name: "ports of TCPRoutes beside HTTP rules are ignored [consul-smi-controller]",
    file: "smi/resolve.ts",
    find: "const every = routes.length === 0 ||",
    replace: 'const every = target.rules.some(({ kind }) => kind === "HTTPRouteGroup") || routes.length === 0 ||',
    suites: ["oracle istio"],
  },
  {
    name: "UDPRoutes are passed over",
    file: "smi/resolve.ts",
    find: 'if (rule.kind === "UDPRoute") {',
    replace: 'if (rule.kind === "UDPRoute") return [];\n    if (rule.kind === "UDPRoute") {',
    suites: ["corners"],
  },
  {
    name: "labels that catch another ServiceAccount's pods are accepted",
    file: "smi/resolve.ts",
    find: "other.serviceAccount !== workload.serviceAccount",
    replace: "other.serviceAccount === `${workload.serviceAccount}-not`",
    suites: ["corners"],
  },
  {
    name: "of duplicate backends the last one wins [smi-adapter-istio]",
    file: "smi/splits.ts",
    find: "weight: (before?.weight ?? 0) + backend.weight });",
    replace: "weight: backend.weight });",
    suites: ["gateway-api"],
  },
  {
    name: "a weight of zero becomes a little traffic [smi-adapter-istio]",
    file: "smi/splits.ts",
    find: "const backends = [...merged.values()];",
    replace: "const backends = [...merged.values()].map((each) => ({ ...each, weight: Math.max(each.weight, 1) }));",
    suites: ["oracle gateway-api"],
  },
  {
    name: "large weights are scaled, and a zero with them",
    file: "smi/splits.ts",
    find: "backend.weight > 0 ? Math.max(1, weight) : 0",
    replace: "Math.max(1, weight)",
    suites: ["gateway-api"],
  },
  {
    name: "weights that are all zero are accepted [smi-adapter-istio]",
    file: "smi/splits.ts",
    find: "else if (largest === 0) {",
    replace: "else if (largest < 0) {",
    suites: ["gateway-api"],
  },
];

const linkerd: readonly Mutant[] = [
  {
    name: "the first alternative of an expression hides the others",
    file: "smi/gateway-api/match.ts",
    find: 'value: anchor === "full" ? `^(?:${pattern})$` : `^(?:${pattern}).*$` };',
    replace: 'value: anchor === "full" ? pattern : `${pattern}.*` };',
    suites: ["oracle linkerd"],
  },
  {
    name: "probes are denied as soon as there is a route",
    file: "smi/linkerd/access.ts",
    find: "    ...probeEntries(probes),\n",
    replace: "",
    suites: ["oracle linkerd", "linkerd"],
  },
  {
    name: "of two rules that meet, the sources of one are starved",
    file: "smi/linkerd/translate.ts",
    find: "meshTlsAuthentication(namespace, name, union(route.entries));",
    replace: "meshTlsAuthentication(namespace, name, union(route.entries.slice(0, 1)));",
    suites: ["oracle linkerd"],
  },
  {
    name: "a policy is for all routes of a port",
    file: "smi/linkerd/translate.ts",
    find: "authorizationPolicy(namespace, name, routeRef(name), ref),",
    replace: "authorizationPolicy(namespace, name, serverRef(serverName), ref),",
    suites: ["oracle linkerd"],
  },
  {
    name: "only the first port of a pod is opened",
    file: "smi/linkerd/access.ts",
    find: "for (const port of sorted(workload.ports, (left, right) => left.port - right.port)) {",
    replace: "for (const port of [...workload.ports].slice(0, 1)) {",
    suites: ["oracle linkerd"],
  },
  {
    name: "conditions on two headers have no route for both",
    file: "smi/linkerd/routes.ts",
    find: "if (both) pending.push(both);",
    replace: "",
    suites: ["oracle linkerd", "linkerd.property"],
  },
];

const gatewayApi: readonly Mutant[] = [
  {
    name: "a rule for the root without a path ranks above expressions",
    file: "smi/gateway-api/split.ts",
    find: "{ ...root, matches: [{ path: EVERY_PATH }] },",
    replace: "root,",
    suites: ["oracle gateway-api"],
  },
  {
    name: "of several methods only the first is split",
    file: "smi/gateway-api/split.ts",
    find: "return (match.methods ?? [undefined]).map((method) => ({",
    replace: "return (match.methods ?? [undefined]).slice(0, 1).map((method) => ({",
    suites: ["oracle gateway-api"],
  },
];

const consul: readonly Mutant[] = [
  {
    name: "a caller of a peer is named as one of this cluster",
    file: "smi/consul/peer.ts",
    find: "return { caller: { name, peer } };",
    replace: "return { caller: { name } };",
    suites: ["consul"],
  },
  {
    name: "nothing is said of connections that a split ends",
    file: "smi/consul/translate.ts",
    find: "...splitConnections(access.intentions, splits),",
    replace: "...splitConnections([], splits),",
    suites: ["oracle consul"],
  },
  {
    name: "rules for some ports open all [consul-smi-controller]",
    file: "smi/consul/access.ts",
    find: 'if (ports !== "every" && workloads.some(',
    replace: 'if (ports === "every" && workloads.some(',
    suites: ["oracle consul"],
  },
  {
    name: "a header's expression is compared as a text [consul-smi-controller of 2021]",
    file: "smi/consul/match.ts",
    find: "return literal === undefined || open ? { name, regex: pattern } : { name, exact: literal };",
    replace: "return { name, exact: pattern };",
    suites: ["oracle consul"],
  },
  {
    name: "weights are not made percentages [consul-smi-controller of 2021]",
    file: "smi/consul/weights.ts",
    find: "percent: percents[index]! })),",
    replace: "percent: weights[index]! })),",
    suites: ["consul-split"],
  },
  {
    name: "a router is put on the wrong service [consul-smi-controller of 2021]",
    file: "smi/consul/split.ts",
    find: "serviceRouter(namespace, root, routes, virtual),",
    replace: "serviceRouter(namespace, split.name, routes, virtual),",
    suites: ["oracle consul"],
  },
  {
    name: "without ACLs, requests that no permission matches pass",
    file: "smi/consul/access.ts",
    find: 'return acls ? allowed : [...allowed, { action: "deny", http: everything }];',
    replace: "return allowed;",
    suites: ["consul"],
  },
  {
    name: "an expression that is anchored at the start must match the whole path",
    file: "smi/consul/match.ts",
    find: 'return { pathRegex: anchor === "full" || !free ? pattern : `(?:${pattern}).*` };',
    replace: "return { pathRegex: pattern };",
    suites: ["oracle consul"],
  },
  {
    name: "one name in two namespaces is one service",
    file: "smi/consul/identity.ts",
    find: "if (namespaces.length < 2) return undefined;",
    replace: "if (namespaces.length < 9) return undefined;",
    suites: ["consul"],
  },
];

export const MUTANTS: readonly Mutant[] = [
  ...reading,
  ...common,
  ...istio,
  ...ambient,
  ...linkerd,
  ...gatewayApi,
  ...consul,
];
