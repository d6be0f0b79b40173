import type { PropertyMap } from "../../protocol/property";
import { anyOverlap, containsBlock, parseCidr, publicAddress } from "../cidr";
import type { Reference, Refusal } from "../model";
import { textAt, textsAt } from "../paths";
import { anything, boolean, each, list, map, number, object, string } from "../schema";
import {
  armName,
  armOutputs,
  existing,
  GROUPED,
  groupedId,
  groupReference,
  idReference,
  inUseBy,
  locatedOutputs,
  parentReference,
  RESOURCE_GROUP,
  uuid,
  type AzureContext,
  type AzureModel,
} from "./common";

export const VIRTUAL_NETWORK = "azure-native:network:VirtualNetwork";
export const SUBNET = "azure-native:network:Subnet";
const PUBLIC_IP = "azure-native:network:PublicIPAddress";
export const NAT_GATEWAY = "azure-native:network:NatGateway";
const SECURITY_GROUP = "azure-native:network:NetworkSecurityGroup";
const API = "2024-05-01";

const subResource = object({ id: string() });

const resourceGroup: AzureModel = {
  type: RESOURCE_GROUP,
  label: "resource group",
  properties: {
    resourceGroupName: string({ immutable: true, pattern: armName(90) }),
    location: string({ immutable: true }),
    managedBy: string({ immutable: true }),
    tags: map(),
  },
  autoName: { property: "resourceGroupName" },
  id: (inputs, { settings }) =>
    `/subscriptions/${settings.subscription}/resourceGroups/${String(inputs.resourceGroupName)}`,
  outputs: {
    ...locatedOutputs("Microsoft.Resources/resourceGroups", "2024-11-01"),
    properties: () => ({ provisioningState: "Succeeded" }),
    provisioningState: () => undefined,
  },
  taken: existing,
  rules: [
    ({ location }, { settings }): Refusal | undefined =>
      location === undefined && settings.location === ""
        ? { code: "LocationRequired", message: "The location property is required for this definition." }
        : undefined,
  ],
};

const virtualNetwork: AzureModel = {
  type: VIRTUAL_NETWORK,
  label: "Microsoft.Network/virtualNetworks",
  properties: {
    ...GROUPED,
    virtualNetworkName: string({ immutable: true, pattern: armName(64) }),
    addressSpace: object({ addressPrefixes: list(), ipamPoolPrefixAllocations: list(anything()) }),
    ...each(boolean(), "enableDdosProtection", "enableVmProtection"),
    flowTimeoutInMinutes: number({ minimum: 4, maximum: 30 }),
    id: string(),
    privateEndpointVNetPolicies: string(),
    ddosProtectionPlan: subResource,
    dhcpOptions: object({ dnsServers: list() }),
    ...each(anything(), "bgpCommunities", "encryption", "extendedLocation"),
    ...each(list(anything()), "ipAllocations", "subnets", "virtualNetworkPeerings"),
  },
  autoName: { property: "virtualNetworkName" },
  id: groupedId("Microsoft.Network", ["virtualNetworks", "virtualNetworkName"]),
  outputs: {
    ...locatedOutputs("Microsoft.Network/virtualNetworks", API),
    resourceGuid: (_, context) => uuid(context, "guid"),
    etag: (_, context) => `W/"${uuid(context, "etag")}"`,
    enableDdosProtection: (inputs) => inputs.enableDdosProtection ?? false,
  },
  references: [groupReference],
  taken: existing,
  rules: [
    (inputs): Refusal | undefined => {
      const prefixes = textsAt(inputs, "addressSpace.addressPrefixes[*]");
      const wrong = prefixes.find((prefix) => !prefix.includes(":") && parseCidr(prefix) === undefined);
      if (wrong !== undefined)
        return { code: "InvalidAddressPrefixFormat", message: `Address prefix ${wrong} is not formatted correctly.` };
      if (prefixes.length > 0 || inputs.addressSpace !== undefined) return undefined;
      return {
        code: "InvalidRequestFormat",
        message: "A virtual network needs at least one address prefix at addressSpace.addressPrefixes.",
      };
    },
  ],
  inUse: inUseBy("InUseSubnetCannotBeDeleted", "Virtual network"),
};

function prefixesOf(inputs: PropertyMap): string[] {
  return [...textsAt(inputs, "addressPrefix"), ...textsAt(inputs, "addressPrefixes[*]")];
}

