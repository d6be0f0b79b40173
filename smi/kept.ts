/**
 * What a version cannot say, kept beside it when an object is converted: a reader of that version would otherwise take a
 * narrower rule for a wider one. Its value is a JSON object; see `convert`.
 */
export const KEPT_ANNOTATION = "smi.isthmus.dev/kept";

/** Fields that an earlier version lacks, or has in another form. */
export interface Kept {
  /** `destination.port` of a TrafficTarget, unknown since v1alpha3. */
  readonly port?: unknown;
  /** Headers of an HTTPRouteGroup's matches, unknown to v1alpha1; by the match's name, in their order. */
  readonly headers?: readonly { readonly name?: unknown; readonly headers: unknown }[];
  /** `spec` of a TCPRoute, whose ports are known since v1alpha4. */
  readonly spec?: unknown;
  /** `spec.matches` of a TrafficSplit, known since v1alpha3. */
  readonly matches?: unknown;
  /** Weights of a v1alpha1 TrafficSplit that are no integers, and the integers that stand for them since. */
  readonly weights?: readonly { readonly service?: unknown; readonly weight: unknown; readonly as: number }[];
}
