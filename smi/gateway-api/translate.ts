import type { Facts } from "../facts";
import { type Anchor, DocumentIndex, type SmiDocument } from "../model";
import { emitNamed, type KubernetesObject, sortObjects, type Translation } from "../objects";
import { distinctProblems, hasErrors, type Problem, problemAt, type ProblemCode } from "../problem";
import { httpRoute } from "./route";
import { planSplits, type SplitPlan } from "./split";

export interface GatewayApiOptions {
  /** How path expressions without an anchor of their own are read. Default: `start`, as the specification says. */
  readonly anchor?: Anchor;
  /** Warnings that the author has read and accepts; they are not reported. Errors cannot be accepted. */
  readonly acknowledge?: readonly ProblemCode[];
}

/**
 * Translates splits into HTTPRoutes on their root Services, for any mesh that reads the Gateway API (GAMMA), with no
 * field that is younger than Gateway API 1.2. A pure function.
 *
 * Access rules are refused: the Gateway API has no authorization yet (https://gateway-api.sigs.k8s.io/geps/gep-3779/).
 */
export function translateGatewayApi(
  documents: readonly SmiDocument[],
  facts: Facts,
  options: GatewayApiOptions = {},
): Translation {
  const index = new DocumentIndex(documents);
  const plan = planSplits(index, facts, options.anchor ?? "start", {
    name: "the Gateway API",
    isOpaque: (workload, port) => workload.ports.some((own) => own.port === port && own.protocol === "tcp"),
  });
  const refused = index.targets.map((target): Problem => {
    const message =
      "found an access rule; the Gateway API has no authorization (GEP-3779 has no objects yet). Translate access rules for the mesh itself.";
    return problemAt("SMI-ACCESS-UNSUPPORTED", target, undefined, message);
  });
  const problems = distinctProblems([...refused, ...plan.problems]).filter(
    ({ code, severity }) => severity === "error" || !options.acknowledge?.includes(code),
  );
  return { objects: hasErrors(problems) ? [] : sortObjects(emitRoutes(plan.splits)), problems };
}

/** The HTTPRoutes of splits. */
export function emitRoutes(splits: readonly SplitPlan[]): KubernetesObject[] {
  return emitNamed(splits, ({ namespace, parent, rules }, name) => httpRoute(namespace, name, parent, rules));
}
