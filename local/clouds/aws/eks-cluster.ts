import type { PropertyMap } from "../../protocol/property";
import { containsBlock, overlaps, parseCidr } from "../cidr";
import type { Refusal } from "../model";
import { textAt, textsAt, valueAt } from "../paths";
import { anything, boolean, each, list, object, string } from "../schema";
import { DEFAULT_KUBERNETES_VERSION, KUBELET_SKEW, KUBERNETES_VERSIONS, minorOf } from "../versions";
import { arn, byArn, REGIONAL, REGIONAL_OUTPUTS, regionOf, type AwsContext, type AwsModel } from "./common";
import { SECURITY_GROUP, securityGroupNotFound } from "./compute";
import { attachedPolicies, ROLE, roleArnReference, trustsService } from "./iam";
import { KMS_KEY } from "./kms";
import { SUBNET, VPC } from "./vpc";

export const EKS_CLUSTER = "aws:eks/cluster:Cluster";
export const EKS_NODE_GROUP = "aws:eks/nodeGroup:NodeGroup";
export const EKS_ADDON = "aws:eks/addon:Addon";
export const EKS_FARGATE_PROFILE = "aws:eks/fargateProfile:FargateProfile";

/** The modes in the only order in which a cluster may go through them. */
const AUTHENTICATION_MODES = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"] as const;

export const invalidParameter = (message: string): Refusal => ({ code: "InvalidParameterException", message });

export const clusterNotFound = (name: string): Refusal => ({
  code: "ResourceNotFoundException",
  message: `No cluster found for name: ${name}.`,
});

export const eksSubnetNotFound = (id: string): Refusal =>
  invalidParameter(
    `The subnet ID '${id}' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidSubnetID.NotFound)`,
  );

function roleRule(inputs: PropertyMap, context: AwsContext): Refusal | undefined {
  const role = context.ledger.list(ROLE).find((it) => byArn(it, String(inputs.roleArn)));
  if (role === undefined || context.old !== undefined) return undefined;
  if (!trustsService(role, "eks.amazonaws.com")) {
    return invalidParameter(
      `Role with arn: ${String(inputs.roleArn)}, could not be assumed because the trusted entity is not correct`,
    );
  }
  const needed = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
  if (attachedPolicies(context, role).includes(needed)) return undefined;
  return invalidParameter(
    "The provided role doesn't have the Amazon EKS Managed Policies associated with it. " +
      `Please ensure the following policies [${needed}] are attached`,
  );
}

/** IAM propagates for seconds; the provider asks again for two minutes (`internal/service/eks/cluster.go`). */
function propagationRule(inputs: PropertyMap, { ledger, old, isNew }: AwsContext): Refusal | undefined {
  const role = ledger.list(ROLE).find((it) => byArn(it, String(inputs.roleArn)));
  if (role === undefined || old !== undefined || !isNew(role)) return undefined;
  return { ...invalidParameter(`The role with name ${role.id} does not exist`), passesAfter: 10 };
}

function subnetsRule(inputs: PropertyMap, { ledger, scope }: AwsContext): Refusal | undefined {
  const subnets = textsAt(inputs, "vpcConfig.subnetIds[*]").map((id) => ledger.get(SUBNET, id, scope));
  if (new Set(subnets.map((it) => textAt(it?.outputs, "availabilityZone"))).size < 2) {
    return invalidParameter("Subnets specified must be in at least two different AZs");
  }
  if (new Set(subnets.map((it) => textAt(it?.inputs, "vpcId"))).size > 1) {
    return invalidParameter("Subnets are not all in the same VPC");
  }
  return undefined;
}

function endpointRule(inputs: PropertyMap): Refusal | undefined {
  const onPublic = valueAt(inputs, "vpcConfig.endpointPublicAccess") ?? true;
  const onPrivate = valueAt(inputs, "vpcConfig.endpointPrivateAccess") ?? false;
  if (onPublic === false && onPrivate === false)
    return invalidParameter("Private and public endpoint access cannot be false");
  return undefined;
}

