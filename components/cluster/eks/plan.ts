import { planVpc, type VpcPlan } from "../../network/plan";
import type { Problem } from "../../problem";
import type { EksSpec } from "../../spec/types";
import { planPools, type ClusterBase, type ClusterBasePlan, type ClusterContext, type Place } from "../common-plan";

export interface NodeGroupPlan {
  readonly name: string;
  readonly instanceTypes: readonly string[];
  readonly min: number;
  readonly max: number;
  readonly kubernetesVersion: string;
  readonly spot: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

export interface EksPlan extends ClusterBasePlan {
  readonly kind: "eks";
  readonly place: Extract<Place, { cloud: "aws" }>;
  readonly network: VpcPlan;
  readonly deployerRoleArn: string;
  readonly nodes: readonly NodeGroupPlan[];
}

/** What is wrong with an EKS cluster beyond its shape and what every cluster is checked for. */
export function validateEks(path: string, spec: EksSpec): Problem[] {
  if (Object.keys(spec.nodes).length > 0) return [];
  return [{ path: `${path}.nodes`, found: {}, allowed: "at least one pool of nodes", next: "EKS has no system pool." }];
}

export function planEks({ blocks, ...base }: ClusterBase, spec: EksSpec, { settings }: ClusterContext): EksPlan {
  const { region } = spec;
  const deployerRoleArn = settings.awsDeployerRoleArn!;
  return {
    ...base,
    kind: "eks",
    place: { cloud: "aws", region },
    network: planVpc(spec, blocks),
    connect: `aws eks update-kubeconfig --name ${base.clusterName} --region ${region} --role-arn ${deployerRoleArn}`,
    deployerRoleArn,
    nodes: planPools(spec),
  };
}
