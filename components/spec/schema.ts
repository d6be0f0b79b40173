import { z } from "zod";

import { PROBLEM_CODES, type ProblemCode } from "../../smi/problem";

/**
 * The shape of an environment's spec, once: the compiler gets its types from here (`types.ts`) and a JavaScript caller its
 * checks. What no shape can say (references, CIDRs, limits over several fields) is in `plan.ts` of each capability.
 */

/** A key of the spec: it becomes part of resource names on both clouds, so it is a short DNS label. */
const keySchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/, "2 to 20 lower-case letters, digits and hyphens, starting with a letter");

const dnsLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a DNS label: 1 to 63 lower-case letters, digits and hyphens");

const minorVersion = z
  .string({ error: 'text such as "1.34", in quotes' })
  .regex(/^1\.\d{2}$/, 'a Kubernetes minor version such as "1.34"');

const cidr = z.cidrv4({ error: 'an IPv4 block such as "10.16.0.0/14"' });

/** Who may reach the Kubernetes API server. */
const endpoint = z.discriminatedUnion("access", [
  /** Only from the cluster's own network. The default. */
  z.strictObject({ access: z.literal("private") }),
  /** From the network and from these blocks of the internet. */
  z.strictObject({ access: z.literal("restricted"), allowedCidrs: z.array(cidr).min(1) }),
]);

const nodePool = {
  /** Fewest nodes. */
  min: z.int().min(0).max(1000),
  /** Most nodes. */
  max: z.int().min(1).max(1000),
  /** Spot capacity is cheaper and may be taken away. Default: false. */
  spot: z.boolean().optional(),
  /** Kubernetes labels of the nodes. */
  labels: z.record(z.string(), z.string()).optional(),
};

const clusterBase = {
  /** Kubernetes minor version of the control plane and its nodes. Required: there is no version that stays right. */
  kubernetesVersion: minorVersion,
  /**
   * The cluster's own IPv4 block, /12 to /18, disjoint from every other cluster's. Its first quarter is the network of the
   * nodes, its second the pods (AKS overlay), its third the Services.
   */
  cidr,
  /** Who may reach the API server. Default: `{ access: "private" }`. */
  endpoint: endpoint.optional(),
};

export const eksSchema = z.strictObject({
  kind: z.literal("eks"),
  ...clusterBase,
  /** AWS region, e.g. `us-east-1`. */
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as "us-east-1"'),
  /** Letters of the availability zones, two or three. Default: `["a", "b"]`. */
  zones: z
    .array(z.string().regex(/^[a-f]$/, 'the letter of a zone such as "a"'))
    .min(2)
    .max(3)
    .optional(),
  /** Managed node groups by name. */
  nodes: z.record(
    keySchema,
    z.strictObject({
      ...nodePool,
      /** EC2 instance types, several for spot. */
      instanceTypes: z.array(z.string().regex(/^[a-z0-9-]+\.[a-z0-9]+$/, 'an EC2 type such as "m7i.large"')).min(1),
    }),
  ),
});

export const aksSchema = z.strictObject({
  kind: z.literal("aks"),
  ...clusterBase,
  /** Azure location, e.g. `northeurope`. */
  location: z.string().regex(/^[a-z]+[a-z0-9]*$/, 'an Azure location such as "northeurope"'),
  /** The permanent system pool. Its size is fixed when the cluster is made. Default: 3 nodes of Standard_D4ds_v5. */
  system: z.strictObject({ vmSize: z.string(), count: z.int().min(1).max(10) }).optional(),
  /** User node pools by name: at most 12 lower-case letters and digits, Azure's limit. */
  nodes: z.record(
    z
      .string()
      .regex(/^[a-z][a-z0-9]{0,11}$/, "1 to 12 lower-case letters and digits, starting with a letter (Azure's limit)"),
    z.strictObject({
      ...nodePool,
      vmSize: z.string().regex(/^Standard_\w+$/, 'an Azure size such as "Standard_D4ds_v5"'),
    }),
  ),
});

export const meshSchema = z.strictObject({
  kind: z.literal("linkerd"),
  /** Trust domain of every cluster in the mesh. Default: `cluster.local`. */
  trustDomain: z.string().optional(),
});

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

export const environmentSchema = z.strictObject({
  clusters: z.record(keySchema, z.discriminatedUnion("kind", [eksSchema, aksSchema])),
  mesh: meshSchema,
  buckets: z.record(keySchema, bucketSchema).optional(),
  workloads: z.record(keySchema, workloadSchema).optional(),
  access: z.array(accessSchema).optional(),
  /** Weights of a workload's versions: `{ checkout: { "checkout-v1": 90, "checkout-v2": 10 } }`. */
  splits: z.record(z.string(), z.record(z.string(), z.int().min(0))).optional(),
  /** Files or folders of SMI YAML, relative to the project, applied beside `access` and `splits`. */
  smi: z.array(z.string()).optional(),
  /** Codes of SMI warnings that you have read and accept. They are not shown any more. */
  acknowledge: z.array(z.enum(WARNINGS)).optional(),
  /** Guards clusters and data against deletion and replacement. Default: true. */
  protect: z.boolean().optional(),
});
