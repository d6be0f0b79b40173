import { isPropertyMap, type PropertyMap } from "../../protocol/property";
import type { Refusal } from "../model";
import { canonical } from "../diff";
import { textAt, valueAt, valuesAt } from "../paths";
import { anything, boolean, each, list, map, number, object, string, type Properties } from "../schema";
import { quota } from "../rules";
import { KUBELET_SKEW, minorOf } from "../versions";
import { provisioningRefusal } from "./aks-feature-rules";
import {
  armOutputs,
  existing,
  groupedId,
  groupReference,
  parentReference,
  sameId,
  uuid,
  type AzureContext,
  type AzureModel,
} from "./common";
import { MANAGED_CLUSTER } from "./identity";
import { subnetReference } from "./network";

const AGENT_POOL = "azure-native:containerservice:AgentPool";
export const AKS_API = "2025-08-01";

const poolName = {
  test: /^[a-z][a-z0-9]{0,11}$/,
  allowed: "1 to 12 lower-case letters and digits, beginning with a letter",
};

/** What a pool may have, inline in a cluster or as a resource of its own. */
const POOL_PROPERTIES: Properties = {
  ...each(number({ minimum: 0, maximum: 1000 }), "count", "maxCount", "minCount"),
  ...each(number({ minimum: 10, maximum: 250 }), "maxPods"),
  ...each(number(), "osDiskSizeGB", "spotMaxPrice"),
  ...each(
    boolean(),
    "enableAutoScaling",
    "enableEncryptionAtHost",
    "enableFIPS",
    "enableNodePublicIP",
    "enableUltraSSD",
  ),
  availabilityZones: list(string({ oneOf: ["1", "2", "3"] }), { set: true }),
  mode: string({ oneOf: ["System", "User", "Gateway", "ManagedSystem"] }),
  osDiskType: string({ oneOf: ["Managed", "Ephemeral"] }),
  osSKU: string({
    oneOf: [
      "Ubuntu",
      "Ubuntu2204",
      "Ubuntu2404",
      "AzureLinux",
      "AzureLinux3",
      "Flatcar",
      "CBLMariner",
      "Windows2019",
      "Windows2022",
    ],
  }),
  osType: string({ oneOf: ["Linux", "Windows"] }),
  scaleDownMode: string({ oneOf: ["Delete", "Deallocate"] }),
  scaleSetEvictionPolicy: string({ oneOf: ["Delete", "Deallocate"] }),
  scaleSetPriority: string({ oneOf: ["Spot", "Regular"] }),
  type: string({ oneOf: ["VirtualMachineScaleSets", "AvailabilitySet", "VirtualMachines"] }),
  upgradeSettings: object({
    ...each(string(), "maxSurge", "maxUnavailable"),
    ...each(number(), "drainTimeoutInMinutes", "nodeSoakDurationInMinutes"),
    undrainableNodeBehavior: string({ oneOf: ["Cordon", "Schedule"] }),
  }),
  nodeLabels: map(),
  tags: map(),
  nodeTaints: list(
    string({
      pattern: { test: /^[^=]+=[^:]*:(NoSchedule|NoExecute|PreferNoSchedule)$/, allowed: "key=value:NoSchedule" },
    }),
  ),
  ...each(
    string(),
    "capacityReservationGroupID",
    "hostGroupID",
    "kubeletDiskType",
    "messageOfTheDay",
    "nodePublicIPPrefixID",
    "orchestratorVersion",
    "podIPAllocationMode",
    "podSubnetID",
    "proximityPlacementGroupID",
    "vnetSubnetID",
  ),
  workloadRuntime: string({ oneOf: ["OCIContainer", "WasmWasi", "KataVmIsolation", "KataMshvVmIsolation"] }),
  ...each(
    anything(),
    "creationData",
    "gatewayProfile",
    "gpuProfile",
    "kubeletConfig",
    "linuxOSConfig",
    "localDNSProfile",
    "networkProfile",
    "powerState",
    "securityProfile",
    "virtualMachinesProfile",
    "windowsProfile",
  ),
  virtualMachineNodesStatus: list(anything()),
  // The provider replaces a pool for these two; what else the service keeps, it refuses to change.
  ...each(string({ immutable: true }), "gpuInstanceProfile", "vmSize"),
};

/** Inline pools have a name of their own, and nothing of them replaces the cluster. */
export const INLINE_POOL: Properties = {
  ...POOL_PROPERTIES,
  ...each(string(), "gpuInstanceProfile", "vmSize"),
  name: string({ required: true, pattern: poolName }),
};

