import type { PropertyMap } from "../../protocol/property";
import type { Refusal } from "../model";
import { textAt, textsAt } from "../paths";
import { quota } from "../rules";
import { each, list, map, object, string } from "../schema";
import { arn, byArn, REGIONAL, REGIONAL_OUTPUTS, type AwsContext, type AwsModel } from "./common";
import { clusterNotFound, EKS_CLUSTER, EKS_FARGATE_PROFILE, eksSubnetNotFound, invalidParameter } from "./eks-cluster";
import { attachedPolicies, ROLE, roleArnReference, trustsService } from "./iam";
import { isPublicSubnet } from "./routing";
import { SUBNET } from "./vpc";

function executionRoleRule(inputs: PropertyMap, context: AwsContext): Refusal | undefined {
  const role = context.ledger.list(ROLE).find((it) => byArn(it, String(inputs.podExecutionRoleArn)));
  if (role === undefined) return undefined;
  if (!trustsService(role, "eks-fargate-pods.amazonaws.com")) {
    return invalidParameter(
      "Misconfigured PodExecutionRole Trust Policy; Please add the eks-fargate-pods.amazonaws.com Service Principal",
    );
  }
  const needed = "arn:aws:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy";
  if (attachedPolicies(context, role).includes(needed)) return undefined;
  return invalidParameter(`The PodExecutionRole ${role.id} lacks the policy ${needed}`);
}

/** "Subnets ... must not have a direct route to an internet gateway" (EKS User Guide, Fargate profiles). */
function privateSubnetsRule(inputs: PropertyMap, { ledger, scope }: AwsContext): Refusal | undefined {
  const open = textsAt(inputs, "subnetIds[*]").find((id) => isPublicSubnet(ledger, id, scope));
  if (open === undefined) return undefined;
  return invalidParameter(`Subnet ${open} provided in Fargate Profile is not a private subnet`);
}

const fargateProfile: AwsModel = {
  type: EKS_FARGATE_PROFILE,
  label: "EKS Fargate Profile",
  properties: {
    ...REGIONAL,
    clusterName: string({ required: true, immutable: true }),
    fargateProfileName: string({
      immutable: true,
      pattern: {
        test: /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/,
        allowed: "1 to 100 letters, digits, - and _, beginning with a letter or digit",
      },
    }),
    podExecutionRoleArn: string({ required: true, immutable: true }),
    selectors: list(object({ ...each(string({ required: true }), "namespace"), labels: map() }), {
      required: true,
      immutable: true,
      set: true,
    }),
    subnetIds: list(string(), { immutable: true, set: true }),
  },
  autoName: { property: "fargateProfileName" },
  id: (inputs) => `${String(inputs.clusterName)}:${String(inputs.fargateProfileName)}`,
  outputs: {
    ...REGIONAL_OUTPUTS,
    arn: arn("eks", (_, { id, digest }) => `fargateprofile/${id.replace(":", "/")}/${digest("arn", 8)}`),
    status: () => "ACTIVE",
  },
  references: [
    { path: "clusterName", type: EKS_CLUSTER, missing: clusterNotFound },
    roleArnReference("podExecutionRoleArn", (value) =>
      invalidParameter(`The role with name ${value.split("/").at(-1)} cannot be found.`),
    ),
    { path: "subnetIds[*]", type: SUBNET, missing: eksSubnetNotFound },
  ],
  taken: (inputs) => ({
    code: "ResourceInUseException",
    message: `Fargate Profile already exists with this name ${textAt(inputs, "fargateProfileName")}`,
  }),
  rules: [
    executionRoleRule,
    privateSubnetsRule,
    ({ selectors }): Refusal | undefined => {
      const count = Array.isArray(selectors) ? selectors.length : 0;
      if (count >= 1 && count <= 5) return undefined;
      return invalidParameter(`Fargate profile takes 1 to 5 selectors, found ${count}`);
    },
    // Profiles of a cluster (EKS quotas).
    quota({
      type: EKS_FARGATE_PROFILE,
      limit: 10,
      by: (inputs, { scope }) => `${scope} ${textAt(inputs, "clusterName") ?? ""}`,
      refusal: (limit) => ({
        code: "ResourceLimitExceededException",
        message: `Cluster has reached its limit of ${limit} Fargate profiles`,
      }),
    }),
  ],
  // "If any Fargate profiles in a cluster are in the DELETING status, you must wait" (API reference, CreateFargateProfile).
  exclusive: (inputs) => ({
    key: `fargate ${textAt(inputs, "clusterName") ?? ""}`,
    refusal: {
      code: "ResourceInUseException",
      message: `Cannot create or delete a Fargate Profile because cluster ${textAt(inputs, "clusterName") ?? ""} currently has another in status CREATING or DELETING`,
    },
  }),
};

export const EKS_FARGATE_MODELS: readonly AwsModel[] = [fargateProfile];
