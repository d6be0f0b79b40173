import type { PropertyMap } from "../../protocol/property";
import type { Reference, Refusal } from "../model";
import { textAt, textsAt, valueAt } from "../paths";
import { anything, boolean, each, json, list, number, object, string, type Properties } from "../schema";
import { byArn, REGIONAL, REGIONAL_UNTAGGED, regionOf, tagsAll, type AwsContext, type AwsModel } from "./common";
import { KMS_KEY } from "./kms";

const BUCKET = "aws:s3/bucket:Bucket";
const PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";

const noSuchBucket = (): Refusal => ({ code: "NoSuchBucket", message: "The specified bucket does not exist" });

/** S3's rules for bucket names. */
function bucketNameRule(_: PropertyMap, { id }: AwsContext): Refusal | undefined {
  const valid =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(id) &&
    !/\.\.|\.-|-\./.test(id) &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(id) &&
    !/^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(id);
  return valid ? undefined : { code: "InvalidBucketName", message: `The specified bucket is not valid: ${id}` };
}

const bucket: AwsModel = {
  type: BUCKET,
  label: "S3 Bucket",
  properties: {
    ...REGIONAL,
    ...each(string({ immutable: true }), "bucket", "bucketPrefix", "bucketNamespace"),
    objectLockEnabled: boolean({ immutable: true }),
    forceDestroy: boolean(),
    ...each(string(), "accelerationStatus", "acl", "requestPayer"),
    policy: json(),
    ...each(list(anything()), "corsRules", "grants", "lifecycleRules"),
    ...each(
      anything(),
      "logging",
      "objectLockConfiguration",
      "replicationConfiguration",
      "serverSideEncryptionConfiguration",
      "versioning",
      "website",
    ),
  },
  autoName: { property: "bucket", transform: (name, suffix) => `${name.toLowerCase().replaceAll("_", "-")}-${suffix}` },
  id: (inputs, { digest }) =>
    textAt(inputs, "bucket") ?? `${textAt(inputs, "bucketPrefix") ?? ""}${digest("name", 26)}`,
  outputs: {
    tagsAll,
    region: regionOf,
    bucketRegion: regionOf,
    bucket: (_, { id }) => id,
    arn: (_, { id }) => `arn:aws:s3:::${id}`,
    bucketDomainName: (_, { id }) => `${id}.s3.amazonaws.com`,
    bucketRegionalDomainName: (inputs, context) => `${context.id}.s3.${regionOf(inputs, context)}.amazonaws.com`,
    hostedZoneId: () => "Z3AQBSTGFYJSTF",
    objectLockEnabled: (inputs) => inputs.objectLockEnabled ?? false,
    requestPayer: (inputs) => inputs.requestPayer ?? "BucketOwner",
  },
  taken: () => ({
    code: "BucketAlreadyExists",
    message:
      "The requested bucket name is not available. The bucket namespace is shared by all users of the system. " +
      "Please select a different name and try again.",
  }),
  rules: [bucketNameRule],
};

/** What is set on a bucket has the bucket's id, and goes with it. */
const bucketReference: Reference = { path: "bucket", type: BUCKET, missing: noSuchBucket, onDelete: "cascade" };

function setting(
  type: string,
  label: string,
  properties: Properties,
  more: Partial<Pick<AwsModel, "outputs" | "references" | "rules">> = {},
): AwsModel {
  return {
    type,
    label,
    properties: { ...REGIONAL_UNTAGGED, bucket: string({ required: true, immutable: true }), ...properties },
    id: (inputs) => String(inputs.bucket),
    outputs: { region: regionOf, ...more.outputs },
    references: [bucketReference, ...(more.references ?? [])],
    taken: (_, other) => ({
      code: "OperationAborted",
      message: `Another resource holds this setting of the bucket ${other.id} already`,
    }),
    rules: more.rules,
  };
}

const versioning = setting(
  "aws:s3/bucketVersioning:BucketVersioning",
  "S3 Bucket Versioning",
  {
    expectedBucketOwner: string({ immutable: true }),
    mfa: string(),
    versioningConfiguration: object(
      {
        mfaDelete: string({ oneOf: ["Enabled", "Disabled"] }),
        status: string({ required: true, oneOf: ["Enabled", "Suspended", "Disabled"] }),
      },
      { required: true },
    ),
  },
  {
    rules: [
      (inputs, { old }): Refusal | undefined => {
        const [before, after] = [old?.inputs, inputs].map((it) => textAt(it, "versioningConfiguration.status"));
        if (before === undefined || before === "Disabled" || after !== "Disabled") return undefined;
        return {
          code: "InvalidBucketState",
          message: `versioning_configuration.status cannot be updated from '${before}' to 'Disabled'; suspend it instead`,
        };
      },
    ],
  },
);

