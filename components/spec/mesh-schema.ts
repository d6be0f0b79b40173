import { z } from "zod";

import { isTrustDomain } from "../../smi/names";

const trustDomain = z.string().refine(isTrustDomain, 'a DNS name such as "cluster.local"').optional();

/** What a proxy makes of escaped slashes (`%2F`) in paths, before it compares them with rules. Repeated slashes are merged. */
const escapedSlashes = z.enum(["keep", "decode"]).optional();

const linkerdSchema = z.strictObject({
  kind: z.literal("linkerd"),
  /** Trust domain of every cluster in the mesh. Default: `cluster.local`. */
  trustDomain,
});

const istioSchema = z.strictObject({
  kind: z.literal("istio"),
  /** `sidecar`: a proxy in each pod. `ambient`: one on each node for connections, and waypoints for what rules say of requests. */
  mode: z.enum(["sidecar", "ambient"]),
  /** Release of Istio, at least one in which its access policies hold (see `planMesh`). Default: 1.30.3. */
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, 'a release such as "1.30.3"')
    .optional(),
  /** Trust domain of every cluster in the mesh. Default: `cluster.local`. */
  trustDomain,
  /**
   * `keep`: `/cart/..%2Fadmin` passes a rule for `/cart`, and warnings say so. `decode`: proxies compare and forward what it
   * stands for, which changes it for servers that tell `%2F` from `/`. Default: `keep`.
   */
  escapedSlashes,
});

const consulSchema = z.strictObject({
  kind: z.literal("consul"),
  /** Servers on each cluster, each with a volume of 10 GiB. Three survive the loss of one, five of two. Default: 3. */
  servers: z.literal([1, 3, 5]).optional(),
  /** As for Istio. */
  escapedSlashes,
});

/** The mesh of every cluster. Which one it is, is one word: rules and splits are the same for all. */
export const meshSchema = z.discriminatedUnion("kind", [linkerdSchema, istioSchema, consulSchema]);
