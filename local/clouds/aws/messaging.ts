import type { PropertyMap } from "../../protocol/property";
import type { LedgerEntry } from "../ledger";
import type { Refusal } from "../model";
import { textAt, textsAt } from "../paths";
import { quota } from "../rules";
import { anything, boolean, each, json, list, map, number, object, string } from "../schema";
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

const QUEUE = "aws:sqs/queue:Queue";
const EVENT_RULE = "aws:cloudwatch/eventRule:EventRule";
const EVENT_TARGET = "aws:cloudwatch/eventTarget:EventTarget";

const queueUrl = (name: string, { settings }: AwsContext, region: string): string =>
  `https://sqs.${region}.amazonaws.com/${settings.account}/${name}`;

/** Seconds and bytes of a queue: API reference of SetQueueAttributes. */
const queue: AwsModel = {
  type: QUEUE,
  label: "SQS Queue",
  properties: {
    ...REGIONAL,
    name: string({
      immutable: true,
      pattern: { test: /^[\w-]{1,80}(\.fifo)?$/, allowed: "1 to 80 letters, digits, - and _" },
    }),
    namePrefix: string({ immutable: true }),
    fifoQueue: boolean({ immutable: true }),
    ...each(boolean(), "contentBasedDeduplication", "sqsManagedSseEnabled"),
    ...each(string(), "deduplicationScope", "fifoThroughputLimit", "kmsMasterKeyId"),
    delaySeconds: number({ minimum: 0, maximum: 900 }),
    kmsDataKeyReusePeriodSeconds: number({ minimum: 60, maximum: 86_400 }),
    maxMessageSize: number({ minimum: 1024, maximum: 1_048_576 }),
    messageRetentionSeconds: number({ minimum: 60, maximum: 1_209_600 }),
    receiveWaitTimeSeconds: number({ minimum: 0, maximum: 20 }),
    visibilityTimeoutSeconds: number({ minimum: 0, maximum: 43_200 }),
    ...each(json(), "policy", "redriveAllowPolicy", "redrivePolicy"),
  },
  autoName: { property: "name" },
  id: (inputs, context) =>
    queueUrl(
      textAt(inputs, "name") ?? `${textAt(inputs, "namePrefix") ?? ""}${context.digest("name", 12)}`,
      context,
      regionOf(inputs, context),
    ),
  outputs: {
    ...REGIONAL_OUTPUTS,
    url: (_, { id }) => id,
    name: (_, { id }) => id.split("/").at(-1),
    arn: arn("sqs", (_, { id }) => id.split("/").at(-1) ?? ""),
  },
  taken: (_, other) => ({
    code: "QueueAlreadyExists",
    message: `A queue already exists with the same name and a different value for attribute(s): ${other.id.split("/").at(-1)}`,
  }),
  rules: [
    ({ sqsManagedSseEnabled, kmsMasterKeyId }): Refusal | undefined =>
      sqsManagedSseEnabled === true && kmsMasterKeyId !== undefined
        ? {
            code: "InvalidAttributeValue",
            message: "You can use one type of server-side encryption (SSE) at one time: SSE-SQS or SSE-KMS.",
          }
        : undefined,
  ],
};

const queuePolicy: AwsModel = {
  type: "aws:sqs/queuePolicy:QueuePolicy",
  label: "SQS Queue Policy",
  properties: {
    ...REGIONAL_UNTAGGED,
    policy: json({ required: true }),
    queueUrl: string({ required: true, immutable: true }),
  },
  id: (inputs) => String(inputs.queueUrl),
  outputs: { region: regionOf },
  references: [
    {
      path: "queueUrl",
      type: QUEUE,
      missing: () => ({
        code: "AWS.SimpleQueueService.NonExistentQueue",
        message: "The specified queue does not exist.",
      }),
      onDelete: "cascade",
    },
  ],
  taken: (inputs) => ({ code: "InvalidAttributeValue", message: `${String(inputs.queueUrl)} has a policy already` }),
  rules: [
    ({ policy }): Refusal | undefined => {
      const { Statement: statements } = JSON.parse(String(policy)) as PropertyMap;
      const valid = Array.isArray(statements) && statements.length > 0;
      return valid ? undefined : { code: "InvalidAttributeValue", message: "Invalid value for the parameter Policy." };
    },
  ],
};

const busOf = (inputs: PropertyMap): string => textAt(inputs, "eventBusName") ?? "default";