function versionRule(inputs: PropertyMap, { old, ledger, scope, id }: AwsContext): Refusal | undefined {
  const version = textAt(inputs, "version");
  if (version === undefined) return undefined;
  if (!KUBERNETES_VERSIONS.includes(version)) {
    return invalidParameter(`unsupported Kubernetes version ${version}; supported: ${KUBERNETES_VERSIONS.join(", ")}`);
  }
  const before = textAt(old?.outputs, "version");
  const [from, to] = [minorOf(before), minorOf(version)];
  if (from === undefined || to === undefined || to === from) return undefined;
  if (to !== from + 1)
    return invalidParameter(`Unsupported Kubernetes minor version update from ${before} to ${version}`);
  const behind = ledger
    .list(EKS_NODE_GROUP)
    .filter((it) => it.scope === scope && it.inputs.clusterName === id)
    .filter((it) => to - (minorOf(textAt(it.outputs, "version")) ?? to) > KUBELET_SKEW)
    .map((it) => textAt(it.outputs, "nodeGroupName"));
  if (behind.length === 0) return undefined;
  return invalidParameter(
    `Nodegroups [${behind.join(", ")}] must be updated to match cluster version before updating cluster version`,
  );
}

function authenticationRule(inputs: PropertyMap, { old }: AwsContext): Refusal | undefined {
  const order: readonly (string | undefined)[] = AUTHENTICATION_MODES;
  const before = textAt(old?.outputs, "accessConfig.authenticationMode");
  const after = textAt(inputs, "accessConfig.authenticationMode") ?? before;
  if (before === undefined || order.indexOf(after) >= order.indexOf(before)) return undefined;
  return {
    code: "InvalidRequestException",
    message: `Unsupported authentication mode update from ${before} to ${after}`,
  };
}

/** "Within 10.0.0.0/8, 172.16.0.0/12, or 192.168.0.0/16", /24 to /12, and not the VPC's (`KubernetesNetworkConfigRequest`). */
function serviceCidrRule(inputs: PropertyMap, { ledger, scope }: AwsContext): Refusal | undefined {
  const text = textAt(inputs, "kubernetesNetworkConfig.serviceIpv4Cidr");
  if (text === undefined) return undefined;
  const block = parseCidr(text);
  const ranges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((range) => parseCidr(range)!);
  if (block === undefined || block.prefix < 12 || block.prefix > 24 || !ranges.some((it) => containsBlock(it, block))) {
    return invalidParameter(
      `serviceIpv4Cidr ${text} is not valid: it must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, between /24 and /12`,
    );
  }
  const subnet = ledger.get(SUBNET, textAt(inputs, "vpcConfig.subnetIds[0]") ?? "", scope);
  const vpc = ledger.get(VPC, textAt(subnet?.inputs, "vpcId") ?? "", scope);
  const network = parseCidr(textAt(vpc?.inputs, "cidrBlock") ?? "");
  if (network === undefined || !overlaps(network, block)) return undefined;
  return invalidParameter(`serviceIpv4Cidr ${text} overlaps with the CIDR block of the VPC ${vpc?.id}`);
}

function autoModeRule(inputs: PropertyMap, { old }: AwsContext): Refusal | undefined {
  const switches = [
    "computeConfig.enabled",
    "kubernetesNetworkConfig.elasticLoadBalancing.enabled",
    "storageConfig.blockStorage.enabled",
  ];
  const values = switches.map((path) => valueAt(inputs, path) ?? false);
  if (new Set(values).size > 1) {
    return invalidParameter(
      `For EKS Auto Mode, please ensure that all required configs, including ${switches.join(", ")} are all either fully enabled or fully disabled.`,
    );
  }
  if (values[0] !== true) return undefined;
  if ((valueAt(inputs, "accessConfig.authenticationMode") ?? "CONFIG_MAP") === "CONFIG_MAP") {
    return invalidParameter("EKS Auto Mode needs the authentication mode API or API_AND_CONFIG_MAP");
  }
  if (old === undefined && (inputs.bootstrapSelfManagedAddons ?? true) === true) {
    return invalidParameter("bootstrapSelfManagedAddons must be set to false when EKS Auto Mode is enabled");
  }
  return undefined;
}

