import { type KubernetesObject, sortKeys } from "../objects";

const SECURITY = "security.istio.io/v1";

/** Requests that a rule admits: the fields are a conjunction, the values of one field alternatives. */
export interface Operation {
  readonly hosts?: readonly string[];
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
  readonly ports?: readonly string[];
}

/** A condition on a header. */
export interface Condition {
  readonly key: string;
  readonly values: readonly string[];
}

/** A rule of an AuthorizationPolicy. Absent operations admit any connection. */
export interface PolicyRule {
  readonly principals: readonly string[];
  readonly operations?: readonly Operation[];
  readonly conditions: readonly Condition[];
}

/** What a policy is enforced for: pods by labels at their own proxy, or Services and Gateways by name at a waypoint. */
export type PolicyTarget =
  | { readonly labels: Readonly<Record<string, string>> }
  | { readonly targetRefs: readonly { readonly group: string; readonly kind: string; readonly name: string }[] };

function targetOf(target: PolicyTarget): object {
  return "labels" in target ? { selector: { matchLabels: sortKeys(target.labels) } } : target;
}

/** Admits what the rules say, and as any other such policy nothing else. */
export function allowPolicy(
  namespace: string,
  name: string,
  target: PolicyTarget,
  rules: readonly PolicyRule[],
): KubernetesObject {
  return {
    apiVersion: SECURITY,
    kind: "AuthorizationPolicy",
    metadata: { name, namespace },
    spec: {
      action: "ALLOW",
      rules: rules.map(({ principals, operations, conditions }) => ({
        from: [{ source: { principals } }],
        ...(operations ? { to: operations.map((operation) => ({ operation })) } : {}),
        ...(conditions.length > 0 ? { when: conditions } : {}),
      })),
      ...targetOf(target),
    },
  };
}

/** A policy that admits nothing: of a namespace, of the mesh if that is the root namespace, or of what it targets. */
export function denyPolicy(namespace: string, name: string, target?: PolicyTarget): KubernetesObject {
  const spec = { ...(target ? targetOf(target) : {}) };
  return { apiVersion: SECURITY, kind: "AuthorizationPolicy", metadata: { name, namespace }, spec };
}

/** Refuses connections without mutual TLS, whose client nobody knows. */
export function strictMutualTls(namespace: string): KubernetesObject {
  const metadata = { name: "default", namespace };
  return { apiVersion: SECURITY, kind: "PeerAuthentication", metadata, spec: { mtls: { mode: "STRICT" } } };
}

/** Routes for clients in the mesh that call the host. */
export function virtualService(
  namespace: string,
  name: string,
  host: string,
  routes: { readonly http: readonly object[]; readonly tcp: readonly object[] },
): KubernetesObject {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace },
    spec: {
      gateways: ["mesh"],
      hosts: [host],
      ...(routes.http.length > 0 ? { http: routes.http } : {}),
      ...(routes.tcp.length > 0 ? { tcp: routes.tcp } : {}),
    },
  };
}
