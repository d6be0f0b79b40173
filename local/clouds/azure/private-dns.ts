import type { PropertyMap } from "../../protocol/property";
import type { LedgerEntry } from "../ledger";
import type { Identified, Refusal } from "../model";
import { textAt } from "../paths";
import { boolean, map, object, string } from "../schema";
import {
  armName,
  existing,
  GROUPED,
  groupedId,
  groupReference,
  idReference,
  locatedOutputs,
  parentReference,
  sameId,
  type AzureContext,
  type AzureModel,
} from "./common";
import { VIRTUAL_NETWORK } from "./network";

export const PRIVATE_ZONE = "azure-native:privatedns:PrivateZone";
const LINK = "azure-native:privatedns:VirtualNetworkLink";
const API = "2024-06-01";

/** Zones and links are of no region. */
function globalRule({ location }: PropertyMap): Refusal | undefined {
  if (location === undefined || String(location).toLowerCase() === "global") return undefined;
  return {
    code: "LocationNotAvailableForResourceType",
    message: `The provided location '${String(location)}' is not available for resource type 'Microsoft.Network/privateDnsZones'. List of available regions for the resource type is 'global'.`,
  };
}

const zone: AzureModel = {
  type: PRIVATE_ZONE,
  label: "Microsoft.Network/privateDnsZones",
  properties: {
    ...GROUPED,
    privateZoneName: string({
      immutable: true,
      pattern: {
        test: /^(?=.{1,253}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z0-9-]{2,63}$/,
        allowed: "a domain name of two labels or more",
      },
    }),
  },
  autoName: { property: "privateZoneName" },
  id: groupedId("Microsoft.Network", ["privateDnsZones", "privateZoneName"]),
  outputs: {
    ...locatedOutputs("Microsoft.Network/privateDnsZones", API),
    location: () => "global",
    numberOfVirtualNetworkLinks: (_, { ledger, id }) =>
      ledger.list(LINK).filter((link) => link.id.toLowerCase().startsWith(`${id.toLowerCase()}/`)).length,
  },
  references: [groupReference],
  taken: existing,
  rules: [globalRule],
  inUse: (_: LedgerEntry, by: readonly Identified[]): Refusal => ({
    code: "CannotDeleteResource",
    message: `Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '${by.map(({ id }) => id).join("', '")}'. Please delete all nested resources before deleting this resource.`,
  }),
};

/** A network asks one zone about a name. */
function overlapRule(inputs: PropertyMap, { ledger, id }: AzureContext): Refusal | undefined {
  const network = textAt(inputs, "virtualNetwork.id");
  if (network === undefined) return undefined;
  const name = String(inputs.privateZoneName).toLowerCase();
  const other = ledger
    .list(LINK)
    .find(
      (link) =>
        !sameId(link.id, id) &&
        sameId(textAt(link.inputs, "virtualNetwork.id") ?? "", network) &&
        String(link.inputs.privateZoneName).toLowerCase() === name,
    );
  if (other === undefined) return undefined;
  return {
    code: "BadRequest",
    message: `A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with '${name}' and '${name}' zones.`,
  };
}

const link: AzureModel = {
  type: LINK,
  label: "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
  properties: {
    resourceGroupName: string({ required: true, immutable: true }),
    privateZoneName: string({ required: true, immutable: true }),
    virtualNetworkLinkName: string({ immutable: true, pattern: armName(80) }),
    location: string({ immutable: true }),
    registrationEnabled: boolean(),
    resolutionPolicy: string({ oneOf: ["Default", "NxDomainRedirect"] }),
    tags: map(),
    virtualNetwork: object({ id: string({ immutable: true }) }),
  },
  autoName: { property: "virtualNetworkLinkName" },
  id: groupedId(
    "Microsoft.Network",
    ["privateDnsZones", "privateZoneName"],
    ["virtualNetworkLinks", "virtualNetworkLinkName"],
  ),
  outputs: {
    ...locatedOutputs("Microsoft.Network/privateDnsZones/virtualNetworkLinks", API),
    location: () => "global",
    virtualNetworkLinkState: () => "Completed",
  },
  references: [
    groupReference,
    // Unlike the parts of other things, a link keeps its zone.
    { ...parentReference("privateZoneName", PRIVATE_ZONE), onDelete: "block" },
    // A network that goes leaves its link behind, which then leads nowhere.
    idReference("virtualNetwork.id", VIRTUAL_NETWORK, "ignore"),
  ],
  taken: existing,
  rules: [globalRule, overlapRule],
};

export const PRIVATE_DNS_MODELS: readonly AzureModel[] = [zone, link];
