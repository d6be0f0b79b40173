import { v5 as uuidv5 } from "uuid";

/** Ids of built-in role definitions; the same in every tenant (learn.microsoft.com/azure/role-based-access-control/built-in-roles). */
const BUILT_IN_ROLES = {
  networkContributor: "4d97b98b-1d4f-4787-a291-c67834d212e7",
  managedIdentityOperator: "f1a07417-d97a-45cb-824c-7a7467783830",
  privateDnsZoneContributor: "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
  keyVaultCryptoUser: "12338af0-0e69-4776-bea7-57ae8d297424",
  keyVaultContributor: "f25e0fa2-a7c8-4377-a976-54943a77a395",
  blobDataContributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  blobDataReader: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
} as const;

export type AzureRole = keyof typeof BUILT_IN_ROLES;

/** ARM id of a built-in role. */
export function roleDefinitionId(subscriptionId: string, role: AzureRole): string {
  return `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${BUILT_IN_ROLES[role]}`;
}

const NAMESPACE = "5f0c4f0e-6b54-5d0f-9c53-6f2f0c6d2b52";

/** A role assignment's name must be a GUID: one that follows from what it grants is found again and never made twice. */
export function roleAssignmentName(...what: string[]): string {
  return uuidv5(what.join("\n"), NAMESPACE);
}
