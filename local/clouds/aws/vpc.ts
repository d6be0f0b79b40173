import type { PropertyMap } from "../../protocol/property";
import { containsBlock, overlaps, parseCidr } from "../cidr";
import type { Referrer, Refusal } from "../model";
import { textAt } from "../paths";
import { boolean, each, number, string } from "../schema";
import {
  availabilityZones,
  dependencyViolation,
  ec2Id,
  ec2NotFound,
  ec2Outputs,
  neverTaken,
  REGIONAL,
  regionOf,
  type AwsContext,
  type AwsModel,
} from "./common";

export const VPC = "aws:ec2/vpc:Vpc";
export const SUBNET = "aws:ec2/subnet:Subnet";
export const INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway";
export const NAT_GATEWAY = "aws:ec2/natGateway:NatGateway";

export const vpcNotFound = ec2NotFound("InvalidVpcID", "vpc");
export const subnetNotFound = ec2NotFound("InvalidSubnetID", "subnet");

const vpc: AwsModel = {
  type: VPC,
  label: "EC2 VPC",
  properties: {
    ...REGIONAL,
    cidrBlock: string({ immutable: true }),
    instanceTenancy: string({ oneOf: ["default", "dedicated"] }),
    ...each(
      boolean(),
      "assignGeneratedIpv6CidrBlock",
      "enableDnsHostnames",
      "enableDnsSupport",
      "enableNetworkAddressUsageMetrics",
    ),
    ...each(string({ immutable: true }), "ipv4IpamPoolId"),
    ...each(number({ immutable: true }), "ipv4NetmaskLength"),
    ...each(string(), "ipv6CidrBlock", "ipv6CidrBlockNetworkBorderGroup", "ipv6IpamPoolId"),
    ipv6NetmaskLength: number(),
  },
  id: ec2Id("vpc"),
  nameless: true,
  outputs: {
    ...ec2Outputs("vpc"),
    enableDnsSupport: (inputs) => inputs.enableDnsSupport ?? true,
    enableDnsHostnames: (inputs) => inputs.enableDnsHostnames ?? false,
    defaultNetworkAclId: (_, { digest }) => `acl-0${digest("acl", 16)}`,
    defaultRouteTableId: (_, { digest }) => `rtb-0${digest("main route table", 16)}`,
    mainRouteTableId: (_, { digest }) => `rtb-0${digest("main route table", 16)}`,
    defaultSecurityGroupId: (_, { digest }) => `sg-0${digest("default security group", 16)}`,
    dhcpOptionsId: (_, context) => `dopt-0${context.digest("dhcp", 16)}`,
  },
  taken: neverTaken,
  rules: [
    ({ cidrBlock, ipv4IpamPoolId }): Refusal | undefined => {
      if (typeof cidrBlock !== "string") {
        if (typeof ipv4IpamPoolId === "string") return undefined;
        return { code: "MissingParameter", message: "Either 'cidrBlock' or 'ipv4IpamPoolId' must be provided." };
      }
      const block = parseCidr(cidrBlock);
      if (block !== undefined && block.prefix >= 16 && block.prefix <= 28) return undefined;
      return { code: "InvalidVpc.Range", message: `The CIDR '${cidrBlock}' is invalid.` };
    },
  ],
  inUse: dependencyViolation("vpc"),
};

const subnet: AwsModel = {
  type: SUBNET,
  label: "EC2 Subnet",
  properties: {
    ...REGIONAL,
    vpcId: string({ required: true, immutable: true }),
    ...each(
      string({ immutable: true }),
      "availabilityZone",
      "availabilityZoneId",
      "cidrBlock",
      "ipv4IpamPoolId",
      "ipv6IpamPoolId",
      "outpostArn",
    ),
    ...each(number({ immutable: true }), "ipv4NetmaskLength", "ipv6NetmaskLength"),
    ipv6Native: boolean({ immutable: true }),
    ...each(string(), "customerOwnedIpv4Pool", "ipv6CidrBlock", "privateDnsHostnameTypeOnLaunch"),
    enableLniAtDeviceIndex: number(),
    ...each(
      boolean(),
      "assignIpv6AddressOnCreation",
      "enableDns64",
      "enableResourceNameDnsARecordOnLaunch",
      "enableResourceNameDnsAaaaRecordOnLaunch",
      "mapCustomerOwnedIpOnLaunch",
      "mapPublicIpOnLaunch",
    ),
  },
  id: ec2Id("subnet"),
  nameless: true,
  outputs: {
    ...ec2Outputs("subnet"),
    availabilityZone: (inputs, context) => inputs.availabilityZone ?? `${regionOf(inputs, context)}a`,
    availabilityZoneId: (inputs, context) => {
      const region = regionOf(inputs, context);
      const zone = textAt(inputs, "availabilityZone") ?? `${region}a`;
      const [area = "", place = "", number = ""] = region.split("-");
      return `${area}${place.slice(0, 1)}${number}-az${zone.charCodeAt(zone.length - 1) - 96}`;
    },
    mapPublicIpOnLaunch: (inputs) => inputs.mapPublicIpOnLaunch ?? false,
    privateDnsHostnameTypeOnLaunch: (inputs) => inputs.privateDnsHostnameTypeOnLaunch ?? "ip-name",
  },
  references: [{ path: "vpcId", type: VPC, missing: vpcNotFound }],
  taken: neverTaken,
  rules: [zoneOfRegion, insideVpc, besideOthers],
  inUse: dependencyViolation("subnet"),
};

