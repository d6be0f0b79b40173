import type { Refusal } from "../model";
import { anything, each, list, number, object, string } from "../schema";
import { AKS_API, clusterExclusive, clusterIdOf } from "./aks-pools";
import { armOutputs, existing, groupedId, groupReference, parentReference, type AzureModel } from "./common";
import { MANAGED_CLUSTER } from "./identity";

const maintenanceConfiguration: AzureModel = {
  type: "azure-native:containerservice:MaintenanceConfiguration",
  label: "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
  properties: {
    configName: string({
      immutable: true,
      oneOf: ["default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"],
    }),
    ...each(string({ required: true, immutable: true }), "resourceGroupName", "resourceName"),
    maintenanceWindow: object({
      durationHours: number({ required: true, minimum: 4, maximum: 24 }),
      notAllowedDates: list(object(each(string({ required: true }), "end", "start"))),
      schedule: anything({ required: true }),
      startDate: string(),
      startTime: string({ required: true, pattern: { test: /^\d{2}:\d{2}$/, allowed: "a time such as 01:00" } }),
      utcOffset: string({ pattern: { test: /^[+-]\d{2}:\d{2}$/, allowed: "an offset such as +02:00" } }),
    }),
    notAllowedTime: list(object(each(string(), "end", "start"))),
    timeInWeek: list(
      object({
        day: string({ oneOf: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] }),
        hourSlots: list(number({ minimum: 0, maximum: 23 })),
      }),
    ),
  },
  id: (inputs, context) =>
    groupedId(
      "Microsoft.ContainerService",
      ["managedClusters", "resourceName"],
      ["maintenanceConfigurations", "configName"],
    )({ configName: "default", ...inputs }, context),
  outputs: armOutputs("Microsoft.ContainerService/managedClusters/maintenanceConfigurations", AKS_API),
  references: [groupReference, parentReference("resourceName", MANAGED_CLUSTER)],
  taken: existing,
  rules: [
    ({ configName = "default", maintenanceWindow, timeInWeek }): Refusal | undefined => {
      const wrong =
        configName === "default"
          ? maintenanceWindow !== undefined
          : maintenanceWindow === undefined || timeInWeek !== undefined;
      if (!wrong) return undefined;
      return {
        code: "InvalidParameter",
        message:
          configName === "default"
            ? "maintenanceWindow is not allowed for the maintenance configuration 'default', which has timeInWeek"
            : `the maintenance configuration '${String(configName)}' needs maintenanceWindow and no timeInWeek`,
      };
    },
  ],
  exclusive: (_, id) => clusterExclusive(clusterIdOf(id)),
};

export const AKS_MAINTENANCE_MODELS: readonly AzureModel[] = [maintenanceConfiguration];
