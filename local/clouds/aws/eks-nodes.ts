import type { PropertyMap } from "../../protocol/property";
import type { Reference, Refusal } from "../model";
import { textAt, valueAt } from "../paths";
import { anything, boolean, each, list, map, number, object, string } from "../schema";
import { KUBELET_SKEW, minorOf } from "../versions";
import { arn, byArn, REGIONAL, REGIONAL_OUTPUTS, type AwsContext, type AwsModel } from "./common";
import { LAUNCH_TEMPLATE } from "./compute";
import { clusterNotFound, EKS_CLUSTER, EKS_NODE_GROUP, eksSubnetNotFound, invalidParameter } from "./eks-cluster";
import { attachedPolicies, ROLE, roleArnReference, trustsService } from "./iam";
import { SUBNET } from "./vpc";

/** Add-ons of EKS with the version that the simulation gives by default. */
const ADDONS: Readonly<Record<string, string>> = {
  "amazon-cloudwatch-observability": "v4.1.0-eksbuild.1",
  "aws-ebs-csi-driver": "v1.45.0-eksbuild.2",
  "aws-efs-csi-driver": "v2.1.8-eksbuild.1",
  "aws-guardduty-agent": "v1.10.0-eksbuild.2",
  "aws-mountpoint-s3-csi-driver": "v1.15.0-eksbuild.1",
  "cert-manager": "v1.18.2-eksbuild.2",
  coredns: "v1.12.3-eksbuild.1",
  "eks-node-monitoring-agent": "v1.3.0-eksbuild.2",
  "eks-pod-identity-agent": "v1.3.8-eksbuild.2",
  "external-dns": "v0.18.0-eksbuild.1",
  "kube-proxy": "v1.34.0-eksbuild.2",
  "kube-state-metrics": "v2.16.0-eksbuild.1",
  "metrics-server": "v0.8.0-eksbuild.1",
  "prometheus-node-exporter": "v1.9.1-eksbuild.3",
  "snapshot-controller": "v8.3.0-eksbuild.1",
  "vpc-cni": "v1.20.1-eksbuild.3",
};

/** Policies of which a node role needs one of each pair for its nodes to join. */
const NODE_POLICIES = [
  ["AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"],
  ["AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly"],
] as const;

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
    amiType: string({ immutable: true }),
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
  rules: [nodeRoleRule, scalingRule, nodeVersionRule],
};

const addon: AwsModel = {
  type: "aws:eks/addon:Addon",
  label: "EKS Add-On",
  properties: {
    ...REGIONAL,
    ...each(string({ required: true, immutable: true }), "addonName", "clusterName"),
    ...each(string(), "addonVersion", "configurationValues", "serviceAccountRoleArn"),
    namespaceConfig: object({ namespace: string() }, { immutable: true }),
    podIdentityAssociations: list(object(each(string({ required: true }), "roleArn", "serviceAccount")), { set: true }),
    preserve: boolean(),
    resolveConflictsOnCreate: string({ oneOf: ["NONE", "OVERWRITE"] }),
    resolveConflictsOnUpdate: string({ oneOf: ["NONE", "OVERWRITE", "PRESERVE"] }),
  },
  id: (inputs) => `${String(inputs.clusterName)}:${String(inputs.addonName)}`,
  outputs: {
    ...REGIONAL_OUTPUTS,
    arn: arn("eks", (_, { id, digest }) => `addon/${id.replace(":", "/")}/${digest("arn", 8)}`),
    addonVersion: (inputs, { old }) =>
      inputs.addonVersion ?? old?.outputs.addonVersion ?? ADDONS[String(inputs.addonName)],
    configurationValues: (inputs) => inputs.configurationValues ?? "",
    createdAt: () => "2024-01-01T00:00:00Z",
    modifiedAt: () => "2024-01-01T00:00:00Z",
  },
  references: [
    clusterReference,
    roleArnReference("serviceAccountRoleArn", (value) =>
      invalidParameter(`The role with name ${value.split("/").at(-1)} cannot be found.`),
    ),
    roleArnReference("podIdentityAssociations[*].roleArn", (value) =>
      invalidParameter(`The role with name ${value.split("/").at(-1)} cannot be found.`),
    ),
  ],
  taken: () => ({ code: "ResourceInUseException", message: "Addon already exists." }),
  rules: [
    ({ addonName }): Refusal | undefined =>
      ADDONS[String(addonName)] === undefined
        ? invalidParameter(
            `Addon specified is not supported: ${String(addonName)}; supported: ${Object.keys(ADDONS).join(", ")}`,
          )
        : undefined,
    ({ addonVersion }): Refusal | undefined =>
      addonVersion === undefined || /^v\d+\.\d+\.\d+-eksbuild\.\d+$/.test(String(addonVersion))
        ? undefined
        : invalidParameter(`Addon version specified is not supported: ${String(addonVersion)}`),
    ({ configurationValues }): Refusal | undefined => {
      try {
        if (typeof configurationValues === "string" && /^\s*[{[]/.test(configurationValues))
          JSON.parse(configurationValues);
        return undefined;
      } catch {
        return invalidParameter("ConfigurationValue provided in request is not supported: it is no valid JSON");
      }
    },
  ],
};

export const EKS_NODE_MODELS: readonly AwsModel[] = [nodeGroup, addon];
