/** Documents that let a Kubernetes ServiceAccount act in a cloud: pure functions over exact strings. */

/** A ServiceAccount, as every trust names it. */
export interface Subject {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** Audience of the token that each cloud's token service accepts. */
export const AUDIENCES = { aws: "sts.amazonaws.com", azure: "api://AzureADTokenExchange" } as const;

export type CloudName = keyof typeof AUDIENCES;

/** The `sub` claim of the ServiceAccount's tokens. */
export function subjectClaim({ namespace, serviceAccount }: Subject): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

/** Longest trust policy that IAM accepts without a quota increase, in characters. */
export const TRUST_POLICY_LIMIT = 2048;

/** Most federated credentials that a user-assigned identity can have (Azure/azure-workload-identity#575). */
export const FEDERATED_CREDENTIAL_LIMIT = 20;

/**
 * The trust policy of a role that one ServiceAccount may take from several clusters.
 *
 * The condition keys come from the provider's ARN and never from the issuer's URL, so that AKS's trailing slash is kept
 * exactly as IAM keeps it.
 *
 * @param providerArns ARNs of the clusters' IAM OIDC providers
 */
export function awsTrustPolicy(providerArns: readonly string[], subject: Subject): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: providerArns.map((arn) => {
      const issuer = arn.split(":oidc-provider/")[1];
      return {
        Effect: "Allow",
        Principal: { Federated: arn },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: { [`${issuer}:aud`]: AUDIENCES.aws, [`${issuer}:sub`]: subjectClaim(subject) },
        },
      };
    }),
  });
}

/**
 * Length of the longest trust policy that clusters can make.
 *
 * @param issuers the clusters' issuers, undefined where a cloud will say them: AKS's are the longest of those
 */
export function longestTrustPolicy(issuers: readonly (string | undefined)[], subject: Subject): number {
  const guid = "00000000-0000-0000-0000-000000000000";
  const longest = `https://switzerlandnorth.oic.prod-aks.azure.com/${guid}/${guid}/`;
  const arns = issuers.map(
    (issuer = longest) => `arn:aws:iam::000000000000:oidc-provider/${issuer.slice("https://".length)}`,
  );
  return awsTrustPolicy(arns, subject).length;
}

/** What may be done with the objects of a bucket. */
export type AccessLevel = "read" | "read-write";

/** Least privilege on S3 for each level, without `s3:*` and without changing the bucket itself. */
export function bucketStatements(bucketArn: string, level: AccessLevel): object[] {
  const objects =
    level === "read"
      ? ["s3:GetObject"]
      : ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"];
  const bucket = level === "read" ? ["s3:ListBucket"] : ["s3:ListBucket", "s3:ListBucketMultipartUploads"];
  return [
    { Effect: "Allow", Action: bucket, Resource: bucketArn },
    { Effect: "Allow", Action: objects, Resource: `${bucketArn}/*` },
  ];
}
