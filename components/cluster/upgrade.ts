import type { Problem } from "../problem";

/**
 * Minor versions by which nodes may lag behind their control plane, since Kubernetes 1.28.
 *
 * @see https://kubernetes.io/releases/version-skew-policy/#kubelet
 */
const NODE_SKEW = 3;

/** One change of the spec on the way to a version, and what the `up` after it upgrades, in this order. */
export interface UpgradeStep {
  /** Path of the version in the spec, and what it becomes. */
  readonly change: { readonly path: string; readonly version: string };
  readonly upgrades: readonly {
    /** The control plane, or the nodes of one pool. */
    readonly part: { readonly kind: "control-plane" } | { readonly kind: "nodes"; readonly pool: string };
    /** Minor versions such as `1.34`. */
    readonly from: string;
    readonly to: string;
  }[];
}

/** What a planner of upgrades knows of a cluster. */
export interface UpgradableCluster {
  readonly key: string;
  /** Of the control plane, such as `1.34`. */
  readonly version: string;
  /** Version of each pool's nodes, by the pool's name; undefined where they follow the control plane. */
  readonly pools: Readonly<Record<string, string | undefined>>;
}

/**
 * Why a control plane may not go from one version to another in one step, or nothing. Clouds refuse it too, but only once
 * an `up` has begun.
 *
 * @param path of the version in the spec
 * @param from version that the cluster has, with or without a patch: `1.34` or `1.34.2`
 * @param to version that it is to have
 * @see https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
 * @see https://learn.microsoft.com/azure/aks/upgrade-aks-cluster
 */
export function controlPlaneProblem(path: string, from: string, to: string): Problem | undefined {
  const [old, next] = [minorOf(from), minorOf(to)];
  if (next === old || next === old + 1) return undefined;
  const allowed = `"${versionOf(old)}", which the cluster has, or "${versionOf(old + 1)}"`;
  if (next < old) {
    return { path, found: to, allowed, next: "A control plane is never downgraded: make a new cluster beside it." };
  }
  return {
    path,
    found: to,
    allowed,
    next: `A control plane is upgraded one minor version at a time: ${pathBetween(old, next)}, with an up for each.`,
  };
}

/**
 * Why nodes may not have a version under a control plane's, or nothing.
 *
 * @param path of the nodes' version in the spec
 */
export function skewProblem(path: string, nodes: string, controlPlane: string): Problem | undefined {
  const [kubelet, server] = [minorOf(nodes), minorOf(controlPlane)];
  if (kubelet <= server && kubelet >= server - NODE_SKEW) return undefined;
  return {
    path,
    found: nodes,
    allowed: `"${versionOf(server - NODE_SKEW)}" to "${versionOf(server)}", the control plane's`,
    next:
      kubelet > server
        ? "Nodes are never newer than their control plane: upgrade that first."
        : "Upgrade the nodes before the control plane goes further.",
  };
}

/**
 * The steps that bring clusters to a version: cluster by cluster, one minor version at a time, each control plane before its
 * nodes. Pools without a version of their own follow their control plane; those with one are brought along explicitly.
 * None for a cluster that has the version, or a newer one.
 */
export function planUpgrade(clusters: readonly UpgradableCluster[], target: string): UpgradeStep[] {
  return clusters.flatMap(({ key, version, pools }) => {
    const path = `clusters.${key}`;
    const named = Object.entries(pools).sort(([a], [b]) => (a < b ? -1 : 1));
    const following = named.filter(([, own]) => own === undefined).map(([pool]) => pool);
    const pinned = named.flatMap(([pool, own]) => (own === undefined ? [] : [{ pool, own }]));
    const bring = (pool: string, from: string, to: string): UpgradeStep => ({
      change: { path: `${path}.nodes.${pool}.kubernetesVersion`, version: to },
      upgrades: [{ part: { kind: "nodes", pool }, from, to }],
    });
    const behind = pinned.filter(({ own }) => minorOf(own) < Math.min(minorOf(version), minorOf(target)));
    const steps = behind.map(({ pool, own }) => bring(pool, own, version));
    for (let minor = minorOf(version) + 1; minor <= minorOf(target); minor++) {
      const [from, to] = [versionOf(minor - 1), versionOf(minor)];
      steps.push({
        change: { path: `${path}.kubernetesVersion`, version: to },
        upgrades: [
          { part: { kind: "control-plane" }, from, to },
          ...following.map((pool) => ({ part: { kind: "nodes", pool } as const, from, to })),
        ],
      });
      steps.push(...pinned.map(({ pool }) => bring(pool, from, to)));
    }
    return steps;
  });
}

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}

function versionOf(minor: number): string {
  return `1.${minor}`;
}

function pathBetween(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => versionOf(from + index)).join(" -> ");
}