function insideNetwork(inputs: PropertyMap, { ledger, id }: AzureContext): Refusal | undefined {
  const network = ledger.list(VIRTUAL_NETWORK).find((it) => id.toLowerCase().startsWith(`${it.id.toLowerCase()}/`));
  const space = textsAt(network?.inputs, "addressSpace.addressPrefixes[*]").map(parseCidr);
  const prefixes = prefixesOf(inputs);
  const valid = prefixes.every((prefix) => {
    const block = parseCidr(prefix);
    if (prefix.includes(":")) return true;
    return block !== undefined && space.some((outer) => outer !== undefined && containsBlock(outer, block));
  });
  if (valid && prefixes.length > 0) return undefined;
  return {
    code: "NetcfgInvalidSubnet",
    message: `Subnet '${String(inputs.subnetName)}' is not valid in virtual network '${String(inputs.virtualNetworkName)}'.`,
  };
}

function besideOthers(inputs: PropertyMap, { ledger, id }: AzureContext): Refusal | undefined {
  const home = id.toLowerCase().replace(/[^/]+$/, "");
  const siblings = ledger.list(SUBNET).filter((it) => it.id !== id && it.id.toLowerCase().startsWith(home));
  if (!siblings.some((it) => anyOverlap(prefixesOf(it.inputs), prefixesOf(inputs)))) return undefined;
  return {
    code: "NetcfgSubnetRangesOverlap",
    message:
      `Subnet '${String(inputs.subnetName)}' is not valid because its IP address range overlaps with that of an existing subnet ` +
      `in virtual network '${String(inputs.virtualNetworkName)}'.`,
  };
}

const subnet: AzureModel = {
  type: SUBNET,
  label: "Microsoft.Network/virtualNetworks/subnets",
  properties: {
    ...each(string({ required: true, immutable: true }), "resourceGroupName", "virtualNetworkName"),
    subnetName: string({ immutable: true, pattern: armName(80) }),
    name: string({ immutable: true }),
    addressPrefix: string(),
    addressPrefixes: list(),
    defaultOutboundAccess: boolean(),
    delegations: list(object(each(string(), "id", "name", "serviceName", "type"))),
    natGateway: subResource,
    networkSecurityGroup: anything(),
    routeTable: anything(),
    serviceEndpoints: list(object({ service: string(), locations: list(), networkIdentifier: subResource })),
    ...each(
      string(),
      "id",
      "privateEndpointNetworkPolicies",
      "privateLinkServiceNetworkPolicies",
      "sharingScope",
      "type",
    ),
    ...each(
      list(anything()),
      "applicationGatewayIPConfigurations",
      "ipAllocations",
      "ipamPoolPrefixAllocations",
      "serviceEndpointPolicies",
    ),
  },
  autoName: { property: "subnetName" },
  id: groupedId("Microsoft.Network", ["virtualNetworks", "virtualNetworkName"], ["subnets", "subnetName"]),
  outputs: {
    ...armOutputs("Microsoft.Network/virtualNetworks/subnets", API),
    provisioningState: () => "Succeeded",
    etag: (_, context) => `W/"${uuid(context, "etag")}"`,
    privateEndpointNetworkPolicies: (inputs) => inputs.privateEndpointNetworkPolicies ?? "Disabled",
    privateLinkServiceNetworkPolicies: (inputs) => inputs.privateLinkServiceNetworkPolicies ?? "Enabled",
  },
  references: [
    groupReference,
    parentReference("virtualNetworkName", VIRTUAL_NETWORK),
    idReference("natGateway.id", NAT_GATEWAY),
    idReference("networkSecurityGroup.id", SECURITY_GROUP),
  ],
  taken: existing,
  rules: [insideNetwork, besideOthers],
  inUse: (entry, by) => ({
    code: "InUseSubnetCannotBeDeleted",
    message:
      `Subnet ${entry.id.split("/").at(-1)} is in use by ${by.map((it) => it.id).join(", ")} and cannot be deleted. ` +
      "In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
  }),
};

