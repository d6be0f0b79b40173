import { z } from "zod";

import { clusterBase, keySchema, nodePool } from "./common-schema";

export const eksSchema = z.strictObject({
  kind: z.literal("eks"),
  ...clusterBase,
  /** AWS region, e.g. `us-east-1`. */
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as "us-east-1"'),
  /** Letters of the availability zones, two or three. Default: `["a", "b"]`. */
  zones: z
    .array(z.string().regex(/^[a-f]$/, 'the letter of a zone such as "a"'))
    .min(2)
    .max(3)
    .optional(),
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
