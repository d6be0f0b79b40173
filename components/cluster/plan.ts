import { Cidr } from "../network/cidr";
import { cutBlock, planVnet, planVpc, type VnetPlan, type VpcPlan } from "../network/plan";
import type { Problem } from "../problem";
import type { Settings } from "../settings";
import type { AksSpec, ClusterSpec, EksSpec } from "../spec/types";

/** Where a cluster stands. What belongs beside it, such as a bucket, goes to the same place. */
export type Place =
  | { readonly cloud: "aws"; readonly region: string }
  | { readonly cloud: "azure"; readonly location: string; readonly subscriptionId: string; readonly tenantId: string };

interface ClusterBasePlan {
  readonly key: string;
  /** Name in the cloud, `<prefix>-<environment>-<key>`. */
  readonly clusterName: string;
  readonly kubernetesVersion: string;
  readonly serviceCidr: string;
  /** Blocks of the internet that may reach the API server. Empty: only the cluster's own network may. */
  readonly publicCidrs: readonly string[];
  readonly protect: boolean;
  /** Command that adds the cluster to the kubeconfig of whoever runs it. */
  readonly connect: string;
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
  readonly place: Extract<Place, { cloud: "aws" }>;
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
  readonly place: Extract<Place, { cloud: "azure" }>;
  readonly network: VnetPlan;
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
  const clusterName = `${settings.namePrefix}-${environment}-${key}`;
  const base = {
    key,
    clusterName,
    kubernetesVersion: spec.kubernetesVersion,
    serviceCidr: blocks.services.toString(),
    publicCidrs: spec.endpoint?.access === "restricted" ? spec.endpoint.allowedCidrs : [],
    protect,
  };
  if (spec.kind === "eks") {
    const { region } = spec;
    const deployerRoleArn = settings.awsDeployerRoleArn!;
    return {
      ...base,
      kind: "eks",
      place: { cloud: "aws", region },
      network: planVpc(region, blocks, spec.zones ?? ["a", "b"]),
      connect: `aws eks update-kubeconfig --name ${clusterName} --region ${region} --role-arn ${deployerRoleArn}`,
      deployerRoleArn,
      nodes: planPools(spec.nodes),
    };
  }
  const { location } = spec;
  return {
    ...base,
    kind: "aks",
    place: {
      cloud: "azure",
      location,
      subscriptionId: settings.azureSubscriptionId!,
      tenantId: settings.azureTenantId!,
    },
    network: planVnet(location, blocks),
    connect: `az aks get-credentials --resource-group ${clusterName} --name ${clusterName} && kubelogin convert-kubeconfig -l azurecli`,
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
