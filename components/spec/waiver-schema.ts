import { z } from "zod";

/** Lets one cluster or bucket be replaced or deleted, until a day. */
export const waiverSchema = z.strictObject({
  /** Its path in the spec: `clusters.north` or `buckets.orders`. */
  resource: z.string(),
  /** Last day on which it holds, UTC: `2026-12-31`. At most 90 days ahead. */
  until: z.iso.date({ error: 'a day such as "2026-12-31"' }),
  /** Why, for whoever reads the spec: a sentence or a ticket. */
  reason: z.string().min(1),
});
