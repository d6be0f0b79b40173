import { z } from "zod";

const percent = z.int().min(1).max(100);

const stepsSchema = z.strictObject({
  kind: z.literal("steps"),
  /** Service of the version that has the traffic now, e.g. `checkout-v1`. */
  from: z.string(),
  /** Service of the version that takes over. */
  to: z.string(),
  /** Percent of the traffic that `to` gets at each step, rising. */
  shares: z.array(percent).min(1),
  /** Steps taken so far, 0 to the number of `shares`: raising it by one is the change that a reviewer sees. */
  step: z.int().min(0),
});

const canarySchema = z.strictObject({
  kind: z.literal("canary"),
  /** Controller that moves the weights, installed on each cluster that runs the workload. */
  by: z.enum(["flagger", "argo-rollouts"]),
  /** URL of the Prometheus that scrapes the mesh's proxies, as the cluster reaches it. */
  prometheus: z.url({ protocol: /^https?$/, error: 'a URL such as "http://prometheus.monitoring:9090"' }),
  /** Percent that the new version gains at each step. Default: 10. */
  increment: percent.optional(),
  /** Percent of the traffic at which it has proved itself and takes over. Default: 50. */
  most: percent.optional(),
  /** Time between steps, and the window that is measured. Default: 1 minute. */
  interval: z
    .templateLiteral(
      [z.int().positive(), z.enum([" seconds", " minutes"])],
      'a duration such as "90 seconds" or "2 minutes"',
    )
    .optional(),
  /** Failed checks after which the old version gets all traffic back. Default: 2. */
  failures: z.int().min(1).max(100).optional(),
  /** Least percent of requests that must be answered without a 5xx. Default: 99. */
  successRate: z.number().min(0).max(100).optional(),
  /** Most milliseconds within which 99 % of the requests must be answered. Default: 500. */
  latencyMs: z.int().min(1).optional(),
});

/** How a new version of a workload takes over from the old one. */
export const rolloutSchema = z.discriminatedUnion("kind", [stepsSchema, canarySchema]);
