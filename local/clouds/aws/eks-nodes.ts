import type { PropertyMap } from "../../protocol/property";
import type { Reference, Refusal } from "../model";
import { textAt, textsAt, valueAt } from "../paths";
import { quota } from "../rules";
import { anything, boolean, each, list, map, number, object, string } from "../schema";
import { KUBELET_SKEW, minorOf } from "../versions";
import { arn, byArn, REGIONAL, REGIONAL_OUTPUTS, type AwsContext, type AwsModel } from "./common";
import { LAUNCH_TEMPLATE } from "./compute";
import {
  clusterNotFound,
  EKS_ADDON,
  EKS_CLUSTER,
  EKS_NODE_GROUP,
  eksSubnetNotFound,
  invalidParameter,
} from "./eks-cluster";
import { attachedPolicies, ROLE, roleArnReference, trustsService } from "./iam";
import { SUBNET } from "./vpc";

/** Policies of which a node role needs one of each pair for its nodes to join. */
const NODE_POLICIES = [
  ["AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"],
  ["AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly"],
] as const;

/** API reference, `Nodegroup.amiType`, without those for Windows. */
const AMI_TYPES: readonly string[] = [
  "AL2_x86_64",
  "AL2_x86_64_GPU",
  "AL2_ARM_64",
  "CUSTOM",
  "BOTTLEROCKET_ARM_64",
  "BOTTLEROCKET_x86_64",
  "BOTTLEROCKET_ARM_64_FIPS",
  "BOTTLEROCKET_x86_64_FIPS",
  "BOTTLEROCKET_ARM_64_NVIDIA",
  "BOTTLEROCKET_x86_64_NVIDIA",
  "AL2023_x86_64_STANDARD",
  "AL2023_ARM_64_STANDARD",
  "AL2023_x86_64_NEURON",
  "AL2023_x86_64_NVIDIA",
  "AL2023_ARM_64_NVIDIA",
];

/** What belongs to a cluster and goes with it. */
export const clusterReference: Reference = {
  path: "clusterName",
  type: EKS_CLUSTER,
  missing: clusterNotFound,
  onDelete: "cascade",
};

function nodeRoleRule(inputs: PropertyMap, context: AwsContext): Refusal | undefined {
  const role = context.ledger.list(ROLE).find((it) => byArn(it, String(inputs.nodeRoleArn)));
  if (role === undefined || context.old !== undefined) return undefined;
  if (!trustsService(role, "ec2.amazonaws.com")) {
    return invalidParameter(
      "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of nodeRole " +
        String(inputs.nodeRoleArn),
    );
  }
  const attached = attachedPolicies(context, role).map((policy) => policy.split("/").at(-1));
  const missing = NODE_POLICIES.find((alternatives) => !alternatives.some((policy) => attached.includes(policy)));
  if (missing === undefined) return undefined;
  return {
    code: "NodeCreationFailure",
    message: `Instances failed to join the kubernetes cluster: the node role has none of the policies ${missing.join(", ")}`,
  };
}

/**
 * A node without a network plugin never becomes ready, and a plugin without its permissions never starts. Clusters that
 * were made with self-managed add-ons have a plugin that the simulation does not see.
 */
function networkRule(inputs: PropertyMap, context: AwsContext): Refusal | undefined {
  const { ledger, scope, old } = context;
  const cluster = ledger.get(EKS_CLUSTER, String(inputs.clusterName), scope);
  if (old !== undefined || cluster?.inputs.bootstrapSelfManagedAddons !== false) return undefined;
  const addonOf = (name: string) => ledger.get(EKS_ADDON, `${String(inputs.clusterName)}:${name}`, scope);
  const failed = (reason: string): Refusal => ({
    code: "NodeCreationFailure",
    message: `Unhealthy nodes in the kubernetes cluster: ${reason}`,
  });
  const plugin = addonOf("vpc-cni");
  if (plugin === undefined) return failed("container runtime network not ready: cni config uninitialized");
  const byIdentity = textsAt(plugin.inputs, "podIdentityAssociations[*].roleArn");
  if (byIdentity.length > 0 && addonOf("eks-pod-identity-agent") === undefined) {
    return failed("aws-node has a Pod Identity, and the add-on eks-pod-identity-agent is missing");
  }
  const roles = [textAt(inputs, "nodeRoleArn"), textAt(plugin.inputs, "serviceAccountRoleArn"), ...byIdentity];
  const able = ledger
    .list(ROLE)
    .filter((role) => roles.some((arn) => arn !== undefined && byArn(role, arn)))
    .some((role) => attachedPolicies(context, role).includes("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"));
  return able ? undefined : failed("aws-node is not authorized to perform: ec2:AssignPrivateIpAddresses");
}

