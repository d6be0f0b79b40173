import { z } from "zod";

/** A key of the spec: it becomes part of resource names on both clouds, so it is a short DNS label. */
export const keySchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/, "2 to 20 lower-case letters, digits and hyphens, starting with a letter");

export const dnsLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a DNS label: 1 to 63 lower-case letters, digits and hyphens");

export const minorVersion = z
  .string({ error: 'text such as "1.34", in quotes' })
  .regex(/^1\.\d{2}$/, 'a Kubernetes minor version such as "1.34"');

export const cidr = z.cidrv4({ error: 'an IPv4 block such as "10.16.0.0/14"' });

/** Who may reach the Kubernetes API server. */
const endpoint = z.discriminatedUnion("access", [
  /** Only from the cluster's own network. The default. */
  z.strictObject({ access: z.literal("private") }),
  /** From the network and from these blocks of the internet. */
  z.strictObject({ access: z.literal("restricted"), allowedCidrs: z.array(cidr).min(1) }),
]);

/** How a sandboxed pod is kept from its node: in a virtual machine (Kata), or on a kernel that runs as a process (gVisor). */
export const isolation = z.enum(["vm", "gvisor"]);

export const nodePool = {
  /** Fewest nodes. */
  min: z.int().min(0).max(1000),
  /** Most nodes. */
  max: z.int().min(1).max(1000),
  /**
   * Kubernetes minor version of the nodes. Default: the control plane's. At most three older, to upgrade the nodes of a pool
   * after their control plane.
   */
  kubernetesVersion: minorVersion.optional(),
  /** Spot capacity is cheaper and may be taken away. Default: false. */
  spot: z.boolean().optional(),
  /**
   * For sandboxed pods alone, those of workloads that say `sandbox: true`: `"vm"` on AKS, `"gvisor"` on EKS. Default: an
   * ordinary pool.
   */
  sandbox: isolation.optional(),
  /** Kubernetes labels of the nodes. */
  labels: z.record(z.string(), z.string()).optional(),
  /** Taints of the nodes, as kubectl writes them, e.g. `dedicated=batch:NoSchedule`. */
  taints: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z0-9./_-]+(=[A-Za-z0-9._-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$/,
          'a taint such as "dedicated=batch:NoSchedule"; effects: NoSchedule, PreferNoSchedule, NoExecute',
        ),
    )
    .optional(),
};

/**
 * What a cluster's resources are called, in its cloud, in the cluster and in the state. Default: its key. Who renames a key
 * keeps the old one here, and nothing is made anew.
 */
export const clusterName = keySchema.optional();

/** The same for what a cluster has by key: pools, profiles, access entries. */
export const partName = keySchema.optional();

export const clusterBase = {
  name: clusterName,
  /** Kubernetes minor version of the control plane, and of its nodes unless a pool says otherwise. Required: there is no version that stays right. */
  kubernetesVersion: minorVersion,
  /**
   * The cluster's own IPv4 block, /14 to /18, disjoint from every other cluster's. Its first quarter is the network of the
   * nodes, its second the pods (AKS overlay), its third the Services, and its last is free.
   */
  cidr: cidr.optional(),
  /** In place of `cidr`: which block of `network.supernet` it is, from 0. `isthmus plan network` names the next free one. */
  block: z.int().min(0).optional(),
  /** Who may reach the API server. Default: `{ access: "private" }`. */
  endpoint: endpoint.optional(),
};
