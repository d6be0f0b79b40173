import * as iam from "@pulumi/aws/iam";
import type * as pulumi from "@pulumi/pulumi";

import { stableJson } from "../../json";
import { roleName, type EksPlan } from "./plan";

/** What everything that an EKS cluster is made of is made with. */
export interface Site {
  /** Name of the component, which the names of its children begin with. */
  readonly name: string;
  readonly plan: EksPlan;
  /** Parent and provider of the children. */
  readonly opts: pulumi.CustomResourceOptions;
}

/** An IAM role for a service, with the attachments that make it useful. */
export interface ServiceRole {
  readonly name: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  readonly policies: readonly pulumi.Resource[];
}

/** Who may assume a role, and in whose name. */
export interface Trust {
  /** Principal of the service, e.g. `ec2.amazonaws.com`. */
  readonly service: string;
  readonly actions?: readonly string[];
  /** ARN, or pattern of ARNs, of what the service acts for: it cannot be talked into acting for another account's. */
  readonly sourceArn?: string;
}

/** Pods of this cluster, through the Pod Identity agent of their node. */
export function podIdentityTrust({ clusterArn }: EksPlan): Trust {
  return {
    service: "pods.eks.amazonaws.com",
    actions: ["sts:AssumeRole", "sts:TagSession"],
    sourceArn: clusterArn,
  };
}

/** @param managedPolicies names of AWS's own policies, with their path */
export function createRole(
  { name, plan, opts }: Site,
  purpose: string,
  trust: Trust,
  managedPolicies: readonly string[],
): ServiceRole {
  const role = new iam.Role(
    `${name}-${purpose}`,
    { name: roleName(plan, purpose), assumeRolePolicy: trustPolicy(trust, plan) },
    opts,
  );
  const policies = managedPolicies.map(
    (policy) =>
      new iam.RolePolicyAttachment(
        `${name}-${purpose}-${policy.split("/").at(-1)}`,
        { role: role.name, policyArn: `arn:${partitionOf(plan)}:iam::aws:policy/${policy}` },
        opts,
      ),
  );
  return { name: role.name, arn: role.arn, policies };
}

export function partitionOf({ clusterArn }: EksPlan): string {
  return clusterArn.split(":")[1]!;
}

export function accountOf({ clusterArn }: EksPlan): string {
  return clusterArn.split(":")[4]!;
}

function trustPolicy({ service, actions = ["sts:AssumeRole"], sourceArn }: Trust, plan: EksPlan): string {
  return stableJson({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: actions.length === 1 ? actions[0] : actions,
        ...(sourceArn !== undefined && {
          Condition: {
            StringEquals: { "aws:SourceAccount": accountOf(plan) },
            ArnLike: { "aws:SourceArn": sourceArn },
          },
        }),
      },
    ],
  });
}
