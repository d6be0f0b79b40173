import { z } from "zod";

import { PROBLEM_CODES, type ProblemCode } from "../../smi/problem";
import { aksSchema } from "./aks-schema";
import { dnsLabel, keySchema } from "./common-schema";
import { eksSchema } from "./eks-schema";
import { existingSchema } from "./existing-schema";
import { meshSchema } from "./mesh-schema";
import { networkSchema } from "./network-schema";
import { rolloutSchema } from "./rollout-schema";
import { waiverSchema } from "./waiver-schema";

/**
 * The shape of an environment's spec, once: the compiler gets its types from here (`types.ts`) and a JavaScript caller its
 * checks. What no shape can say (references, CIDRs, limits over several fields) is in `plan.ts` of each capability.
 */

export const bucketSchema = z.strictObject({
  kind: z.literal("mirrored"),
  /** Cluster in whose cloud and region the primary lives: S3 beside an EKS cluster, Blob beside an AKS cluster. */
  primary: z.string(),
  /** Cluster in whose cloud and region the read-only replica lives. */
  replica: z.string(),
  /** How old the replica may be: the mover runs twice in that time. At least 10 minutes. */
  rpo: z.templateLiteral(
    [z.int().positive(), z.enum([" minutes", " hours"])],
    'a duration such as "15 minutes" or "2 hours"',
  ),
  /** Days for which objects deleted from the primary stay restorable on the replica. Default: 30. */
  retainDays: z.int().min(1).max(365).optional(),
});

const image = z.string().regex(/^\S+[:@]\S+$/, 'an image with a tag or digest such as "nginx:1.29"');

export const workloadSchema = z.strictObject({
  namespace: dnsLabel,
  /** Clusters that run it. */
  on: z.array(z.string()).min(1),
  image,
  /** Container port that it serves HTTP on. */
  port: z.int().min(1).max(65535),
  /** Pods on each cluster. Default: 2. */
  replicas: z.int().min(0).max(1000).optional(),
  /** HTTP path of the liveness and readiness probe. Default: no probe. */
  probe: z.string().startsWith("/").optional(),
  /** Versions that run side by side, each with its own Service `<workload>-<version>` for splits. */
  versions: z.record(dnsLabel, z.strictObject({ image })).optional(),
  /** Whether each of its pods has a kernel of its own, on clusters with a sandbox pool. Default: false. */
  sandbox: z.boolean().optional(),
  /** Plain environment variables. */
  env: z.record(z.string(), z.string()).optional(),
});

const methods = z
  .array(z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"]))
  .min(1);

export const accessSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("call"),
    from: z.string(),
    to: z.string(),
    /** HTTP methods. Default: all. */
    methods: methods.optional(),
    /** Path prefixes, literal. Default: all. */
    paths: z.array(z.string().startsWith("/")).min(1).optional(),
  }),
  z.strictObject({
    kind: z.literal("objects"),
    from: z.string(),
    bucket: z.string(),
    level: z.enum(["read", "read-write"]),
  }),
]);

const WARNINGS = (Object.keys(PROBLEM_CODES) as ProblemCode[]).filter(
  (code) => PROBLEM_CODES[code].severity === "warning",
);

export const adapterSchema = z.strictObject({
  /**
   * Image with the adapter in it, as the Dockerfile makes one. Default: Node's official image, which runs a bundle of the adapter
   * from a ConfigMap.
   */
  image: image.optional(),
  /** URL of each cluster's Prometheus as pods reach it; it brings the metrics API of SMI. Default: none, and no metrics API. */
  prometheus: z.url({ protocol: /^https?$/, error: 'a URL such as "http://prometheus.monitoring:9090"' }).optional(),
});

export const environmentSchema = z.strictObject({
  clusters: z.record(keySchema, z.discriminatedUnion("kind", [eksSchema, aksSchema, existingSchema])),
  /** The address space that clusters take their blocks from. */
  network: networkSchema.optional(),
  mesh: meshSchema,
  buckets: z.record(keySchema, bucketSchema).optional(),
  workloads: z.record(keySchema, workloadSchema).optional(),
  access: z.array(accessSchema).optional(),
  /** Weights of a workload's versions: `{ checkout: { "checkout-v1": 90, "checkout-v2": 10 } }`. */
  splits: z.record(z.string(), z.record(z.string(), z.int().min(0))).optional(),
  /** How a workload's new version takes over from the old one, in place of fixed weights. */
  rollouts: z.record(z.string(), rolloutSchema).optional(),
  /** Files or folders of SMI YAML, relative to the project, applied beside `access` and `splits`. */
  smi: z.array(z.string()).optional(),
  /** Runs the SMI adapter on every cluster, which keeps the mesh as the SMI objects in it say. Default: none. */
  adapter: adapterSchema.optional(),
  /** Codes of SMI warnings that you have read and accept. They are not shown any more. */
  acknowledge: z.array(z.enum(WARNINGS)).optional(),
  /** Guards clusters and data against deletion and replacement. Default: true; `false` is for `local` and `dev`. */
  protect: z.boolean().optional(),
  /** Clusters and buckets that may be replaced or deleted all the same, each until a day. */
  waivers: z.array(waiverSchema).optional(),
});
