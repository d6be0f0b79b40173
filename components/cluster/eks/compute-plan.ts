import { createHash } from "node:crypto";

import { stableJson } from "../../json";
import { calledBy } from "../../spec/clusters";
import { AMI_TYPES } from "../../spec/eks-schema";
import type { EksSpec } from "../../spec/types";
import { planPools, withDefaults, type PoolBasePlan } from "../common-plan";

type NodeGroupSpec = NonNullable<EksSpec["nodes"]>[string];

/** One managed node group: a pool of the spec, or what it has in one zone. */
export interface NodeGroupPlan extends PoolBasePlan {
  /**
   * Name in EKS: the pool's and a hash of what cannot be changed in place, so that a change of that makes the new group
   * before it drains the old one. Two groups of one name could not stand side by side.
   */
  readonly nodeGroupName: string;
  /** Minor version of the nodes. */
  readonly kubernetesVersion: string;
  readonly instanceTypes: readonly string[];
  readonly amiType: string;
  /** GiB. */
  readonly diskSize: number;
  readonly min: number;
  readonly max: number;
  /** Zones such as `us-east-1a`, sorted. */
  readonly zones: readonly string[];
}

/** A NodePool of Karpenter. */
export interface KarpenterPoolPlan extends PoolBasePlan {
  readonly categories: readonly string[];
  readonly architectures: readonly string[];
  readonly cpuLimit: number;
}

export interface FargateProfilePlan {
  readonly name: string;
  /** Name in EKS: hashed, since nothing of a profile can be changed. */
  readonly profileName: string;
  readonly selectors: readonly { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** Where nodes come from, besides managed node groups. */
export type ComputePlan =
  | { readonly kind: "managed" }
  | { readonly kind: "karpenter"; readonly nodePools: readonly KarpenterPoolPlan[]; readonly isolated: boolean }
  | { readonly kind: "auto"; readonly nodePools: readonly string[] }
  | { readonly kind: "fargate"; readonly profiles: readonly FargateProfilePlan[] };

/** Node groups sorted by name, those of one pool by zone. */
export function planNodeGroups(spec: EksSpec, zones: readonly string[]): NodeGroupPlan[] {
  return planPools(spec).flatMap(({ name, perZone = false, ...pool }) => {
    const base = {
      ...pool,
      amiType: pool.amiType ?? AMI_TYPES[architectureOf(pool.instanceTypes[0]!)][0],
      diskSize: pool.diskSize ?? 50,
    };
    const immutable = { instanceTypes: base.instanceTypes, amiType: base.amiType, spot: base.spot };
    const group = (part: string, partZones: readonly string[]): NodeGroupPlan => ({
      ...base,
      name: part,
      nodeGroupName: `${part}-${hash({ ...immutable, zones: partZones })}`,
      zones: partZones,
    });
    return perZone ? zones.map((zone) => group(`${name}-${zone}`, [zone])) : [group(name, zones)];
  });
}

export function planCompute({ compute = { kind: "managed" }, egress }: EksSpec): ComputePlan {
  switch (compute.kind) {
    case "managed":
      return compute;
    case "karpenter":
      return {
        kind: "karpenter",
        isolated: egress === "none",
        nodePools: withDefaults(compute.nodePools).map((pool) => ({
          ...pool,
          categories: [...(pool.categories ?? ["c", "m", "r"])].sort(),
          architectures: [...(pool.architectures ?? ["amd64"])].sort(),
        })),
      };
    case "auto":
      return { kind: "auto", nodePools: [...(compute.nodePools ?? ["general-purpose", "system"])].sort() };
    case "fargate":
      return {
        kind: "fargate",
        profiles: Object.entries(compute.profiles)
          .map(([key, profile]) => ({ ...profile, name: calledBy(key, profile) }))
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .map(({ name, ...profile }) => {
            const selectors = profile.selectors.map(({ namespace, labels = {} }) => ({ namespace, labels }));
            return { name, profileName: `${name}-${hash(selectors)}`, selectors };
          }),
      };
  }
}

/** Architecture of an EC2 type: the generation of Graviton types is followed by a `g`, as in `m7g` and `c7gn`. */
export function architectureOf(instanceType: string): keyof typeof AMI_TYPES {
  return /^(a1|[a-z]+\d+g[a-z]*)\./.test(instanceType) ? "arm64" : "x86_64";
}

/** What is wrong with one pool beyond its shape: `amiType` and types of different architectures. */
export function poolArchitectures({ instanceTypes, amiType }: NodeGroupSpec): ReadonlySet<string> {
  const ofImage = (["x86_64", "arm64"] as const).filter((arch) => AMI_TYPES[arch].some((type) => type === amiType));
  return new Set([...instanceTypes.map(architectureOf), ...ofImage]);
}

function hash(value: unknown): string {
  return createHash("sha256").update(stableJson(value)).digest("hex").slice(0, 6);
}
