import type { ClusterBlocks } from "../network/blocks";
import type { Settings } from "../settings";
import { calledBy } from "../spec/clusters";
import type { Isolation, NetworkSpec } from "../spec/types";
import type { Overlays } from "../transform";
import type { Guard } from "../waivers";
import { SANDBOX_LABEL, SANDBOX_TAINT } from "./portable/sandbox-plan";

/** Where a cluster stands. What belongs beside it, such as a bucket, goes to the same place. */
export type Place =
  | { readonly cloud: "aws"; readonly region: string }
  | { readonly cloud: "azure"; readonly location: string; readonly subscriptionId: string; readonly tenantId: string }
  /** Where no cloud is beside it that we know: a cluster that existed already. */
  | { readonly cloud: "none"; readonly context: string };

/** What every cluster that we make is planned with. */
export interface ClusterBasePlan extends Guard {
  /** What it is called in the program: its key in the spec, or its `name` there. */
  readonly key: string;
  /** Where it is in the spec, `clusters.<key>`, for what is wrong with it. */
  readonly path: string;
  /** Name in the cloud, `<prefix>-<environment>-<key>`. */
  readonly clusterName: string;
  readonly kubernetesVersion: string;
  /** What the spec lays over the arguments of the cluster's resources. */
  readonly overlays: Overlays;
  readonly serviceCidr: string;
  /** Blocks of the internet that may reach the API server. Empty: only the cluster's own network may. */
  readonly publicCidrs: readonly string[];
  /** Command that adds the cluster to the kubeconfig of whoever runs it. */
  readonly connect: string;
}

/** What a planner knows besides the cluster's own spec. */
export interface ClusterContext extends Guard {
  /** Where the cluster is in the spec. */
  readonly path: string;
  readonly environment: string;
  readonly settings: Settings;
  /** The address space that the cluster's block is part of. */
  readonly network: NetworkSpec;
  /** The network stack of gVisor's pods, which the mesh decides. */
  readonly gvisorNetwork: "sandbox" | "host";
  /** Folder that the spec's paths are relative to. */
  readonly directory: string;
}

/** The parts of a base plan that are the same on every cloud, and the blocks that they were cut from. */
export interface ClusterBase extends Omit<ClusterBasePlan, "connect" | "overlays"> {
  readonly blocks: ClusterBlocks;
}

/** What every pool of nodes is planned with. */
export interface PoolBasePlan {
  readonly name: string;
  readonly spot: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** As kubectl writes them: `key=value:Effect`. */
  readonly taints: readonly string[];
  /** Whether it is for sandboxed pods alone. */
  readonly sandboxed: boolean;
}

/** What every pool of nodes has in a spec and need not say. */
type PoolDefaults = { readonly name?: string | undefined } & {
  readonly [Key in "spot" | "labels" | "taints"]?: PoolBasePlan[Key] | undefined;
} & {
  readonly sandbox?: Isolation | undefined;
};

/** The pools of a cluster in the order of their names, with the defaults filled in. */
export function planPools<Pool extends PoolDefaults & { readonly kubernetesVersion?: string | undefined }>(cluster: {
  readonly kubernetesVersion: string;
  readonly nodes?: Readonly<Record<string, Pool>> | undefined;
}) {
  return withDefaults(cluster.nodes ?? {}).map((pool) => ({
    ...pool,
    kubernetesVersion: pool.kubernetesVersion ?? cluster.kubernetesVersion,
  }));
}

/** Pools of any kind in the order of their names. */
export function withDefaults<Pool extends PoolDefaults>(pools: Readonly<Record<string, Pool>>) {
  return Object.entries(pools)
    .map(([key, pool]) => ({ ...pool, name: calledBy(key, pool) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((pool) => {
      const sandboxed = pool.sandbox !== undefined;
      return {
        ...pool,
        sandboxed,
        spot: pool.spot ?? false,
        labels: { ...pool.labels, ...(sandboxed && { [SANDBOX_LABEL]: "true" }) },
        taints: [...(pool.taints ?? []), ...(sandboxed ? [`${SANDBOX_TAINT.key}=true:${SANDBOX_TAINT.effect}`] : [])],
      };
    });
}

/** A taint in the parts that APIs take. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** Reads `dedicated=batch:NoSchedule`. */
export function readTaint(text: string): Taint {
  const [assignment = "", effect = ""] = text.split(":");
  const [key = "", value] = assignment.split("=");
  return { key, ...(value !== undefined && { value }), effect };
}
