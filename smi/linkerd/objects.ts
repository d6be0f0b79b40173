import { type KubernetesObject, sortKeys } from "../objects";
import { GATEWAY } from "../gateway-api/route";

export type { KubernetesObject } from "../objects";

/** Kind and group of what a policy refers to in its own namespace. */
export interface LocalRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

const POLICY = "policy.linkerd.io";

export function server(
  namespace: string,
  name: string,
  args: { readonly labels: Readonly<Record<string, string>>; readonly port: number; readonly protocol: string },
): KubernetesObject {
  return {
    apiVersion: `${POLICY}/v1beta3`,
    kind: "Server",
    metadata: { name, namespace },
    spec: {
      accessPolicy: "deny",
      podSelector: { matchLabels: sortKeys(args.labels) },
      port: args.port,
      proxyProtocol: args.protocol,
    },
  };
}

export function serverRef(name: string): LocalRef {
  return { group: POLICY, kind: "Server", name };
}

export function routeRef(name: string): LocalRef {
  return { group: GATEWAY, kind: "HTTPRoute", name };
}

/** Every reference must be satisfied, so the alternatives are inside one authentication, never side by side. */
export function authorizationPolicy(
  namespace: string,
  name: string,
  target: LocalRef,
  authentication: LocalRef,
): KubernetesObject {
  return {
    apiVersion: `${POLICY}/v1alpha1`,
    kind: "AuthorizationPolicy",
    metadata: { name, namespace },
    spec: { requiredAuthenticationRefs: [authentication], targetRef: target },
  };
}

/** Any of these ServiceAccounts, proved by mutual TLS. */
export function meshTlsAuthentication(
  namespace: string,
  name: string,
  subjects: readonly { readonly namespace: string; readonly serviceAccount: string }[],
): { readonly object: KubernetesObject; readonly ref: LocalRef } {
  const kind = "MeshTLSAuthentication";
  const identityRefs = subjects.map((subject) => ({
    kind: "ServiceAccount",
    name: subject.serviceAccount,
    namespace: subject.namespace,
  }));
  return {
    object: { apiVersion: `${POLICY}/v1alpha1`, kind, metadata: { name, namespace }, spec: { identityRefs } },
    ref: { group: POLICY, kind, name },
  };
}

/** Anyone from these networks, meshed or not. */
export function networkAuthentication(
  namespace: string,
  name: string,
  cidrs: readonly string[],
): { readonly object: KubernetesObject; readonly ref: LocalRef } {
  const kind = "NetworkAuthentication";
  const spec = { networks: cidrs.map((cidr) => ({ cidr })) };
  return {
    object: { apiVersion: `${POLICY}/v1alpha1`, kind, metadata: { name, namespace }, spec },
    ref: { group: POLICY, kind, name },
  };
}