/** Properties that AKS never changes on a pool that exists. */
const FIXED: readonly string[] = [
  "availabilityZones",
  "enableEncryptionAtHost",
  "enableUltraSSD",
  "gpuInstanceProfile",
  "hostGroupID",
  "kubeletConfig",
  "linuxOSConfig",
  "maxPods",
  "nodePublicIPPrefixID",
  "osDiskSizeGB",
  "osDiskType",
  "osType",
  "podSubnetID",
  "proximityPlacementGroupID",
  "scaleSetEvictionPolicy",
  "scaleSetPriority",
  "vmSize",
  "vnetSubnetID",
  "workloadRuntime",
];

/** The refusal to change what is fixed on a pool, if the change does. */
export function fixedPropertyRefusal(before: PropertyMap, after: PropertyMap): Refusal | undefined {
  const changed = FIXED.find((name) => canonical(before[name]) !== canonical(after[name]));
  if (changed === undefined) return undefined;
  return { code: "PropertyChangeNotAllowed", message: `Changing property 'properties.${changed}' is not allowed.` };
}

/** Intel and AMD sizes of the D, E and F families from their third version on (SDK, `WorkloadRuntime.KataVmIsolation`). */
const NESTS_VIRTUAL_MACHINES = /^Standard_[DEF]\d+(-\d+)?[a-oq-z]*_v([3-9]|\d\d)$/;

/** What is wrong with a pool by itself. */
export function poolRefusal(pool: PropertyMap, clusterVersion: string | undefined): Refusal | undefined {
  const invalid = (message: string): Refusal => ({ code: "InvalidParameter", message });
  const { enableAutoScaling, minCount, maxCount, count, mode, scaleSetPriority } = pool;
  if (enableAutoScaling === true) {
    if (typeof minCount !== "number" || typeof maxCount !== "number") {
      return invalid("minCount and maxCount are required when enableAutoScaling is true");
    }
    if (minCount > maxCount) return invalid(`minCount ${minCount} must not be greater than maxCount ${maxCount}`);
    if (typeof count === "number" && (count < minCount || count > maxCount)) {
      return invalid(`count ${count} must be within minCount ${minCount} and maxCount ${maxCount}`);
    }
  } else if (minCount !== undefined || maxCount !== undefined) {
    return invalid("minCount and maxCount are only allowed when enableAutoScaling is true");
  }
  if (mode === "System") {
    if (scaleSetPriority === "Spot") return invalid("A system agent pool must not be a spot pool");
    if ((enableAutoScaling === true ? minCount : (count ?? 1)) === 0)
      return invalid("A system agent pool needs at least one node");
    if (pool.osType === "Windows") return invalid("A system agent pool must run Linux");
  }
  if (pool.workloadRuntime === "KataVmIsolation") {
    if (!["AzureLinux", "AzureLinux3"].includes(textAt(pool, "osSKU") ?? "")) {
      return invalid("workloadRuntime KataVmIsolation needs osSKU AzureLinux");
    }
    if (!NESTS_VIRTUAL_MACHINES.test(textAt(pool, "vmSize") ?? "")) {
      return {
        code: "VMSizeDoesNotSupportNestedVirtualization",
        message: `The VM size ${textAt(pool, "vmSize")} does not support nested virtualization, which workloadRuntime KataVmIsolation needs.`,
      };
    }
  }
  const [own, control] = [minorOf(textAt(pool, "orchestratorVersion")), minorOf(clusterVersion)];
  if (own === undefined || control === undefined || (own <= control && own >= control - KUBELET_SKEW)) return undefined;
  return {
    code: "NodePoolMcVersionIncompatible",
    message:
      `Node pool version ${textAt(pool, "orchestratorVersion")} and control plane version ${clusterVersion} are incompatible. ` +
      `Minor version of node pool must be at most ${KUBELET_SKEW} behind the control plane's, and not newer.`,
  };
}

/** The key under which changes of one cluster and its pools exclude each other, and what AKS says to the second. */
export function clusterExclusive(clusterId: string): { readonly key: string; readonly refusal: Refusal } {
  return {
    key: clusterId.toLowerCase(),
    refusal: {
      code: "OperationNotAllowed",
      message:
        "Operation is not allowed: Another operation is in progress on the managed cluster or its agent pools, " +
        "please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details",
    },
  };
}

/** The cluster that an id of an agent pool or a maintenance configuration lies in. */
export function clusterIdOf(id: string): string {
  return id.split("/").slice(0, 9).join("/");
}

function clusterOf(
  id: string,
  { ledger }: AzureContext,
): { readonly inputs: PropertyMap; readonly outputs: PropertyMap } | undefined {
  return ledger.list(MANAGED_CLUSTER).find((it) => sameId(it.id, clusterIdOf(id)));
}

