import type { KubernetesObject } from "../../../local/kubernetes-server";

/** A namespace full of applications, each with its rules: what is created, as path of the collection and object. */
export type Creation = readonly [path: string, object: KubernetesObject];

const API = {
  groups: ["specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", "httproutegroups"],
  tcp: ["specs.smi-spec.io/v1alpha4", "TCPRoute", "tcproutes"],
  targets: ["access.smi-spec.io/v1alpha3", "TrafficTarget", "traffictargets"],
  splits: ["split.smi-spec.io/v1alpha4", "TrafficSplit", "trafficsplits"],
} as const;

function smi(kind: keyof typeof API, namespace: string, name: string, spec: object): Creation {
  const [apiVersion, of, plural] = API[kind];
  return [`/apis/${apiVersion}/namespaces/${namespace}/${plural}`, { apiVersion, kind: of, metadata: { name }, spec }];
}

/** An application: account, Deployment without pods, and Services for its two versions. */
export function application(namespace: string, app: string): Creation[] {
  const labels = { app, version: "v1" };
  const containers = [{ name: "main", image: "example.com/x:1", ports: [{ name: "http", containerPort: 8080 }] }];
  const template = { metadata: { labels }, spec: { serviceAccountName: app, containers } };
  const ports = [{ name: "http", port: 80, targetPort: 8080, appProtocol: "http" }];
  return [
    [`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: app } }],
    [
      `/apis/apps/v1/namespaces/${namespace}/deployments`,
      { metadata: { name: app }, spec: { replicas: 0, selector: { matchLabels: { app } }, template } },
    ],
    ...["", "v1", "v2"].map((version): Creation => {
      const selector = { app, ...(version && { version }) };
      const name = version ? `${app}-${version}` : app;
      return [`/api/v1/namespaces/${namespace}/services`, { metadata: { name }, spec: { selector, ports } }];
    }),
  ];
}

export function routeGroup(namespace: string, name: string, pathRegex = "/api"): Creation {
  return smi("groups", namespace, name, {
    matches: [
      { name: "api", pathRegex, methods: ["GET"] },
      { name: "health", pathRegex: "/health" },
    ],
  });
}

export function tcpRoute(namespace: string, name: string): Creation {
  return smi("tcp", namespace, name, { matches: { ports: [8080] } });
}

export function trafficTarget(namespace: string, name: string, app: string, from: string, routes = app): Creation {
  const account = (of: string) => ({ kind: "ServiceAccount", name: of, namespace });
  return smi("targets", namespace, name, {
    destination: account(app),
    rules: [
      { kind: "HTTPRouteGroup", name: routes, matches: ["api"] },
      { kind: "TCPRoute", name: app },
    ],
    sources: [account(from)],
  });
}

export function trafficSplit(namespace: string, app: string, weights: readonly [number, number]): Creation {
  const backends = weights.map((weight, index) => ({ service: `${app}-v${index + 1}`, weight }));
  return smi("splits", namespace, app, { service: app, backends });
}
