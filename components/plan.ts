import {
  planCluster,
  validateCluster,
  validateCloudSettings,
  type ClusterNames,
  type ClusterPlan,
} from "./cluster/plan";
import { validateNames } from "./cluster/names";
import { validateFargate } from "./cluster/eks/validate";
import { planUpgrade, type UpgradeStep } from "./cluster/upgrade";
import { validateExisting } from "./cluster/existing/plan";
import { planNamespaces, type NamespacePlan } from "./cluster/portable/namespaces";
import { gvisorNetwork, sandboxRuntime, validateSandboxes, type SandboxRuntime } from "./cluster/portable/sandbox-plan";
import { planIdentities, validateIdentities, type IdentityPlan } from "./identity/plan";
import { validateBlocks } from "./network/blocks";
import { planNetworks, type NetworksPlan } from "./network/environment";
import { planMesh, validateMesh, type MeshPlan, type TranslationPlan } from "./mesh/plan";
import { SpecError, type Problem } from "./problem";
import type { ProvidersPlan } from "./providers";
import { readSettings, type Settings } from "./settings";
import { parseShape } from "./shape";
import { minorVersion } from "./spec/common-schema";
import { byName, calledBy, madeClusters } from "./spec/clusters";
import { environmentSchema } from "./spec/schema";
import type { Environment } from "./spec/types";
import { planBucket, validateBuckets, type MirroredBucketPlan } from "./storage/plan";
import type { Facts } from "../smi/facts";
import type { SmiDocument } from "../smi/model";
import type { ProblemCode } from "../smi/problem";
import type { SmiFile } from "../smi/read";
import { loadSmiFiles } from "./traffic/files";
import { planAdapter, type AdapterPlan } from "./traffic/adapter-plan";
import { factsOf, planTraffic, validateTraffic, type TrafficPlan } from "./traffic/plan";
import { planControllers, type ControllerPlan } from "./rollout/controller-plan";
import { validateRollouts } from "./rollout/plan";
import { guardOf, validateProtection } from "./waivers";
import { planWorkload, validateWorkloads, type WorkloadPlan } from "./workload/plan";

/** Everything that an environment is made of, as plain data: what exists is decided here and nowhere else. */
export interface EnvironmentPlan {
  /** Name of the stack. */
  readonly environment: string;
  readonly namePrefix: string;
  readonly providers: ProvidersPlan;
  /** Sorted by key, as everything below. */
  readonly clusters: readonly ClusterPlan[];
  readonly mesh: MeshPlan;
  readonly buckets: readonly MirroredBucketPlan[];
  readonly workloads: readonly WorkloadPlan[];
  readonly identities: readonly IdentityPlan[];
  /** Runtimes of sandboxed pods, by the cluster that has one. */
  readonly sandboxes: Readonly<Record<string, SandboxRuntime>>;
  /** Namespaces of workloads and movers, by cluster. */
  readonly namespaces: readonly NamespacePlan[];
  readonly traffic: TrafficPlan;
  /** What moves the weights of canaries, by cluster. */
  readonly canaryControllers: Readonly<Record<string, readonly ControllerPlan[]>>;
  /** Absent where rules are compiled only. */
  readonly adapter?: AdapterPlan;
}

export interface PlanInput {
  /** Name of the stack. */
  readonly environment: string;
  /** The spec; its shape is checked, since a JavaScript caller may have written anything. */
  readonly spec: unknown;
  /** All of the stack's configuration, `namespace:key` to text. */
  readonly config: Readonly<Record<string, string>>;
  /** Namespace of our own configuration: the project's name. */
  readonly project: string;
  /** Folder that the spec's paths are relative to. */
  readonly directory: string;
  /** The day it is, UTC, as `2026-11-25`: waivers end on a day. */
  readonly today: string;
}

/**
 * Validates a spec and plans its environment.
 *
 * @throws SpecError with all problems, when there are any
 */
