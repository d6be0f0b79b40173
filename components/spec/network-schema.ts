import { z } from "zod";

import { cidr } from "./common-schema";

/** The address space of an environment. */
export const networkSchema = z.strictObject({
  /** Block that the clusters' blocks are numbered in, e.g. `10.0.0.0/10`: a cluster then says `block: 3` in place of a `cidr`. */
  supernet: cidr.optional(),
  /** Prefix length of a numbered block, 14 to 18. It can never change: every block would move. Default: 14. */
  blockPrefix: z.int().min(14).max(18).optional(),
  /** Blocks of other networks that will be reached from here, by peering or VPN: no cluster may overlap with one. */
  reserved: z.array(cidr).optional(),
});
