import type { KubernetesObject } from "../objects";
import type { Caller } from "./peer";

/** Config entries of Consul as Kubernetes resources (https://developer.hashicorp.com/consul/docs/connect/config-entries). */
function configEntry(
  kind: string,
  namespace: string,
  name: string,
  spec: Readonly<Record<string, unknown>>,
): KubernetesObject {
  return { apiVersion: "consul.hashicorp.com/v1alpha1", kind, metadata: { name, namespace }, spec };
}

/** A criterion for one header; exactly one of `exact`, `present` and `regex` is set. */
export interface HeaderCriterion {
  readonly name: string;
  readonly exact?: string;
  readonly present?: true;
  readonly regex?: string;
}

/** What a permission or a route matches on; the path has at most one form. Intentions and routers share these fields. */
export interface HttpCriteria {
  readonly pathExact?: string;
  readonly pathPrefix?: string;
  /** Must match the whole path. */
  readonly pathRegex?: string;
  readonly header?: readonly HeaderCriterion[];
  readonly methods?: readonly string[];
}

export interface Permission {
  readonly action: "allow" | "deny";
  readonly http: HttpCriteria;
}

/** A source has either an action for every connection or permissions for requests. */
export type IntentionSource = Caller &
  ({ readonly action: "allow" | "deny" } | { readonly permissions: readonly Permission[] });

export interface WeightedSplit {
  /** Percent. */
  readonly weight: number;
  readonly service?: string;
  readonly serviceSubset?: string;
}

export type Protocol = "http" | "http2" | "grpc";

export function serviceDefaults(namespace: string, name: string, protocol: Protocol): KubernetesObject {
  return configEntry("ServiceDefaults", namespace, name, { protocol });
}

/** Consul takes one of these per destination. */
export function serviceIntentions(
  namespace: string,
  name: string,
  destination: string,
  sources: readonly IntentionSource[],
): KubernetesObject {
  return configEntry("ServiceIntentions", namespace, name, { destination: { name: destination }, sources });
}

export function serviceResolver(
  namespace: string,
  name: string,
  subsets: Readonly<Record<string, { readonly filter?: string }>>,
): KubernetesObject {
  return configEntry("ServiceResolver", namespace, name, { subsets });
}

export function serviceSplitter(namespace: string, name: string, splits: readonly WeightedSplit[]): KubernetesObject {
  return configEntry("ServiceSplitter", namespace, name, { splits });
}

/** Requests that match none of the routes go to the service itself. */
export function serviceRouter(
  namespace: string,
  name: string,
  matches: readonly HttpCriteria[],
  destination: string,
): KubernetesObject {
  const routes = matches.map((http) => ({ match: { http }, destination: { service: destination } }));
  return configEntry("ServiceRouter", namespace, name, { routes });
}

/**
 * Denies every call between services that no intention allows. With ACLs (`global.acls.manageSystemACLs`) Consul's
 * default is to deny, so nothing is needed.
 *
 * @param options.namespace Where the object lives; it applies to the whole cluster. Default: `default`.
 */
export function consulDefaultDeny(options: {
  readonly acls: boolean;
  readonly namespace?: string;
}): readonly KubernetesObject[] {
  if (options.acls) return [];
  const sources: readonly IntentionSource[] = [{ name: "*", action: "deny" }];
  return [serviceIntentions(options.namespace ?? "default", "smi-default-deny", "*", sources)];
}
