import type { Facts } from "../facts";
import { type Anchor, DocumentIndex, type SmiDocument } from "../model";
import { assignNames, type KubernetesObject, sortObjects, type Translation } from "../objects";
import { madeFrom } from "../origin";
import { distinctProblems, hasErrors, type Problem, PROBLEM_CODES, type ProblemCode } from "../problem";
import { resolveAccess } from "../resolve";
import { planAccess, type PolicyPlan } from "./access";
import { ROOT_NAMESPACE } from "./deny";
import { allowPolicy, virtualService } from "./objects";
import { planSplits, type SplitPlan } from "./split";

export interface IstioOptions {
  /** How path expressions without an anchor of their own are read. Default: `start`, as the specification says. */
  readonly anchor?: Anchor;
  /** Warnings that the author has read and accepts; they are not reported. Errors cannot be accepted. */
  readonly acknowledge?: readonly ProblemCode[];
  /** The mesh's trust domain, the start of every identity. Default: `cluster.local`. */
  readonly trustDomain?: string;
  /** The cluster's DNS domain, the end of every host. Default: `cluster.local`. */
  readonly clusterDomain?: string;
  /** Namespace whose policies apply everywhere. Default: `istio-system`; managed Istio on AKS has `aks-istio-system`. */
  readonly rootNamespace?: string;
  /** Takes the smallest prefix for a path expression that Istio cannot say, with a warning. Default: false, an error. */
  readonly widen?: boolean;
  /** Whether the injector rewrites the kubelet's probes, as it does unless it is told not to. Default: true. */
  readonly rewriteProbes?: boolean;
}

/**
 * Translates access rules and splits into Istio's objects, for sidecars of Istio 1.28.7, 1.29.3 and 1.30 or later. A pure
 * function: the same documents and facts give the same objects.
 *
 * Access needs `istioDefaultDeny` beside it: a policy only closes the pods that it selects. Earlier versions let requests
 * pass policies on headers (CVE-2026-31838).
 */
export function translateIstio(
  documents: readonly SmiDocument[],
  facts: Facts,
  options: IstioOptions = {},
): Translation {
  const index = new DocumentIndex(documents, options);
  const { anchor = "start", trustDomain = "cluster.local", clusterDomain = "cluster.local" } = options;
  const { grants, problems: references } = resolveAccess(index, facts);
  const access = planAccess(grants, facts, {
    anchor,
    trustDomain,
    rootNamespace: options.rootNamespace ?? ROOT_NAMESPACE,
    widen: options.widen ?? false,
    rewriteProbes: options.rewriteProbes ?? true,
  });
  const splits = planSplits(index, facts, { anchor, clusterDomain });
  const problems = distinctProblems([
    ...references,
    ...access.problems,
    ...splits.problems,
    ...rawPaths(access.policies),
  ]).filter(({ code, severity }) => severity === "error" || !options.acknowledge?.includes(code));
  if (hasErrors(problems)) return { objects: [], problems };
  return { objects: sortObjects([...emitPolicies(access.policies), ...emitSplits(splits.splits)]), problems };
}

/** By default Istio resolves `..`, but leaves `%2F` and `//` to the server behind the sidecar. */
function rawPaths(policies: readonly PolicyPlan[]): Problem[] {
  const open = policies.filter(({ rules }) =>
    rules.some(({ operations }) => operations?.some(({ paths }) => paths?.some((path) => path.includes("*")))),
  );
  if (open.length === 0) return [];
  const code = "SMI-PATH-RAW";
  const message = `Istio's default normalisation leaves encoded and repeated slashes, so /cart/..%2Fadmin passes a rule for /cart. Set meshConfig.pathNormalization.normalization to DECODE_AND_MERGE_SLASHES; then acknowledge ${code}.`;
  const where = `Istio, ${open.length} ${open.length === 1 ? "policy" : "policies"} with patterns for paths`;
  return [{ code, severity: PROBLEM_CODES[code].severity, where, message }];
}

function emitPolicies(policies: readonly PolicyPlan[]): KubernetesObject[] {
  return byNamespace(policies, ({ namespace, labels, rules }, name) => allowPolicy(namespace, name, labels, rules));
}

function emitSplits(splits: readonly SplitPlan[]): KubernetesObject[] {
  return byNamespace(splits, ({ namespace, host, http, tcp }, name) =>
    virtualService(namespace, name, host, { http, tcp }),
  );
}

/** Names are unique in a namespace. */
function byNamespace<T extends PolicyPlan | SplitPlan>(
  plans: readonly T[],
  emit: (plan: T, name: string) => KubernetesObject,
): KubernetesObject[] {
  return [...new Set(plans.map(({ namespace }) => namespace))].flatMap((namespace) => {
    const here = plans.filter((plan) => plan.namespace === namespace);
    const names = assignNames(new Map(here.map(({ identity, wantedName }) => [identity, wantedName])));
    return here.map((plan) => madeFrom(emit(plan, names.get(plan.identity)!), [plan.origin]));
  });
}
