import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "./cluster/cluster";
import { createCluster } from "./cluster/create";
import { GatewayApi } from "./cluster/portable/gateway-api";
import { SandboxPool } from "./cluster/portable/sandbox";
import { StorageClasses } from "./cluster/portable/storage-classes";
import { WorkloadNamespace } from "./cluster/portable/workload-namespace";
import { ClusterTrust } from "./identity/cluster-trust";
import type { IdentityPlan } from "./identity/plan";
import { WorkloadIdentity } from "./identity/workload-identity";
import { createMeshes } from "./mesh/create";
import type { Mesh } from "./mesh/mesh";
import type { EnvironmentPlan } from "./plan";
import { Providers } from "./providers";
import { CanaryController } from "./rollout/canary-controller";
import { MirroredBucket } from "./storage/mirrored-bucket";
import { Mover } from "./storage/mover";
import { MIRROR_NAMESPACE, moverAccount } from "./storage/plan";
import { describePlatform, type PlatformSummary } from "./summary";
import { SmiAdapter } from "./traffic/adapter";
import { AdapterCertificate } from "./traffic/adapter-certificate";
import { TrafficRules } from "./traffic/traffic-rules";
import { Workload } from "./workload/workload";

/** A whole environment: clusters, mesh, buckets, identities, workloads and the traffic between them. */
export class Platform extends pulumi.ComponentResource {
  /** What a person wants to know of it. */
  readonly summary: PlatformSummary;
  /** Kubeconfigs by cluster. Secret, though there is no credential in them. */
  readonly kubeconfigs: Readonly<Record<string, pulumi.Output<string>>>;

  private readonly providers: Providers;

  constructor(
    private readonly name: string,
    private readonly plan: EnvironmentPlan,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("isthmus:platform:Platform", name, { environment: plan.environment }, opts);
    this.providers = new Providers(name, plan.providers, { parent: this });

    const clusters = this.createClusters();
    this.createStorageClasses(clusters);
    const sandboxes = this.createSandboxes(clusters);
    const meshes = this.installMesh(clusters);
    const buckets = this.createBuckets();
    const identities = this.createIdentities(clusters, buckets);
    const namespaces = this.createNamespaces(clusters);
    const ready = this.installControllers(clusters, meshes);
    const workloads = this.runWorkloads(clusters, ready, identities, namespaces, sandboxes);
    this.runMovers(clusters, identities, namespaces);
    this.applyTraffic(clusters, ready, namespaces);
    this.startCanaries(clusters, ready, workloads);
    this.runAdapters(clusters, meshes);

    this.summary = describePlatform(plan);
    this.kubeconfigs = Object.fromEntries([...clusters].map(([key, cluster]) => [key, cluster.kubeconfig]));
    this.registerOutputs({});
  }

  private createClusters(): ReadonlyMap<string, Cluster> {
    return new Map(
      this.plan.clusters.map((plan) => [
        plan.key,
        createCluster(`${this.name}-${plan.key}`, plan, this.providers, { parent: this }),
      ]),
    );
  }

  private createStorageClasses(clusters: ReadonlyMap<string, Cluster>): void {
    for (const [key, cluster] of clusters) {
      new StorageClasses(`${this.name}-${key}-storage-classes`, { cluster }, this.inside(cluster));
    }
  }

  private createSandboxes(clusters: ReadonlyMap<string, Cluster>): ReadonlyMap<string, SandboxPool> {
    return new Map(
      Object.entries(this.plan.sandboxes).map(([key, runtime]) => [
        key,
        new SandboxPool(
          `${this.name}-${key}-sandbox`,
          { cluster: clusters.get(key)!, runtime },
          this.inside(clusters.get(key)!),
        ),
      ]),
    );
  }

