import { publicAddress } from "../cidr";
import type { Ledger, LedgerEntry } from "../ledger";
import type { Reference, Refusal } from "../model";
import { textAt } from "../paths";
import { anything, each, list, number, object, string } from "../schema";
import {
  dependencyViolation,
  ec2Id,
  ec2NotFound,
  ec2Outputs,
  neverTaken,
  REGIONAL,
  REGIONAL_UNTAGGED,
  regionOf,
  type AwsModel,
} from "./common";
import { INTERNET_GATEWAY, NAT_GATEWAY, SUBNET, subnetNotFound, VPC, vpcNotFound } from "./vpc";

const EIP = "aws:ec2/eip:Eip";
export const ROUTE_TABLE = "aws:ec2/routeTable:RouteTable";
const ROUTE = "aws:ec2/route:Route";
const ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation";

const eip: AwsModel = {
  type: EIP,
  label: "EC2 EIP",
  properties: {
    ...REGIONAL,
    domain: string({ oneOf: ["vpc", "standard"], immutable: true }),
    ...each(
      string({ immutable: true }),
      "address",
      "customerOwnedIpv4Pool",
      "ipamPoolId",
      "networkBorderGroup",
      "publicIpv4Pool",
    ),
    ...each(string(), "associateWithPrivateIp", "instance", "networkInterface"),
  },
  id: ec2Id("eipalloc"),
  nameless: true,
  outputs: {
    ...ec2Outputs("elastic-ip"),
    domain: (inputs) => inputs.domain ?? "vpc",
    allocationId: (_, { id }) => id,
    publicIp: (_, { digest }) => publicAddress(digest("address", 6)),
    publicDns: (inputs, context) => {
      const dashed = publicAddress(context.digest("address", 6)).replaceAll(".", "-");
      return `ec2-${dashed}.${regionOf(inputs, context)}.compute.amazonaws.com`;
    },
  },
  taken: neverTaken,
  inUse: (entry): Refusal => ({
    code: "InvalidIPAddress.InUse",
    message: `Address ${textAt(entry.outputs, "publicIp") ?? entry.id} is in use.`,
  }),
};

const natGateway: AwsModel = {
  type: NAT_GATEWAY,
  label: "EC2 NAT Gateway",
  properties: {
    ...REGIONAL,
    connectivityType: string({ oneOf: ["public", "private"], immutable: true }),
    ...each(string({ immutable: true }), "allocationId", "availabilityMode", "privateIp", "subnetId", "vpcId"),
    availabilityZoneAddresses: list(anything()),
    ...each(list(), "secondaryAllocationIds", "secondaryPrivateIpAddresses"),
    secondaryPrivateIpAddressCount: number(),
  },
  id: (_, { digest }) => `nat-0${digest("id", 16)}`,
  nameless: true,
  outputs: {
    ...ec2Outputs("natgateway"),
    connectivityType: (inputs) => inputs.connectivityType ?? "public",
    networkInterfaceId: (_, { digest }) => `eni-0${digest("interface", 16)}`,
    associationId: (_, { digest }) => `eipassoc-0${digest("association", 16)}`,
    privateIp: (inputs, { digest }) => inputs.privateIp ?? `10.0.0.${Number.parseInt(digest("private", 2), 16) % 250}`,
    publicIp: (inputs, { ledger, scope }) =>
      textAt(ledger.get(EIP, textAt(inputs, "allocationId") ?? "", scope)?.outputs, "publicIp"),
  },
  references: [
    { path: "subnetId", type: SUBNET, missing: subnetNotFound },
    { path: "allocationId", type: EIP, missing: ec2NotFound("InvalidAllocationID", "allocation") },
    { path: "vpcId", type: VPC, missing: vpcNotFound },
  ],
  taken: neverTaken,
  rules: [
    ({ allocationId }, { ledger, scope, id }): Refusal | undefined => {
      const other = ledger
        .list(NAT_GATEWAY)
        .find(
          (it) =>
            it.scope === scope && it.id !== id && allocationId !== undefined && it.inputs.allocationId === allocationId,
        );
      if (other === undefined) return undefined;
      return {
        code: "Resource.AlreadyAssociated",
        message: `Elastic IP address [${String(allocationId)}] is already associated`,
      };
    },
    (inputs, { ledger, scope }): Refusal | undefined => {
      if (inputs.connectivityType === "private") return undefined;
      const vpcId =
        textAt(ledger.get(SUBNET, textAt(inputs, "subnetId") ?? "", scope)?.inputs, "vpcId") ?? inputs.vpcId;
      const attached = ledger.list(INTERNET_GATEWAY).some((it) => it.scope === scope && it.inputs.vpcId === vpcId);
      if (attached) return undefined;
      return { code: "Gateway.NotAttached", message: `Network ${String(vpcId)} has no Internet gateway attached` };
    },
  ],
};

/** Where a route leads: the property and the type, when that is simulated. A route to what is gone is a black hole. */
const TARGETS: readonly Reference[] = [
  {
    path: "gatewayId",
    type: INTERNET_GATEWAY,
    applies: (value) => value.startsWith("igw-"),
    missing: ec2NotFound("InvalidGatewayID", "gateway"),
    onDelete: "ignore",
  },
  {
    path: "natGatewayId",
    type: NAT_GATEWAY,
    missing: (value) => ({
      code: "InvalidNatGatewayID.NotFound",
      message: `The natGateway ID '${value}' does not exist`,
    }),
    onDelete: "ignore",
  },
];