const publicIp: AzureModel = {
  type: PUBLIC_IP,
  label: "Microsoft.Network/publicIPAddresses",
  properties: {
    ...GROUPED,
    publicIpAddressName: string({ immutable: true, pattern: armName(80) }),
    publicIPAddressVersion: string({ oneOf: ["IPv4", "IPv6"], immutable: true }),
    publicIPAllocationMethod: string({ oneOf: ["Static", "Dynamic"] }),
    sku: object(
      { name: string({ oneOf: ["Basic", "Standard", "StandardV2"] }), tier: string({ oneOf: ["Regional", "Global"] }) },
      { immutable: true },
    ),
    zones: list(string(), { immutable: true, set: true }),
    dnsSettings: object(each(string(), "domainNameLabel", "domainNameLabelScope", "fqdn", "reverseFqdn")),
    idleTimeoutInMinutes: number({ minimum: 4, maximum: 30 }),
    publicIPPrefix: subResource,
    ...each(string(), "deleteOption", "id", "ipAddress", "migrationPhase"),
    ipTags: list(object(each(string(), "ipTagType", "tag"))),
    ...each(
      anything(),
      "ddosSettings",
      "extendedLocation",
      "linkedPublicIPAddress",
      "natGateway",
      "servicePublicIPAddress",
    ),
  },
  autoName: { property: "publicIpAddressName" },
  id: groupedId("Microsoft.Network", ["publicIPAddresses", "publicIpAddressName"]),
  outputs: {
    ...locatedOutputs("Microsoft.Network/publicIPAddresses", API),
    ipAddress: (inputs, { digest }) => inputs.ipAddress ?? publicAddress(digest("address", 6)),
    resourceGuid: (_, context) => uuid(context, "guid"),
    publicIPAddressVersion: (inputs) => inputs.publicIPAddressVersion ?? "IPv4",
  },
  references: [groupReference],
  taken: existing,
  rules: [
    (inputs): Refusal | undefined =>
      textAt(inputs, "sku.name")?.startsWith("Standard") === true && inputs.publicIPAllocationMethod === "Dynamic"
        ? {
            code: "PublicIPAddressAllocationMethodInvalid",
            message: "Standard sku publicIp must have AllocationMethod set to Static.",
          }
        : undefined,
  ],
  inUse: (entry, by) => ({
    code: "PublicIPAddressCannotBeDeleted",
    message: `Public IP address ${entry.id} can not be deleted since it is still allocated to resource ${by.map((it) => it.id).join(", ")}.`,
  }),
};

const natGateway: AzureModel = {
  type: NAT_GATEWAY,
  label: "Microsoft.Network/natGateways",
  properties: {
    ...GROUPED,
    natGatewayName: string({ immutable: true, pattern: armName(80) }),
    id: string(),
    idleTimeoutInMinutes: number({ minimum: 4, maximum: 120 }),
    ...each(list(subResource), "publicIpAddresses", "publicIpPrefixes"),
    sku: object({ name: string({ oneOf: ["Standard", "StandardV2"] }) }),
    zones: list(string(), { immutable: true, set: true }),
  },
  autoName: { property: "natGatewayName" },
  id: groupedId("Microsoft.Network", ["natGateways", "natGatewayName"]),
  outputs: {
    ...locatedOutputs("Microsoft.Network/natGateways", API),
    resourceGuid: (_, context) => uuid(context, "guid"),
    idleTimeoutInMinutes: (inputs) => inputs.idleTimeoutInMinutes ?? 4,
  },
  references: [groupReference, idReference("publicIpAddresses[*].id", PUBLIC_IP)],
  taken: existing,
  inUse: inUseBy("InUseNatGatewayCannotBeDeleted", "Nat Gateway"),
};

const securityGroup: AzureModel = {
  type: SECURITY_GROUP,
  label: "Microsoft.Network/networkSecurityGroups",
  properties: {
    ...GROUPED,
    networkSecurityGroupName: string({ immutable: true, pattern: armName(80) }),
    flushConnection: boolean(),
    id: string(),
    securityRules: list(
      object({
        name: string(),
        access: string({ required: true, oneOf: ["Allow", "Deny"] }),
        direction: string({ required: true, oneOf: ["Inbound", "Outbound"] }),
        protocol: string({ required: true, oneOf: ["*", "Tcp", "Udp", "Icmp", "Esp", "Ah"] }),
        priority: number({ minimum: 100, maximum: 4096 }),
        ...each(
          string(),
          "description",
          "destinationAddressPrefix",
          "destinationPortRange",
          "id",
          "sourceAddressPrefix",
          "sourcePortRange",
          "type",
        ),
        ...each(
          list(),
          "destinationAddressPrefixes",
          "destinationPortRanges",
          "sourceAddressPrefixes",
          "sourcePortRanges",
        ),
        ...each(list(anything()), "destinationApplicationSecurityGroups", "sourceApplicationSecurityGroups"),
      }),
      { set: true },
    ),
  },
  autoName: { property: "networkSecurityGroupName" },
  id: groupedId("Microsoft.Network", ["networkSecurityGroups", "networkSecurityGroupName"]),
  outputs: {
    ...locatedOutputs("Microsoft.Network/networkSecurityGroups", API),
    resourceGuid: (_, context) => uuid(context, "guid"),
  },
  references: [groupReference],
  taken: existing,
  inUse: inUseBy("InUseNetworkSecurityGroupCannotBeDeleted", "Network security group"),
};

/** A subnet by its ARM id, for what runs in it. */
export const subnetReference = (path: string): Reference => idReference(path, SUBNET);

export const NETWORK_MODELS: readonly AzureModel[] = [
  resourceGroup,
  virtualNetwork,
  subnet,
  publicIp,
  natGateway,
  securityGroup,
];
