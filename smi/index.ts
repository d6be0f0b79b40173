/** The Service Mesh Interface: its documents, what they mean, and one translator per mesh. Pure functions, no Pulumi. */
export { accessRule, type AccessRuleArgs, split, type SplitArgs } from "./build";
export { consulDefaultDeny, type ConsulOptions, translateConsul } from "./consul";
export { catches } from "./facts";
export type { ContainerPort, Facts, Probe, ServiceFacts, ServicePort, WorkloadFacts } from "./facts";
export { type GatewayApiOptions, translateGatewayApi } from "./gateway-api";
export { istioDefaultDeny, type IstioOptions, translateIstio } from "./istio";
export { istioAmbientDefaultDeny, type IstioAmbientOptions, translateIstioAmbient } from "./istio-ambient";
export { type LinkerdOptions, translateLinkerd } from "./linkerd";
export { allowed, type MeaningOptions, type Protocol, type Request, shares, type Verdict } from "./meaning";
export type {
  Anchor,
  Backend,
  HTTPRouteGroup,
  HttpMatch,
  IdentityBinding,
  MetricName,
  MetricsResource,
  SmiDocument,
  Subject,
  TCPRoute,
  TrafficMetrics,
  TrafficSplit,
  TrafficTarget,
  UDPRoute,
} from "./model";
export type { KubernetesObject, Translation } from "./objects";
export {
  formatProblem,
  hasErrors,
  type Problem,
  PROBLEM_CODES,
  type ProblemCode,
  type Severity,
  type Source,
} from "./problem";
export { type ManifestFacts, readFacts } from "./manifests";
export { MESH_NAMES, type MeshName } from "./mesh-names";
export { type Mesh, type MeshCall, MESHES, type MeshOptions, type MeshRequest } from "./meshes";
export { type Conversion, convert } from "./convert";
export { KEPT_ANNOTATION } from "./kept";
export { type OtherDocument, readSmi, type ReadResult, type SmiFile } from "./read";
