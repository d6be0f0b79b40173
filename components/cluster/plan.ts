import { blockOf, cutBlock } from "../network/blocks";
import type { Problem } from "../problem";
import type { Settings } from "../settings";
import { calledBy } from "../spec/clusters";
import type { ClusterSpec } from "../spec/types";
import { planAks, validateAks, type AksPlan } from "./aks/plan";
import type { ClusterBase, ClusterContext } from "./common-plan";
import { planEks, type EksPlan } from "./eks/plan";
import { validateEks } from "./eks/validate";
import { planExisting, type ExistingPlan } from "./existing/plan";
import { skewProblem } from "./upgrade";

export type ClusterPlan = EksPlan | AksPlan | ExistingPlan;

/** What is wrong with a cluster beyond its shape and its block (see `validateBlocks`, and `validateExisting` for what is there already). */
export function validateCluster(key: string, spec: ClusterSpec, names: ClusterNames): Problem[] {
  if (spec.kind === "existing") return [];
  const path = `clusters.${key}`;
  const problems: Problem[] = [];
  for (const [name, pool] of Object.entries(spec.nodes ?? {})) {
    if (pool.min > pool.max) {
      problems.push({ path: `${path}.nodes.${name}.min`, found: pool.min, allowed: `at most its max, ${pool.max}` });
    }
    const { kubernetesVersion = spec.kubernetesVersion } = pool;
    const skew = skewProblem(`${path}.nodes.${name}.kubernetesVersion`, kubernetesVersion, spec.kubernetesVersion);
    if (skew !== undefined) problems.push(skew);
  }
  const clusterName = nameOf(calledBy(key, spec), names);
  const { settings } = names;
  problems.push(
    ...(spec.kind === "eks"
      ? validateEks(path, spec, { clusterName, deployerRoleArn: settings?.awsDeployerRoleArn })
      : validateAks(path, spec)),
  );
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

/** What names in the clouds are made of. Settings with problems of their own are absent. */
export interface ClusterNames {
  readonly environment: string;
  readonly settings?: Settings | undefined;
}

function nameOf(key: string, { environment, settings }: ClusterNames): string {
  return `${settings?.namePrefix ?? "isthmus"}-${environment}-${key}`;
}

/**
 * Plans a cluster whose spec and settings have no problems.
 *
 * @param key what the cluster is called: `byName` of the spec has it as its key
 */
export function planCluster(key: string, spec: ClusterSpec, context: ClusterContext): ClusterPlan {
  if (spec.kind === "existing") {
    return planExisting(
      { key, path: context.path, clusterName: nameOf(key, context), directory: context.directory },
      spec,
    );
  }
  const blocks = cutBlock(blockOf(spec, context.network)!);
  const base: ClusterBase = {
    key,
    path: context.path,
    clusterName: nameOf(key, context),
    kubernetesVersion: spec.kubernetesVersion,
    serviceCidr: blocks.services.toString(),
    publicCidrs: spec.endpoint?.access === "restricted" ? spec.endpoint.allowedCidrs : [],
    protect: context.protect,
    waived: context.waived,
    blocks,
  };
  return spec.kind === "eks" ? planEks(base, spec, context) : planAks(base, spec, context);
}
