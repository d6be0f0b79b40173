import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";

import { TRASH_PREFIX } from "../../mirror/run";
import type { AwsProvider } from "../providers";
import type { S3Plan } from "./plan";
import type { Guard } from "../waivers";
import type { GrantTarget, ObjectStore } from "./store";

export interface S3StoreArgs extends Guard {
  readonly plan: S3Plan;
  readonly retainDays: number;
  readonly provider: AwsProvider;
}

/** A private, versioned and encrypted S3 bucket that can be one side of a mirror. */
export class S3Store extends pulumi.ComponentResource implements ObjectStore {
  readonly url: string;
  readonly target: GrantTarget;

  constructor(
    name: string,
    { plan, retainDays, protect, waived, provider }: S3StoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("isthmus:storage:S3Store", name, { bucket: plan.name, region: plan.region }, opts);
    const children = { parent: this, provider };

    const bucket = new s3.Bucket(name, { ...waived, bucket: plan.name, forceDestroy: false }, { ...children, protect });
    const side = { bucket: bucket.bucket };
    const locked = new s3.BucketPublicAccessBlock(
      name,
      { ...side, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      children,
    );
    new s3.BucketOwnershipControls(name, { ...side, rule: { objectOwnership: "BucketOwnerEnforced" } }, children);
    const versioning = new s3.BucketVersioning(
      name,
      { ...side, versioningConfiguration: { status: "Enabled" } },
      children,
    );
    new s3.BucketServerSideEncryptionConfiguration(
      name,
      { ...side, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" }, bucketKeyEnabled: true }] },
      children,
    );
    new s3.BucketPolicy(
      name,
      { ...side, policy: bucket.arn.apply(denyPlainHttp) },
      // The policy names every principal in a Deny; applied first, the block would have to judge it.
      { ...children, dependsOn: [locked] },
    );
    new s3.BucketLifecycleConfiguration(
      name,
      {
        ...side,
        rules: [
          {
            id: "abort-uploads",
            status: "Enabled",
            filter: {},
            abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
          },
          {
            id: "expire-mirror-trash",
            status: "Enabled",
            filter: { prefix: `${TRASH_PREFIX}/` },
            expiration: { days: retainDays },
          },
          {
            id: "expire-old-versions",
            status: "Enabled",
            filter: {},
            noncurrentVersionExpiration: { noncurrentDays: retainDays },
          },
        ],
      },
      { ...children, dependsOn: [versioning] },
    );

    this.url = `s3://${plan.name}`;
    this.target = { cloud: "aws", bucketArn: bucket.arn, region: plan.region };
    this.registerOutputs({ url: this.url });
  }
}

function denyPlainHttp(arn: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "DenyPlainHttp",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [arn, `${arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}
