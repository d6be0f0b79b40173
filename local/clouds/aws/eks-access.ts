import type { PropertyMap } from "../../protocol/property";
import type { Reference, Refusal } from "../model";
import { textAt, textsAt, valueAt, valuesAt } from "../paths";
import { boolean, json, list, object, string } from "../schema";
import {
  arn,
  byArn,
  REGIONAL,
  REGIONAL_OUTPUTS,
  REGIONAL_UNTAGGED,
  regionOf,
  type AwsContext,
  type AwsModel,
} from "./common";
import { EKS_CLUSTER, invalidParameter } from "./eks-cluster";
import { clusterReference } from "./eks-nodes";
import { callerArn } from "./functions";
import { ROLE, roleArnReference, trustsService } from "./iam";

const ACCESS_ENTRY = "aws:eks/accessEntry:AccessEntry";

/** Access policies of EKS (`arn:aws:eks::aws:cluster-access-policy/...`). */
const ACCESS_POLICIES: readonly string[] = [
  "AmazonAIOpsAssistantPolicy",
  "AmazonEKSAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSAutoNodePolicy",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSHybridPolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSViewPolicy",
];

/** Entries of nodes: EKS gives them their groups, and they take no policies. */
const NODE_ENTRIES: readonly string[] = ["EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX"];

function apiModeRule(inputs: PropertyMap, { ledger, scope }: AwsContext): Refusal | undefined {
  const cluster = ledger.get(EKS_CLUSTER, String(inputs.clusterName), scope);
  if (textAt(cluster?.outputs, "accessConfig.authenticationMode") !== "CONFIG_MAP") return undefined;
  return {
    code: "InvalidRequestException",
    message:
      "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
  };
}

const principalInvalid = (value: string): Refusal =>
  invalidParameter(`The specified principalArn is invalid: invalid principal (${value} does not exist)`);

const accessEntry: AwsModel = {
  type: ACCESS_ENTRY,
  label: "EKS Access Entry",
  properties: {
    ...REGIONAL,
    clusterName: string({ required: true, immutable: true }),
    principalArn: string({ required: true, immutable: true }),
    kubernetesGroups: list(string(), { set: true }),
    type: string({ immutable: true, oneOf: ["STANDARD", "EC2", ...NODE_ENTRIES] }),
    userName: string(),
  },
  id: (inputs) => `${String(inputs.clusterName)}:${String(inputs.principalArn)}`,
  outputs: {
    ...REGIONAL_OUTPUTS,
    accessEntryArn: arn("eks", (inputs, { digest, settings }) => {
      const principal = String(inputs.principalArn).split(":").at(-1);
      return `access-entry/${String(inputs.clusterName)}/${principal?.replace("/", `/${settings.account}/`)}/${digest("arn", 8)}`;
    }),
    type: (inputs) => inputs.type ?? "STANDARD",
    userName: (inputs) => inputs.userName ?? inputs.principalArn,
    kubernetesGroups: (inputs) => inputs.kubernetesGroups ?? [],
    createdAt: () => "2024-01-01T00:00:00Z",
    modifiedAt: () => "2024-01-01T00:00:00Z",
  },
  references: [clusterReference, roleArnReference("principalArn", principalInvalid)],
  taken: () => ({
    code: "ResourceInUseException",
    message: "The specified access entry resource is already in use on this cluster.",
  }),
  rules: [
    apiModeRule,
    ({ principalArn }): Refusal | undefined =>
      /^arn:aws:iam::\d{12}:(user|role)\/.+$/.test(String(principalArn))
        ? undefined
        : principalInvalid(String(principalArn)),
    ({ type, kubernetesGroups }): Refusal | undefined =>
      NODE_ENTRIES.includes(String(type)) && Array.isArray(kubernetesGroups) && kubernetesGroups.length > 0
        ? invalidParameter(`The access entry type ${String(type)} does not support Kubernetes groups`)
        : undefined,
    ({ kubernetesGroups }): Refusal | undefined => {
      const reserved = textsAt({ kubernetesGroups }, "kubernetesGroups[*]").find((group) =>
        group.startsWith("system:"),
      );
      if (reserved === undefined) return undefined;
      return invalidParameter(`The kubernetes group name ${reserved} is invalid, it cannot start with system:`);
    },
    ({ principalArn }, { ledger, isNew, old }): Refusal | undefined => {
      const role = ledger.list(ROLE).find((it) => byArn(it, String(principalArn)));
      if (role === undefined || old !== undefined || !isNew(role)) return undefined;
      // The provider asks again while IAM propagates (`internal/service/eks/access_entry.go`).
      return { ...principalInvalid(String(principalArn)), passesAfter: 10 };
    },
    // EKS itself made this entry when it made the cluster.
    ({ clusterName, principalArn }, { ledger, scope, settings, old }): Refusal | undefined => {
      const cluster = ledger.get(EKS_CLUSTER, String(clusterName), scope);
      const bootstrapped = valueAt(cluster?.inputs, "accessConfig.bootstrapClusterCreatorAdminPermissions") ?? true;
      if (old !== undefined || bootstrapped === false || principalArn !== callerArn(settings)) return undefined;
      return {
        code: "ResourceInUseException",
        message: "The specified access entry resource is already in use on this cluster.",
      };
    },
  ],
};

