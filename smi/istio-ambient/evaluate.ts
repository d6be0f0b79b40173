import type { Facts, WorkloadFacts } from "../facts";
import { gatewayShares } from "../gateway-api/evaluate";
import { type IstioRequest, type Rule, satisfies, selectsPod } from "../istio/evaluate";

/**
 * What ztunnel and waypoints do with Istio's objects, after its documents
 * (https://istio.io/latest/docs/ambient/usage/l4-policy/ and .../l7-features/) and pilot/pkg/model/policyattachment.go. It
 * shares nothing with the translator, so that one can be tested against the other.
 */
export interface AmbientRequest extends IstioRequest {
  /** The Service that is called, of the workload's namespace. Absent: the pod, by its own address. */
  readonly service?: string;
}

interface AnyObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface TargetRef {
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
}

const CLASS = "istio-waypoint";

/** Whether a pod of the workload answers the request, if it is the one to which the Service leads. */
export function ambientAllows(
  objects: readonly AnyObject[],
  facts: Facts,
  workload: WorkloadFacts,
  request: AmbientRequest,
  options: { readonly rootNamespace?: string; readonly trustDomain?: string } = {},
): boolean {
  const { rootNamespace = "istio-system", trustDomain = "cluster.local" } = options;
  const { namespace } = workload;
  const gateway = gatewayOf(objects, facts, namespace, request.service);
  if (gateway === undefined) return ztunnelAllows(objects, workload, request, rootNamespace);
  const attached = objects.filter(
    (object) =>
      object.kind === "AuthorizationPolicy" &&
      targetsOf(object).some((ref) => isAttached(ref, object.metadata.namespace)),
  );
  if (!admits(attached, request)) return false;
  // The waypoint opens a connection of its own, with the identity of the ServiceAccount that has its name.
  const source = { namespace, serviceAccount: gateway, trustDomain };
  return ztunnelAllows(objects, workload, { ...request, source }, rootNamespace);

  function isAttached({ kind, name }: TargetRef, own: string): boolean {
    if (kind === "GatewayClass") return own === rootNamespace && name === CLASS;
    return (
      own === namespace && name === (kind === "Gateway" ? gateway : kind === "Service" ? request.service : undefined)
    );
  }
}

/** The waypoint that the Service's label names, if there is one. */
function gatewayOf(
  objects: readonly AnyObject[],
  facts: Facts,
  namespace: string,
  name: string | undefined,
): string | undefined {
  const service = facts.services.find((own) => own.namespace === namespace && own.name === name);
  const found = objects.find(
    ({ kind, metadata, spec }) =>
      kind === "Gateway" &&
      metadata.namespace === namespace &&
      metadata.name === service?.waypoint &&
      spec["gatewayClassName"] === CLASS,
  );
  return service?.headless ? undefined : found?.metadata.name;
}

function targetsOf({ spec }: AnyObject): readonly TargetRef[] {
  return (spec["targetRefs"] ?? []) as readonly TargetRef[];
}

/** A pod's own proxy heeds policies without targets, and of their rules those that ask for nothing of HTTP. */
function ztunnelAllows(
  objects: readonly AnyObject[],
  workload: WorkloadFacts,
  request: IstioRequest,
  rootNamespace: string,
): boolean {
  const applying = objects.filter(
    (object) =>
      targetsOf(object).length === 0 &&
      [workload.namespace, rootNamespace].includes(object.metadata.namespace) &&
      selectsPod(object.spec, workload),
  );
  const strict = applying.some(
    ({ kind, spec }) =>
      kind === "PeerAuthentication" && (spec["mtls"] as { readonly mode?: string } | undefined)?.mode === "STRICT",
  );
  if (strict && !request.source) return false;
  return admits(
    applying.filter(({ kind }) => kind === "AuthorizationPolicy"),
    { ...request, protocol: "tcp" },
  );
}

/** Without any policy, everything is admitted. */
function admits(policies: readonly AnyObject[], request: IstioRequest): boolean {
  if (policies.length === 0) return true;
  return policies.some(({ metadata, spec }) => {
    if ((spec["action"] ?? "ALLOW") !== "ALLOW") throw new Error(`the action of ${metadata.name} is not modelled`);
    const atWaypoint = spec["targetRefs"] !== undefined;
    return ((spec["rules"] ?? []) as readonly Rule[]).some((rule) => {
      // Whether a waypoint compares the Service's port or the pod's is not documented.
      if (atWaypoint && rule.to?.some(({ operation }) => operation.ports))
        throw new Error("ports at a waypoint are not modelled");
      return satisfies(rule, request);
    });
  });
}

/** The share of each backend, by `name:port`: a waypoint heeds HTTPRoutes on Services that are bound to it. */
export function ambientShares(
  objects: readonly AnyObject[],
  call: Parameters<typeof gatewayShares>[1],
): Record<string, number> {
  const waypoint = objects.some(({ kind, metadata }) => kind === "Gateway" && metadata.namespace === call.namespace);
  return gatewayShares(waypoint ? objects : [], call, "below-prefix");
}