export function planEnvironment(input: PlanInput): EnvironmentPlan {
  const { environment, spec, config, project, directory, today } = input;
  const shape = parseShape(environmentSchema, spec);
  const { settings, problems: settingsProblems } = readSettings(config, project);
  const problems = [...shape.problems, ...settingsProblems];
  if (shape.value === undefined) throw new SpecError(environment, problems);

  problems.push(
    ...validateProtection(environment, shape.value, today),
    ...validateClusters(shape.value, { environment, settings }),
    ...validateExisting(shape.value, directory),
    ...validateSandboxes(shape.value, planMesh(shape.value.mesh).membership.redirection),
    ...validateMesh(shape.value.mesh),
    ...validateBuckets(shape.value),
    ...validateIdentities(shape.value),
  );
  const references = validateReferences(shape.value);
  // A typed rule that names nothing cannot be compiled; the SMI files are compiled all the same, for what is wrong in them.
  const { traffic, problems: trafficProblems } = compileTraffic(
    references.length === 0 ? shape.value : { ...shape.value, access: [], splits: {}, rollouts: {} },
    directory,
  );
  problems.push(...references, ...trafficProblems);
  if (problems.length > 0 || settings === undefined) throw new SpecError(environment, problems);
  const named = byName(shape.value);
  return assemble(environment, shape.value, {
    spec: named,
    settings,
    traffic: named === shape.value ? traffic : compileTraffic(named, directory).traffic,
    directory,
  });
}

/** The traffic rules of an environment by themselves, for those who translate or explain them. */
export interface EnvironmentRules {
  /** Every rule, from the spec and from SMI files. */
  readonly documents: readonly SmiDocument[];
  /** Of all workloads, on whatever cluster they run. */
  readonly facts: Facts;
  /** Warnings that the author accepts. */
  readonly acknowledge: readonly ProblemCode[];
  /** Files that the SMI documents were read from. */
  readonly files: readonly SmiFile[];
  /** The environment's mesh, and how rules are translated for it. */
  readonly translation: TranslationPlan;
}

/**
 * Reads the traffic rules of a spec without its configuration and without a cloud. SMI documents with mistakes are left
 * out: reading `files` again tells them.
 *
 * @throws SpecError with what is wrong in the spec's shape, and in its references between workloads
 */
export function readRules({
  environment,
  spec,
  directory,
}: Pick<PlanInput, "environment" | "spec" | "directory">): EnvironmentRules {
  const { value, problems } = parseShape(environmentSchema, spec);
  if (value === undefined) throw new SpecError(environment, problems);
  const smi = loadSmiFiles(value.smi ?? [], directory);
  const found = [...problems, ...validateReferences(value), ...smi.problems];
  if (found.length > 0) throw new SpecError(environment, found);
  const workloads = planWorkloads(value);
  const mesh = planMesh(value.mesh);
  return {
    documents: planTraffic(value, workloads, smi.files, mesh).plan.documents,
    facts: factsOf(workloads),
    acknowledge: value.acknowledge ?? [],
    files: smi.files,
    translation: mesh.translation,
  };
}

/**
 * Plans the networks of a spec without its configuration and without a cloud.
 *
 * @throws SpecError with what is wrong in the spec's shape and in its blocks
 */
export function readNetworks({ environment, spec }: Pick<PlanInput, "environment" | "spec">): NetworksPlan {
  const { value, problems } = parseShape(environmentSchema, spec);
  if (value === undefined) throw new SpecError(environment, problems);
  const found = [...problems, ...validateBlocks(madeClusters(value.clusters), value.network)];
  if (found.length > 0) throw new SpecError(environment, found);
  return planNetworks(environment, value);
}

/**
 * The steps that bring an environment's clusters to a Kubernetes version, from its spec alone.
 *
 * @param target minor version such as `1.36`
 * @throws SpecError with what is wrong in the spec's shape or with its clusters' versions, or with the target
 */
export function readUpgrade(
  { environment, spec }: Pick<PlanInput, "environment" | "spec">,
  target: string,
): UpgradeStep[] {
  const { value, problems } = parseShape(environmentSchema, spec);
  const version = parseShape(minorVersion, target, () => "--to");
  if (value === undefined) throw new SpecError(environment, [...problems, ...version.problems]);
  const own = Object.entries(value.clusters).flatMap(([key, cluster]) =>
    validateCluster(key, cluster, { environment }),
  );
  const found = [...problems, ...version.problems, ...own];
  if (found.length > 0) throw new SpecError(environment, found);
  const clusters = sorted(madeClusters(value.clusters)).map(([key, cluster]) => ({
    key,
    version: cluster.kubernetesVersion,
    pools: Object.fromEntries(
      Object.entries(cluster.nodes ?? {}).map(([name, pool]) => [name, pool.kubernetesVersion]),
    ),
  }));
  return planUpgrade(clusters, target);
}

