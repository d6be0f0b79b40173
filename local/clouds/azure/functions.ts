import { stringify } from "yaml";

import type { PropertyMap } from "../../protocol/property";
import { ProviderError } from "../../protocol/provider";
import { digest, uuidOf } from "../identity";
import type { CloudDefinition, FunctionContext } from "../model";
import { textAt } from "../paths";
import { sameId, type AzureSettings } from "./common";
import { deployerId, MANAGED_CLUSTER } from "./identity";

/** Application id of the AKS server in Microsoft Entra ID, the same in every tenant (Azure/kubelogin, README). */
const AKS_SERVER_ID = "6dae42f8-4368-4678-94ff-3960e28e3630";

type AzureFunctionContext = FunctionContext<AzureSettings>;

/** A kubeconfig whose user gets tokens from kubelogin, so that no credential is in it. */
function listManagedClusterUserCredentials(args: PropertyMap, { ledger, settings }: AzureFunctionContext): PropertyMap {
  const [group, name] = [textAt(args, "resourceGroupName") ?? "", textAt(args, "resourceName") ?? ""];
  const id = `/subscriptions/${settings.subscription}/resourceGroups/${group}/providers/Microsoft.ContainerService/managedClusters/${name}`;
  const cluster = ledger.list(MANAGED_CLUSTER).find((entry) => sameId(entry.id, id));
  if (cluster === undefined) {
    throw new ProviderError(
      `listing credentials of ${name}: Code="ResourceNotFound" Message="The Resource 'Microsoft.ContainerService/managedClusters/${name}' ` +
        `under resource group '${group}' was not found."`,
    );
  }
  const host = textAt(cluster.outputs, "fqdn") ?? textAt(cluster.outputs, "privateFQDN") ?? "";
  const user = `clusterUser_${group}_${name}`;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name, cluster: { server: `https://${host}:443`, "certificate-authority-data": authorityOf(cluster.id) } },
    ],
    contexts: [{ name, context: { cluster: name, user } }],
    "current-context": name,
    preferences: {},
    users: [
      {
        name: user,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "kubelogin",
            args: [
              "get-token",
              "--environment",
              "AzurePublicCloud",
              "--server-id",
              AKS_SERVER_ID,
              "--tenant-id",
              settings.tenant,
            ],
            env: null,
            provideClusterInfo: false,
          },
        },
      },
    ],
  };
  return { kubeconfigs: [{ name: "clusterUser", value: Buffer.from(stringify(config)).toString("base64") }] };
}

/** PEM text in base64; nothing verifies it, nothing may mistake it for a real certificate. */
function authorityOf(id: string): string {
  const body = Buffer.from(`simulated certificate authority ${digest([id, "certificate authority"], 64)}`).toString(
    "base64",
  );
  return Buffer.from(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`).toString("base64");
}

function getClientConfig(_: PropertyMap, { settings }: AzureFunctionContext): PropertyMap {
  return {
    clientId: uuidOf(digest([settings.tenant, "deployer"], 32)),
    objectId: deployerId(settings.tenant),
    subscriptionId: settings.subscription,
    tenantId: settings.tenant,
  };
}

export const AZURE_FUNCTIONS: CloudDefinition<AzureSettings>["functions"] = {
  "azure-native:authorization:getClientConfig": getClientConfig,
  "azure-native:containerservice:listManagedClusterUserCredentials": listManagedClusterUserCredentials,
};