/** What a launch template takes over (https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html). */
function templateRule({ launchTemplate, diskSize, remoteAccess }: PropertyMap): Refusal | undefined {
  if (launchTemplate === undefined) return undefined;
  if (diskSize !== undefined) return invalidParameter("Disk size must be specified within the launch template.");
  if (remoteAccess !== undefined)
    return invalidParameter("Remote access configuration cannot be specified with a launch template.");
  return undefined;
}

/** EKS adds a part of its own to the user data of Amazon Linux; that of Bottlerocket is TOML. */
function userDataRule(inputs: PropertyMap, { ledger, scope }: AwsContext): Refusal | undefined {
  const template = ledger.get(LAUNCH_TEMPLATE, textAt(inputs, "launchTemplate.id") ?? "", scope);
  const encoded = textAt(template?.inputs, "userData");
  const amiType = textAt(inputs, "amiType") ?? "AL2023_x86_64_STANDARD";
  if (encoded === undefined || !amiType.startsWith("AL2")) return undefined;
  if (/^Content-Type: multipart\//im.test(Buffer.from(encoded, "base64").toString())) return undefined;
  return {
    code: "Ec2LaunchTemplateInvalidConfiguration",
    message: "User data was not in the MIME multipart format.",
  };
}

/** Graviton types have a `g` behind their generation. */
function imageRule(inputs: PropertyMap): Refusal | undefined {
  const amiType = textAt(inputs, "amiType") ?? "AL2023_x86_64_STANDARD";
  const arm = amiType.includes("ARM_64");
  if (amiType === "CUSTOM") return undefined;
  const wrong = textsAt(inputs, "instanceTypes[*]").filter((type) => /^(a1|[a-z]+\d+g[a-z]*)\./.test(type) !== arm);
  if (wrong.length === 0) return undefined;
  return invalidParameter(`[${wrong.join(", ")}] is not a valid instance type for requested amiType ${amiType}`);
}

function updateRule(inputs: PropertyMap): Refusal | undefined {
  const given = ["maxUnavailable", "maxUnavailablePercentage"].filter(
    (name) => valueAt(inputs, `updateConfig.${name}`) !== undefined,
  );
  if (given.length < 2) return undefined;
  return invalidParameter("Only one of maxUnavailable and maxUnavailablePercentage can be specified");
}

function scalingRule(inputs: PropertyMap): Refusal | undefined {
  const [minimum, desired, maximum] = ["minSize", "desiredSize", "maxSize"].map((name) =>
    Number(valueAt(inputs, `scalingConfig.${name}`)),
  );
  if (minimum === undefined || desired === undefined || maximum === undefined) return undefined;
  if (minimum > desired)
    return invalidParameter(`Minimum capacity ${minimum} can't be greater than desired size ${desired}`);
  if (desired > maximum)
    return invalidParameter(`Desired capacity ${desired} can't be greater than max size ${maximum}`);
  return undefined;
}

function nodeVersionRule(inputs: PropertyMap, { ledger, scope, old }: AwsContext): Refusal | undefined {
  const version = textAt(inputs, "version");
  const [from, to] = [minorOf(textAt(old?.outputs, "version")), minorOf(version)];
  const clusterVersion = textAt(ledger.get(EKS_CLUSTER, String(inputs.clusterName), scope)?.outputs, "version");
  const control = minorOf(clusterVersion);
  if (version === undefined || control === undefined) return undefined;
  if (to === undefined || to > control || to < control - KUBELET_SKEW) {
    return invalidParameter(
      `Nodegroup Kubernetes version ${version} should be equal to, or up to ${KUBELET_SKEW} minor versions less than, ` +
        `cluster kubernetes version ${clusterVersion}`,
    );
  }
  if (from !== undefined && to < from) {
    return invalidParameter(
      `Nodegroup Kubernetes version cannot be downgraded from ${textAt(old?.outputs, "version")} to ${version}`,
    );
  }
  return undefined;
}

const subnetsReference: Reference = { path: "subnetIds[*]", type: SUBNET, missing: eksSubnetNotFound };

const launchTemplateNotFound = (value: string): Refusal => ({
  code: "InvalidRequestException",
  message: `Launch template details can't be found: ${value}`,
});

const nodeGroup: AwsModel = {
  type: EKS_NODE_GROUP,
  label: "EKS Node Group",
  properties: {
    ...REGIONAL,
    clusterName: string({ required: true, immutable: true }),
    nodeGroupName: string({
      immutable: true,
      pattern: {
        test: /^[0-9A-Za-z][A-Za-z0-9_-]{0,62}$/,
        allowed: "1 to 63 letters, digits, - and _, beginning with a letter or digit",
      },
    }),
    nodeGroupNamePrefix: string({ immutable: true }),
    nodeRoleArn: string({ required: true, immutable: true }),
    subnetIds: list(string(), { required: true, immutable: true, set: true }),
    amiType: string({ immutable: true, oneOf: AMI_TYPES }),
    capacityType: string({ immutable: true, oneOf: ["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"] }),
    diskSize: number({ immutable: true, minimum: 1 }),
    instanceTypes: list(
      string({ pattern: { test: /^[a-z0-9-]+\.[a-z0-9-]+$/, allowed: "an instance type such as m7g.large" } }),
      {
        immutable: true,
      },
    ),
    forceUpdateVersion: boolean(),
    labels: map(),
    launchTemplate: object({
      ...each(string({ immutable: true }), "id", "name"),
      version: string({ required: true }),
    }),
    nodeRepairConfig: object({
      enabled: boolean(),
      nodeRepairConfigOverrides: list(anything()),
      ...each(
        number(),
        "maxParallelNodesRepairedCount",
        "maxParallelNodesRepairedPercentage",
        "maxUnhealthyNodeThresholdCount",
        "maxUnhealthyNodeThresholdPercentage",
      ),
    }),
    remoteAccess: object(
      { ec2SshKey: string(), sourceSecurityGroupIds: list(string(), { set: true }) },
      { immutable: true },
    ),
    scalingConfig: object(each(number({ required: true, minimum: 0 }), "desiredSize", "maxSize", "minSize"), {
      required: true,
    }),
    taints: list(
      object({
        key: string({ required: true }),
        value: string(),
        effect: string({ required: true, oneOf: ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"] }),
      }),
      { set: true },
    ),
    updateConfig: object({ ...each(number(), "maxUnavailable", "maxUnavailablePercentage"), updateStrategy: string() }),
    ...each(string(), "releaseVersion", "version"),
    warmPoolConfig: anything(),
  },
  autoName: { property: "nodeGroupName" },
  // The name part comes from the prefix when there is one.
  id: (inputs, { digest }) =>
    `${String(inputs.clusterName)}:${textAt(inputs, "nodeGroupName") ?? `${textAt(inputs, "nodeGroupNamePrefix") ?? ""}${digest("name", 12)}`}`,
  outputs: {
    ...REGIONAL_OUTPUTS,
    nodeGroupName: (_, { id }) => id.slice(id.indexOf(":") + 1),
    arn: arn("eks", (_, { id, digest }) => `nodegroup/${id.replace(":", "/")}/${digest("arn", 8)}`),
    amiType: (inputs) => inputs.amiType ?? "AL2023_x86_64_STANDARD",
    capacityType: (inputs) => inputs.capacityType ?? "ON_DEMAND",
    diskSize: (inputs) => inputs.diskSize ?? (inputs.launchTemplate === undefined ? 20 : 0),
    instanceTypes: (inputs) => inputs.instanceTypes ?? (inputs.launchTemplate === undefined ? ["t3.medium"] : []),
    version: (inputs, { ledger, scope, old }) =>
      inputs.version ??
      old?.outputs.version ??
      ledger.get(EKS_CLUSTER, String(inputs.clusterName), scope)?.outputs.version,
    releaseVersion: (inputs, { digest }) =>
      inputs.releaseVersion ?? `${textAt(inputs, "version") ?? "latest"}-${digest("release", 8)}`,
    status: () => "ACTIVE",
    resources: (_, { id, digest }) => [
      {
        autoscalingGroups: [{ name: `eks-${id.slice(id.indexOf(":") + 1)}-${digest("group", 12)}` }],
        remoteAccessSecurityGroupId: "",
      },
    ],
  },
  references: [
    // A node group keeps its cluster from being deleted.
    { ...clusterReference, onDelete: "block" },
    roleArnReference("nodeRoleArn", (value) =>
      invalidParameter(`The role with name ${value.split("/").at(-1)} cannot be found.`),
    ),
    subnetsReference,
    { path: "launchTemplate.id", type: LAUNCH_TEMPLATE, missing: launchTemplateNotFound, onDelete: "ignore" },
    {
      path: "launchTemplate.name",
      type: LAUNCH_TEMPLATE,
      matches: (entry, value, from) => entry.scope === from.scope && textAt(entry.outputs, "name") === value,
      missing: launchTemplateNotFound,
      onDelete: "ignore",
    },
  ],
  taken: (inputs) => ({
    code: "ResourceInUseException",
    message: `NodeGroup already exists with name ${String(inputs.nodeGroupName)} and cluster name ${String(inputs.clusterName)}`,
  }),
  rules: [
    nodeRoleRule,
    networkRule,
    templateRule,
    userDataRule,
    imageRule,
    scalingRule,
    updateRule,
    nodeVersionRule,
    // Managed node groups of a cluster (EKS quotas).
    quota({
      type: EKS_NODE_GROUP,
      limit: 30,
      by: (inputs, { scope }) => `${scope} ${textAt(inputs, "clusterName") ?? ""}`,
      refusal: (limit) => ({
        code: "ResourceLimitExceededException",
        message: `Cluster has reached its limit of ${limit} managed node groups`,
      }),
    }),
  ],
};

export const EKS_NODE_MODELS: readonly AwsModel[] = [nodeGroup];