const eventRule: AwsModel = {
  type: EVENT_RULE,
  label: "EventBridge Rule",
  properties: {
    ...REGIONAL,
    name: string({
      immutable: true,
      pattern: { test: /^[\w.-]{1,64}$/, allowed: "1 to 64 letters, digits, and . - _" },
    }),
    ...each(string({ immutable: true }), "namePrefix", "eventBusName"),
    ...each(string(), "description", "roleArn", "scheduleExpression"),
    eventPattern: json(),
    ...each(boolean(), "forceDestroy", "isEnabled"),
    state: string({ oneOf: ["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"] }),
  },
  autoName: { property: "name" },
  id: (inputs, { digest }) => textAt(inputs, "name") ?? `${textAt(inputs, "namePrefix") ?? ""}${digest("name", 12)}`,
  outputs: {
    ...REGIONAL_OUTPUTS,
    name: (_, { id }) => id,
    eventBusName: busOf,
    arn: arn("events", (_, { id }) => `rule/${id}`),
  },
  taken: (_, other) => ({ code: "ResourceAlreadyExistsException", message: `Rule ${other.id} already exists.` }),
  rules: [
    (inputs): Refusal | undefined =>
      inputs.eventPattern === undefined && inputs.scheduleExpression === undefined
        ? { code: "ValidationException", message: "Parameter(s) EventPattern or ScheduleExpression must be specified." }
        : undefined,
    ({ eventPattern }): Refusal | undefined => {
      if (eventPattern === undefined) return undefined;
      const pattern = JSON.parse(String(eventPattern)) as PropertyMap;
      const field = Object.entries(pattern).find(([, value]) => typeof value !== "object" || value === null)?.[0];
      if (field === undefined) return undefined;
      return {
        code: "InvalidEventPatternException",
        message: `Event pattern is not valid. Reason: "${field}" must be an object or an array`,
      };
    },
  ],
  inUse: () => ({ code: "ValidationException", message: "Rule can't be deleted since it has targets." }),
};

const eventTarget: AwsModel = {
  type: EVENT_TARGET,
  label: "EventBridge Target",
  properties: {
    ...REGIONAL_UNTAGGED,
    arn: string({ required: true }),
    rule: string({ required: true, immutable: true }),
    ...each(string({ immutable: true }), "eventBusName", "targetId"),
    ...each(string(), "input", "inputPath", "roleArn"),
    forceDestroy: boolean(),
    inputTransformer: object({ inputPaths: map(), inputTemplate: string({ required: true }) }),
    ...each(
      anything(),
      "appsyncTarget",
      "batchTarget",
      "deadLetterConfig",
      "ecsTarget",
      "httpTarget",
      "kinesisTarget",
      "redshiftTarget",
      "retryPolicy",
      "sagemakerPipelineTarget",
      "sqsTarget",
    ),
    runCommandTargets: list(anything()),
  },
  autoName: { property: "targetId" },
  id: (inputs) =>
    `${busOf(inputs) === "default" ? "" : `${busOf(inputs)}-`}${String(inputs.rule)}-${String(inputs.targetId)}`,
  outputs: { region: regionOf, eventBusName: busOf },
  references: [
    {
      path: "rule",
      type: EVENT_RULE,
      missing: (value) => ({
        code: "ResourceNotFoundException",
        message: `Rule ${value} does not exist on EventBus default.`,
      }),
    },
    {
      path: "arn",
      type: QUEUE,
      applies: (value) => value.includes(":sqs:"),
      matches: byArn,
      missing: (value) => ({
        code: "ValidationException",
        message: `Provided Arn is not in correct format or does not exist: ${value}`,
      }),
      onDelete: "ignore",
    },
  ],
  taken: (_, other) => ({ code: "ConcurrentModificationException", message: `Target ${other.id} already exists.` }),
  // Targets of a rule (EventBridge quotas).
  rules: [
    quota({
      type: EVENT_TARGET,
      limit: 5,
      by: (inputs, { scope }: Pick<LedgerEntry, "scope">) =>
        `${scope} ${busOf(inputs)} ${textsAt(inputs, "rule").join("")}`,
      refusal: () => ({
        code: "LimitExceededException",
        message: "The requested resource exceeds the maximum number allowed.",
      }),
    }),
  ],
};

export const MESSAGING_MODELS: readonly AwsModel[] = [queue, queuePolicy, eventRule, eventTarget];
