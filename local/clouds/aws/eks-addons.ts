import type { PropertyMap } from "../../protocol/property";
import type { Refusal } from "../model";
import { textsAt, valueAt } from "../paths";
import { boolean, each, list, object, string } from "../schema";
import { arn, byArn, REGIONAL, REGIONAL_OUTPUTS, type AwsContext, type AwsModel } from "./common";
import { EKS_ADDON, EKS_CLUSTER, EKS_FARGATE_PROFILE, EKS_NODE_GROUP, invalidParameter } from "./eks-cluster";
import { clusterReference } from "./eks-nodes";
import { ROLE, roleArnReference, trustsService } from "./iam";

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

/** Add-ons that are Deployments: without a node for their pods they stay DEGRADED, and the provider waits in vain. */
const NEEDS_NODES: readonly string[] = ["aws-ebs-csi-driver", "aws-efs-csi-driver", "coredns", "metrics-server"];

function capacityRule(inputs: PropertyMap, { ledger, scope, old }: AwsContext): Refusal | undefined {
  const cluster = ledger.get(EKS_CLUSTER, String(inputs.clusterName), scope);
  if (old !== undefined || cluster === undefined || !NEEDS_NODES.includes(String(inputs.addonName))) return undefined;
  const able = [EKS_NODE_GROUP, EKS_FARGATE_PROFILE].some((type) =>
    ledger.list(type).some((it) => it.scope === scope && it.inputs.clusterName === inputs.clusterName),
  );
  if (able || valueAt(cluster.inputs, "computeConfig.enabled") === true) return undefined;
  return {
    code: "InsufficientNumberOfReplicas",
    message:
      "The add-on is unhealthy because it doesn't have the desired number of replicas. " +
      "(timeout while waiting for state to become 'ACTIVE', last state: 'DEGRADED', timeout: 20m0s)",
  };
}

function identityRule(inputs: PropertyMap, { ledger }: AwsContext): Refusal | undefined {
  const arns = textsAt(inputs, "podIdentityAssociations[*].roleArn");
  const wrong = ledger
    .list(ROLE)
    .find((role) => arns.some((it) => byArn(role, it)) && !trustsService(role, "pods.eks.amazonaws.com"));
  if (wrong === undefined) return undefined;
  return invalidParameter(
    `Trust policy of role ${wrong.id} must allow pods.eks.amazonaws.com to sts:AssumeRole and sts:TagSession`,
  );
}

const addon: AwsModel = {
  type: EKS_ADDON,
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
    capacityRule,
    identityRule,
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

export const EKS_ADDON_MODELS: readonly AwsModel[] = [addon];
