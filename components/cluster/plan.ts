import { Cidr } from "../network/cidr";
import { cutBlock, planVnet, planVpc, type VnetPlan, type VpcPlan } from "../network/plan";
import type { Problem } from "../problem";
import type { Settings } from "../settings";
import type { AksSpec, ClusterSpec, EksSpec } from "../spec/types";

interface ClusterBasePlan {
  readonly key: string;
  /** Name in the cloud, `<prefix>-<environment>-<key>`. */
  readonly clusterName: string;
  readonly kubernetesVersion: string;
  readonly serviceCidr: string;
  /** Blocks of the internet that may reach the API server. Empty: only the cluster's own network may. */
  readonly publicCidrs: readonly string[];
  readonly protect: boolean;
}

export interface NodeGroupPlan {
  readonly name: string;
  readonly instanceTypes: readonly string[];
  readonly min: number;
  readonly max: number;
  readonly spot: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

export interface EksPlan extends ClusterBasePlan {
  readonly kind: "eks";
  readonly region: string;
  readonly network: VpcPlan;
  readonly deployerRoleArn: string;
  readonly nodes: readonly NodeGroupPlan[];
}

export interface AgentPoolPlan {
  readonly name: string;
  readonly vmSize: string;
  readonly min: number;
  readonly max: number;
  readonly spot: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AksPlan extends ClusterBasePlan {
  readonly kind: "aks";
  readonly location: string;
  readonly network: VnetPlan;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly podCidr: string;
  /** The tenth address of the Services' block, as AKS recommends. */
  readonly dnsServiceIp: string;
  readonly adminGroupObjectIds: readonly string[];
  readonly system: { readonly vmSize: string; readonly count: number };
  readonly nodes: readonly AgentPoolPlan[];
}

export type ClusterPlan = EksPlan | AksPlan;

/** What is wrong with one cluster beyond its shape and its block (see `validateBlocks`). */
export function validateCluster(key: string, spec: ClusterSpec): Problem[] {
  const path = `clusters.${key}`;
  const problems: Problem[] = [];
  for (const [name, pool] of Object.entries(spec.nodes)) {
    if (pool.min > pool.max) {
      problems.push({ path: `${path}.nodes.${name}.min`, found: pool.min, allowed: `at most its max, ${pool.max}` });
    }
  }
  if (Object.keys(spec.nodes).length === 0) {
    const next =
      spec.kind === "eks" ? "EKS has no system pool." : "The system pool runs AKS's own add-ons and nothing else.";
    problems.push({ path: `${path}.nodes`, found: {}, allowed: "at least one pool of nodes", next });
  }
  if (spec.kind === "aks" && "system" in spec.nodes) {
    problems.push({
      path: `${path}.nodes.system`,
      found: "system",
      allowed: `any other name: use ${path}.system for it`,
    });
  }
  if (spec.endpoint?.access === "restricted") {
    for (const [index, cidr] of spec.endpoint.allowedCidrs.entries()) {
      if (!cidr.endsWith("/0")) continue;
      problems.push({
        path: `${path}.endpoint.allowedCidrs[${index}]`,
        found: cidr,
        allowed: "blocks that you own",
        next: "The API server must not be open to the whole internet.",
      });
    }
  }
  return problems;
}

/** Settings that a cluster's cloud needs and the stack's configuration lacks. */
export function validateCloudSettings(specs: readonly ClusterSpec[], settings: Settings): Problem[] {
  const needed = [
    ["eks", "awsDeployerRoleArn", "the ARN of the IAM role that runs Pulumi"],
    ["aks", "azureTenantId", "the GUID of the Entra tenant"],
    ["aks", "azureSubscriptionId", "the GUID of the subscription"],
    ["aks", "azureAdminGroupObjectIds", "a list of object ids of the Entra groups that administer clusters"],
  ] as const;
  return needed
    .filter(([kind, key]) => settings[key] === undefined && specs.some((spec) => spec.kind === kind))
    .map(([, key, allowed]) => ({
      path: `config isthmus:${key}`,
      allowed,
      next: `Set it: pulumi config set ${key === "azureAdminGroupObjectIds" ? "--path 'isthmus:azureAdminGroupObjectIds[0]'" : `isthmus:${key}`} <value>.`,
    }));
}

/** Plans a cluster whose spec and settings have no problems. */
export function planCluster(
  key: string,
  spec: ClusterSpec,
  { environment, settings, protect }: { environment: string; settings: Settings; protect: boolean },
): ClusterPlan {
  const blocks = cutBlock(Cidr.parse(spec.cidr)!);
  const base = {
    key,
    clusterName: `${settings.namePrefix}-${environment}-${key}`,
    kubernetesVersion: spec.kubernetesVersion,
    serviceCidr: blocks.services.toString(),
    publicCidrs: spec.endpoint?.access === "restricted" ? spec.endpoint.allowedCidrs : [],
    protect,
  };
  if (spec.kind === "eks") {
    return {
      ...base,
      kind: "eks",
      region: spec.region,
      network: planVpc(spec.region, blocks, spec.zones ?? ["a", "b"]),
      deployerRoleArn: settings.awsDeployerRoleArn!,
      nodes: planPools(spec.nodes),
    };
  }
  return {
    ...base,
    kind: "aks",
    location: spec.location,
    network: planVnet(spec.location, blocks),
    tenantId: settings.azureTenantId!,
    subscriptionId: settings.azureSubscriptionId!,
    podCidr: blocks.pods.toString(),
    dnsServiceIp: blocks.services.address(10),
    adminGroupObjectIds: settings.azureAdminGroupObjectIds!,
    system: spec.system ?? { vmSize: "Standard_D4ds_v5", count: 3 },
    nodes: planPools(spec.nodes),
  };
}

function planPools<Pool extends EksSpec["nodes"][string] | AksSpec["nodes"][string]>(pools: Record<string, Pool>) {
  return Object.entries(pools)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, pool]) => ({ ...pool, name, spot: pool.spot ?? false, labels: pool.labels ?? {} }));
}