function inlinePools(inputs: PropertyMap | undefined): PropertyMap[] {
  return valuesAt(inputs, "agentPoolProfiles[*]").filter(isPropertyMap);
}

const clusterMissing = (name: string): Refusal => ({
  code: "ParentResourceNotFound",
  message: `Failed to perform 'write' on resource(s) of type 'managedClusters/agentPools', because the parent resource '${name}' could not be found.`,
});

const agentPool: AzureModel = {
  type: AGENT_POOL,
  label: "Microsoft.ContainerService/managedClusters/agentPools",
  properties: {
    ...POOL_PROPERTIES,
    agentPoolName: string({ immutable: true, pattern: poolName }),
    ...each(string({ required: true, immutable: true }), "resourceGroupName", "resourceName"),
  },
  autoName: {
    property: "agentPoolName",
    transform: (name, suffix) =>
      `${name
        .toLowerCase()
        .replace(/[^a-z0-9]/g, "")
        .slice(0, 5)}${suffix}`,
  },
  id: groupedId("Microsoft.ContainerService", ["managedClusters", "resourceName"], ["agentPools", "agentPoolName"]),
  outputs: {
    ...armOutputs("Microsoft.ContainerService/managedClusters/agentPools", AKS_API),
    type: (inputs) => inputs.type ?? "VirtualMachineScaleSets",
    provisioningState: () => "Succeeded",
    eTag: (_, context) => uuid(context, "etag"),
    powerState: (inputs) => inputs.powerState ?? { code: "Running" },
    mode: (inputs) => inputs.mode ?? "User",
    count: (inputs) => inputs.count ?? inputs.minCount ?? 1,
    osType: (inputs) => inputs.osType ?? "Linux",
    osSKU: (inputs) => inputs.osSKU ?? "Ubuntu",
    orchestratorVersion: (inputs, context) =>
      inputs.orchestratorVersion ??
      context.old?.outputs.orchestratorVersion ??
      clusterOf(context.id, context)?.outputs.kubernetesVersion,
    currentOrchestratorVersion: (inputs, context) =>
      inputs.orchestratorVersion ??
      context.old?.outputs.currentOrchestratorVersion ??
      clusterOf(context.id, context)?.outputs.currentKubernetesVersion,
    nodeImageVersion: () => "AKSUbuntu-2204gen2containerd-202501.12.0",
  },
  references: [
    groupReference,
    { ...parentReference("resourceName", MANAGED_CLUSTER), missing: clusterMissing },
    subnetReference("vnetSubnetID"),
    subnetReference("podSubnetID"),
  ],
  taken: existing,
  // The third property for which azure-native replaces a pool (pulumi-azure-native, provider/pkg/gen/replacement.go).
  replaceWhen: (olds, news) => {
    const path = "networkProfile.nodePublicIPTags";
    return canonical(valueAt(olds, path)) === canonical(valueAt(news, path)) ? [] : [path];
  },
  rules: [
    ({ agentPoolName }, context) => {
      const inline = inlinePools(clusterOf(context.id, context)?.inputs).some((pool) => pool.name === agentPoolName);
      if (!inline || context.old !== undefined) return undefined;
      return {
        code: "Conflict",
        message: `cannot create already existing resource '${context.id}' (it is an inline pool of the cluster)`,
      };
    },
    ({ vmSize }) =>
      vmSize === undefined
        ? { code: "InvalidParameter", message: "Required parameter vmSize is missing (null)." }
        : undefined,
    (inputs, context) =>
      poolRefusal(inputs, textAt(clusterOf(context.id, context)?.outputs, "currentKubernetesVersion")),
    (inputs, { old }) => (old === undefined ? undefined : fixedPropertyRefusal(old.inputs, inputs)),
    ({ enableAutoScaling, agentPoolName }, context) => {
      const mode = textAt(clusterOf(context.id, context)?.inputs, "nodeProvisioningProfile.mode");
      return mode === "Auto" && enableAutoScaling === true ? provisioningRefusal(String(agentPoolName)) : undefined;
    },
    // Beside one inline pool (learn.microsoft.com/azure/aks/quotas-skus-regions).
    quota({
      type: AGENT_POOL,
      limit: 99,
      by: (_, { id }) => clusterIdOf(id).toLowerCase(),
      refusal: () => ({
        code: "MaxAgentPoolCountReached",
        message: "The cluster has 100 node pools, the most there can be.",
      }),
    }),
  ],
  exclusive: (_, id) => clusterExclusive(clusterIdOf(id)),
};

export const AKS_POOL_MODELS: readonly AzureModel[] = [agentPool];
