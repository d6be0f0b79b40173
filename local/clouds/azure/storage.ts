import type { Refusal } from "../model";
import { textAt } from "../paths";
import { anything, boolean, each, list, map, number, object, string } from "../schema";
import {
  armOutputs,
  existing,
  GROUPED,
  groupedId,
  groupReference,
  idReference,
  locatedOutputs,
  locationOf,
  parentReference,
  sameId,
  uuid,
  type AzureModel,
} from "./common";
import { SUBNET } from "./network";

export const ACCOUNT = "azure-native:storage:StorageAccount";
const API = "2024-01-01";

const accountName = { test: /^[a-z0-9]{3,24}$/, allowed: "3 to 24 lower-case letters and digits" };

const SKUS = ["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"].map((redundancy) => `Standard_${redundancy}`);

const storageAccount: AzureModel = {
  type: ACCOUNT,
  label: "Microsoft.Storage/storageAccounts",
  properties: {
    ...GROUPED,
    accountName: string({ immutable: true, pattern: accountName }),
    kind: string({ required: true, oneOf: ["Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage"] }),
    sku: object(
      {
        name: string({
          required: true,
          oneOf: [...SKUS, "Premium_LRS", "Premium_ZRS", "StandardV2_LRS", "StandardV2_ZRS"],
        }),
      },
      { required: true },
    ),
    accessTier: string({ oneOf: ["Hot", "Cool", "Premium", "Cold"] }),
    minimumTlsVersion: string({ oneOf: ["TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"] }),
    publicNetworkAccess: string({ oneOf: ["Enabled", "Disabled", "SecuredByPerimeter"] }),
    ...each(boolean({ immutable: true }), "enableNfsV3", "isHnsEnabled"),
    ...each(
      boolean(),
      "allowBlobPublicAccess",
      "allowCrossTenantReplication",
      "allowSharedKeyAccess",
      "defaultToOAuthAuthentication",
      "enableExtendedGroups",
      "enableHttpsTrafficOnly",
      "isLocalUserEnabled",
      "isSftpEnabled",
    ),
    ...each(string(), "allowedCopyScope", "dnsEndpointType", "largeFileSharesState"),
    encryption: object({
      encryptionIdentity: anything(),
      keySource: string(),
      keyVaultProperties: anything(),
      requireInfrastructureEncryption: boolean({ immutable: true }),
      services: anything(),
    }),
    identity: object({ type: string({ required: true }), userAssignedIdentities: list(string(), { set: true }) }),
    networkRuleSet: object({
      bypass: string(),
      defaultAction: string({ required: true, oneOf: ["Allow", "Deny"] }),
      ipRules: list(object({ action: string(), iPAddressOrRange: string({ required: true }) }), { set: true }),
      resourceAccessRules: list(anything()),
      virtualNetworkRules: list(
        object({ ...each(string(), "action", "state"), virtualNetworkResourceId: string({ required: true }) }),
        { set: true },
      ),
    }),
    ...each(
      anything(),
      "azureFilesIdentityBasedAuthentication",
      "customDomain",
      "extendedLocation",
      "immutableStorageWithVersioning",
      "keyPolicy",
      "routingPreference",
      "sasPolicy",
    ),
  },
  autoName: {
    property: "accountName",
    transform: (name, suffix) =>
      `${name
        .toLowerCase()
        .replace(/[^a-z0-9]/g, "")
        .slice(0, 17)}${suffix}`,
  },
  id: groupedId("Microsoft.Storage", ["storageAccounts", "accountName"]),
  outputs: {
    ...locatedOutputs("Microsoft.Storage/storageAccounts", API),
    primaryLocation: locationOf,
    primaryEndpoints: (inputs) =>
      Object.fromEntries(
        ["blob", "dfs", "file", "queue", "table", "web"].map((service) => [
          service,
          `https://${String(inputs.accountName)}.${service === "web" ? "z16.web" : service}.core.windows.net/`,
        ]),
      ),
    statusOfPrimary: () => "available",
    creationTime: () => "2024-01-01T00:00:00Z",
    accessTier: (inputs) => inputs.accessTier ?? "Hot",
    "identity.principalId": (inputs, context) =>
      textAt(inputs, "identity.type")?.includes("SystemAssigned") === true
        ? uuid(context, "system identity")
        : undefined,
  },
  references: [
    groupReference,
    idReference("networkRuleSet.virtualNetworkRules[*].virtualNetworkResourceId", SUBNET, "ignore"),
  ],
  // One name space for all of Azure.
  uniqueKey: ({ inputs }) => textAt(inputs, "accountName"),
  taken: (inputs, other) =>
    sameId(other.id.split("/")[4] ?? "", String(inputs.resourceGroupName))
      ? existing(inputs, other)
      : {
          code: "StorageAccountAlreadyTaken",
          message: `The storage account named ${String(inputs.accountName)} is already taken.`,
        },
};

const partOfAccount = parentReference("accountName", ACCOUNT);
const accountProperties = each(string({ required: true, immutable: true }), "accountName", "resourceGroupName");

const retention = object({
  allowPermanentDelete: boolean(),
  days: number({ minimum: 1, maximum: 365 }),
  enabled: boolean(),
});