function zoneOfRegion(inputs: PropertyMap, context: AwsContext): Refusal | undefined {
  const zone = textAt(inputs, "availabilityZone");
  const zones = availabilityZones(regionOf(inputs, context));
  if (zone === undefined || zones.includes(zone)) return undefined;
  return {
    code: "InvalidParameterValue",
    message:
      `Value (${zone}) for parameter availabilityZone is invalid. ` +
      `Subnets can currently only be created in the following availability zones: ${zones.join(", ")}.`,
  };
}

function insideVpc(inputs: PropertyMap, { ledger, scope }: AwsContext): Refusal | undefined {
  const cidr = textAt(inputs, "cidrBlock");
  if (cidr === undefined) return undefined;
  const block = parseCidr(cidr);
  const vpcBlock = parseCidr(textAt(ledger.get(VPC, textAt(inputs, "vpcId") ?? "", scope)?.inputs, "cidrBlock") ?? "");
  const inside = block !== undefined && (vpcBlock === undefined || containsBlock(vpcBlock, block));
  if (inside && block.prefix >= 16 && block.prefix <= 28) return undefined;
  return { code: "InvalidSubnet.Range", message: `The CIDR '${cidr}' is invalid.` };
}

function besideOthers(inputs: PropertyMap, { ledger, scope, id }: AwsContext): Refusal | undefined {
  const cidr = textAt(inputs, "cidrBlock");
  const block = parseCidr(cidr ?? "");
  if (block === undefined) return undefined;
  const taken = ledger.list(SUBNET).some((other) => {
    if (other.scope !== scope || other.id === id || textAt(other.inputs, "vpcId") !== inputs.vpcId) return false;
    const theirs = parseCidr(textAt(other.inputs, "cidrBlock") ?? "");
    return theirs !== undefined && overlaps(theirs, block);
  });
  return taken
    ? { code: "InvalidSubnet.Conflict", message: `The CIDR '${cidr}' conflicts with another subnet` }
    : undefined;
}

const internetGateway: AwsModel = {
  type: INTERNET_GATEWAY,
  label: "EC2 Internet Gateway",
  properties: { ...REGIONAL, vpcId: string() },
  id: ec2Id("igw"),
  nameless: true,
  outputs: ec2Outputs("internet-gateway"),
  references: [{ path: "vpcId", type: VPC, missing: vpcNotFound }],
  taken: neverTaken,
  rules: [
    ({ vpcId }, { ledger, scope, id }): Refusal | undefined => {
      const other = ledger
        .list(INTERNET_GATEWAY)
        .find((it) => it.scope === scope && it.id !== id && vpcId !== undefined && it.inputs.vpcId === vpcId);
      if (other === undefined) return undefined;
      return {
        code: "InvalidParameterValue",
        message: `Network ${String(vpcId)} already has an internet gateway attached`,
      };
    },
  ],
  refuseDelete: (entry, { ledger, scope }): Refusal | undefined => {
    const mapped = ledger.list(NAT_GATEWAY).some((nat) => {
      const home = ledger.get(SUBNET, textAt(nat.inputs, "subnetId") ?? "", scope);
      return (
        nat.scope === scope && nat.inputs.connectivityType !== "private" && home?.inputs.vpcId === entry.inputs.vpcId
      );
    });
    if (!mapped) return undefined;
    return {
      code: "DependencyViolation",
      message:
        `Network ${String(entry.inputs.vpcId)} has some mapped public address(es). ` +
        "Please unmap those public address(es) before detaching the gateway.",
    };
  },
};

export const VPC_MODELS: readonly AwsModel[] = [vpc, subnet, internetGateway];

/** What services and controllers put into a network by themselves. */
export const VPC_MADE: readonly Referrer[] = [
  {
    type: "aws:ec2/networkInterface:NetworkInterface",
    references: [{ path: "subnetId", type: SUBNET, missing: subnetNotFound }],
  },
];
