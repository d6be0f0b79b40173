import type { ServiceFacts, WorkloadFacts } from "../../smi/facts";
import { unknownName } from "../identity/plan";
import { planMesh, WAYPOINT_LABEL, type Marks, type Membership, type MeshPlan } from "../mesh/plan";
import type { Problem } from "../problem";
import { argoStrategy, versionOf } from "../rollout/objects";
import { canaryServices, planCanaries, type CanaryPlan } from "../rollout/plan";
import type { Environment, WorkloadSpec } from "../spec/types";

/** One Deployment. A workload has one, or one for each of its versions. */
export interface DeploymentPlan {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What its pods bear besides `labels`, by which they join the mesh. */
  readonly joins: Marks;
}

export interface ServicePlan {
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether a controller narrows its selector to one version. */
  readonly narrowed: boolean;
}

/** What a canary makes of a workload. */
export type WorkloadCanary =
  /** Flagger copies the Deployment, gives its copy the traffic and the Deployment the replicas that it needs. */
  | { readonly by: "flagger" }
  /** A Rollout stands in the Deployment's place. */
  | { readonly by: "argo-rollouts"; readonly strategy: Readonly<Record<string, unknown>> };

export interface WorkloadPlan {
  /** Key in the spec; also the name of its ServiceAccount and of its Service. */
  readonly key: string;
  readonly namespace: string;
  /** Clusters that run it, by key, sorted. */
  readonly on: readonly string[];
  readonly port: number;
  readonly replicas: number;
  readonly sandbox: boolean;
  readonly probe?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Labels that select all of its pods and no others. */
  readonly labels: Readonly<Record<string, string>>;
  readonly deployments: readonly DeploymentPlan[];
  readonly services: readonly ServicePlan[];
  /** Whether its pods have their ServiceAccount's ordinary token: some meshes log in with it. */
  readonly apiToken: boolean;
  /** Absent for a workload whose new versions come at once, or by weights. */
  readonly canary?: WorkloadCanary;
}

/** References to clusters that do not exist, and workloads that would take each other's names. */
export function validateWorkloads(environment: Environment): Problem[] {
  const { workloads = {}, clusters } = environment;
  const problems: Problem[] = [];
  const services = new Map<string, string>();
  for (const [key, workload] of Object.entries(workloads)) {
    for (const [index, cluster] of workload.on.entries()) {
      problems.push(...unknownName(`workloads.${key}.on[${index}]`, cluster, Object.keys(clusters)));
    }
    for (const { name } of planWorkload(key, workload, environment).services) {
      const id = `${workload.namespace}/${name}`;
      const other = services.get(id);
      if (other !== undefined) {
        problems.push({
          path: `workloads.${key}`,
          found: name,
          allowed: `names that differ from the Services of workloads.${other}`,
          next: "A version's Service is called <workload>-<version>.",
        });
      }
      services.set(id, key);
    }
  }
  return problems;
}

/** Plans a workload of an environment, whose mesh its pods join. */
export function planWorkload(key: string, spec: WorkloadSpec, environment: Environment): WorkloadPlan {
  const mesh = planMesh(environment.mesh);
  const { membership } = mesh;
  const canary = planCanaries(environment).find((each) => each.key === key);
  const name = { "app.kubernetes.io/name": key };
  // Flagger's copy of the pods has another name, and all other labels.
  const labels = canary?.by === "flagger" ? { "app.kubernetes.io/instance": key } : name;
  const serviceLabels = { ...labels, ...membership.serviceLabels };
  const ofVersion = { ...serviceLabels, ...membership.versionServiceLabels };
  const versions = Object.entries(spec.versions ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const ofVersions = versions.map(([version, { image }]) => ({
    name: `${key}-${version}`,
    image,
    labels: { ...labels, "app.kubernetes.io/version": version },
    joins: joiningAs(version, membership),
  }));
  const single = { name: key, image: spec.image, labels: name, joins: joiningAlone(spec, labels, membership, canary) };
  const split = canary?.by === "argo-rollouts" ? Object.values(canaryServices(canary)) : [];
  return {
    key,
    namespace: spec.namespace,
    on: [...new Set(spec.on)].sort(),
    port: spec.port,
    replicas: spec.replicas ?? 2,
    sandbox: spec.sandbox ?? false,
    ...(spec.probe !== undefined && { probe: spec.probe }),
    env: spec.env ?? {},
    labels,
    deployments: ofVersions.length > 0 ? ofVersions : [single],
    services: [
      { name: key, selector: labels, labels: serviceLabels, narrowed: canary?.by === "flagger" },
      ...ofVersions.map((version) => ({
        name: version.name,
        selector: version.labels,
        labels: ofVersion,
        narrowed: false,
      })),
      ...split.map((service) => ({ name: service, selector: labels, labels: ofVersion, narrowed: true })),
    ],
    apiToken: membership.apiToken,
    ...(canary !== undefined && { canary: workloadCanary(canary, mesh, spec.namespace) }),
  };
}

function workloadCanary(canary: CanaryPlan, mesh: MeshPlan, namespace: string): WorkloadCanary {
  return canary.by === "flagger"
    ? { by: canary.by }
    : { by: canary.by, strategy: argoStrategy(canary, mesh, namespace) };
}

/** What the pods of a workload without versions bear: under a canary, what its two versions are told by. */
function joiningAlone(
  { image }: WorkloadSpec,
  labels: Record<string, string>,
  membership: Membership,
  canary: CanaryPlan | undefined,
): Marks {
  if (canary === undefined) return membership.pod;
  const joins = joiningAs(versionOf(image), membership);
  return canary.by === "flagger" ? { ...joins, labels: { ...joins.labels, ...labels } } : joins;
}

function joiningAs(version: string, { pod, versionAnnotation }: Membership): Marks {
  if (versionAnnotation === undefined) return pod;
  return { ...pod, annotations: { ...pod.annotations, [versionAnnotation]: version } };
}

/** What the traffic translators must know about a workload. */
export function workloadFacts({ key, namespace, labels, port, probe }: WorkloadPlan): WorkloadFacts {
  return {
    namespace,
    serviceAccount: key,
    labels,
    ports: [{ name: "http", port, protocol: "http" }],
    probes: probe === undefined ? [] : [{ port, path: probe }],
  };
}

export function serviceFacts({ namespace, port, services }: WorkloadPlan): ServiceFacts[] {
  return services.map(({ name, selector, labels: { [WAYPOINT_LABEL]: waypoint } }) => ({
    namespace,
    name,
    selector,
    ...(waypoint !== undefined && { waypoint }),
    ports: [{ name: "http", port, targetPort: "http", appProtocol: "http" }],
  }));
}