const blobService: AzureModel = {
  type: "azure-native:storage:BlobServiceProperties",
  label: "Microsoft.Storage/storageAccounts/blobServices",
  properties: {
    ...accountProperties,
    blobServicesName: string({ immutable: true, oneOf: ["default"], default: "default" }),
    ...each(boolean(), "automaticSnapshotPolicyEnabled", "isVersioningEnabled"),
    changeFeed: object({ enabled: boolean(), retentionInDays: number({ minimum: 1, maximum: 146_000 }) }),
    ...each(retention, "containerDeleteRetentionPolicy", "deleteRetentionPolicy"),
    cors: anything(),
    defaultServiceVersion: string(),
    lastAccessTimeTrackingPolicy: object({
      enable: boolean({ required: true }),
      blobType: list(),
      name: string(),
      trackingGranularityInDays: number(),
    }),
    restorePolicy: object({ days: number({ minimum: 1 }), enabled: boolean({ required: true }) }),
  },
  id: groupedId("Microsoft.Storage", ["storageAccounts", "accountName"], ["blobServices", "blobServicesName"]),
  outputs: armOutputs("Microsoft.Storage/storageAccounts/blobServices", API),
  references: [groupReference, partOfAccount],
  taken: existing,
  rules: [
    (inputs): Refusal | undefined => {
      const { restorePolicy, isVersioningEnabled, changeFeed, deleteRetentionPolicy } = inputs;
      const on = (policy: unknown): boolean =>
        typeof policy === "object" && policy !== null && "enabled" in policy && policy.enabled === true;
      if (!on(restorePolicy) || (isVersioningEnabled === true && on(changeFeed) && on(deleteRetentionPolicy)))
        return undefined;
      return {
        code: "InvalidRequestPropertyValue",
        message:
          "Point-in-time restore (restorePolicy) needs versioning, the change feed and blob soft delete to be enabled.",
      };
    },
  ],
};

const blobContainer: AzureModel = {
  type: "azure-native:storage:BlobContainer",
  label: "Microsoft.Storage/storageAccounts/blobServices/containers",
  properties: {
    ...accountProperties,
    containerName: string({
      immutable: true,
      pattern: {
        test: /^(?!.*--)[a-z0-9$][a-z0-9-]{1,61}[a-z0-9]$/,
        allowed: "3 to 63 lower-case letters, digits and single hyphens",
      },
    }),
    publicAccess: string({ oneOf: ["Container", "Blob", "None"] }),
    defaultEncryptionScope: string({ immutable: true }),
    denyEncryptionScopeOverride: boolean({ immutable: true }),
    ...each(boolean(), "enableNfsV3AllSquash", "enableNfsV3RootSquash"),
    immutableStorageWithVersioning: object({ enabled: boolean() }, { immutable: true }),
    metadata: map(),
  },
  autoName: { property: "containerName", transform: (name, suffix) => `${name.toLowerCase()}-${suffix}` },
  id: (inputs, context) =>
    groupedId(
      "Microsoft.Storage",
      ["storageAccounts", "accountName"],
      ["blobServices", "blobServicesName"],
      ["containers", "containerName"],
    )({ ...inputs, blobServicesName: "default" }, context),
  outputs: {
    ...armOutputs("Microsoft.Storage/storageAccounts/blobServices/containers", API),
    publicAccess: (inputs) => inputs.publicAccess ?? "None",
    hasImmutabilityPolicy: () => false,
    hasLegalHold: () => false,
    leaseState: () => "Available",
    leaseStatus: () => "Unlocked",
  },
  references: [groupReference, partOfAccount],
  taken: existing,
  rules: [
    ({ publicAccess }, { ledger, id }): Refusal | undefined => {
      const account = ledger.list(ACCOUNT).find((it) => id.toLowerCase().startsWith(`${it.id.toLowerCase()}/`));
      const wanted = publicAccess === "Blob" || publicAccess === "Container";
      // Accounts refuse anonymous access unless told otherwise (the service's default since late 2023).
      if (!wanted || account?.inputs.allowBlobPublicAccess === true) return undefined;
      return { code: "PublicAccessNotPermitted", message: "Public access is not permitted on this storage account." };
    },
  ],
};

const managementPolicy: AzureModel = {
  type: "azure-native:storage:ManagementPolicy",
  label: "Microsoft.Storage/storageAccounts/managementPolicies",
  properties: {
    ...accountProperties,
    managementPolicyName: string({ immutable: true, oneOf: ["default"], default: "default" }),
    policy: object(
      {
        rules: list(
          object({
            definition: anything({ required: true }),
            enabled: boolean(),
            name: string({
              required: true,
              pattern: { test: /^[A-Za-z0-9-]{1,256}$/, allowed: "1 to 256 letters, digits and -" },
            }),
            type: string({ required: true, oneOf: ["Lifecycle"] }),
          }),
          { required: true },
        ),
      },
      { required: true },
    ),
  },
  id: groupedId(
    "Microsoft.Storage",
    ["storageAccounts", "accountName"],
    ["managementPolicies", "managementPolicyName"],
  ),
  outputs: armOutputs("Microsoft.Storage/storageAccounts/managementPolicies", API),
  references: [groupReference, partOfAccount],
  taken: existing,
};

export const STORAGE_MODELS: readonly AzureModel[] = [storageAccount, blobService, blobContainer, managementPolicy];
