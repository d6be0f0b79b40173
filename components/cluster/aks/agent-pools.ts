import * as containerservice from "@pulumi/azure-native/containerservice";
import * as pulumi from "@pulumi/pulumi";

import type { AzureProvider } from "../../providers";
import { poolBase } from "./control-plane";
import type { AgentPoolPlan, AksPlan } from "./plan";

export interface AgentPoolsArgs {
  readonly plan: AksPlan;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly nodeSubnetId: pulumi.Input<string>;
  readonly cluster: containerservice.ManagedCluster;
  readonly provider: AzureProvider;
}

/**
 * The maintenance windows and user pools of a cluster, each after the one before: AKS refuses concurrent changes of a
 * cluster and its pools (Azure/AKS#1913).
 */
export class AgentPools extends pulumi.ComponentResource {
  /** Pods can run when they are there. */
  readonly ready: readonly pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(
    private readonly name: string,
    private readonly args: AgentPoolsArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("isthmus:cluster:AgentPools", name, { clusterName: args.plan.clusterName }, opts);
    // With the cluster, pools go at once instead of draining one by one into pod disruption budgets (Azure/AKS#3384).
    this.opts = { parent: this, provider: args.provider, deletedWith: args.cluster };

    let last: pulumi.Resource[] = [];
    for (const configName of ["aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"]) {
      last = [this.createWindow(configName, last)];
    }
    const pools: pulumi.Resource[] = [];
    for (const pool of args.plan.nodes) {
      last = [this.createPool(pool, last)];
      pools.push(...last);
    }
    this.ready = pools;
    this.registerOutputs({});
  }

  private createWindow(configName: string, dependsOn: pulumi.Resource[]): pulumi.Resource {
    const { resourceGroupName, cluster, plan } = this.args;
    const { dayOfWeek, startTime, durationHours, utcOffset } = plan.maintenance;
    return new containerservice.MaintenanceConfiguration(
      `${this.name}-${configName}`,
      {
        resourceGroupName,
        resourceName: cluster.name,
        configName,
        maintenanceWindow: {
          schedule: { weekly: { dayOfWeek, intervalWeeks: 1 } },
          startTime,
          durationHours,
          utcOffset,
        },
      },
      { ...this.opts, dependsOn },
    );
  }

  private createPool(pool: AgentPoolPlan, dependsOn: pulumi.Resource[]): pulumi.Resource {
    const { resourceGroupName, nodeSubnetId, cluster, plan } = this.args;
    return new containerservice.AgentPool(
      `${this.name}-${pool.key}`,
      {
        ...poolBase(plan),
        resourceGroupName,
        resourceName: cluster.name,
        agentPoolName: pool.name,
        mode: "User",
        orchestratorVersion: pool.kubernetesVersion,
        vmSize: pool.vmSize,
        ...(pool.sandboxed && { workloadRuntime: "KataVmIsolation" }),
        count: pool.min,
        enableAutoScaling: pool.autoscale,
        ...(pool.autoscale && { minCount: pool.min, maxCount: pool.max }),
        vnetSubnetID: nodeSubnetId,
        nodeLabels: pool.labels,
        ...(pool.taints.length > 0 && { nodeTaints: [...pool.taints] }),
        ...(pool.spot && { scaleSetPriority: "Spot", scaleSetEvictionPolicy: "Delete", spotMaxPrice: -1 }),
      },
      {
        ...this.opts,
        dependsOn,
        // The name changes with what cannot change, so the new pool can stand beside the old one; azure-native would
        // otherwise delete first, because the name is given.
        deleteBeforeReplace: false,
        // The cluster autoscaler owns it after creation.
        ...(pool.autoscale && { ignoreChanges: ["count"] }),
      },
    );
  }
}