  private installMesh(clusters: ReadonlyMap<string, Cluster>): ReadonlyMap<string, Mesh> {
    const installed = [...clusters].map(([key, cluster]) => ({
      name: `${this.name}-${key}-mesh`,
      cluster,
      opts: this.inside(cluster),
      gatewayApi: new GatewayApi(`${this.name}-${key}-gateway-api`, { cluster }, this.inside(cluster)),
    }));
    const trust = { name: `${this.name}-mesh-trust`, provider: this.providers.tls };
    const meshes = createMeshes(installed, this.plan.mesh, trust, { parent: this });
    return new Map([...clusters.keys()].map((key, index) => [key, meshes[index]!]));
  }

  private createBuckets(): ReadonlyMap<string, MirroredBucket> {
    return new Map(
      this.plan.buckets.map((plan) => [
        plan.key,
        new MirroredBucket(`${this.name}-${plan.key}`, { plan, providers: this.providers }, { parent: this }),
      ]),
    );
  }

  private createIdentities(
    clusters: ReadonlyMap<string, Cluster>,
    buckets: ReadonlyMap<string, MirroredBucket>,
  ): ReadonlyMap<string, WorkloadIdentity> {
    const granted = this.plan.identities.map((plan) => ({ plan, grants: grantsOf(plan, buckets) }));
    const actInAws = granted.filter(({ grants }) => grants.some(({ target }) => target.cloud === "aws"));
    const trusted = [...new Set(actInAws.flatMap(({ plan }) => plan.clusters))].sort();
    const trust = new ClusterTrust(
      `${this.name}-trust`,
      { clusters: trusted.map((key) => clusters.get(key)!), providers: this.providers },
      { parent: this },
    );
    return new Map(
      granted.map(({ plan, grants }) => [
        plan.key,
        new WorkloadIdentity(
          `${this.name}-identity-${plan.key}`,
          {
            plan,
            physicalName: `${this.plan.namePrefix}-${this.plan.environment}-${plan.key}`,
            clusters: plan.clusters.map((key) => clusters.get(key)!),
            grants,
            trust,
            providers: this.providers,
          },
          { parent: this },
        ),
      ]),
    );
  }

  /** By `cluster/namespace`. */
  private createNamespaces(clusters: ReadonlyMap<string, Cluster>): ReadonlyMap<string, WorkloadNamespace> {
    return new Map(
      this.plan.namespaces.map((plan) => [
        `${plan.cluster}/${plan.name}`,
        new WorkloadNamespace(
          `${this.name}-${plan.cluster}-${plan.name}`,
          { plan, cluster: clusters.get(plan.cluster)! },
          this.inside(clusters.get(plan.cluster)!),
        ),
      ]),
    );
  }

  /** What moves the weights of canaries; by cluster, all that must run before pods and custom resources. */
  private installControllers(clusters: ReadonlyMap<string, Cluster>, meshes: ReadonlyMap<string, Mesh>): Ready {
    return new Map(
      [...clusters].map(([key, cluster]) => {
        const after = meshes.get(key)!.ready;
        const controllers = this.plan.canaryControllers[key]!.map(
          (plan) =>
            new CanaryController(`${this.name}-${key}-${plan.tool}`, { cluster, plan, after }, this.inside(cluster)),
        );
        return [key, [...after, ...controllers.flatMap(({ ready }) => ready)]];
      }),
    );
  }

  /**
   * Options of what is in a cluster: it goes with the cluster. So a destroy waits for no finalizer, webhook or disruption
   * budget, and needs no API server that may be gone (pulumi/pulumi-kubernetes#2517).
   */
  private inside({ controlPlane }: Cluster): pulumi.ResourceOptions {
    return { parent: this, ...(controlPlane !== undefined && { deletedWith: controlPlane }) };
  }

