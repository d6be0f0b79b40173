import type { BucketAclArgs, BucketArgs, BucketPolicyArgs, BucketPublicAccessBlockArgs } from "@pulumi/aws/s3";
import type { BlobContainerArgs, StorageAccountArgs } from "@pulumi/azure-native/storage";
import type { Unwrap } from "@pulumi/pulumi";

import { eachOf, type Property } from "../property";
import { onType, type Report, type Rule } from "../rule";
import { allowStatements, isForEveryone } from "./iam-document";

const BLOCKS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"] as const;

/** `authenticated-read` is public too: anyone can have an AWS account. */
const PUBLIC_ACLS = ["public-read", "public-read-write", "authenticated-read"];

/** Groups of AWS's that are everyone, by the end of their URI. */
const PUBLIC_GROUPS = /\/groups\/global\/(AllUsers|AuthenticatedUsers)$/;

const PUBLIC_LEVELS = ["Blob", "Container"];

const aclChecks = ["aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2"].map((type) =>
  onType<Unwrap<BucketAclArgs>>(type, (acl, report) => {
    const grants = () => acl.at("accessControlPolicy").at("grants").items();
    eachOf(
      [
        () => checkAcl(acl.at("acl"), report),
        () => eachOf(grants(), (grant) => checkGroup(grant.at("grantee").at("uri"), report)),
      ],
      (check) => check(),
    );
  }),
);

const bucketChecks = ["aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"].map((type) =>
  onType<Unwrap<BucketArgs>>(type, (bucket, report) => {
    eachOf(
      [
        () => checkAcl(bucket.at("acl"), report),
        () => checkPolicy(bucket.at("policy"), report),
        () => eachOf(bucket.at("grants").items(), (grant) => checkGroup(grant.at("uri"), report)),
      ],
      (check) => check(),
    );
  }),
);

/** What is in a bucket or a container is read by those whom a rule of access names, never by anyone who asks. */
export const storageNotPublic: Rule = {
  kind: "cloud",
  name: "storage-not-public",
  title: "Buckets and containers are not public",
  description: "No bucket, storage account or container can be read or written without an identity.",
  level: "mandatory",
  references: [
    "CKV_AWS_20",
    "CKV_AWS_53",
    "CKV_AWS_54",
    "CKV_AWS_55",
    "CKV_AWS_56",
    "CKV_AWS_70",
    "CKV_AZURE_34",
    "CKV_AZURE_190",
    "AZU-0007",
  ],
  checks: [
    ...bucketChecks,
    ...aclChecks,
    onType<Unwrap<BucketPublicAccessBlockArgs>>(
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      (block, report) => {
        eachOf(BLOCKS, (key) => {
          const setting = block.at(key);
          if (setting.boolean() === true) return;
          report({ path: setting.path, found: setting.shown(), allowed: "true", next: "Set all four blocks to true" });
        });
      },
    ),
    onType<Unwrap<BucketPolicyArgs>>("aws:s3/bucketPolicy:BucketPolicy", (policy, report) => {
      checkPolicy(policy.at("policy"), report);
    }),
    onType<Unwrap<StorageAccountArgs>>("azure-native:storage:StorageAccount", (account, report) => {
      const allowed = account.at("allowBlobPublicAccess");
      if (allowed.boolean() === false) return;
      const next = "Set it to false; what is left out depends on the age of the account";
      report({ path: allowed.path, found: allowed.shown(), allowed: "false", next });
    }),
    onType<Unwrap<BlobContainerArgs>>("azure-native:storage:BlobContainer", (container, report) => {
      const access = container.at("publicAccess");
      if ((access.text() ?? "None") === "None") return;
      const next = "Remove it, and give the reader's identity a role on the container";
      report({ path: access.path, found: access.shown(PUBLIC_LEVELS), allowed: '"None"', next });
    }),
  ],
};

function checkAcl<T>(acl: Property<T>, report: Report): void {
  if (!PUBLIC_ACLS.includes(acl.text() ?? "private")) return;
  const next = "Remove it, and give the reader's role access in the bucket's policy";
  report({ path: acl.path, found: acl.shown(PUBLIC_ACLS), allowed: '"private"', next });
}

function checkGroup<T>(uri: Property<T>, report: Report): void {
  if (!PUBLIC_GROUPS.test(uri.text() ?? "")) return;
  const next = "Remove the grant, and give the reader's role access in the bucket's policy";
  report({ path: uri.path, found: "a group that is everyone", allowed: "named grantees", next });
}

function checkPolicy<T>(policy: Property<T>, report: Report): void {
  eachOf(allowStatements(policy), (statement) => {
    if (!isForEveryone(statement) || statement.at("Condition").keys().length > 0) return;
    report({
      path: [...statement.path, "Principal"],
      found: "everyone, without a condition",
      allowed: "named principals, or a condition",
      next: "Name the roles that may use the bucket",
    });
  });
}
