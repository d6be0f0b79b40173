import type { ServiceFacts, WorkloadFacts } from "../../smi/facts";
import { unknownName } from "../identity/plan";
import { planMesh, WAYPOINT_LABEL, type Marks, type Membership } from "../mesh/plan";
import type { Problem } from "../problem";
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
}

export interface WorkloadPlan {
  /** Key in the spec; also the name of its ServiceAccount and of its Service. */
  readonly key: string;
  readonly namespace: string;
  /** Clusters that run it, by key, sorted. */
  readonly on: readonly string[];
  readonly port: number;
  readonly replicas: number;
  readonly probe?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Labels that select all of its pods and no others. */
  readonly labels: Readonly<Record<string, string>>;
  readonly deployments: readonly DeploymentPlan[];
  readonly services: readonly ServicePlan[];
  /** Whether its pods have their ServiceAccount's ordinary token: some meshes log in with it. */
  readonly apiToken: boolean;
}

/** References to clusters that do not exist, and workloads that would take each other's names. */
export function validateWorkloads({ workloads = {}, clusters, mesh }: Environment): Problem[] {
  const { membership } = planMesh(mesh);
  const problems: Problem[] = [];
  const services = new Map<string, string>();
  for (const [key, workload] of Object.entries(workloads)) {
    for (const [index, cluster] of workload.on.entries()) {
      problems.push(...unknownName(`workloads.${key}.on[${index}]`, cluster, Object.keys(clusters)));
    }
    for (const { name } of planWorkload(key, workload, membership).services) {
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

export function planWorkload(key: string, spec: WorkloadSpec, membership: Membership): WorkloadPlan {
  const labels = { "app.kubernetes.io/name": key };
  const serviceLabels = { ...labels, ...membership.serviceLabels };
  const versions = Object.entries(spec.versions ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const ofVersions = versions.map(([version, { image }]) => ({
    name: `${key}-${version}`,
    image,
    labels: { ...labels, "app.kubernetes.io/version": version },
    joins: joiningAs(version, membership),
  }));
  return {
    key,
    namespace: spec.namespace,
    on: [...new Set(spec.on)].sort(),
    port: spec.port,
    replicas: spec.replicas ?? 2,
    ...(spec.probe !== undefined && { probe: spec.probe }),
    env: spec.env ?? {},
    labels,
    deployments: ofVersions.length > 0 ? ofVersions : [{ name: key, image: spec.image, labels, joins: membership.pod }],
    services: [
      { name: key, selector: labels, labels: serviceLabels },
      ...ofVersions.map(({ name, labels: selector }) => ({
        name,
        selector,
        labels: { ...serviceLabels, ...membership.versionServiceLabels },
      })),
    ],
    apiToken: membership.apiToken,
  };
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
