import { planVpc, type VpcPlan } from "../../network/plan";
import { calledBy } from "../../spec/clusters";
import { EKS_TYPES } from "../../spec/eks-schema";
import type { EksSpec } from "../../spec/types";
import { planOverlays } from "../../transform";
import type { ClusterBase, ClusterBasePlan, ClusterContext, Place } from "../common-plan";
import { planAddons, type AddonsPlan } from "./addon-plan";
import { GVISOR_SOURCE, type GvisorPlan } from "./gvisor";
import { planCompute, planNodeGroups, type ComputePlan, type NodeGroupPlan } from "./compute-plan";

export interface AccessPlan {
  /** What it is called: its key in the spec, or its `name` there. */
  readonly name: string;
  readonly principal: string;
  readonly groups: readonly string[];
  /** Access policies, sorted; without namespaces, for the whole cluster. */
  readonly policies: readonly { readonly policy: string; readonly namespaces: readonly string[] }[];
}

export interface EksPlan extends ClusterBasePlan {
  readonly kind: "eks";
  readonly place: Extract<Place, { cloud: "aws" }>;
  /** ARN that the cluster will have: roles trust it by name before it exists. */
  readonly clusterArn: string;
  readonly network: VpcPlan;
  readonly deployerRoleArn: string;
  /** Sorted by name. */
  readonly access: readonly AccessPlan[];
  readonly nodes: readonly NodeGroupPlan[];
  readonly compute: ComputePlan;
  /** For nodes that run sandboxed pods. */
  readonly gvisor: GvisorPlan;
  readonly addons: AddonsPlan;
  readonly sharedVolumes: boolean;
  readonly logRetentionDays: number;
  readonly supportType: "STANDARD" | "EXTENDED";
}

export function planEks(
  { blocks, ...base }: ClusterBase,
  spec: EksSpec,
  { settings, gvisorNetwork }: ClusterContext,
): EksPlan {
  const { region } = spec;
  const deployerRoleArn = settings.awsDeployerRoleArn!;
  const [, partition, , , account] = deployerRoleArn.split(":");
  const network = planVpc(spec, blocks);
  return {
    ...base,
    kind: "eks",
    place: { cloud: "aws", region },
    clusterArn: `arn:${partition}:eks:${region}:${account}:cluster/${base.clusterName}`,
    network,
    connect: `aws eks update-kubeconfig --name ${base.clusterName} --region ${region} --role-arn ${deployerRoleArn}`,
    deployerRoleArn,
    access: planAccess(spec),
    nodes: planNodeGroups(
      spec,
      network.subnets.map(({ zone }) => zone),
    ),
    compute: planCompute(spec),
    gvisor: { source: spec.gvisorMirror ?? GVISOR_SOURCE, network: gvisorNetwork },
    addons: planAddons(spec),
    sharedVolumes: spec.sharedVolumes ?? false,
    logRetentionDays: spec.logRetentionDays ?? 90,
    supportType: spec.supportType ?? "STANDARD",
    overlays: planOverlays(spec.transform, EKS_TYPES),
  };
}

function planAccess({ access = {} }: EksSpec): AccessPlan[] {
  return Object.entries(access)
    .map(([key, entry]) => ({ ...entry, name: calledBy(key, entry) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, principal, groups = [], policies = {} }) => ({
      name,
      principal,
      groups: [...groups].sort(),
      policies: Object.entries(policies)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([policy, scope]) => ({ policy, namespaces: scope === "cluster" ? [] : [...scope].sort() })),
    }));
}

/**
 * Name of one of the cluster's roles. The dot keeps it apart from roles of workloads, which are named after keys of the
 * spec: no key has a dot.
 */
export function roleName({ clusterName }: Pick<EksPlan, "clusterName">, purpose: string): string {
  return `${clusterName}.${purpose}`;
}
