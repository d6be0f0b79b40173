import type { Refusal } from "../model";
import { textAt } from "../paths";
import { boolean, each, json, number, string } from "../schema";
import { uuidOf } from "../identity";
import {
  arn,
  byArn,
  neverTaken,
  REGIONAL,
  REGIONAL_OUTPUTS,
  REGIONAL_UNTAGGED,
  regionOf,
  type AwsModel,
} from "./common";

export const KMS_KEY = "aws:kms/key:Key";
const LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup";

/** Days that CloudWatch Logs can keep events; 0 is for ever (API reference of PutRetentionPolicy). */
const RETENTION_DAYS: readonly number[] = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const key: AwsModel = {
  type: KMS_KEY,
  label: "KMS Key",
  properties: {
    ...REGIONAL,
    ...each(string({ immutable: true }), "customKeyStoreId", "customerMasterKeySpec", "keyUsage", "xksKeyId"),
    multiRegion: boolean({ immutable: true }),
    ...each(boolean(), "bypassPolicyLockoutSafetyCheck", "enableKeyRotation", "isEnabled"),
    deletionWindowInDays: number({ minimum: 7, maximum: 30 }),
    rotationPeriodInDays: number({ minimum: 90, maximum: 2560 }),
    description: string(),
    policy: json(),
  },
  id: (_, { digest }) => uuidOf(digest("key", 32)),
  nameless: true,
  outputs: {
    ...REGIONAL_OUTPUTS,
    arn: arn("kms", (_, { id }) => `key/${id}`),
    keyId: (_, { id }) => id,
    multiRegion: (inputs) => inputs.multiRegion ?? false,
    policy: (inputs, { settings }) =>
      inputs.policy ??
      JSON.stringify({
        Id: "key-default-1",
        Statement: [
          {
            Action: "kms:*",
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::${settings.account}:root` },
            Resource: "*",
            Sid: "Enable IAM User Permissions",
          },
        ],
        Version: "2012-10-17",
      }),
  },
  taken: neverTaken,
};

const alias: AwsModel = {
  type: "aws:kms/alias:Alias",
  label: "KMS Alias",
  properties: {
    ...REGIONAL_UNTAGGED,
    name: string({
      immutable: true,
      pattern: {
        test: /^alias\/(?!aws\/)[\w/-]+$/,
        allowed: "alias/ and letters, digits, /, _ or -, but not alias/aws/...",
      },
    }),
    namePrefix: string({ immutable: true }),
    targetKeyId: string({ required: true }),
  },
  autoName: { property: "name", transform: (name, suffix) => `alias/${name}-${suffix}` },
  id: (inputs, { digest }) =>
    textAt(inputs, "name") ?? `${textAt(inputs, "namePrefix") ?? "alias/"}${digest("name", 12)}`,
  outputs: {
    region: regionOf,
    arn: arn("kms", (_, { id }) => id),
    targetKeyArn: (inputs, { ledger, scope }) =>
      ledger
        .list(KMS_KEY)
        .find((it) => (it.id === inputs.targetKeyId && it.scope === scope) || byArn(it, String(inputs.targetKeyId)))
        ?.outputs.arn,
  },
  references: [
    {
      path: "targetKeyId",
      type: KMS_KEY,
      matches: (entry, value, from) => (entry.id === value && entry.scope === from.scope) || byArn(entry, value),
      missing: (value) => ({ code: "NotFoundException", message: `Key '${value}' does not exist` }),
      onDelete: "cascade",
    },
  ],
  taken: (_, other) => ({
    code: "AlreadyExistsException",
    message: `An alias with the name ${textAt(other.outputs, "arn") ?? other.id} already exists`,
  }),
};

const logGroup: AwsModel = {
  type: LOG_GROUP,
  label: "CloudWatch Logs Log Group",
  properties: {
    ...REGIONAL,
    name: string({
      immutable: true,
      pattern: { test: /^[\w./#-]{1,512}$/, allowed: "1 to 512 letters, digits and . - _ / #" },
    }),
    namePrefix: string({ immutable: true }),
    kmsKeyId: string(),
    logGroupClass: string({ immutable: true, oneOf: ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"] }),
    retentionInDays: number(),
    ...each(boolean(), "deletionProtectionEnabled", "skipDestroy"),
  },
  autoName: { property: "name" },
  id: (inputs, { digest }) => textAt(inputs, "name") ?? `${textAt(inputs, "namePrefix") ?? ""}${digest("name", 12)}`,
  outputs: {
    ...REGIONAL_OUTPUTS,
    name: (_, { id }) => id,
    arn: arn("logs", (_, { id }) => `log-group:${id}`),
    logGroupClass: (inputs) => inputs.logGroupClass ?? "STANDARD",
    retentionInDays: (inputs) => inputs.retentionInDays ?? 0,
  },
  references: [
    {
      path: "kmsKeyId",
      type: KMS_KEY,
      matches: byArn,
      missing: (value) => ({
        code: "InvalidParameterException",
        message: `The specified KMS key does not exist or is not allowed to be used with LogGroup: ${value}`,
      }),
      onDelete: "ignore",
    },
  ],
  taken: () => ({ code: "ResourceAlreadyExistsException", message: "The specified log group already exists" }),
  rules: [
    ({ retentionInDays = 0 }): Refusal | undefined => {
      if (RETENTION_DAYS.includes(Number(retentionInDays))) return undefined;
      return {
        code: "InvalidParameterException",
        message: `expected retention_in_days to be one of ${RETENTION_DAYS.join(", ")}, got ${String(retentionInDays)}`,
      };
    },
  ],
};

export const KMS_MODELS: readonly AwsModel[] = [key, alias, logGroup];