const TARGET_PROPERTIES = [
  "carrierGatewayId",
  "coreNetworkArn",
  "egressOnlyGatewayId",
  "gatewayId",
  "localGatewayId",
  "natGatewayId",
  "networkInterfaceId",
  "odbNetworkArn",
  "transitGatewayId",
  "vpcEndpointId",
  "vpcPeeringConnectionId",
] as const;

const routeTableNotFound = ec2NotFound("InvalidRouteTableID", "routeTable");

const routeTable: AwsModel = {
  type: ROUTE_TABLE,
  label: "EC2 Route Table",
  properties: {
    ...REGIONAL,
    vpcId: string({ required: true, immutable: true }),
    propagatingVgws: list(string(), { set: true }),
    routes: list(
      object(each(string(), "cidrBlock", "ipv6CidrBlock", "destinationPrefixListId", ...TARGET_PROPERTIES)),
      {
        set: true,
      },
    ),
  },
  id: ec2Id("rtb"),
  nameless: true,
  outputs: { ...ec2Outputs("route-table"), routes: (inputs) => inputs.routes ?? [] },
  references: [
    { path: "vpcId", type: VPC, missing: vpcNotFound },
    ...TARGETS.map((target) => ({ ...target, path: `routes[*].${target.path}` })),
  ],
  taken: neverTaken,
  inUse: dependencyViolation("routeTable"),
};

function destination(inputs: LedgerEntry["inputs"]): string {
  const { destinationCidrBlock, destinationIpv6CidrBlock, destinationPrefixListId } = inputs;
  return String(destinationCidrBlock ?? destinationIpv6CidrBlock ?? destinationPrefixListId ?? "");
}

const route: AwsModel = {
  type: ROUTE,
  label: "EC2 Route",
  properties: {
    ...REGIONAL_UNTAGGED,
    routeTableId: string({ required: true, immutable: true }),
    ...each(string({ immutable: true }), "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
    ...each(string(), ...TARGET_PROPERTIES),
  },
  // The provider's id: "r-", the table's id and a checksum of the destination.
  id: (inputs, { digest }) =>
    `r-${textAt(inputs, "routeTableId") ?? ""}${Number.parseInt(digest("destination", 8), 16)}`,
  outputs: { region: regionOf, origin: () => "CreateRoute", state: () => "active" },
  references: [
    { path: "routeTableId", type: ROUTE_TABLE, missing: routeTableNotFound, onDelete: "cascade" },
    ...TARGETS,
  ],
  uniqueKey: ({ inputs, scope }) => `${scope} ${textAt(inputs, "routeTableId") ?? ""} ${destination(inputs)}`,
  taken: (inputs) => ({
    code: "RouteAlreadyExists",
    message: `The route identified by ${destination(inputs)} already exists.`,
  }),
  rules: [
    (inputs): Refusal | undefined => {
      if (destination(inputs) === "") {
        return { code: "MissingParameter", message: "The request must contain the parameter destinationCidrBlock." };
      }
      const targets = TARGET_PROPERTIES.filter((name) => inputs[name] !== undefined);
      if (targets.length === 1) return undefined;
      return {
        code: "InvalidParameterCombination",
        message: `A route needs exactly one target, found ${targets.length === 0 ? "none" : targets.join(", ")}.`,
      };
    },
  ],
};

const association: AwsModel = {
  type: ASSOCIATION,
  label: "EC2 Route Table Association",
  properties: {
    ...REGIONAL_UNTAGGED,
    routeTableId: string({ required: true }),
    ...each(string({ immutable: true }), "gatewayId", "subnetId"),
  },
  id: (_, { digest }) => `rtbassoc-0${digest("id", 16)}`,
  nameless: true,
  outputs: { region: regionOf },
  references: [
    { path: "routeTableId", type: ROUTE_TABLE, missing: routeTableNotFound },
    // A subnet takes its association along.
    { path: "subnetId", type: SUBNET, missing: subnetNotFound, onDelete: "cascade" },
  ],
  uniqueKey: ({ inputs, scope }) => {
    const subject = textAt(inputs, "subnetId") ?? textAt(inputs, "gatewayId");
    return subject === undefined ? undefined : `${scope} ${subject}`;
  },
  taken: (inputs) => ({
    code: "Resource.AlreadyAssociated",
    message: `the specified association for route table ${String(inputs.routeTableId)} conflicts with an existing association`,
  }),
};

/** Whether a subnet's route table leads straight to an internet gateway. */
export function isPublicSubnet(ledger: Ledger, subnetId: string, scope: string): boolean {
  const tables = ledger
    .list(ASSOCIATION)
    .filter((it) => it.scope === scope && it.inputs.subnetId === subnetId)
    .map((it) => it.inputs.routeTableId);
  return ledger
    .list(ROUTE)
    .some(
      (it) =>
        it.scope === scope &&
        tables.includes(it.inputs.routeTableId) &&
        (textAt(it.inputs, "gatewayId") ?? "").startsWith("igw-"),
    );
}

export const ROUTING_MODELS: readonly AwsModel[] = [eip, natGateway, routeTable, route, association];
