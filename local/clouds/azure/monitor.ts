import type { Refusal } from "../model";
import { textsAt } from "../paths";
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

const COLLECTION_RULE = "azure-native:monitor:DataCollectionRule";

const dataCollectionRule: AzureModel = {
  type: COLLECTION_RULE,
  label: "Microsoft.Insights/dataCollectionRules",
  properties: {
    ...GROUPED,
    dataCollectionRuleName: string({ immutable: true, pattern: armName(64) }),
    ...each(string(), "dataCollectionEndpointId", "description"),
    kind: string({
      oneOf: ["Linux", "Windows", "AgentSettings", "Direct", "WorkspaceTransforms", "PlatformTelemetry"],
    }),
    dataFlows: list(
      object({
        ...each(list(), "destinations", "streams"),
        ...each(string(), "builtInTransform", "outputStream", "transformKql"),
      }),
    ),
    dataSources: anything(),
    destinations: object({
      logAnalytics: list(object(each(string(), "name", "workspaceResourceId"))),
      ...each(
        anything(),
        "azureMonitorMetrics",
        "eventHubs",
        "eventHubsDirect",
        "monitoringAccounts",
        "storageAccounts",
        "storageBlobsDirect",
        "storageTablesDirect",
      ),
    }),
    ...each(anything(), "identity", "streamDeclarations"),
  },
  autoName: { property: "dataCollectionRuleName" },
  id: groupedId("Microsoft.Insights", ["dataCollectionRules", "dataCollectionRuleName"]),
  outputs: {
    ...locatedOutputs("Microsoft.Insights/dataCollectionRules", "2024-03-11"),
    immutableId: (_, { digest }) => `dcr-${digest("immutable", 32)}`,
  },
  references: [groupReference, idReference("destinations.logAnalytics[*].workspaceResourceId", WORKSPACE, "ignore")],
  taken: existing,
  rules: [
    (inputs): Refusal | undefined => {
      const known = textsAt(inputs, "destinations.logAnalytics[*].name");
      const unknown = textsAt(inputs, "dataFlows[*].destinations[*]").find((name) => !known.includes(name));
      if (unknown === undefined || inputs.destinations === undefined) return undefined;
      return {
        code: "InvalidPayload",
        message: `Data collection rule is invalid: the destination '${unknown}' is not defined.`,
      };
    },
  ],
};

const dataCollectionRuleAssociation: AzureModel = {
  type: "azure-native:monitor:DataCollectionRuleAssociation",
  label: "Microsoft.Insights/dataCollectionRuleAssociations",
  properties: {
    associationName: string({ immutable: true }),
    resourceUri: string({ required: true, immutable: true }),
    ...each(string(), "dataCollectionEndpointId", "dataCollectionRuleId", "description"),
  },
  autoName: { property: "associationName" },
  id: (inputs) =>
    `${String(inputs.resourceUri)}/providers/Microsoft.Insights/dataCollectionRuleAssociations/${String(inputs.associationName)}`,
  outputs: armOutputs("Microsoft.Insights/dataCollectionRuleAssociations", "2024-03-11"),
  references: [anyIdReference("resourceUri"), idReference("dataCollectionRuleId", COLLECTION_RULE)],
  taken: existing,
};

export const MONITOR_MODELS: readonly AzureModel[] = [
  workspace,
  diagnosticSetting,
  dataCollectionRule,
  dataCollectionRuleAssociation,
];
