import type { PropertyMap } from "../../../local/protocol/property";
import { Tenant } from "./tenant";

export const GROUP = "azure-native:resources:ResourceGroup";
export const CLUSTER = "azure-native:containerservice:ManagedCluster";
export const POOL = "azure-native:containerservice:AgentPool";

export const SUBSCRIPTION = "11111111-1111-4111-8111-111111111111";
export const TENANT = "22222222-2222-4222-8222-222222222222";
/** ARM id of the resource group that everything is in. */
export const BASE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg`;
/** ARM id of the cluster of `CLUSTER_INPUTS`. */
export const ARM_ID = `${BASE}/providers/Microsoft.ContainerService/managedClusters/north`;
export const rg = { resourceGroupName: "rg" };

/** What ARM says of the cluster, or of one of its pools. */
export const said = (doing: string, message: string, pool?: string) => {
  const of = pool === undefined ? ["", ""] : ["/agentPools", `/agentPools/${pool}`];
  return `${doing} Microsoft.ContainerService/managedClusters${of[0]} (${ARM_ID}${of[1]}): ${message}`;
};

/** A subscription with the resource group. */
export async function ground(): Promise<Tenant> {
  const azure = await Tenant.of("azure-native", { subscriptionId: SUBSCRIPTION, tenantId: TENANT });
  await azure.create(GROUP, "rg", { ...rg, location: "northeurope" });
  return azure;
}

export const CLUSTER_INPUTS: PropertyMap = {
  ...rg,
  resourceName: "north",
  dnsPrefix: "north",
  kubernetesVersion: "1.33",
  identity: { type: "SystemAssigned" },
  oidcIssuerProfile: { enabled: true },
  agentPoolProfiles: [{ name: "system", mode: "System", vmSize: "Standard_D2s_v5", count: 2 }],
};

/** A user pool of the cluster. */
export const pool = (agentPoolName: string): PropertyMap => ({
  ...rg,
  resourceName: "north",
  agentPoolName,
  vmSize: "Standard_D4s_v5",
  count: 2,
  mode: "User",
});
