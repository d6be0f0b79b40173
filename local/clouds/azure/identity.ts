import type { PropertyMap } from "../../protocol/property";
import type { LedgerEntry } from "../ledger";
import type { Refusal } from "../model";
import { uuidOf } from "../identity";
import { textAt, textsAt } from "../paths";
import { each, list, string } from "../schema";
import {
  anyIdReference,
  armOutputs,
  existing,
  GROUPED,
  groupedId,
  groupReference,
  locatedOutputs,
  parentReference,
  sameId,
  uuid,
  type AzureContext,
  type AzureModel,
} from "./common";

export const USER_ASSIGNED_IDENTITY = "azure-native:managedidentity:UserAssignedIdentity";
export const ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment";
const FEDERATED_CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential";
export const MANAGED_CLUSTER = "azure-native:containerservice:ManagedCluster";

/** Federated credentials that one identity may have (Azure workload identity documentation, "Limits"). */
const FEDERATED_CREDENTIALS_LIMIT = 20;

const userAssignedIdentity: AzureModel = {
  type: USER_ASSIGNED_IDENTITY,
  label: "Microsoft.ManagedIdentity/userAssignedIdentities",
  properties: {
    ...GROUPED,
    resourceName: string({
      immutable: true,
      pattern: {
        test: /^[A-Za-z0-9][\w-]{2,127}$/,
        allowed: "3 to 128 letters, digits, - and _, beginning with a letter or digit",
      },
    }),
  },
  autoName: { property: "resourceName" },
  id: groupedId("Microsoft.ManagedIdentity", ["userAssignedIdentities", "resourceName"]),
  outputs: {
    ...locatedOutputs("Microsoft.ManagedIdentity/userAssignedIdentities", "2024-11-30"),
    provisioningState: () => undefined,
    clientId: (_, context) => uuid(context, "client"),
    principalId: (_, context) => uuid(context, "principal"),
    tenantId: (_, { settings }) => settings.tenant,
  },
  references: [groupReference],
  taken: existing,
};

function siblings(id: string, { ledger }: AzureContext): readonly PropertyMap[] {
  const home = id.toLowerCase().replace(/[^/]+$/, "");
  return ledger
    .list(FEDERATED_CREDENTIAL)
    .filter((it) => !sameId(it.id, id) && it.id.toLowerCase().startsWith(home))
    .map((it) => it.inputs);
}

