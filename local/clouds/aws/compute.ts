import type { PropertyMap } from "../../protocol/property";
import type { Refusal } from "../model";
import { textAt } from "../paths";
import { anything, boolean, each, json, list, map, number, object, string } from "../schema";
import { dependencyViolation, ec2Id, ec2NotFound, ec2Outputs, REGIONAL, regionOf, type AwsModel } from "./common";
import { ROUTE_TABLE } from "./routing";
import { SUBNET, subnetNotFound, VPC, vpcNotFound } from "./vpc";

export const LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate";
export const SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup";

export const securityGroupNotFound = (value: string): { readonly code: string; readonly message: string } => ({
  code: "InvalidGroup.NotFound",
  message: `The security group '${value}' does not exist`,
});

const rule = object({
  ...each(number({ required: true }), "fromPort", "toPort"),
  protocol: string({ required: true }),
  ...each(list(string(), { set: true }), "cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"),
  description: string(),
  self: boolean(),
});

const securityGroup: AwsModel = {
  type: SECURITY_GROUP,
  label: "EC2 Security Group",
  properties: {
    ...REGIONAL,
    name: string({ immutable: true }),
    namePrefix: string({ immutable: true }),
    // Changing the description replaces: EC2 has no call to change it.
    description: string({ immutable: true, default: "Managed by Pulumi" }),
    vpcId: string({ immutable: true }),
    ...each(list(rule, { set: true }), "egress", "ingress"),
    revokeRulesOnDelete: boolean(),
  },
  autoName: { property: "name" },
  id: ec2Id("sg"),
  nameless: true,
  outputs: {
    ...ec2Outputs("security-group"),
    name: (inputs, { digest }) => inputs.name ?? `${textAt(inputs, "namePrefix") ?? ""}${digest("name", 12)}`,
    egress: (inputs) => inputs.egress ?? [],
    ingress: (inputs) => inputs.ingress ?? [],
  },
  references: [
    { path: "vpcId", type: VPC, missing: vpcNotFound },
    { path: "ingress[*].securityGroups[*]", type: SECURITY_GROUP, missing: securityGroupNotFound },
    { path: "egress[*].securityGroups[*]", type: SECURITY_GROUP, missing: securityGroupNotFound },
  ],
  uniqueKey: ({ inputs, scope }) => {
    const name = textAt(inputs, "name");
    return name === undefined ? undefined : `${scope} ${textAt(inputs, "vpcId") ?? ""} ${name}`;
  },
  taken: (inputs) => ({
    code: "InvalidGroup.Duplicate",
    message: `The security group '${String(inputs.name)}' already exists for VPC '${String(inputs.vpcId)}'`,
  }),
  inUse: (entry) => ({ code: "DependencyViolation", message: `resource ${entry.id} has a dependent object` }),
};

/** Bytes of user data, before they are encoded (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html). */
const USER_DATA_LIMIT = 16_384;

function userDataRule(inputs: PropertyMap): Refusal | undefined {
  const encoded = textAt(inputs, "userData");
  if (encoded === undefined) return undefined;
  const data = Buffer.from(encoded, "base64");
  if (data.toString("base64") !== encoded) {
    return { code: "InvalidUserData.Malformed", message: "Invalid BASE64 encoding of user data." };
  }
  if (data.length <= USER_DATA_LIMIT) return undefined;
  return { code: "InvalidParameterValue", message: `User data is limited to ${USER_DATA_LIMIT} bytes` };
}

