import fc from "fast-check";

import {
  awsTrustPolicy,
  bucketStatements,
  longestTrustPolicy,
  subjectClaim,
  type Subject,
} from "../../components/identity/trust";

const AKS =
  "northeurope.oic.prod-aks.azure.com/11111111-2222-4333-8444-555555555555/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee/";
const EKS = "oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
const arnOf = (issuer: string) => `arn:aws:iam::111122223333:oidc-provider/${issuer}`;

interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
}

/** What AWS's token service decides: some statement's provider is the issuer, and every condition is the claim, exactly. */
function mayAssume(policy: string, claims: Claims): boolean {
  const { Statement } = JSON.parse(policy) as {
    Statement: { Principal: { Federated: string }; Condition: { StringEquals: Record<string, string> } }[];
  };
  return Statement.some(({ Principal, Condition }) => {
    const issuer = Principal.Federated.split(":oidc-provider/")[1]!;
    const known: Record<string, string> = { [`${issuer}:aud`]: claims.aud, [`${issuer}:sub`]: claims.sub };
    return (
      `https://${issuer}` === claims.iss &&
      Object.entries(Condition.StringEquals).every(([key, value]) => known[key] === value)
    );
  });
}

const REPORTS: Subject = { namespace: "shop", serviceAccount: "reports" };
const claims: Claims = { iss: `https://${AKS}`, aud: "sts.amazonaws.com", sub: "system:serviceaccount:shop:reports" };

test("exactly the ServiceAccount, on exactly the trusted clusters, with exactly the audience may take the role", () => {
  const policy = awsTrustPolicy([arnOf(AKS), arnOf(EKS)], REPORTS);
  const value = (right: string, ...wrong: string[]) => fc.constantFrom(right, ...wrong);

  fc.assert(
    fc.property(
      value(`https://${AKS}`, `https://${EKS}`, `https://${AKS.slice(0, -1)}`, "https://evil.example/"),
      value("sts.amazonaws.com", "api://AzureADTokenExchange"),
      value(claims.sub, "system:serviceaccount:shop:report", "system:serviceaccount:other:reports"),
      (iss, aud, sub) => {
        const declared = [`https://${AKS}`, `https://${EKS}`].includes(iss) && aud === claims.aud && sub === claims.sub;
        expect(mayAssume(policy, { iss, aud, sub })).toBe(declared);
      },
    ),
  );
});

test("the slash at the end of AKS's issuer is in the condition keys", () => {
  expect(awsTrustPolicy([arnOf(AKS)], REPORTS)).toContain(`"${AKS}:sub":"system:serviceaccount:shop:reports"`);
});

test("the planned length is never below the real one", () => {
  for (const clusters of [1, 2, 3, 4]) {
    expect(longestTrustPolicy(Array<undefined>(clusters).fill(undefined), REPORTS)).toBeGreaterThanOrEqual(
      awsTrustPolicy(Array(clusters).fill(arnOf(AKS)), REPORTS).length,
    );
  }
});

test("reading a bucket includes nothing that changes it", () => {
  const actions = bucketStatements("arn:aws:s3:::orders", "read").flatMap(
    (statement) => (statement as { Action: string[] }).Action,
  );

  expect(actions).toEqual(["s3:ListBucket", "s3:GetObject"]);
  expect(JSON.stringify(bucketStatements("arn:aws:s3:::orders", "read-write"))).not.toContain('*",');
});

test("the subject is what Kubernetes puts into the token", () => {
  expect(subjectClaim(REPORTS)).toBe(claims.sub);
});