/** The entry that a policy is associated with; it takes the association along. */
const entryReference: Reference = {
  path: "principalArn",
  type: ACCESS_ENTRY,
  matches: (entry, value, from) =>
    entry.scope === from.scope && entry.id === `${String(from.inputs.clusterName)}:${value}`,
  missing: () => ({
    code: "ResourceNotFoundException",
    message:
      "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
  }),
  onDelete: "cascade",
};

const accessPolicyAssociation: AwsModel = {
  type: "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  label: "EKS Access Policy Association",
  properties: {
    ...REGIONAL_UNTAGGED,
    accessScope: object(
      {
        type: string({ required: true, oneOf: ["cluster", "namespace"], immutable: true }),
        namespaces: list(string(), { set: true, immutable: true }),
      },
      { required: true },
    ),
    clusterName: string({ required: true, immutable: true }),
    policyArn: string({ required: true, immutable: true }),
    principalArn: string({ required: true, immutable: true }),
  },
  id: (inputs) => `${String(inputs.clusterName)}#${String(inputs.principalArn)}#${String(inputs.policyArn)}`,
  outputs: { region: regionOf, associatedAt: () => "2024-01-01T00:00:00Z", modifiedAt: () => "2024-01-01T00:00:00Z" },
  references: [clusterReference, entryReference],
  taken: (_, other) => ({
    code: "ResourceInUseException",
    message: `The access policy is already associated: ${other.id}`,
  }),
  rules: [
    apiModeRule,
    ({ policyArn }): Refusal | undefined => {
      const name = /^arn:aws:eks::aws:cluster-access-policy\/(\w+)$/.exec(String(policyArn))?.[1];
      if (name !== undefined && ACCESS_POLICIES.includes(name)) return undefined;
      return invalidParameter(
        `The policyArn ${String(policyArn)} is invalid; access policies: ${ACCESS_POLICIES.join(", ")}`,
      );
    },
    (inputs): Refusal | undefined => {
      const namespaces = valuesAt(inputs, "accessScope.namespaces[*]").length;
      const kind = valueAt(inputs, "accessScope.type");
      if (kind === "namespace" && namespaces === 0)
        return invalidParameter("Access scope of type namespace needs at least one namespace");
      if (kind === "cluster" && namespaces > 0)
        return invalidParameter("Access scope of type cluster takes no namespaces");
      return undefined;
    },
    (inputs, { ledger, scope }): Refusal | undefined => {
      const entry = ledger.get(ACCESS_ENTRY, `${String(inputs.clusterName)}:${String(inputs.principalArn)}`, scope);
      const type = textAt(entry?.outputs, "type") ?? "STANDARD";
      if (!NODE_ENTRIES.includes(type)) return undefined;
      return {
        code: "InvalidRequestException",
        message: `The access entry type ${type} does not support access policies`,
      };
    },
  ],
};

const podIdentityAssociation: AwsModel = {
  type: "aws:eks/podIdentityAssociation:PodIdentityAssociation",
  label: "EKS Pod Identity Association",
  properties: {
    ...REGIONAL,
    clusterName: string({ required: true, immutable: true }),
    namespace: string({ required: true, immutable: true }),
    serviceAccount: string({ required: true, immutable: true }),
    roleArn: string({ required: true }),
    targetRoleArn: string(),
    disableSessionTags: boolean(),
    policy: json(),
  },
  id: (_, { digest }) => `a-${digest("id", 17)}`,
  nameless: true,
  outputs: {
    ...REGIONAL_OUTPUTS,
    associationId: (_, { id }) => id,
    associationArn: arn("eks", (inputs, { id }) => `podidentityassociation/${String(inputs.clusterName)}/${id}`),
    disableSessionTags: (inputs) => inputs.disableSessionTags ?? false,
    externalId: (inputs, { digest }) => (inputs.targetRoleArn === undefined ? undefined : digest("external id", 32)),
  },
  references: [
    clusterReference,
    roleArnReference("roleArn", (value) => invalidParameter(`Role provided in the request does not exist: ${value}`)),
  ],
  uniqueKey: ({ inputs, scope }) =>
    [scope, inputs.clusterName, inputs.namespace, inputs.serviceAccount].map((part) => String(part)).join(" "),
  taken: (_, other) => ({ code: "ResourceInUseException", message: `Association already exists: ${other.id}` }),
  rules: [
    (inputs, { ledger }): Refusal | undefined => {
      const role = ledger.list(ROLE).find((it) => byArn(it, String(inputs.roleArn)));
      if (role === undefined || trustsService(role, "pods.eks.amazonaws.com")) return undefined;
      return invalidParameter(
        `Trust policy of role ${String(inputs.roleArn)} must allow pods.eks.amazonaws.com to sts:AssumeRole and sts:TagSession`,
      );
    },
    (inputs): Refusal | undefined =>
      inputs.policy !== undefined && inputs.disableSessionTags !== true
        ? invalidParameter("An inline session policy needs disableSessionTags to be true")
        : undefined,
  ],
};

export const EKS_ACCESS_MODELS: readonly AwsModel[] = [accessEntry, accessPolicyAssociation, podIdentityAssociation];
