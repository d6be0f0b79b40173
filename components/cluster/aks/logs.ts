import type * as containerservice from "@pulumi/azure-native/containerservice";
import * as monitor from "@pulumi/azure-native/monitor";
import * as operationalinsights from "@pulumi/azure-native/operationalinsights";
import * as pulumi from "@pulumi/pulumi";

import type { AzureProvider } from "../../providers";
import type { AksPlan } from "./plan";

export interface AksLogsArgs {
  readonly plan: AksPlan;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly provider: AzureProvider;
}

/** Who changed what (`kube-audit-admin`), who signed in (`guard`), and why the control plane did what it did. */
const CATEGORIES = [
  "cloud-controller-manager",
  "cluster-autoscaler",
  "guard",
  "kube-apiserver",
  "kube-audit-admin",
  "kube-controller-manager",
  "kube-scheduler",
];

/** The workspace that a cluster's logs go to, and what sends them there. */
export class AksLogs extends pulumi.ComponentResource {
  readonly workspaceId: pulumi.Output<string>;

  constructor(
    private readonly name: string,
    private readonly args: AksLogsArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { plan, resourceGroupName, provider } = args;
    super("isthmus:cluster:AksLogs", name, { retentionDays: plan.logRetentionDays }, opts);
    const workspace = new operationalinsights.Workspace(
      name,
      {
        ...plan.waived,
        workspaceName: plan.clusterName,
        resourceGroupName,
        location: plan.place.location,
        sku: { name: "PerGB2018" },
        retentionInDays: plan.logRetentionDays,
      },
      { parent: this, provider, protect: plan.protect },
    );
    this.workspaceId = workspace.id;
    this.registerOutputs({});
  }

  /** Sends the control plane's logs, and the containers' if they are wanted, to the workspace. */
  collectFrom(cluster: containerservice.ManagedCluster): void {
    const { plan, provider } = this.args;
    const children = { parent: this, provider };
    // Deleted by itself and not with the cluster: Azure keeps it, and gives it to the next cluster of this name.
    new monitor.DiagnosticSetting(
      this.name,
      {
        name: "control-plane",
        resourceUri: cluster.id,
        workspaceId: this.workspaceId,
        logAnalyticsDestinationType: "Dedicated",
        logs: CATEGORIES.map((category) => ({ category, enabled: true })),
      },
      children,
    );
    if (plan.containerInsights) this.collectContainers(cluster, children);
  }

  /** What the add-on `omsagent` reads to know what to collect: with Entra sign-in and no workspace key, it needs a rule. */
  private collectContainers(cluster: containerservice.ManagedCluster, children: pulumi.CustomResourceOptions): void {
    const { plan, resourceGroupName } = this.args;
    const streams = ["Microsoft-ContainerInsights-Group-Default"];
    const rule = new monitor.DataCollectionRule(
      `${this.name}-containers`,
      {
        dataCollectionRuleName: `MSCI-${plan.clusterName}`,
        resourceGroupName,
        location: plan.place.location,
        kind: "Linux",
        dataSources: {
          extensions: [{ name: "ContainerInsightsExtension", extensionName: "ContainerInsights", streams }],
        },
        destinations: { logAnalytics: [{ name: "workspace", workspaceResourceId: this.workspaceId }] },
        dataFlows: [{ streams, destinations: ["workspace"] }],
      },
      children,
    );
    new monitor.DataCollectionRuleAssociation(
      `${this.name}-containers`,
      {
        associationName: "ContainerInsightsExtension",
        resourceUri: cluster.id,
        dataCollectionRuleId: rule.id,
      },
      children,
    );
  }
}
