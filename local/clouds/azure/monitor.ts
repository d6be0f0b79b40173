import type { Refusal } from "../model";
import { anything, boolean, each, list, number, object, string } from "../schema";
import {
  anyIdReference,
  armName,
  armOutputs,
  existing,
  GROUPED,
  groupedId,
  groupReference,
  idReference,
  locatedOutputs,
  uuid,
  type AzureModel,
} from "./common";
import { ACCOUNT } from "./storage";

const WORKSPACE = "azure-native:operationalinsights:Workspace";

const workspace: AzureModel = {
  type: WORKSPACE,
  label: "Microsoft.OperationalInsights/workspaces",
  properties: {
    ...GROUPED,
    workspaceName: string({ immutable: true, pattern: armName(63) }),
    retentionInDays: number({ minimum: 7, maximum: 730 }),
    sku: object({ capacityReservationLevel: number(), name: string({ required: true }) }),
    features: object({
      clusterResourceId: string(),
      ...each(
        boolean(),
        "disableLocalAuth",
        "enableDataExport",
        "enableLogAccessUsingOnlyResourcePermissions",
        "immediatePurgeDataOn30Days",
      ),
    }),
    workspaceCapping: object({ dailyQuotaGb: number() }),
    ...each(
      string({ oneOf: ["Enabled", "Disabled"] }),
      "publicNetworkAccessForIngestion",
      "publicNetworkAccessForQuery",
    ),
    defaultDataCollectionRuleResourceId: string(),
    forceCmkForQuery: boolean(),
    identity: anything(),
  },
  autoName: { property: "workspaceName" },
  id: groupedId("Microsoft.OperationalInsights", ["workspaces", "workspaceName"]),
  outputs: {
    ...locatedOutputs("Microsoft.OperationalInsights/workspaces", "2023-09-01"),
    customerId: (_, context) => uuid(context, "customer"),
    retentionInDays: (inputs) => inputs.retentionInDays ?? 30,
  },
  references: [groupReference],
  taken: existing,
};

const diagnosticSetting: AzureModel = {
  type: "azure-native:monitor:DiagnosticSetting",
  label: "Microsoft.Insights/diagnosticSettings",
  properties: {
    name: string({ immutable: true }),
    resourceUri: string({ required: true, immutable: true }),
    ...each(
      string(),
      "eventHubAuthorizationRuleId",
      "eventHubName",
      "logAnalyticsDestinationType",
      "marketplacePartnerId",
      "serviceBusRuleId",
      "storageAccountId",
      "workspaceId",
    ),
    logs: list(
      object({
        ...each(string(), "category", "categoryGroup"),
        enabled: boolean({ required: true }),
        retentionPolicy: anything(),
      }),
      { set: true },
    ),
    metrics: list(
      object({
        ...each(string(), "category", "timeGrain"),
        enabled: boolean({ required: true }),
        retentionPolicy: anything(),
      }),
      { set: true },
    ),
  },
  autoName: { property: "name" },
  id: (inputs) =>
    `${String(inputs.resourceUri)}/providers/Microsoft.Insights/diagnosticSettings/${String(inputs.name)}`,
  outputs: armOutputs("Microsoft.Insights/diagnosticSettings", "2021-05-01-preview"),
  references: [
    anyIdReference("resourceUri"),
    idReference("workspaceId", WORKSPACE, "ignore"),
    idReference("storageAccountId", ACCOUNT, "ignore"),
  ],
  taken: existing,
  rules: [
    ({ workspaceId, storageAccountId, eventHubAuthorizationRuleId, marketplacePartnerId }): Refusal | undefined =>
      (workspaceId ?? storageAccountId ?? eventHubAuthorizationRuleId ?? marketplacePartnerId) === undefined
        ? { code: "BadRequest", message: "At least one data sink needs to be specified." }
        : undefined,
  ],
};

export const MONITOR_MODELS: readonly AzureModel[] = [workspace, diagnosticSetting];
