import type { Refusal } from "../model";
import { textAt } from "../paths";
import { anything, boolean, each, list, number, object, string } from "../schema";
import { arn, byArn, REGIONAL, REGIONAL_OUTPUTS, REGIONAL_UNTAGGED, regionOf, type AwsModel } from "./common";
import { SECURITY_GROUP, securityGroupNotFound } from "./compute";
import { KMS_KEY } from "./kms";
import { SUBNET, subnetNotFound } from "./vpc";

const FILE_SYSTEM = "aws:efs/fileSystem:FileSystem";
const MOUNT_TARGET = "aws:efs/mountTarget:MountTarget";

const fileSystem: AwsModel = {
  type: FILE_SYSTEM,
  label: "EFS File System",
  properties: {
    ...REGIONAL,
    ...each(string({ immutable: true }), "availabilityZoneName", "kmsKeyId"),
    creationToken: string({
      immutable: true,
      pattern: { test: /^.{1,64}$/, allowed: "1 to 64 characters" },
    }),
    encrypted: boolean({ immutable: true }),
    performanceMode: string({ immutable: true, oneOf: ["generalPurpose", "maxIO"] }),
    throughputMode: string({ oneOf: ["bursting", "provisioned", "elastic"] }),
    provisionedThroughputInMibps: number({ minimum: 1 }),
    lifecyclePolicies: list(anything()),
    protection: object({ replicationOverwrite: string() }),
  },
  id: (_, { digest }) => `fs-0${digest("id", 16)}`,
  nameless: true,
  outputs: {
    ...REGIONAL_OUTPUTS,
    arn: arn("elasticfilesystem", (_, { id }) => `file-system/${id}`),
    dnsName: (inputs, context) => `${context.id}.efs.${regionOf(inputs, context)}.amazonaws.com`,
    encrypted: (inputs) => inputs.encrypted ?? false,
    performanceMode: (inputs) => inputs.performanceMode ?? "generalPurpose",
    throughputMode: (inputs) => inputs.throughputMode ?? "bursting",
    numberOfMountTargets: () => 0,
  },
  references: [
    {
      path: "kmsKeyId",
      type: KMS_KEY,
      matches: byArn,
      missing: (value) => ({ code: "ValidationException", message: `The KMS key ${value} does not exist` }),
      onDelete: "ignore",
    },
  ],
  uniqueKey: ({ inputs, scope }) =>
    typeof inputs.creationToken === "string" ? `${scope} ${inputs.creationToken}` : undefined,
  taken: (_, other) => ({
    code: "FileSystemAlreadyExists",
    message: `File system '${other.id}' already exists with creation token '${textAt(other.inputs, "creationToken")}'`,
  }),
  rules: [
    ({ throughputMode, performanceMode, encrypted, kmsKeyId }): Refusal | undefined => {
      if (throughputMode === "elastic" && performanceMode === "maxIO") {
        return { code: "BadRequest", message: "Elastic throughput is not supported with performance mode maxIO." };
      }
      if (kmsKeyId !== undefined && encrypted !== true) {
        return { code: "BadRequest", message: "KmsKeyId can only be specified if Encrypted is true." };
      }
      return undefined;
    },
  ],
  inUse: (entry) => ({
    code: "FileSystemInUse",
    message: `File system '${entry.id}' has mount targets created in it.`,
  }),
};

const mountTarget: AwsModel = {
  type: MOUNT_TARGET,
  label: "EFS Mount Target",
  properties: {
    ...REGIONAL_UNTAGGED,
    ...each(string({ required: true, immutable: true }), "fileSystemId", "subnetId"),
    ...each(string({ immutable: true }), "ipAddress", "ipAddressType", "ipv6Address"),
    securityGroups: list(string(), { set: true }),
  },
  id: (_, { digest }) => `fsmt-0${digest("id", 16)}`,
  nameless: true,
  outputs: {
    region: regionOf,
    networkInterfaceId: (_, { digest }) => `eni-0${digest("interface", 16)}`,
    availabilityZoneName: (inputs, { ledger, scope }) =>
      textAt(ledger.get(SUBNET, textAt(inputs, "subnetId") ?? "", scope)?.outputs, "availabilityZone"),
    dnsName: (inputs, context) => `${String(inputs.fileSystemId)}.efs.${regionOf(inputs, context)}.amazonaws.com`,
  },
  references: [
    {
      path: "fileSystemId",
      type: FILE_SYSTEM,
      missing: (value) => ({ code: "FileSystemNotFound", message: `File system '${value}' does not exist.` }),
    },
    { path: "subnetId", type: SUBNET, missing: subnetNotFound },
    { path: "securityGroups[*]", type: SECURITY_GROUP, missing: securityGroupNotFound },
  ],
  taken: (_, other) => ({ code: "MountTargetConflict", message: `${other.id} exists already` }),
  rules: [
    (inputs, { ledger, scope, id }): Refusal | undefined => {
      const zoneOf = (subnetId: unknown): string | undefined =>
        textAt(ledger.get(SUBNET, String(subnetId), scope)?.outputs, "availabilityZone");
      const taken = ledger
        .list(MOUNT_TARGET)
        .some(
          (it) =>
            it.scope === scope &&
            it.id !== id &&
            it.inputs.fileSystemId === inputs.fileSystemId &&
            zoneOf(it.inputs.subnetId) === zoneOf(inputs.subnetId),
        );
      return taken ? { code: "MountTargetConflict", message: "mount target already exists in this AZ" } : undefined;
    },
  ],
};

export const EFS_MODELS: readonly AwsModel[] = [fileSystem, mountTarget];
