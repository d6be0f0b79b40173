import { z } from "zod";

import { clusterBase, nodePool } from "./common-schema";

export const aksSchema = z.strictObject({
  kind: z.literal("aks"),
  ...clusterBase,
  /** Azure location, e.g. `northeurope`. */
  location: z.string().regex(/^[a-z]+[a-z0-9]*$/, 'an Azure location such as "northeurope"'),
  /** The permanent system pool. Its size is fixed when the cluster is made. Default: 3 nodes of Standard_D4ds_v5. */
  system: z.strictObject({ vmSize: z.string(), count: z.int().min(1).max(10) }).optional(),
  /** User node pools by name: at most 12 lower-case letters and digits, Azure's limit. */
  nodes: z.record(
    z
      .string()
      .regex(/^[a-z][a-z0-9]{0,11}$/, "1 to 12 lower-case letters and digits, starting with a letter (Azure's limit)"),
    z.strictObject({
      ...nodePool,
      vmSize: z.string().regex(/^Standard_\w+$/, 'an Azure size such as "Standard_D4ds_v5"'),
    }),
  ),
});