const federatedCredential: AzureModel = {
  type: FEDERATED_CREDENTIAL,
  label: "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
  properties: {
    ...each(string({ required: true, immutable: true }), "resourceGroupName", "resourceName"),
    federatedIdentityCredentialResourceName: string({
      immutable: true,
      pattern: {
        test: /^[A-Za-z0-9][\w-]{2,119}$/,
        allowed: "3 to 120 letters, digits, - and _, beginning with a letter or digit",
      },
    }),
    audiences: list(string(), { required: true }),
    issuer: string({
      required: true,
      pattern: { test: /^https:\/\//, allowed: "an https:// URL, byte for byte the issuer's" },
    }),
    subject: string({ required: true }),
  },
  autoName: { property: "federatedIdentityCredentialResourceName" },
  id: groupedId(
    "Microsoft.ManagedIdentity",
    ["userAssignedIdentities", "resourceName"],
    ["federatedIdentityCredentials", "federatedIdentityCredentialResourceName"],
  ),
  outputs: armOutputs("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials", "2024-11-30"),
  references: [groupReference, parentReference("resourceName", USER_ASSIGNED_IDENTITY)],
  taken: existing,
  rules: [
    ({ audiences }): Refusal | undefined =>
      Array.isArray(audiences) && audiences.length !== 1
        ? { code: "BadRequest", message: "Federated Identity Credential must contain exactly one audience." }
        : undefined,
    (_, context): Refusal | undefined =>
      siblings(context.id, context).length >= FEDERATED_CREDENTIALS_LIMIT
        ? {
            code: "BadRequest",
            message: `Too many Federated Identity Credentials are configured. The maximum is ${FEDERATED_CREDENTIALS_LIMIT}.`,
          }
        : undefined,
    ({ issuer, subject }, context): Refusal | undefined =>
      siblings(context.id, context).some((other) => other.issuer === issuer && other.subject === subject)
        ? { code: "Conflict", message: "Issuer and subject combination already exists for this Managed Identity." }
        : undefined,
  ],
  // https://github.com/pulumi/pulumi-azure-native/issues/4343
  exclusive: (_, id) => ({
    key: id.toLowerCase().replace(/\/[^/]+$/, ""),
    refusal: {
      code: "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
      message:
        "Too many Federated Identity Credentials are written concurrently for the managed identity. Concurrent writes are not supported.",
    },
  }),
};

/** Ids of the principals that a service sees: identities, clusters with one of their own, kubelets, and whoever deploys. */
function principals({ ledger, settings }: AzureContext, isSeen: (entry: LedgerEntry) => boolean): string[] {
  return [
    deployerId(settings.tenant),
    ...ledger
      .list(USER_ASSIGNED_IDENTITY)
      .filter(isSeen)
      .flatMap((it) => textsAt(it.outputs, "principalId")),
    ...ledger
      .list(MANAGED_CLUSTER)
      .filter(isSeen)
      .flatMap((it) => [
        ...textsAt(it.outputs, "identity.principalId"),
        ...textsAt(it.outputs, "identityProfile.kubeletidentity.objectId"),
      ]),
  ];
}

/** Object id of who deploys. */
export function deployerId(tenant: string): string {
  return uuidOf(Buffer.from(`deployer of ${tenant}`).toString("hex").padEnd(32, "0"));
}

const roleAssignment: AzureModel = {
  type: ROLE_ASSIGNMENT,
  label: "Microsoft.Authorization/roleAssignments",
  properties: {
    roleAssignmentName: string({
      immutable: true,
      pattern: { test: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, allowed: "a GUID" },
    }),
    ...each(string({ required: true, immutable: true }), "principalId", "roleDefinitionId", "scope"),
    principalType: string({ immutable: true, oneOf: ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"] }),
    delegatedManagedIdentityResourceId: string({ immutable: true }),
    ...each(string(), "condition", "conditionVersion", "description"),
  },
  autoName: {
    property: "roleAssignmentName",
    transform: (name, suffix) =>
      uuidOf(
        Buffer.from(suffix + name)
          .toString("hex")
          .padEnd(32, "0"),
      ),
  },
  id: (inputs) =>
    `${String(inputs.scope)}/providers/Microsoft.Authorization/roleAssignments/${String(inputs.roleAssignmentName)}`,
  outputs: {
    ...armOutputs("Microsoft.Authorization/roleAssignments", "2022-04-01"),
    principalType: (inputs) => inputs.principalType ?? "ServicePrincipal",
    createdBy: (_, { settings }) => deployerId(settings.tenant),
    updatedBy: (_, { settings }) => deployerId(settings.tenant),
  },
  references: [anyIdReference("scope")],
  uniqueKey: ({ inputs }) =>
    [inputs.scope, inputs.principalId, inputs.roleDefinitionId].map((part) => String(part).toLowerCase()).join(" "),
  taken: () => ({ code: "RoleAssignmentExists", message: "The role assignment already exists." }),
  rules: [
    ({ roleDefinitionId }): Refusal | undefined => {
      const valid =
        /\/providers\/Microsoft\.Authorization\/roleDefinitions\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
      if (valid.test(String(roleDefinitionId))) return undefined;
      return {
        code: "InvalidRoleDefinitionId",
        message: `The role definition ID '${String(roleDefinitionId)}' is not valid. The role definition ID must be a fully qualified identifier.`,
      };
    },
    (inputs, context): Refusal | undefined => {
      // People and groups live in the directory, which is not simulated.
      if (["User", "Group", "ForeignGroup", "Device"].includes(textAt(inputs, "principalType") ?? "")) return undefined;
      // Told that it is a service principal, ARM does not ask Entra, which learns of a new one only minutes later
      // (learn.microsoft.com/azure/role-based-access-control/troubleshooting, "principal not found").
      const asksEntra = inputs.principalType !== "ServicePrincipal";
      const seen = principals(context, (entry) => !asksEntra || !context.isNew(entry));
      if (seen.includes(String(inputs.principalId))) return undefined;
      return {
        code: "PrincipalNotFound",
        message:
          `Principal ${String(inputs.principalId).replaceAll("-", "")} does not exist in the directory ${context.settings.tenant}. ` +
          "Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, " +
          "this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, " +
          "such as ServicePrincipal, User, or Group.",
      };
    },
  ],
};

export const IDENTITY_MODELS: readonly AzureModel[] = [userAssignedIdentity, federatedCredential, roleAssignment];