const launchTemplate: AwsModel = {
  type: LAUNCH_TEMPLATE,
  label: "EC2 Launch Template",
  properties: {
    ...REGIONAL,
    ...each(string({ immutable: true }), "name", "namePrefix"),
    ...each(
      string(),
      "description",
      "ebsOptimized",
      "imageId",
      "instanceInitiatedShutdownBehavior",
      "instanceType",
      "kernelId",
      "keyName",
      "ramDiskId",
      "userData",
    ),
    ...each(boolean(), "disableApiStop", "disableApiTermination", "updateDefaultVersion"),
    defaultVersion: number({ minimum: 1 }),
    blockDeviceMappings: list(
      object({
        ...each(string(), "deviceName", "noDevice", "virtualName"),
        ebs: object({
          ...each(string(), "deleteOnTermination", "encrypted", "kmsKeyId", "snapshotId", "volumeType"),
          ...each(number(), "iops", "throughput", "volumeInitializationRate", "volumeSize"),
        }),
      }),
    ),
    metadataOptions: object({
      httpEndpoint: string({ oneOf: ["enabled", "disabled"] }),
      httpTokens: string({ oneOf: ["optional", "required"] }),
      httpPutResponseHopLimit: number({ minimum: 1, maximum: 64 }),
      ...each(string({ oneOf: ["enabled", "disabled"] }), "httpProtocolIpv6", "instanceMetadataTags"),
    }),
    tagSpecifications: list(object({ resourceType: string(), tags: map() })),
    cpuOptions: object({
      ...each(string({ oneOf: ["enabled", "disabled"] }), "amdSevSnp", "nestedVirtualization"),
      coreCount: number({ minimum: 1 }),
      threadsPerCore: number({ minimum: 1, maximum: 2 }),
    }),
    ...each(
      anything(),
      "capacityReservationSpecification",
      "creditSpecification",
      "enclaveOptions",
      "hibernationOptions",
      "iamInstanceProfile",
      "instanceMarketOptions",
      "instanceRequirements",
      "maintenanceOptions",
      "monitoring",
      "networkPerformanceOptions",
      "placement",
      "privateDnsNameOptions",
    ),
    ...each(list(anything()), "licenseSpecifications", "networkInterfaces", "secondaryInterfaces"),
    ...each(list(string(), { set: true }), "securityGroupNames", "vpcSecurityGroupIds"),
  },
  autoName: { property: "name" },
  id: ec2Id("lt"),
  nameless: true,
  outputs: {
    ...ec2Outputs("launch-template"),
    name: (inputs, { digest }) => inputs.name ?? `${textAt(inputs, "namePrefix") ?? ""}${digest("name", 12)}`,
    // Each change makes a new version.
    latestVersion: (_, { old }) => Number(old?.outputs.latestVersion ?? 0) + 1,
    defaultVersion: (inputs, { old }) => {
      if (inputs.defaultVersion !== undefined) return inputs.defaultVersion;
      if (inputs.updateDefaultVersion === true) return Number(old?.outputs.latestVersion ?? 0) + 1;
      return old?.outputs.defaultVersion ?? 1;
    },
  },
  // The provider says so itself (`internal/service/ec2/ec2_launch_template.go`, `CustomizeDiff`).
  recomputed: ["latestVersion"],
  references: [
    { path: "vpcSecurityGroupIds[*]", type: SECURITY_GROUP, missing: securityGroupNotFound, onDelete: "ignore" },
  ],
  uniqueKey: ({ inputs, scope }) => (typeof inputs.name === "string" ? `${scope} ${inputs.name}` : undefined),
  taken: () => ({
    code: "InvalidLaunchTemplateName.AlreadyExistsException",
    message: "Launch template name already in use.",
  }),
  rules: [userDataRule],
};

const vpcEndpoint: AwsModel = {
  type: "aws:ec2/vpcEndpoint:VpcEndpoint",
  label: "EC2 VPC Endpoint",
  properties: {
    ...REGIONAL,
    vpcId: string({ required: true, immutable: true }),
    vpcEndpointType: string({
      immutable: true,
      oneOf: ["Gateway", "Interface", "GatewayLoadBalancer", "Resource", "ServiceNetwork"],
    }),
    ...each(
      string({ immutable: true }),
      "resourceConfigurationArn",
      "serviceName",
      "serviceNetworkArn",
      "serviceRegion",
    ),
    ...each(boolean(), "autoAccept", "privateDnsEnabled"),
    ipAddressType: string(),
    policy: json(),
    dnsOptions: anything(),
    subnetConfigurations: list(anything()),
    ...each(list(string(), { set: true }), "routeTableIds", "securityGroupIds", "subnetIds"),
  },
  id: ec2Id("vpce"),
  nameless: true,
  outputs: {
    ...ec2Outputs("vpc-endpoint"),
    state: () => "available",
    vpcEndpointType: (inputs) => inputs.vpcEndpointType ?? "Gateway",
    prefixListId: (inputs, { digest }) =>
      (inputs.vpcEndpointType ?? "Gateway") === "Gateway" ? `pl-${digest("prefix list", 8)}` : undefined,
    networkInterfaceIds: (inputs, { digest }) =>
      Array.isArray(inputs.subnetIds)
        ? inputs.subnetIds.map((_: unknown, index) => `eni-0${digest(`interface ${index}`, 16)}`)
        : [],
    dnsEntries: (inputs, { id }) =>
      inputs.vpcEndpointType === "Interface"
        ? [{ dnsName: `${id}.${textAt(inputs, "serviceName") ?? ""}`, hostedZoneId: "Z7HUB22UULQXV" }]
        : [],
  },
  references: [
    { path: "vpcId", type: VPC, missing: vpcNotFound },
    { path: "subnetIds[*]", type: SUBNET, missing: subnetNotFound },
    { path: "securityGroupIds[*]", type: SECURITY_GROUP, missing: securityGroupNotFound },
    {
      path: "routeTableIds[*]",
      type: ROUTE_TABLE,
      missing: ec2NotFound("InvalidRouteTableId", "routeTable"),
      onDelete: "ignore",
    },
  ],
  uniqueKey: ({ inputs, scope }) =>
    inputs.vpcEndpointType === "Interface" && inputs.privateDnsEnabled === true
      ? `${scope} ${String(inputs.vpcId)} ${String(inputs.serviceName)}`
      : undefined,
  taken: (inputs) => ({
    code: "InvalidParameter",
    message: `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${String(inputs.serviceName)} in the VPC ${String(inputs.vpcId)}`,
  }),
  rules: [
    (inputs, context) => {
      const service = textAt(inputs, "serviceName");
      if (service === undefined || new RegExp(`^(com|aws)\\.[a-z0-9.-]*${regionOf(inputs, context)}`).test(service))
        return undefined;
      return { code: "InvalidServiceName", message: `The Vpc Endpoint Service '${service}' does not exist` };
    },
  ],
  inUse: dependencyViolation("vpcEndpoint"),
};

export const COMPUTE_MODELS: readonly AwsModel[] = [securityGroup, launchTemplate, vpcEndpoint];
