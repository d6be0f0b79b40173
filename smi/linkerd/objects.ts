import { createHash } from "node:crypto";
import { compare } from "../model";

/** A plain Kubernetes object, ready to be serialised. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Kind and group of what a policy refers to in its own namespace. */
export interface LocalRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

const POLICY = "policy.linkerd.io";
const GATEWAY = "gateway.networking.k8s.io";

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

/** Only fields of Gateway API 1.2: Linkerd ignores a route that uses a field it does not know. */
export function httpRoute(
  namespace: string,
  name: string,
  parent: Readonly<Record<string, unknown>>,
  rules: readonly Readonly<Record<string, unknown>>[],
): KubernetesObject {
  return {
    apiVersion: `${GATEWAY}/v1`,
    kind: "HTTPRoute",
    metadata: { name, namespace },
    spec: { parentRefs: [parent], rules },
  };
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

/** Sorted by kind, namespace and name. */
export function sortObjects(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const key = ({ kind, metadata }: KubernetesObject): string => `${kind}\0${metadata.namespace}\0${metadata.name}`;
  return [...objects].sort((left, right) => compare(key(left), key(right)));
}

function sortKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([left], [right]) => compare(left, right)));
}

const MAX_NAME = 63;

/**
 * Gives names that are free, at most 63 characters long, and the same for the same input: a name that is too long, or
 * that several identities want, ends in a hash of its identity, whatever the order in which they ask.
 *
 * @param wanted Identity (unique) to the name it would like.
 */
export function assignNames(wanted: ReadonlyMap<string, string>): Map<string, string> {
  const claims = new Map<string, number>();
  for (const name of wanted.values()) claims.set(clean(name), (claims.get(clean(name)) ?? 0) + 1);
  return new Map(
    [...wanted].map(([identity, raw]) => {
      const name = clean(raw);
      return [identity, name.length <= MAX_NAME && claims.get(name) === 1 ? name : hashed(name, identity)];
    }),
  );
}

/** The name cut so that a hash of its identity fits behind it. */
function hashed(name: string, identity: string): string {
  const hash = createHash("sha256").update(identity).digest("hex").slice(0, 8);
  return `${name.slice(0, MAX_NAME - 9).replace(/[-.]+$/, "")}-${hash}`;
}

function clean(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return text === "" ? "x" : text;
}
