import {
  catches,
  hasErrors,
  type KubernetesObject,
  type Problem,
  type Request,
  type ServiceFacts,
  type WorkloadFacts,
} from "../../smi";
import type { MeshName } from "../../smi/mesh-names";
import { MESHES, type MeshRequest } from "../../smi/meshes";
import { keyOf, subjectKey } from "../../smi/model";
import { containersBehind } from "../../smi/splits";
import type { ChosenMesh } from "./mesh";
import { countProblems } from "./output";
import type { Rules } from "./rules";

/** What a request meets on a mesh. */
export interface OnMesh {
  readonly name: MeshName;
  /** Why the mesh has no objects; then nothing else is known. */
  readonly problems?: readonly Problem[];
  /** Why nothing is known of its objects. */
  readonly unknown?: string;
  /** What the mesh's own model decides; absent if it is not known. */
  readonly allowed?: boolean;
  /** Whether the request is one that the kubelet sends as a probe. */
  readonly probe?: boolean;
  /** The objects that decide. */
  readonly objects: readonly string[];
  /** What the translation warns of, if the mesh decides otherwise than the rules. */
  readonly warnings?: readonly Problem[];
}

/** Translates the rules and asks the mesh's own model about a request, which by the rules is allowed or not. */
export function onMesh(
  { mesh: name, options, acknowledge }: ChosenMesh,
  rules: Rules,
  request: Request,
  expected: boolean,
): OnMesh {
  if (request.protocol === "udp") {
    return { name, objects: [], unknown: "UDP does not pass through it, so it enforces nothing; use a NetworkPolicy" };
  }
  const { objects, problems } = MESHES[name].translate(rules.documents, rules.facts, {
    ...options,
    acknowledge,
  });
  if (hasErrors(problems)) return { name, problems, objects: [] };
  const workload = rules.facts.workloads.find(
    (candidate) =>
      subjectKey(candidate) === subjectKey(request.destination) &&
      candidate.ports.some(({ port }) => port === request.port),
  );
  const { allows } = MESHES[name];
  if (!allows) return { name, objects: [], unknown: "it has no access rules" };
  if (!workload) {
    return { name, objects: [], unknown: "the workload's manifest is needed to name its objects; add it with -f" };
  }
  const here = objects.filter(({ metadata }) => metadata.namespace === workload.namespace);
  const services = rules.facts.services.filter((service) => leadsTo(service, workload, request.port, rules));
  const call: MeshRequest = {
    ...request,
    ...(services[0] && { service: services[0].name }),
    protocol: workload.ports.find(({ port }) => port === request.port)?.protocol === "tcp" ? "tcp" : request.protocol,
  };
  const passes = (left: readonly KubernetesObject[]): boolean => allows(left, rules.facts, workload, call, options);
  const allowed = passes(here);
  const servers = here.filter((object) => isServerOf(object, workload, request));
  const policies = allowed
    ? needed(here, servers, passes)
    : here.filter((object) => isPolicyOf(object, workload, services));
  const probe = workload.probes.some(({ port, path }) => port === request.port && path === request.path);
  return {
    name,
    allowed,
    probe,
    ...(allowed === expected || probe ? {} : { warnings: problems }),
    objects: [...servers, ...policies].map((object) => `${object.kind} ${keyOf(object.metadata)}`),
  };
}

/** What is needed for the request to pass, found by taking objects away; some are kept in any case and not named. */
function needed(
  objects: readonly KubernetesObject[],
  kept: readonly KubernetesObject[],
  passes: (objects: readonly KubernetesObject[]) => boolean,
): KubernetesObject[] {
  const left = objects
    .filter((object) => !kept.includes(object))
    .reduce<readonly KubernetesObject[]>((before, object) => {
      const without = before.filter((other) => other !== object);
      return passes(without) ? without : before;
    }, objects);
  return left.filter((object) => !kept.includes(object));
}

type Selector = { readonly matchLabels?: Readonly<Record<string, string>> } | undefined;

/** Linkerd's Servers are put on a port of the pods. */
function isServerOf({ spec }: KubernetesObject, workload: WorkloadFacts, { port }: Request): boolean {
  const labels = (spec["podSelector"] as Selector)?.matchLabels;
  return labels !== undefined && spec["port"] === port && catches(labels, workload);
}

function leadsTo(service: ServiceFacts, workload: WorkloadFacts, port: number, { facts }: Rules): boolean {
  return (
    service.namespace === workload.namespace &&
    service.ports.some((own) =>
      containersBehind(service, own, facts).some((behind) => behind.workload === workload && behind.port === port),
    )
  );
}

/** Istio's policies select pods, or at a waypoint name their Services; Consul's intentions name the service, which is called as the ServiceAccount is. */
function isPolicyOf(
  { kind, spec }: KubernetesObject,
  workload: WorkloadFacts,
  services: readonly ServiceFacts[],
): boolean {
  const labels = (spec["selector"] as Selector)?.matchLabels;
  const destination = spec["destination"] as { readonly name?: string } | undefined;
  const targets = (spec["targetRefs"] ?? []) as readonly { readonly kind: string; readonly name: string }[];
  return (
    targets.some((target) => target.kind === "Service" && services.some(({ name }) => name === target.name)) ||
    (labels !== undefined && catches(labels, workload)) ||
    (kind === "ServiceIntentions" && destination?.name === workload.serviceAccount)
  );
}

/** One line: what the mesh does with a request that the rules allow or deny, and by which objects. */
export function describeOnMesh(
  allowed: boolean,
  { name, problems, unknown, allowed: passes, probe, objects }: OnMesh,
): string {
  if (problems) {
    return `${name} refuses these rules (${countProblems(problems)}): isthmus smi check --mesh ${name} says why`;
  }
  if (unknown !== undefined) return `${name}: ${unknown}`;
  const named = objects.join(", ");
  if (passes && !allowed) {
    return `${name} lets it pass all the same${probe ? ", as a probe of the kubelet's, which has no identity" : ""}: ${named}`;
  }
  if (passes) return `${name}: ${named}`;
  if (allowed) return `${name} denies it all the same: ${named || "no object admits it"}`;
  return named === ""
    ? `${name}: no object admits it, and its default is to deny`
    : `${name}: not admitted by ${named}`;
}