const publicAccessBlock = setting(PUBLIC_ACCESS_BLOCK, "S3 Bucket Public Access Block", {
  ...each(
    boolean(),
    "blockPublicAcls",
    "blockPublicPolicy",
    "ignorePublicAcls",
    "restrictPublicBuckets",
    "skipDestroy",
  ),
});

const ownershipControls = setting(
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
  "S3 Bucket Ownership Controls",
  {
    rule: object(
      {
        objectOwnership: string({
          required: true,
          oneOf: ["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"],
        }),
      },
      { required: true },
    ),
  },
);

const encryption = setting(
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  "S3 Bucket Encryption",
  {
    expectedBucketOwner: string({ immutable: true }),
    rules: list(
      object({
        applyServerSideEncryptionByDefault: object({
          kmsMasterKeyId: string(),
          sseAlgorithm: string({ required: true, oneOf: ["AES256", "aws:kms", "aws:kms:dsse"] }),
        }),
        blockedEncryptionTypes: list(string()),
        bucketKeyEnabled: boolean(),
      }),
      { required: true, set: true },
    ),
  },
  {
    references: [
      {
        path: "rules[*].applyServerSideEncryptionByDefault.kmsMasterKeyId",
        type: KMS_KEY,
        applies: (value) => !value.includes("alias/"),
        matches: (entry, value) => entry.id === value || byArn(entry, value),
        missing: (value) => ({ code: "KMS.NotFoundException", message: `Key '${value}' does not exist` }),
        onDelete: "ignore",
      },
    ],
  },
);

function isPublic(policy: string): boolean {
  const document = JSON.parse(policy) as PropertyMap;
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement ?? null];
  return statements.some((statement) => {
    const everyone = [
      ...textsAt(statement, "Principal"),
      ...textsAt(statement, "Principal.AWS"),
      ...textsAt(statement, "Principal.AWS[*]"),
    ];
    return (
      textAt(statement, "Effect") === "Allow" && everyone.includes("*") && valueAt(statement, "Condition") === undefined
    );
  });
}

const policy = setting(
  "aws:s3/bucketPolicy:BucketPolicy",
  "S3 Bucket Policy",
  { policy: json({ required: true }) },
  {
    rules: [
      // New buckets block public policies until someone says otherwise (S3's default since April 2023).
      (inputs, { ledger, id }): Refusal | undefined => {
        const block = ledger.get(PUBLIC_ACCESS_BLOCK, id, "");
        const blocked = block === undefined || block.inputs.blockPublicPolicy === true;
        if (!blocked || !isPublic(String(inputs.policy))) return undefined;
        return {
          code: "AccessDenied",
          message: "public policies are blocked by the BlockPublicPolicy block public access setting",
        };
      },
    ],
  },
);

const lifecycle = setting(
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  "S3 Bucket Lifecycle Configuration",
  {
    expectedBucketOwner: string({ immutable: true }),
    rules: list(
      object({
        id: string({ required: true }),
        status: string({ required: true, oneOf: ["Enabled", "Disabled"] }),
        prefix: string(),
        filter: anything(),
        abortIncompleteMultipartUpload: object({ daysAfterInitiation: number({ minimum: 1 }) }),
        expiration: object({ date: string(), days: number({ minimum: 0 }), expiredObjectDeleteMarker: boolean() }),
        noncurrentVersionExpiration: object({
          newerNoncurrentVersions: number(),
          noncurrentDays: number({ required: true, minimum: 1 }),
        }),
        noncurrentVersionTransitions: list(anything()),
        transitions: list(anything()),
      }),
    ),
    timeouts: anything(),
    transitionDefaultMinimumObjectSize: string(),
  },
);

export const S3_MODELS: readonly AwsModel[] = [
  bucket,
  versioning,
  publicAccessBlock,
  ownershipControls,
  encryption,
  policy,
  lifecycle,
];
