import { MESH_SERIES } from "../../smi/adapter/telemetry/series";
import type { MeshPlan } from "../mesh/plan";
import { canaryServices, type CanaryPlan } from "./plan";

/** What a canary is judged by, as queries of Prometheus. */
export interface CanaryQueries {
  /** Percent of the new version's requests that were answered without a 5xx. */
  readonly successRate: string;
  /** Milliseconds within which 99 % of them were answered. */
  readonly latency: string;
}

/**
 * The queries for the mesh, from what its proxies report at the clients: the same on Deployments and Rollouts, and the same
 * that the metrics API answers for the backends of a split.
 *
 * @param window how the tool writes the time that is looked back, e.g. `{{ interval }}`
 */
export function canaryQueries(
  canary: CanaryPlan,
  namespace: string,
  { translation: { mesh } }: MeshPlan,
  window: string,
): CanaryQueries {
  const { series, matchers } = MESH_SERIES[mesh]!.splits;
  const backend = canaryServices(canary).canary;
  const rate = (metric: string, ...more: string[]) => {
    const selector = [...series.selector, ...matchers(namespace, canary.key, backend), ...more].join(",");
    return `rate(${metric}{${selector}}[${window}])`;
  };
  const count = (outcome: string) => `(sum(${rate(series.requests, outcome)}) or vector(0))`;
  const success = count(series.success);
  const quantile = `histogram_quantile(0.99, sum(${rate(series.latency)}) by (le))`;
  return {
    // Without a request it is 0/0, which is no number: no tool takes it for an answer.
    successRate: `100 * ${success} / (${success} + ${count(series.failure)})`,
    latency: series.toMilliseconds === 1 ? quantile : `${series.toMilliseconds} * ${quantile}`,
  };
}
