import { planVnet, type VnetPlan } from "../../network/plan";
import type { Problem } from "../../problem";
import type { AksSpec } from "../../spec/types";
import {
  planPools,
  type ClusterBase,
  type ClusterBasePlan,
  type ClusterContext,
  type Place,
  type PoolBasePlan,
} from "../common-plan";

export interface AgentPoolPlan extends PoolBasePlan {
  readonly vmSize: string;
  readonly min: number;
  readonly max: number;
  readonly kubernetesVersion: string;
}

export interface AksPlan extends ClusterBasePlan {
  readonly kind: "aks";
  readonly place: Extract<Place, { cloud: "azure" }>;
  readonly network: VnetPlan;
  readonly podCidr: string;
  /** The tenth address of the Services' block, as AKS recommends. */
  readonly dnsServiceIp: string;
  readonly adminGroupObjectIds: readonly string[];
  readonly system: { readonly vmSize: string; readonly count: number };
  readonly nodes: readonly AgentPoolPlan[];
}

/** What is wrong with an AKS cluster beyond its shape and what every cluster is checked for. */
export function validateAks(path: string, spec: AksSpec): Problem[] {
  const problems: Problem[] = [];
  if (Object.keys(spec.nodes).length === 0) {
    const next = "The system pool runs AKS's own add-ons and nothing else.";
    problems.push({ path: `${path}.nodes`, found: {}, allowed: "at least one pool of nodes", next });
  }
  if ("system" in spec.nodes) {
    problems.push({
      path: `${path}.nodes.system`,
      found: "system",
      allowed: `any other name: use ${path}.system for it`,
    });
  }
  return problems;
}

export function planAks({ blocks, ...base }: ClusterBase, spec: AksSpec, { settings }: ClusterContext): AksPlan {
  const { location } = spec;
  const { clusterName } = base;
  return {
    ...base,
    kind: "aks",
    place: {
      cloud: "azure",
      location,
      subscriptionId: settings.azureSubscriptionId!,
      tenantId: settings.azureTenantId!,
    },
    network: planVnet(spec, blocks),
    connect: `az aks get-credentials --resource-group ${clusterName} --name ${clusterName} && kubelogin convert-kubeconfig -l azurecli`,
    podCidr: blocks.pods.toString(),
    dnsServiceIp: blocks.services.address(10),
    adminGroupObjectIds: settings.azureAdminGroupObjectIds!,
    system: spec.system ?? { vmSize: "Standard_D4ds_v5", count: 3 },
    nodes: planPools(spec),
  };
}
