import type { PropertyMap } from "../../protocol/property";
import type { CloudDefinition } from "../model";
import { textAt, valueAt } from "../paths";
import { anything, boolean, each, list, map, number, object, string } from "../schema";
import { EXAMPLE_ACCOUNT, type AwsModel, type AwsSettings } from "./common";
import { COMPUTE_MODELS } from "./compute";
import { EFS_MODELS } from "./efs";
import { EKS_ACCESS_MODELS } from "./eks-access";
import { EKS_ADDON_MODELS } from "./eks-addons";
import { EKS_CLUSTER_MODELS } from "./eks-cluster";
import { EKS_FARGATE_MODELS } from "./eks-fargate";
import { EKS_NODE_MODELS } from "./eks-nodes";
import { AWS_FUNCTIONS } from "./functions";
import { IAM_MODELS } from "./iam";
import { KMS_MODELS } from "./kms";
import { MESSAGING_MODELS } from "./messaging";
import { ROUTING_MODELS } from "./routing";
import { S3_MODELS } from "./s3";
import { VPC_MADE, VPC_MODELS } from "./vpc";

/** The simulated AWS. */
export const AWS: CloudDefinition<AwsSettings> = {
  pkg: "aws",
  version: "7.48.0",
  models: [
    ...VPC_MODELS,
    ...ROUTING_MODELS,
    ...COMPUTE_MODELS,
    ...EKS_CLUSTER_MODELS,
    ...EKS_NODE_MODELS,
    ...EKS_ADDON_MODELS,
    ...EKS_FARGATE_MODELS,
    ...EKS_ACCESS_MODELS,
    ...IAM_MODELS,
    ...KMS_MODELS,
    ...S3_MODELS,
    ...EFS_MODELS,
    ...MESSAGING_MODELS,
  ],
  made: VPC_MADE,
  functions: AWS_FUNCTIONS,
  config: {
    region: string({
      required: true,
      pattern: { test: /^[a-z]{2}(-[a-z]+)+-\d$/, allowed: "a region such as eu-west-1" },
    }),
    ...each(
      string(),
      "accessKey",
      "customCaBundle",
      "ec2MetadataServiceEndpoint",
      "ec2MetadataServiceEndpointMode",
      "httpProxy",
      "httpsProxy",
      "noProxy",
      "profile",
      "retryMode",
      "s3UsEast1RegionalEndpoint",
      "secretKey",
      "stsRegion",
      "tagPolicyCompliance",
      "token",
    ),
    ...each(
      list(),
      "allowedAccountIds",
      "forbiddenAccountIds",
      "sharedConfigFiles",
      "sharedCredentialsFiles",
      "userAgents",
    ),
    ...each(
      boolean(),
      "insecure",
      "s3UsePathStyle",
      "skipCredentialsValidation",
      "skipMetadataApiCheck",
      "skipRegionValidation",
      "skipRequestingAccountId",
      "useDualstackEndpoint",
      "useFipsEndpoint",
    ),
    ...each(number(), "maxRetries", "tokenBucketRateLimiterCapacity"),
    assumeRoles: list(anything()),
    assumeRoleWithWebIdentity: anything(),
    defaultTags: object({ tags: map() }),
    endpoints: anything(),
    ignoreTags: anything(),
  },
  replacingConfig: ["region"],
  settings: (config) => ({
    account:
      /^arn:aws:iam::(\d{12}):role\//.exec(textAt(config, "assumeRoles[0].roleArn") ?? "")?.[1] ?? EXAMPLE_ACCOUNT,
    region: textAt(config, "region") ?? "us-east-1",
    defaultTags: (valueAt(config, "defaultTags.tags") ?? {}) as PropertyMap,
  }),
  deletesFirst: "when-name-stays",
  scope: scopeOf,
  describe: ({ code, message }, { label }, doing, id) =>
    `${doing} ${label}${id === "" ? "" : ` (${id})`}: api error ${code}: ${message}`,
  modelsAt: "local/clouds/aws",
};

/** Bucket names are unique everywhere, IAM's in the account, all else in account and region. */
function scopeOf(model: AwsModel, inputs: PropertyMap, { account, region }: AwsSettings): string {
  if (model.type.startsWith("aws:s3/")) return "";
  return model.type.startsWith("aws:iam/") ? account : `${account}/${textAt(inputs, "region") ?? region}`;
}
