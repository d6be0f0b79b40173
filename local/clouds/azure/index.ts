import type { CloudDefinition } from "../model";
import { textAt } from "../paths";
import { boolean, each, list, string } from "../schema";
import { AKS_CLUSTER_MODELS } from "./aks-cluster";
import { AKS_MAINTENANCE_MODELS } from "./aks-maintenance";
import { AKS_POOL_MODELS } from "./aks-pools";
import { EXAMPLE_SUBSCRIPTION, EXAMPLE_TENANT, type AzureSettings } from "./common";
import { AZURE_FUNCTIONS } from "./functions";
import { IDENTITY_MODELS } from "./identity";
import { KEY_VAULT_MODELS } from "./key-vault";
import { LOCK_MODELS, lockable } from "./locks";
import { MONITOR_MODELS } from "./monitor";
import { NETWORK_MODELS } from "./network";
import { PRIVATE_DNS_MODELS } from "./private-dns";
import { STORAGE_MODELS } from "./storage";

const guid = string({
  pattern: { test: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, allowed: "a GUID" },
});

/** The simulated Azure, as the azure-native provider shows it. */
export const AZURE: CloudDefinition<AzureSettings> = {
  pkg: "azure-native",
  version: "3.28.0",
  models: [
    ...NETWORK_MODELS,
    ...IDENTITY_MODELS,
    ...AKS_CLUSTER_MODELS,
    ...AKS_POOL_MODELS,
    ...AKS_MAINTENANCE_MODELS,
    ...STORAGE_MODELS,
    ...MONITOR_MODELS,
    ...KEY_VAULT_MODELS,
    ...PRIVATE_DNS_MODELS,
    ...LOCK_MODELS,
  ].map(lockable),
  functions: AZURE_FUNCTIONS,
  config: {
    subscriptionId: guid,
    tenantId: guid,
    auxiliaryTenantIds: list(),
    ...each(
      string(),
      "clientCertificatePassword",
      "clientCertificatePath",
      "clientId",
      "clientSecret",
      "environment",
      "location",
      "metadataHost",
      "msiEndpoint",
      "oidcRequestToken",
      "oidcRequestUrl",
      "oidcToken",
      "oidcTokenFilePath",
      "partnerId",
    ),
    ...each(
      boolean(),
      "disableInstanceDiscovery",
      "disablePulumiPartnerId",
      "useDefaultAzureCredential",
      "useMsi",
      "useOidc",
    ),
  },
  replacingConfig: ["environment", "subscriptionId", "tenantId"],
  settings: (config) => ({
    subscription: textAt(config, "subscriptionId") ?? EXAMPLE_SUBSCRIPTION,
    tenant: textAt(config, "tenantId") ?? EXAMPLE_TENANT,
    location: textAt(config, "location") ?? "",
  }),
  deletesFirst: "unless-name-generated",
  // ARM ids say all of where a thing is.
  scope: () => "",
  describe: ({ code, message }, { label }, doing, id) =>
    `${doing} ${label} (${id}): Code="${code}" Message="${message}"`,
  modelsAt: "local/clouds/azure",
};
