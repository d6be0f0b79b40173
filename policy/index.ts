import { evaluateRules, type Outcome, type PolicyResource } from "./evaluate";
import type { Rule } from "./rule";
import { aksHardeningOptions } from "./rules/aks-hardening-options";
import { aksNoLocalAccounts } from "./rules/aks-no-local-accounts";
import { clustersAndDataGuarded } from "./rules/clusters-and-data-guarded";
import { eksEndpointRestricted } from "./rules/eks-endpoint-restricted";
import { eksNodesRedundant } from "./rules/eks-nodes-redundant";
import { eksStandardSupport } from "./rules/eks-standard-support";
import { iamTrustExact } from "./rules/iam-trust-exact";
import { noPrivilegedPod } from "./rules/no-privileged-pod";
import { storageNotPublic } from "./rules/storage-not-public";

export type { Outcome, PolicyResource } from "./evaluate";
export { today, UNGUARDED_ENVIRONMENTS, WAIVER_TAG } from "./guard";
export type { Level, ResourceFacts, Rule } from "./rule";
export { SecretValue, UNKNOWN, type Path, type PolicyMap, type PolicyValue } from "./value";

/** Every rule, sorted by name. */
export const rules: readonly Rule[] = [
  aksHardeningOptions,
  aksNoLocalAccounts,
  clustersAndDataGuarded,
  eksEndpointRestricted,
  eksNodesRedundant,
  eksStandardSupport,
  iamTrustExact,
  noPrivilegedPod,
  storageNotPublic,
];

/** Judges a resource by every rule about its type: see `evaluateRules`. Default: all `rules`. */
export function evaluate(resource: PolicyResource, selected: readonly Rule[] = rules): Outcome[] {
  return evaluateRules(resource, selected);
}
