import { createHash } from "node:crypto";

import { planVnet, type VnetPlan } from "../../network/plan";
import type { Problem } from "../../problem";
import { AKS_TYPES } from "../../spec/aks-schema";
import type { AksSpec } from "../../spec/types";
import { planOverlays } from "../../transform";
import {
  planPools,
  type ClusterBase,
  type ClusterBasePlan,
  type ClusterContext,
  type Place,
  type PoolBasePlan,
} from "../common-plan";

export interface AgentPoolPlan extends PoolBasePlan {
  /** What it is called: its key in the spec, or its `name` there. `name` is that and four digits that follow from what AKS never changes of a pool. */
  readonly key: string;
  readonly vmSize: string;
  readonly min: number;
  readonly max: number;
  readonly kubernetesVersion: string;
  /** Whether the cluster autoscaler moves between `min` and `max`. */
  readonly autoscale: boolean;
}

/** A week's window in which AKS may upgrade. */
export interface MaintenancePlan {
  readonly dayOfWeek: string;
  readonly startTime: string;
  readonly durationHours: number;
  readonly utcOffset: string;
}

export interface AksPlan extends ClusterBasePlan {
  readonly kind: "aks";
  readonly place: Extract<Place, { cloud: "azure" }>;
  readonly network: VnetPlan;
  readonly podCidr: string;
  /** The tenth address of the Services' block, as AKS recommends. */
  readonly dnsServiceIp: string;
  readonly adminGroupObjectIds: readonly string[];
  readonly tier: NonNullable<AksSpec["tier"]>;
  readonly supportPlan: NonNullable<AksSpec["supportPlan"]>;
  readonly costAnalysis: boolean;
  readonly system: { readonly vmSize: string; readonly count: number };
  /** Sorted by key. */
  readonly nodes: readonly AgentPoolPlan[];
  readonly nodeProvisioning: NonNullable<AksSpec["nodeProvisioning"]>;
  readonly privateDnsZoneId?: string;
  readonly secretsEncryption: NonNullable<AksSpec["secretsEncryption"]>;
  /** Key vault of a created key: 3 to 24 characters, unique in all of Azure. */
  readonly keyVaultName: string;
  readonly hostEncryption: boolean;
  readonly diskEncryptionSetId?: string;
  readonly upgradeChannel: string;
  readonly nodeOsChannel: string;
  readonly maintenance: MaintenancePlan;
  readonly logRetentionDays: number;
  readonly containerInsights: boolean;
  readonly defender: boolean;
}

/** What is wrong with an AKS cluster beyond its shape and what every cluster is checked for. */
export function validateAks(path: string, spec: AksSpec): Problem[] {
  return [
    ...validatePools(path, spec),
    ...validateTier(path, spec),
    ...validateChannels(path, spec),
    ...validatePrivateZone(path, spec),
  ];
}

/** Sizes with nested virtualisation (SDK, `WorkloadRuntime.KataVmIsolation`); a `p` after the number is Arm. */
const RUNS_VIRTUAL_MACHINES = /^Standard_[DEF]\d+(-\d+)?[a-oq-z]*_v([3-9]|\d\d)$/;

function validatePools(path: string, { nodes, nodeProvisioning }: AksSpec): Problem[] {
  const problems: Problem[] = [];
  const auto = nodeProvisioning?.mode === "Auto";
  if (Object.keys(nodes).length === 0 && !auto) {
    const next = "The system pool runs AKS's own add-ons and nothing else.";
    problems.push({ path: `${path}.nodes`, found: {}, allowed: "at least one pool of nodes", next });
  }
  for (const [key, { name }] of Object.entries(nodes)) {
    if ((name ?? key) !== "system") continue;
    problems.push({
      path: `${path}.nodes.${key}${name === undefined ? "" : ".name"}`,
      found: "system",
      allowed: `any other name: use ${path}.system for it`,
    });
  }
  for (const [name, { min, max, sandbox, vmSize }] of Object.entries(nodes)) {
    if (sandbox === "gvisor") {
      const next = "AKS has Kata, and its nodes take no other runtime. EKS has gVisor.";
      problems.push({ path: `${path}.nodes.${name}.sandbox`, found: sandbox, allowed: '"vm"', next });
    }
    if (sandbox === "vm" && !RUNS_VIRTUAL_MACHINES.test(vmSize)) {
      problems.push({
        path: `${path}.nodes.${name}.vmSize`,
        found: vmSize,
        allowed:
          "a size that can run virtual machines, since the pool is a sandbox: of the D, E or F family from version 3 on, and not Arm",
      });
    }
    if (!auto || min >= max) continue;
    problems.push({
      path: `${path}.nodes.${name}.max`,
      found: max,
      allowed: `its min, ${min}: with ${path}.nodeProvisioning.mode "Auto" a pool has a fixed size`,
      next: "Node auto-provisioning and the cluster autoscaler cannot run together; leave the pool out and let AKS provision.",
    });
  }
  return problems;
}