/** Adding or changing is an update for some, a replacement for others: see `internal/service/eks/cluster.go` of the provider. */
function replaceWhen(olds: PropertyMap, news: PropertyMap): string[] {
  const paths: string[] = [];
  if (olds.encryptionConfig !== undefined && news.encryptionConfig === undefined) paths.push("encryptionConfig");
  const [before, after] = [textAt(olds, "computeConfig.nodeRoleArn"), textAt(news, "computeConfig.nodeRoleArn")];
  if (before !== undefined && after !== undefined && before !== after) paths.push("computeConfig.nodeRoleArn");
  return paths;
}

const cluster: AwsModel = {
  type: EKS_CLUSTER,
  label: "EKS Cluster",
  properties: {
    ...REGIONAL,
    name: string({
      immutable: true,
      pattern: {
        test: /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/,
        allowed: "1 to 100 letters, digits, - and _, beginning with a letter or digit",
      },
    }),
    roleArn: string({ required: true, immutable: true }),
    version: string(),
    accessConfig: object({
      authenticationMode: string({ oneOf: AUTHENTICATION_MODES }),
      bootstrapClusterCreatorAdminPermissions: boolean({ immutable: true }),
    }),
    bootstrapSelfManagedAddons: boolean({ immutable: true }),
    computeConfig: object({ enabled: boolean(), nodePools: list(string(), { set: true }), nodeRoleArn: string() }),
    controlPlaneScalingConfig: object({ tier: string() }),
    defaultAddonsToRemoves: list(string(), { set: true }),
    ...each(boolean(), "deletionProtection", "forceUpdateVersion"),
    enabledClusterLogTypes: list(
      string({ oneOf: ["api", "audit", "authenticator", "controllerManager", "scheduler"] }),
      { set: true },
    ),
    encryptionConfig: object({
      provider: object({ keyArn: string({ required: true, immutable: true }) }, { required: true }),
      resources: list(string({ oneOf: ["secrets"] }), { required: true, set: true }),
    }),
    ...each(anything(), "kubeApiServerConfig", "kubeControllerManagerConfig", "kubeSchedulerConfig"),
    kubernetesNetworkConfig: object({
      elasticLoadBalancing: object({ enabled: boolean() }),
      ipFamily: string({ immutable: true, oneOf: ["ipv4", "ipv6"] }),
      serviceIpv4Cidr: string({ immutable: true }),
      serviceIpv6Cidr: string({ immutable: true }),
    }),
    ...each(anything({ immutable: true }), "outpostConfig", "remoteNetworkConfig"),
    storageConfig: object({ blockStorage: object({ enabled: boolean() }) }),
    upgradePolicy: object({ supportType: string({ oneOf: ["STANDARD", "EXTENDED"] }) }),
    vpcConfig: object(
      {
        ...each(string(), "clusterSecurityGroupId", "controlPlaneEgressMode", "vpcId"),
        ...each(boolean(), "endpointPrivateAccess", "endpointPublicAccess"),
        ...each(list(string(), { set: true }), "publicAccessCidrs", "securityGroupIds"),
        subnetIds: list(string(), { required: true, set: true }),
      },
      { required: true },
    ),
    zonalShiftConfig: object({ enabled: boolean() }),
  },
  autoName: { property: "name" },
  id: (inputs) => String(inputs.name),
  outputs: {
    ...REGIONAL_OUTPUTS,
    arn: arn("eks", (_, { id }) => `cluster/${id}`),
    version: (inputs, { old }) => inputs.version ?? old?.outputs.version ?? DEFAULT_KUBERNETES_VERSION,
    platformVersion: () => "eks.12",
    status: () => "ACTIVE",
    createdAt: () => "2024-01-01T00:00:00Z",
    endpoint: (inputs, context) =>
      `https://${context.digest("endpoint", 32).toUpperCase()}.gr7.${regionOf(inputs, context)}.eks.amazonaws.com`,
    // EKS issuers end without a slash.
    identities: (inputs, context) => {
      const host = `oidc.eks.${regionOf(inputs, context)}.amazonaws.com`;
      return [{ oidcs: [{ issuer: `https://${host}/id/${context.digest("issuer", 32).toUpperCase()}` }] }];
    },
    certificateAuthority: (_, { digest }) => ({ data: certificateText(digest("certificate authority", 64)) }),
    "accessConfig.authenticationMode": (inputs, { old }) =>
      valueAt(inputs, "accessConfig.authenticationMode") ??
      valueAt(old?.outputs, "accessConfig.authenticationMode") ??
      "CONFIG_MAP",
    "kubernetesNetworkConfig.ipFamily": (inputs) => valueAt(inputs, "kubernetesNetworkConfig.ipFamily") ?? "ipv4",
    "kubernetesNetworkConfig.serviceIpv4Cidr": (inputs) =>
      valueAt(inputs, "kubernetesNetworkConfig.serviceIpv4Cidr") ?? "172.20.0.0/16",
    "upgradePolicy.supportType": (inputs) => valueAt(inputs, "upgradePolicy.supportType") ?? "EXTENDED",
    "vpcConfig.clusterSecurityGroupId": (_, { digest }) => `sg-0${digest("cluster security group", 16)}`,
    "vpcConfig.vpcId": (inputs, { ledger, scope }) =>
      valueAt(ledger.get(SUBNET, textAt(inputs, "vpcConfig.subnetIds[0]") ?? "", scope)?.inputs, "vpcId"),
    "vpcConfig.endpointPublicAccess": (inputs) => valueAt(inputs, "vpcConfig.endpointPublicAccess") ?? true,
    "vpcConfig.endpointPrivateAccess": (inputs) => valueAt(inputs, "vpcConfig.endpointPrivateAccess") ?? false,
    "vpcConfig.publicAccessCidrs": (inputs) => {
      if (valueAt(inputs, "vpcConfig.endpointPublicAccess") === false) return undefined;
      return valueAt(inputs, "vpcConfig.publicAccessCidrs") ?? ["0.0.0.0/0"];
    },
  },
  references: [
    roleArnReference("roleArn", (value) =>
      invalidParameter(`The role with name ${value.split("/").at(-1)} cannot be found.`),
    ),
    { path: "vpcConfig.subnetIds[*]", type: SUBNET, missing: eksSubnetNotFound },
    { path: "vpcConfig.securityGroupIds[*]", type: SECURITY_GROUP, missing: securityGroupNotFound },
    {
      path: "encryptionConfig.provider.keyArn",
      type: KMS_KEY,
      matches: byArn,
      missing: (value) =>
        invalidParameter(`The keyArn in encryptionConfig provider ${value} is invalid or does not exist`),
      // KMS schedules the deletion of keys whatever they encrypt.
      onDelete: "ignore",
    },
  ],
  taken: (_, other) => ({ code: "ResourceInUseException", message: `Cluster already exists with name: ${other.id}` }),
  rules: [
    propagationRule,
    roleRule,
    subnetsRule,
    endpointRule,
    versionRule,
    authenticationRule,
    serviceCidrRule,
    autoModeRule,
  ],
  inUse: (_, by) => ({
    code: "ResourceInUseException",
    message: by.some(({ type }) => type === EKS_FARGATE_PROFILE)
      ? "Cluster has Fargate profiles attached"
      : "Cluster has nodegroups attached",
  }),
  refuseDelete: (entry) =>
    entry.inputs.deletionProtection === true
      ? {
          code: "InvalidRequestException",
          message: `Cannot delete cluster ${entry.id}: deletion protection is enabled`,
        }
      : undefined,
  replaceWhen,
};

/** A certificate authority as EKS gives it: base64 of PEM text. Nothing verifies it, nothing may mistake it for a real one. */
function certificateText(digits: string): string {
  const body = Buffer.from(`simulated certificate authority ${digits}`).toString("base64");
  return Buffer.from(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`).toString("base64");
}

export const EKS_CLUSTER_MODELS: readonly AwsModel[] = [cluster];
