import { createHash } from "node:crypto";

import { split } from "../../smi/build";
import type { Facts } from "../../smi/facts";
import { MESHES } from "../../smi/meshes";
import type { KubernetesObject, Translation } from "../../smi/objects";
import type { MeshPlan } from "../mesh/plan";
import type { WorkloadPlan } from "../workload/plan";
import { canaryQueries } from "./metrics";
import { canaryServices, type CanaryPlan } from "./plan";

/** An object of which a controller owns some fields: an update leaves them as they are. */
export interface PlannedObject extends KubernetesObject {
  /** Paths of the fields that are a controller's. Default: none. */
  readonly ignoreChanges?: readonly string[];
}

/** Names of the two measurements, in Flagger's MetricTemplates and in Argo's AnalysisTemplate. */
const SUCCESS_RATE = "success-rate";
const LATENCY = "latency";

/** What Flagger is told: the Deployment, the Service and by what the new version is judged. It makes the routes itself. */
export function flaggerObjects(canary: CanaryPlan, workload: WorkloadPlan, mesh: MeshPlan): PlannedObject[] {
  const { key, prometheus } = canary;
  const { namespace, port } = workload;
  const queries = canaryQueries(canary, namespace, mesh, "{{ interval }}");
  const interval = `${canary.intervalSeconds}s`;
  const metric = (name: string, thresholdRange: object) => ({
    name,
    templateRef: { name: `${key}-${name}`, namespace },
    thresholdRange,
    interval,
  });
  const template = (name: string, query: string): PlannedObject => ({
    apiVersion: "flagger.app/v1beta1",
    kind: "MetricTemplate",
    metadata: { name: `${key}-${name}`, namespace },
    spec: { provider: { type: "prometheus", address: prometheus }, query },
  });
  return [
    template(SUCCESS_RATE, queries.successRate),
    template(LATENCY, queries.latency),
    {
      apiVersion: "flagger.app/v1beta1",
      kind: "Canary",
      metadata: { name: key, namespace },
      spec: {
        provider: flaggerProvider(mesh),
        targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: key },
        // When the canary goes, so do Flagger's copies: the Deployment and its Service are first made to serve again.
        revertOnDeletion: true,
        service: {
          port,
          portName: "http",
          targetPort: "http",
          appProtocol: "http",
          ...(flaggerProvider(mesh) === "istio"
            ? {}
            : { gatewayRefs: [{ group: "", kind: "Service", name: key, namespace, port }] }),
        },
        analysis: {
          interval,
          threshold: canary.failures,
          maxWeight: canary.most,
          stepWeight: canary.increment,
          metrics: [metric(SUCCESS_RATE, { min: canary.successRate }), metric(LATENCY, { max: canary.latencyMs })],
        },
      },
    },
  ];
}

/** Flagger's name for the API through which it moves the weights. */
export function flaggerProvider(mesh: MeshPlan): "istio" | "gatewayapi:v1" {
  return mesh.translation.mesh === "istio" ? "istio" : "gatewayapi:v1";
}

/** By what Argo Rollouts judges the new version. */
export function argoAnalysis(canary: CanaryPlan, { namespace }: WorkloadPlan, mesh: MeshPlan): PlannedObject {
  const { key, prometheus: address } = canary;
  const queries = canaryQueries(canary, namespace, mesh, `${canary.intervalSeconds}s`);
  // Neither true nor false without an answer: the rollout waits for traffic.
  const metric = (name: string, query: string, good: string, bad: string) => ({
    name,
    interval: `${canary.intervalSeconds}s`,
    failureLimit: canary.failures - 1,
    successCondition: `len(result) > 0 && result[0] ${good}`,
    failureCondition: `len(result) > 0 && result[0] ${bad}`,
    provider: { prometheus: { address, query } },
  });
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AnalysisTemplate",
    metadata: { name: key, namespace },
    spec: {
      metrics: [
        metric(SUCCESS_RATE, queries.successRate, `>= ${canary.successRate}`, `< ${canary.successRate}`),
        metric(LATENCY, queries.latency, `<= ${canary.latencyMs}`, `> ${canary.latencyMs}`),
      ],
    },
  };
}

/** `spec.strategy` of the Rollout that stands in the Deployment's place. */
export function argoStrategy(canary: CanaryPlan, mesh: MeshPlan, namespace: string): Record<string, unknown> {
  const { stable: stableService, canary: canaryService } = canaryServices(canary);
  const weights: number[] = [];
  for (let weight = canary.increment; weight < canary.most; weight += canary.increment) weights.push(weight);
  weights.push(canary.most);
  const pause = { duration: `${canary.intervalSeconds}s` };
  return {
    canary: {
      stableService,
      canaryService,
      trafficRouting: argoRouting(canary, mesh, namespace),
      analysis: { templates: [{ templateName: canary.key }], startingStep: 1 },
      steps: weights.flatMap((setWeight) => [{ setWeight }, { pause }]),
    },
  };
}

function argoRouting(canary: CanaryPlan, { translation: { mesh } }: MeshPlan, namespace: string): object {
  const { key } = canary;
  if (mesh === "istio") return { istio: { virtualService: { name: key } } };
  if (mesh !== "consul") return { plugins: { "argoproj-labs/gatewayAPI": { httpRoute: key, namespace } } };
  const { stable: stableSubsetName, canary: canarySubsetName } = canaryServices(canary);
  return { plugins: { "hashicorp/consul": { serviceName: key, stableSubsetName, canarySubsetName } } };
}

/** Fields in which Argo Rollouts writes the weights, by the kind that has them. */
const WEIGHTS: Readonly<Record<string, readonly string[]>> = {
  HTTPRoute: ["spec.rules"],
  VirtualService: ["spec.http"],
  ServiceSplitter: ["spec.splits"],
  ServiceResolver: ["spec.subsets"],
};

/** The routes that Argo Rollouts moves the weights in: a split in which the old version has all, translated for the mesh. */
export function argoRoutes(
  canary: CanaryPlan,
  workload: WorkloadPlan,
  { translation: { mesh, options, settled } }: MeshPlan,
  facts: Facts,
): { readonly objects: readonly PlannedObject[]; readonly problems: Translation["problems"] } {
  const { stable, canary: next } = canaryServices(canary);
  const { key: service, namespace } = workload;
  const document = split({ namespace, service, backends: { [stable]: 100, [next]: 0 }, path: `rollouts.${service}` });
  const { objects, problems } = MESHES[mesh].translate([document], facts, { ...options, acknowledge: settled });
  const routes = objects.map((object): PlannedObject => {
    const ignoreChanges = WEIGHTS[object.kind];
    return ignoreChanges === undefined ? object : { ...withStableFilter(object, stable, workload), ignoreChanges };
  });
  return { objects: routes, problems };
}

/** Consul tells the old version by its metadata. The plugin writes the filter of whichever version serves after that. */
function withStableFilter(object: KubernetesObject, stable: string, { deployments }: WorkloadPlan): KubernetesObject {
  if (object.kind !== "ServiceResolver") return object;
  const filter = `Service.Meta.version == ${versionOf(deployments[0]!.image)}`;
  return { ...object, spec: { ...object.spec, subsets: { ...(object.spec.subsets as object), [stable]: { filter } } } };
}

/** What a version without a name is told by where the mesh wants one. */
export function versionOf(image: string): string {
  return `v${createHash("sha256").update(image).digest("hex").slice(0, 8)}`;
}