function validateTier(path: string, { tier, supportPlan, costAnalysis }: AksSpec): Problem[] {
  const problems: Problem[] = [];
  if (supportPlan === "AKSLongTermSupport" && tier !== "Premium") {
    problems.push({
      path: `${path}.supportPlan`,
      found: supportPlan,
      allowed: `"KubernetesOfficial", or ${path}.tier "Premium"`,
    });
  }
  if (costAnalysis === true && tier === "Free") {
    problems.push({
      path: `${path}.costAnalysis`,
      found: true,
      allowed: `false, or ${path}.tier "Standard" or "Premium"`,
    });
  }
  return problems;
}

function validateChannels(path: string, { upgrades = {} }: AksSpec): Problem[] {
  const { channel, nodeOsChannel } = upgrades;
  if (channel !== "node-image" || nodeOsChannel === undefined || nodeOsChannel === "NodeImage") return [];
  return [
    {
      path: `${path}.upgrades.nodeOsChannel`,
      found: nodeOsChannel,
      allowed: `"NodeImage", as ${path}.upgrades.channel "node-image" says`,
    },
  ];
}

function validatePrivateZone(path: string, { privateDnsZoneId, endpoint, location }: AksSpec): Problem[] {
  if (privateDnsZoneId === undefined) return [];
  const at = `${path}.privateDnsZoneId`;
  if (endpoint?.access === "restricted") {
    return [{ path: at, found: privateDnsZoneId, allowed: `nothing, or ${path}.endpoint.access "private"` }];
  }
  const zone = privateDnsZoneId.slice(privateDnsZoneId.lastIndexOf("/") + 1);
  const suffix = `privatelink.${location}.azmk8s.io`;
  if (zone === suffix || (/^[a-z0-9-]{1,32}$/.test(zone.slice(0, -suffix.length - 1)) && zone.endsWith(`.${suffix}`)))
    return [];
  return [{ path: at, found: zone, allowed: `a zone called ${suffix}, or <name>.${suffix}` }];
}

export function planAks({ blocks, ...base }: ClusterBase, spec: AksSpec, { settings }: ClusterContext): AksPlan {
  const { location } = spec;
  const { clusterName } = base;
  const network = planVnet(spec, blocks);
  const hostEncryption = spec.hostEncryption ?? true;
  const nodeProvisioning = spec.nodeProvisioning ?? { mode: "Manual" };
  const { channel = "patch", nodeOsChannel = "NodeImage" } = spec.upgrades ?? {};
  return {
    ...base,
    kind: "aks",
    place: {
      cloud: "azure",
      location,
      subscriptionId: settings.azureSubscriptionId!,
      tenantId: settings.azureTenantId!,
    },
    network,
    connect: `az aks get-credentials --resource-group ${clusterName} --name ${clusterName} && kubelogin convert-kubeconfig -l azurecli`,
    podCidr: blocks.pods.toString(),
    dnsServiceIp: blocks.services.address(10),
    adminGroupObjectIds: settings.azureAdminGroupObjectIds!,
    tier: spec.tier ?? "Standard",
    supportPlan: spec.supportPlan ?? "KubernetesOfficial",
    costAnalysis: spec.costAnalysis ?? false,
    system: spec.system ?? { vmSize: "Standard_D4ds_v5", count: 3 },
    nodes: planPools(spec).map(
      ({ name: key, sandboxed, vmSize, min, max, kubernetesVersion, spot, labels, taints }) => ({
        key,
        name: poolName(key, { vmSize, spot, zones: network.zones, hostEncryption, sandbox: sandboxed }),
        sandboxed,
        vmSize,
        min,
        max,
        kubernetesVersion,
        autoscale: nodeProvisioning.mode === "Manual",
        spot,
        labels,
        taints,
      }),
    ),
    nodeProvisioning,
    ...(spec.privateDnsZoneId !== undefined && { privateDnsZoneId: spec.privateDnsZoneId }),
    secretsEncryption: spec.secretsEncryption ?? { key: "platform" },
    keyVaultName: `${settings.namePrefix.replace(/-/g, "").slice(0, 12)}-kv-${digest(clusterName, settings.azureSubscriptionId!).slice(0, 8)}`,
    hostEncryption,
    ...(spec.diskEncryptionSetId !== undefined && { diskEncryptionSetId: spec.diskEncryptionSetId }),
    upgradeChannel: channel,
    nodeOsChannel,
    maintenance: planMaintenance(spec.maintenance),
    logRetentionDays: spec.logRetentionDays ?? 90,
    containerInsights: spec.containerInsights ?? false,
    defender: spec.defender ?? false,
    overlays: planOverlays(spec.transform, AKS_TYPES),
  };
}

function planMaintenance(window: AksSpec["maintenance"]): MaintenancePlan {
  const {
    dayOfWeek,
    startTime,
    durationHours,
    utcOffset = "+00:00",
  } = window ?? {
    dayOfWeek: "Sunday",
    startTime: "00:00",
    durationHours: 8,
  };
  return { dayOfWeek, startTime, durationHours, utcOffset };
}

/**
 * A pool with other unchangeable properties has another name, so that it can be made before the old one is drained. The
 * digits follow from the spec and are never drawn, or every preview would show another name.
 */
function poolName(key: string, fixed: object): string {
  return `${key}${digest(JSON.stringify(fixed)).slice(0, 4)}`;
}

function digest(...parts: string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex");
}
