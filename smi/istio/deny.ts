import { type KubernetesObject, sortObjects } from "../objects";
import { denyPolicy, strictMutualTls } from "./objects";

/** Istio's own default. Managed Istio on AKS has `aks-istio-system`. */
export const ROOT_NAMESPACE = "istio-system";

/**
 * SMI's default deny for a whole mesh: an AuthorizationPolicy without rules and strict mutual TLS, both in the root
 * namespace. Without it, a workload that no TrafficTarget names admits everything.
 *
 * It also closes ingress, egress and east-west gateways, whose clients have no identity in the mesh: each needs an ALLOW
 * policy of its own, for the gateway's labels (https://github.com/istio/istio/issues/29119). Pods without a sidecar, and
 * ports that `traffic.sidecar.istio.io/excludeInboundPorts` takes out, stay open; a NetworkPolicy closes those.
 */
export function istioDefaultDeny(args: { readonly rootNamespace?: string } = {}): KubernetesObject[] {
  const namespace = args.rootNamespace ?? ROOT_NAMESPACE;
  return sortObjects([denyPolicy(namespace, "smi-default-deny"), strictMutualTls(namespace)]);
}
