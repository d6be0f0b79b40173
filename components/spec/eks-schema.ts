import { z } from "zod";

import { clusterBase, keySchema, nodePool } from "./common-schema";

/** AWS services that a private subnet can reach without the internet, by the last part of their endpoint's name. */
const ENDPOINT_SERVICES = [
  "autoscaling",
  "ec2",
  "ecr.api",
  "ecr.dkr",
  "eks",
  "eks-auth",
  "elasticfilesystem",
  "elasticloadbalancing",
  "kms",
  "logs",
  "monitoring",
  "secretsmanager",
  "sqs",
  "ssm",
  "sts",
  "xray",
] as const;

export const eksSchema = z.strictObject({
  kind: z.literal("eks"),
  ...clusterBase,
  /** AWS region, e.g. `us-east-1`. */
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as "us-east-1"'),
  /** Letters of the availability zones, two to six. A new one moves no other's subnet. Default: `["a", "b"]`. */
  zones: z
    .array(z.string().regex(/^[a-f]$/, 'the letter of a zone such as "a"'))
    .min(2)
    .max(6)
    .optional(),
  /**
   * How nodes and pods reach the internet: through a NAT gateway with an Elastic IP in each zone, through one in the first
   * of `zones` (cheaper, and gone with that zone), or not at all. Default: `"per-zone"`.
   */
  egress: z.enum(["per-zone", "single", "none"]).optional(),
  /**
   * AWS services to reach inside the VPC, through interface endpoints. S3 always is, by a gateway endpoint; with
   * `egress: "none"`, so is everything that nodes and add-ons need. Default: none.
   */
  privateEndpoints: z.array(z.enum(ENDPOINT_SERVICES)).optional(),
  /** Managed node groups by name. */
  nodes: z.record(
    keySchema,
    z.strictObject({
      ...nodePool,
      /** EC2 instance types, several for spot. */
      instanceTypes: z.array(z.string().regex(/^[a-z0-9-]+\.[a-z0-9]+$/, 'an EC2 type such as "m7i.large"')).min(1),
    }),
  ),
});
