import type { RoleArgs } from "@pulumi/aws/iam";
import type { FederatedIdentityCredentialArgs } from "@pulumi/azure-native/managedidentity";
import type { Unwrap } from "@pulumi/pulumi";

import { anyOf, eachOf, type JsonNode, type Property } from "../property";
import { onType, type Problem, type Report, type Rule } from "../rule";
import { allowStatements, coversAction, isForEveryone } from "./iam-document";

/** A trust that matches a pattern is a trust in whoever can make a name that fits the pattern. */
export const iamTrustExact: Rule = {
  kind: "cloud",
  name: "iam-trust-exact",
  title: "Roles and identities trust exactly one kind of token",
  description:
    "A role that is assumed with a web identity names both the audience and the subject, by equality and without " +
    "wildcards; nobody is trusted as `*`. A federated credential has one subject and one audience.",
  level: "mandatory",
  references: ["CKV_AWS_60", "CKV_AWS_61"],
  checks: [
    onType<Unwrap<RoleArgs>>("aws:iam/role:Role", (role, report) => {
      eachOf(allowStatements(role.at("assumeRolePolicy")), (statement) => checkTrust(statement, report));
    }),
    onType<Unwrap<FederatedIdentityCredentialArgs>>(
      "azure-native:managedidentity:FederatedIdentityCredential",
      (credential, report) => {
        eachOf(
          [
            () => {
              const subject = credential.at("subject");
              const text = subject.text() ?? "";
              if (text !== "" && !hasWildcard(text)) return;
              const found = text === "" ? "nothing" : "a wildcard";
              report({ path: subject.path, found, allowed: "one exact subject", next: NAME_SUBJECT });
            },
            () => {
              const audiences = credential.at("audiences");
              const count = audiences.items().length;
              if (count === 1) return;
              const next =
                'Keep the audience that the pods\' tokens are made for, "api://AzureADTokenExchange" by default';
              report({ path: audiences.path, found: `${count} audiences`, allowed: "exactly one", next });
            },
          ],
          (check) => check(),
        );
      },
    ),
  ],
};

const NAME_SUBJECT = "Name the ServiceAccount, as in system:serviceaccount:<namespace>:<name>";

function checkTrust(statement: Property<JsonNode>, report: Report): void {
  eachOf([checkPrincipal, checkWebIdentity], (check) => check(statement, report));
}

function checkPrincipal(statement: Property<JsonNode>, report: Report): void {
  if (!isForEveryone(statement)) return;
  report({
    path: [...statement.path, "Principal"],
    found: "everyone",
    allowed: "named principals",
    next: "Name the accounts, services or identity provider that may assume the role",
  });
}

function checkWebIdentity(statement: Property<JsonNode>, report: Report): void {
  if (!coversAction(statement, "sts:AssumeRoleWithWebIdentity")) return;
  const condition = statement.at("Condition");
  eachOf([":aud", ":sub"], (claim) => {
    const problem = claimProblem(condition, claim);
    if (problem !== undefined) report(problem);
  });
}

/** Operators are compared exactly: `StringEqualsIfExists` and `ForAllValues:StringEquals` hold when a claim is absent. */
function claimProblem(condition: Property<JsonNode>, claim: string): Problem | undefined {
  const equals = condition.at("StringEquals");
  const exact = equals.keys().find((key) => isClaim(key, claim));
  const path = exact === undefined ? [...equals.path, `<issuer>${claim}`] : [...equals.path, exact];
  const next = claim === ":sub" ? NAME_SUBJECT : "Name the audience of the tokens, sts.amazonaws.com by default";

  const pattern = condition.keys().find((operator) => {
    return (
      /like/i.test(operator) &&
      condition
        .at(operator)
        .keys()
        .some((key) => isClaim(key, claim))
    );
  });
  if (pattern !== undefined) {
    const patternPath = [...condition.path, pattern];
    return { path: patternPath, found: `a pattern for ${claim}`, allowed: `StringEquals on ${claim}`, next };
  }
  if (exact === undefined) return { path, found: "nothing", allowed: "one exact value", next };
  const values = equals.at(exact).oneOrMany();
  if (values.length === 0) return { path, found: "nothing", allowed: "one exact value", next };
  if (anyOf(values.map((value) => () => hasWildcard(value.text() ?? "")))) {
    return { path, found: "a wildcard", allowed: "one exact value", next };
  }
  return undefined;
}

/** `oidc.eks.us-east-1.amazonaws.com/id/ABC:sub` for `:sub`. IAM compares condition keys without regard to case. */
function isClaim(key: string, claim: string): boolean {
  return key.toLowerCase().endsWith(claim);
}

function hasWildcard(text: string): boolean {
  return /[*?]/.test(text);
}
