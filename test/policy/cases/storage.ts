import { UNKNOWN } from "../../../policy";
import { fail, PASS, undetermined, type Case } from "./case";

const BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
const ACCOUNT = "azure-native:storage:StorageAccount";
export const CONTAINER = "azure-native:storage:BlobContainer";
const closed = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };
const block = (key: string, found: string) =>
  fail(`${key}: found ${found}, allowed: true. Set all four blocks to true.`);
const acl = (found: string) =>
  fail(
    `acl: found "${found}", allowed: "private". Remove it, and give the reader's role access in the bucket's policy.`,
  );
const group = (path: string) =>
  fail(
    `${path}: found a group that is everyone, allowed: named grantees. ` +
      "Remove the grant, and give the reader's role access in the bucket's policy.",
  );
const everyone = (path: string) =>
  fail(
    `${path}: found everyone, without a condition, allowed: named principals, or a condition. ` +
      "Name the roles that may use the bucket.",
  );
const bucketPolicy = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const read = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
const ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers";

export const storageCases: readonly Case[] = [
  { title: "all four blocks", type: BLOCK, properties: closed, expected: PASS },
  {
    title: "one block off and one left out",
    type: BLOCK,
    properties: { ...closed, blockPublicPolicy: false, restrictPublicBuckets: undefined },
    expected: [block("blockPublicPolicy", "false"), block("restrictPublicBuckets", "nothing")],
  },
  {
    title: "one block unknown and a later one off",
    type: BLOCK,
    properties: { ...closed, blockPublicAcls: UNKNOWN, ignorePublicAcls: false },
    expected: [block("ignorePublicAcls", "false"), undetermined("storage-not-public", "blockPublicAcls")],
  },
  { title: "a bucket with nothing said", type: "aws:s3/bucket:Bucket", properties: {}, expected: PASS },
  {
    title: "a bucket with a public ACL",
    type: "aws:s3/bucket:Bucket",
    properties: { acl: "public-read" },
    expected: [acl("public-read")],
  },
  {
    title: "an old bucket with a public ACL",
    type: "aws:s3/bucketV2:BucketV2",
    properties: { acl: "public-read-write" },
    expected: [acl("public-read-write")],
  },
  { title: "a private ACL", type: "aws:s3/bucketAcl:BucketAcl", properties: { acl: "private" }, expected: PASS },
  {
    title: "an ACL for every AWS account",
    type: "aws:s3/bucketAcl:BucketAcl",
    properties: { acl: "authenticated-read" },
    expected: [acl("authenticated-read")],
  },
  {
    title: "a grant to everyone",
    type: "aws:s3/bucketAcl:BucketAcl",
    properties: { accessControlPolicy: { grants: [{ permission: "READ", grantee: { uri: ALL_USERS } }] } },
    expected: [group("accessControlPolicy.grants[0].grantee.uri")],
  },
  {
    title: "a bucket policy for one role",
    type: "aws:s3/bucketPolicy:BucketPolicy",
    properties: { policy: bucketPolicy({ ...read, Principal: { AWS: "arn:aws:iam::123456789012:role/reader" } }) },
    expected: PASS,
  },
  {
    title: "a bucket policy that denies everyone plain HTTP",
    type: "aws:s3/bucketPolicy:BucketPolicy",
    properties: { policy: bucketPolicy({ ...read, Effect: "Deny", Principal: "*" }) },
    expected: PASS,
  },
  {
    title: "a bucket policy for everyone on a condition",
    type: "aws:s3/bucketPolicy:BucketPolicy",
    properties: {
      policy: bucketPolicy({ ...read, Principal: "*", Condition: { StringEquals: { "aws:SourceVpce": "vpce-1" } } }),
    },
    expected: PASS,
  },
  {
    title: "bucket policies for everyone in each spelling",
    type: "aws:s3/bucketPolicy:BucketPolicy",
    properties: {
      policy: bucketPolicy(
        { ...read, Principal: "*" },
        { ...read, Principal: { AWS: ["arn:aws:iam::123456789012:root", "*"] }, Condition: {} },
        { ...read, NotPrincipal: { AWS: "arn:aws:iam::123456789012:root" } },
      ),
    },
    expected: [0, 1, 2].map((index) => everyone(`policy.Statement[${index}].Principal`)),
  },
  {
    title: "a bucket policy that is not JSON",
    type: "aws:s3/bucketPolicy:BucketPolicy",
    properties: { policy: "{ not json" },
    expected: [fail("policy: found text that is not JSON, allowed: a JSON document. Check the value's type.")],
  },
  {
    title: "a bucket policy that waits for a role's ARN",
    type: "aws:s3/bucketPolicy:BucketPolicy",
    properties: { policy: UNKNOWN },
    expected: [undetermined("storage-not-public", "policy")],
  },
  { title: "a closed storage account", type: ACCOUNT, properties: { allowBlobPublicAccess: false }, expected: PASS },
  {
    title: "a storage account that says nothing",
    type: "azure-native:storage/v20240101:StorageAccount",
    properties: {},
    expected: [
      fail(
        "allowBlobPublicAccess: found nothing, allowed: false. Set it to false; what is left out depends on the age of the account.",
      ),
    ],
  },
  {
    title: "a storage account that is not decided yet",
    type: ACCOUNT,
    properties: { allowBlobPublicAccess: UNKNOWN },
    expected: [undetermined("storage-not-public", "allowBlobPublicAccess")],
  },
  { title: "a container with nothing said", type: CONTAINER, properties: {}, expected: PASS },
  { title: "a private container", type: CONTAINER, properties: { publicAccess: "None" }, expected: PASS },
  {
    title: "a public container",
    type: CONTAINER,
    properties: { publicAccess: "Blob" },
    expected: [
      fail(
        'publicAccess: found "Blob", allowed: "None". Remove it, and give the reader\'s identity a role on the container.',
      ),
    ],
  },
];
