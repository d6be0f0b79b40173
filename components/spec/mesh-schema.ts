import { z } from "zod";

export const meshSchema = z.strictObject({
  kind: z.literal("linkerd"),
  /** Trust domain of every cluster in the mesh. Default: `cluster.local`. */
  trustDomain: z.string().optional(),
});
