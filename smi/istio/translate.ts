import type { Facts } from "../facts";
import { type Anchor, DocumentIndex, type SmiDocument } from "../model";
import { emitNamed, sortObjects, type Translation } from "../objects";
import { distinctProblems, hasErrors, type ProblemCode } from "../problem";
import { resolveAccess } from "../resolve";
import { planAccess } from "./access";
import { ROOT_NAMESPACE } from "./deny";
import { allowPolicy, virtualService } from "./objects";
import { rawPaths } from "./rules";
import { planSplits } from "./split";

export interface IstioOptions {
  /** How path expressions without an anchor of their own are read. Default: `start`, as the specification says. */
  readonly anchor?: Anchor;
  /** Warnings that the author has read and accepts; they are not reported. Errors cannot be accepted. */
  readonly acknowledge?: readonly ProblemCode[];
  /** The mesh's trust domain, the start of every identity. Default: `cluster.local`. */
  readonly trustDomain?: string;
  /**
   * Further trust domains, of other clusters of the mesh, whose ServiceAccounts of the same names are the same callers. They
   * must be in the mesh's own `trustDomainAliases`, or clusters must share one root of trust. Default: none.
   */
  readonly trustDomainAliases?: readonly string[];
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
    trustDomainAliases: options.trustDomainAliases ?? [],
    rootNamespace: options.rootNamespace ?? ROOT_NAMESPACE,
    widen: options.widen ?? false,
    rewriteProbes: options.rewriteProbes ?? true,
  });
  const splits = planSplits(index, facts, { anchor, clusterDomain });
  const problems = distinctProblems([
    ...references,
    ...access.problems,
    ...splits.problems,
    ...rawPaths(access.policies.map(({ rules }) => rules)),
  ]).filter(({ code, severity }) => severity === "error" || !options.acknowledge?.includes(code));
  if (hasErrors(problems)) return { objects: [], problems };
  const policies = emitNamed(access.policies, ({ namespace, labels, rules }, name) =>
    allowPolicy(namespace, name, { labels }, rules),
  );
  const services = emitNamed(splits.splits, ({ namespace, host, http, tcp }, name) =>
    virtualService(namespace, name, host, { http, tcp }),
  );
  return { objects: sortObjects([...policies, ...services]), problems };
}
