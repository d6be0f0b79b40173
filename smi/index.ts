/** The Service Mesh Interface: its documents, what they mean, and one translator per mesh. Pure functions, no Pulumi. */
export { accessRule, type AccessRuleArgs, split, type SplitArgs } from "./build";
export type { ContainerPort, Facts, Probe, ServiceFacts, ServicePort, WorkloadFacts } from "./facts";
export { type KubernetesObject, type LinkerdOptions, translateLinkerd, type Translation } from "./linkerd";
export { allowed, type Request, shares, type Verdict } from "./meaning";
export type {
  Anchor,
  Backend,
  HTTPRouteGroup,
  HttpMatch,
  SmiDocument,
  Subject,
  TCPRoute,
  TrafficSplit,
  TrafficTarget,
  UDPRoute,
} from "./model";
export {
  formatProblem,
  hasErrors,
  type Problem,
  PROBLEM_CODES,
  type ProblemCode,
  type Severity,
  type Source,
} from "./problem";
export { type OtherDocument, readSmi, type ReadResult, type SmiFile } from "./read";
