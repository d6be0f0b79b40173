import { UNKNOWN } from "../../../policy";
import { fail, PASS, undetermined, type Case } from "./case";

export const ROLE = "aws:iam/role:Role";
const CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential";
const ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/ABC";
const SUBJECT = "system:serviceaccount:shop:checkout";
const claims = (sub: string | string[]) => ({ [`${ISSUER}:aud`]: "sts.amazonaws.com", [`${ISSUER}:sub`]: sub });
export const web = (condition?: object) => ({
  Effect: "Allow",
  Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${ISSUER}` },
  Action: "sts:AssumeRoleWithWebIdentity",
  ...(condition === undefined ? {} : { Condition: condition }),
});
export const trust = (...statements: object[]) => ({ assumeRolePolicy: JSON.stringify({ Statement: statements }) });
const STATEMENT = "assumeRolePolicy.Statement[0]";
const NAME_SUBJECT = "Name the ServiceAccount, as in system:serviceaccount:<namespace>:<name>.";
const NAME_AUDIENCE = "Name the audience of the tokens, sts.amazonaws.com by default.";
export const noAudience = fail(
  `${STATEMENT}.Condition.StringEquals.<issuer>:aud: found nothing, allowed: one exact value. ${NAME_AUDIENCE}`,
);
export const noSubject = fail(
  `${STATEMENT}.Condition.StringEquals.<issuer>:sub: found nothing, allowed: one exact value. ${NAME_SUBJECT}`,
);
const pattern = (operator: string) =>
  fail(`${STATEMENT}.Condition.${operator}: found a pattern for :sub, allowed: StringEquals on :sub. ${NAME_SUBJECT}`);
const star = fail(
  `${STATEMENT}.Principal: found everyone, allowed: named principals. ` +
    "Name the accounts, services or identity provider that may assume the role.",
);

export const trustCases: readonly Case[] = [
  {
    title: "one ServiceAccount's token for one audience",
    type: ROLE,
    properties: trust(web({ StringEquals: claims(SUBJECT) })),
    expected: PASS,
  },
  {
    title: "two exact ServiceAccounts",
    type: ROLE,
    properties: trust(web({ StringEquals: claims([SUBJECT, `${SUBJECT}-2`]) })),
    expected: PASS,
  },
  {
    title: "a service role",
    type: ROLE,
    properties: trust({ Effect: "Allow", Principal: { Service: "eks.amazonaws.com" }, Action: "sts:AssumeRole" }),
    expected: PASS,
  },
  { title: "no condition", type: ROLE, properties: trust(web()), expected: [noAudience, noSubject] },
  {
    title: "no audience",
    type: ROLE,
    properties: trust(web({ StringEquals: { [`${ISSUER}:sub`]: SUBJECT } })),
    expected: [noAudience],
  },
  {
    title: "a wildcard in the subject",
    type: ROLE,
    properties: trust(web({ StringEquals: claims("system:serviceaccount:shop:*") })),
    expected: [
      fail(
        `${STATEMENT}.Condition.StringEquals.${ISSUER}:sub: found a wildcard, allowed: one exact value. ${NAME_SUBJECT}`,
      ),
    ],
  },
  {
    title: "a pattern for the subject",
    type: ROLE,
    properties: trust(
      web({
        StringEquals: { [`${ISSUER}:aud`]: "sts.amazonaws.com" },
        StringLike: { [`${ISSUER}:sub`]: "system:serviceaccount:shop:*" },
      }),
    ),
    expected: [pattern("StringLike")],
  },
  {
    title: "a pattern beside an exact subject",
    type: ROLE,
    properties: trust(
      web({ StringEquals: claims(SUBJECT), "ForAnyValue:StringLike": { [`${ISSUER}:sub`]: "system:*" } }),
    ),
    expected: [pattern("ForAnyValue:StringLike")],
  },
  {
    title: "an operator that holds when the claim is absent",
    type: ROLE,
    properties: trust(web({ StringEqualsIfExists: claims(SUBJECT) })),
    expected: [noAudience, noSubject],
  },
  {
    title: "web identity behind a wildcard action",
    type: ROLE,
    properties: trust({ ...web(), Action: ["sts:TagSession", "STS:AssumeRole*"] }),
    expected: [noAudience, noSubject],
  },
  {
    title: "everyone",
    type: ROLE,
    properties: trust({ Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" }),
    expected: [star],
  },
  {
    title: "a document that is an object, not text",
    type: ROLE,
    properties: {
      assumeRolePolicy: { Statement: { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" } },
    },
    expected: [
      fail(
        "assumeRolePolicy.Statement.Principal: found everyone, allowed: named principals. " +
          "Name the accounts, services or identity provider that may assume the role.",
      ),
    ],
  },
  {
    title: "a trust that waits for the cluster's issuer",
    type: ROLE,
    properties: { assumeRolePolicy: UNKNOWN },
    expected: [undetermined("iam-trust-exact", "assumeRolePolicy")],
  },
  {
    title: "one subject and one audience",
    type: CREDENTIAL,
    properties: { subject: SUBJECT, audiences: ["api://AzureADTokenExchange"], issuer: UNKNOWN },
    expected: PASS,
  },
  {
    title: "a wildcard subject and two audiences",
    type: CREDENTIAL,
    properties: { subject: "system:serviceaccount:*:checkout", audiences: ["a", "b"] },
    expected: [
      fail(`subject: found a wildcard, allowed: one exact subject. ${NAME_SUBJECT}`),
      fail(
        "audiences: found 2 audiences, allowed: exactly one. " +
          'Keep the audience that the pods\' tokens are made for, "api://AzureADTokenExchange" by default.',
      ),
    ],
  },
  {
    title: "an unknown subject and no audience",
    type: CREDENTIAL,
    properties: { subject: UNKNOWN },
    expected: [
      fail(
        "audiences: found 0 audiences, allowed: exactly one. " +
          'Keep the audience that the pods\' tokens are made for, "api://AzureADTokenExchange" by default.',
      ),
      undetermined("iam-trust-exact", "subject"),
    ],
  },
];