  /** The workloads' components by `cluster/workload`. */
  private runWorkloads(
    clusters: ReadonlyMap<string, Cluster>,
    ready: Ready,
    identities: ReadonlyMap<string, WorkloadIdentity>,
    namespaces: ReadonlyMap<string, WorkloadNamespace>,
    sandboxes: ReadonlyMap<string, SandboxPool>,
  ): ReadonlyMap<string, Workload> {
    const workloads = new Map<string, Workload>();
    for (const plan of this.plan.workloads) {
      for (const key of plan.on) {
        const identity = identities.get(plan.key);
        const { namespace, ready: fences } = namespaces.get(`${key}/${plan.namespace}`)!;
        const workload = new Workload(
          `${this.name}-${key}-${plan.key}`,
          {
            plan,
            cluster: clusters.get(key)!,
            namespace,
            ...(identity !== undefined && { identity }),
            after: [...ready.get(key)!, ...fences, ...(plan.sandbox ? sandboxes.get(key)!.ready : [])],
          },
          this.inside(clusters.get(key)!),
        );
        workloads.set(`${key}/${plan.key}`, workload);
      }
    }
    return workloads;
  }

  private runMovers(
    clusters: ReadonlyMap<string, Cluster>,
    identities: ReadonlyMap<string, WorkloadIdentity>,
    namespaces: ReadonlyMap<string, WorkloadNamespace>,
  ): void {
    for (const plan of this.plan.buckets) {
      for (const key of [plan.activeCluster, plan.standbyCluster].sort()) {
        const { namespace, ready } = namespaces.get(`${key}/${MIRROR_NAMESPACE}`)!;
        new Mover(
          `${this.name}-${key}-mirror-${plan.key}`,
          {
            plan,
            cluster: clusters.get(key)!,
            namespace,
            after: ready,
            identity: identities.get(moverAccount(plan.key))!,
          },
          this.inside(clusters.get(key)!),
        );
      }
    }
  }

  private applyTraffic(
    clusters: ReadonlyMap<string, Cluster>,
    ready: Ready,
    namespaces: ReadonlyMap<string, WorkloadNamespace>,
  ): void {
    for (const [key, cluster] of clusters) {
      const own = [...namespaces].filter(([id]) => id.startsWith(`${key}/`)).map(([, { namespace }]) => namespace);
      new TrafficRules(
        `${this.name}-${key}-traffic`,
        { cluster, objects: this.plan.traffic.objects[key] ?? [], after: [...ready.get(key)!, ...own] },
        this.inside(cluster),
      );
    }
    for (const warning of this.plan.traffic.warnings) pulumi.log.warn(warning, this);
  }

  /** Flagger is told of workloads that are there, and gives them back before they go. */
  private startCanaries(
    clusters: ReadonlyMap<string, Cluster>,
    ready: Ready,
    workloads: ReadonlyMap<string, Workload>,
  ): void {
    for (const [key, cluster] of clusters) {
      const objects = this.plan.traffic.canaries[key] ?? [];
      if (objects.length === 0) continue;
      const running = [...workloads].filter(([id]) => id.startsWith(`${key}/`)).map(([, workload]) => workload);
      new TrafficRules(
        `${this.name}-${key}-canaries`,
        { cluster, objects, after: [...ready.get(key)!, ...running] },
        this.inside(cluster),
      );
    }
  }

  private runAdapters(clusters: ReadonlyMap<string, Cluster>, meshes: ReadonlyMap<string, Mesh>): void {
    const { adapter: plan } = this.plan;
    if (plan === undefined) return;
    for (const [key, cluster] of clusters) {
      const name = `${this.name}-${key}-smi`;
      // Beside the adapter and not in it: what it is made of does not go with the cluster.
      const certificate = new AdapterCertificate(
        `${name}-certificate`,
        { host: plan.host, provider: this.providers.tls },
        { parent: this },
      );
      const after = [...meshes.get(key)!.ready];
      new SmiAdapter(name, { cluster, plan, certificate, after }, this.inside(cluster));
    }
  }
}

/** By cluster, what must run before pods are made and before custom resources of the mesh. */
type Ready = ReadonlyMap<string, readonly pulumi.Resource[]>;

function grantsOf(plan: IdentityPlan, buckets: ReadonlyMap<string, MirroredBucket>) {
  return plan.grants.map(({ bucket, side, level }) => ({ bucket, level, target: buckets.get(bucket)![side].target }));
}