function validateReferences(spec: Environment): Problem[] {
  return [...validateWorkloads(spec), ...validateTraffic(spec), ...validateRollouts(spec, planMesh(spec.mesh))];
}

function validateClusters(spec: Environment, names: ClusterNames): Problem[] {
  const { clusters, network } = spec;
  const { settings } = names;
  return [
    ...validateNames(clusters),
    ...validateBlocks(madeClusters(clusters), network),
    ...Object.entries(clusters).flatMap(([key, cluster]) => validateCluster(key, cluster, names)),
    ...validateFargate(spec),
    ...(settings === undefined ? [] : validateCloudSettings(Object.values(clusters), settings)),
  ];
}

function planWorkloads(spec: Environment): WorkloadPlan[] {
  return sorted(spec.workloads ?? {}).map(([key, workload]) => planWorkload(key, workload, spec));
}

function compileTraffic(spec: Environment, directory: string): { traffic: TrafficPlan; problems: Problem[] } {
  const { files, problems } = loadSmiFiles(spec.smi ?? [], directory);
  const compiled = planTraffic(spec, planWorkloads(spec), files, planMesh(spec.mesh));
  return { traffic: compiled.plan, problems: [...problems, ...compiled.problems] };
}

/** @param written the spec by its keys, where problems are */
function assemble(
  environment: string,
  written: Environment,
  {
    spec,
    settings,
    traffic,
    directory,
  }: {
    /** The spec by the names of its clusters, which everything is called after. */
    readonly spec: Environment;
    readonly settings: Settings;
    readonly traffic: TrafficPlan;
    readonly directory: string;
  },
): EnvironmentPlan {
  const mesh = planMesh(spec.mesh);
  const paths = new Map(Object.entries(written.clusters).map(([key, it]) => [calledBy(key, it), `clusters.${key}`]));
  const contextOf = (path: string) => ({
    environment,
    settings,
    gvisorNetwork: gvisorNetwork(mesh.membership.redirection),
    ...guardOf(spec, path),
    network: spec.network ?? {},
    directory,
  });
  const clusters = sorted(spec.clusters).map(([key, cluster]) =>
    planCluster(key, cluster, { ...contextOf(`clusters.${key}`), path: paths.get(key)! }),
  );
  const byKey = Object.fromEntries(clusters.map((cluster) => [cluster.key, cluster]));
  const adapter = planAdapter(spec, mesh);
  const buckets = sorted(spec.buckets ?? {}).map(([key, bucket]) =>
    planBucket(key, bucket, { ...contextOf(`buckets.${key}`), clusters: byKey }),
  );
  const workloads = planWorkloads(spec);
  const identities = planIdentities(spec);
  return {
    environment,
    namePrefix: settings.namePrefix,
    providers: planProviders(environment, clusters, settings),
    clusters,
    mesh,
    buckets,
    workloads,
    identities,
    sandboxes: Object.fromEntries(
      sorted(spec.clusters).flatMap(([key, cluster]) => {
        const runtime = sandboxRuntime(cluster);
        return runtime === undefined ? [] : [[key, runtime]];
      }),
    ),
    namespaces: planNamespaces({
      partOf: `${settings.namePrefix}-${environment}`,
      membership: mesh.membership,
      workloads,
      identities,
      movers: buckets.flatMap(({ activeCluster, standbyCluster }) => [activeCluster, standbyCluster]),
    }),
    traffic,
    canaryControllers: planControllers(spec, planMesh(spec.mesh)),
    ...(adapter && { adapter }),
  };
}

function planProviders(environment: string, clusters: readonly ClusterPlan[], settings: Settings): ProvidersPlan {
  const places = clusters.map(({ place }) => place);
  const regions = places.flatMap((place) => (place.cloud === "aws" ? [place.region] : []));
  const azure = places.find((place) => place.cloud === "azure");
  return {
    awsRegions: [...new Set(regions)].sort(),
    ...(settings.awsDeployerRoleArn !== undefined && { awsAccountId: settings.awsDeployerRoleArn.split(":")[4]! }),
    ...(azure !== undefined && { azure: { subscriptionId: azure.subscriptionId, tenantId: azure.tenantId } }),
    tags: { "isthmus:environment": environment },
  };
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
