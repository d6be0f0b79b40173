import type { Problem } from "../../problem";
import { DEFAULT_ADDONS } from "../../spec/eks-schema";
import type { EksSpec, Environment } from "../../spec/types";
import { sandboxRuntime } from "../portable/sandbox-plan";
import { poolArchitectures } from "./compute-plan";

/** Characters of a role's name (IAM quota), of which the longest purpose, `.karpenter-nodes`, takes 16. */
const ROLE_NAME_LIMIT = 64;
const LONGEST_PURPOSE = ".karpenter-nodes";

export interface EksNames {
  readonly clusterName: string;
  /** ARN of the role that runs Pulumi, when it is configured. */
  readonly deployerRoleArn?: string | undefined;
}

/** What is wrong with an EKS cluster beyond its shape and what every cluster is checked for. */
export function validateEks(path: string, spec: EksSpec, names: EksNames): Problem[] {
  return [
    ...validateName(path, names),
    ...validateZones(path, spec),
    ...validateCompute(path, spec),
    ...validateSandboxPools(path, spec),
    ...validateAccess(path, spec, names),
    ...validateAddons(path, spec),
  ];
}

function validateName(path: string, { clusterName }: EksNames): Problem[] {
  const limit = ROLE_NAME_LIMIT - LONGEST_PURPOSE.length;
  if (clusterName.length <= limit) return [];
  return [
    {
      path,
      found: clusterName,
      allowed: `a cluster whose name has at most ${limit} characters, so that its roles' names fit in ${ROLE_NAME_LIMIT}`,
      next: "Give it a shorter `name`, or shorten the stack's name or the setting namePrefix.",
    },
  ];
}

function validateZones(path: string, { zones = [] }: EksSpec): Problem[] {
  if (new Set(zones).size === zones.length) return [];
  const next = "A cluster must outlive the loss of a zone.";
  return [{ path: `${path}.zones`, found: zones, allowed: "two or more different zones", next }];
}

function validateCompute(path: string, spec: EksSpec): Problem[] {
  const { nodes = {}, compute = { kind: "managed" } } = spec;
  const problems: Problem[] = [];
  const names = Object.keys(nodes);
  if (compute.kind === "auto" && names.length > 0) {
    const next = 'Remove them, or choose compute "karpenter" to have both.';
    problems.push({ path: `${path}.nodes`, found: names, allowed: "no pools: Auto Mode makes the nodes", next });
  }
  if (compute.kind !== "auto" && names.length === 0) {
    problems.push({
      path: `${path}.nodes`,
      found: nodes,
      allowed: "at least one pool of nodes",
      next: "EKS has no system pool.",
    });
  }
  for (const [name, pool] of Object.entries(nodes)) {
    if (poolArchitectures(pool).size === 1) continue;
    problems.push({
      path: `${path}.nodes.${name}`,
      found: [...pool.instanceTypes, ...(pool.amiType === undefined ? [] : [pool.amiType])],
      allowed: "instance types, and an amiType, of one architecture",
      next: "Make a pool for each architecture.",
    });
  }
  if (compute.kind === "karpenter" && Object.keys(compute.nodePools).length === 0) {
    problems.push({ path: `${path}.compute.nodePools`, found: {}, allowed: "at least one node pool" });
  }
  if (compute.kind === "fargate" && Object.keys(compute.profiles).length === 0) {
    problems.push({ path: `${path}.compute.profiles`, found: {}, allowed: "at least one profile" });
  }
  return problems;
}

/** Images whose nodes take gVisor by their user data. */
const GVISOR_IMAGES: readonly string[] = ["AL2023_x86_64_STANDARD", "AL2023_ARM_64_STANDARD"];

function validateSandboxPools(path: string, spec: EksSpec): Problem[] {
  const { nodes = {}, compute, egress, gvisorMirror } = spec;
  const ofKarpenter = compute?.kind === "karpenter" ? compute.nodePools : {};
  const problems: Problem[] = [];
  for (const [at, { sandbox }] of [
    ...Object.entries(nodes).map(([name, pool]) => [`${path}.nodes.${name}`, pool] as const),
    ...Object.entries(ofKarpenter).map(([name, pool]) => [`${path}.compute.nodePools.${name}`, pool] as const),
  ]) {
    if (sandbox !== "vm") continue;
    problems.push({
      path: `${at}.sandbox`,
      found: sandbox,
      allowed: '"gvisor"',
      next: "EKS's images have no Kata, and its node groups turn no nested virtualization on (aws/containers-roadmap#2784). AKS has virtual machines.",
    });
  }
  for (const [name, { sandbox, amiType }] of Object.entries(nodes)) {
    if (sandbox !== "gvisor" || amiType === undefined || GVISOR_IMAGES.includes(amiType)) continue;
    problems.push({
      path: `${path}.nodes.${name}.amiType`,
      found: amiType,
      allowed: `one of ${GVISOR_IMAGES.join(", ")}, since the pool is a sandbox`,
      next: "Bottlerocket takes no runtime from outside, and gVisor shows no GPU to a pod by itself.",
    });
  }
  if (sandboxRuntime(spec)?.isolation === "gvisor" && egress === "none" && gvisorMirror === undefined) {
    problems.push({
      path: `${path}.gvisorMirror`,
      allowed: 'the URL of a mirror of gVisor that the nodes reach: with egress "none" they do not reach its own',
      next: `docs/clusters.md, "Sandboxes", has what it must hold.`,
    });
  }
  return problems;
}

/**
 * Fargate profiles that select pods which cannot run there. Each pod of a mesh needs a privileged init container or an
 * agent on its node, and Fargate has neither; the drivers in `kube-system` have Pod Identity, which Fargate lacks too
 * (https://docs.aws.amazon.com/eks/latest/userguide/fargate.html, "considerations").
 */
export function validateFargate({ clusters, workloads = {} }: Environment): Problem[] {
  const problems: Problem[] = [];
  for (const [key, cluster] of Object.entries(clusters)) {
    if (cluster.kind !== "eks" || cluster.compute?.kind !== "fargate") continue;
    const meshed = Object.entries(workloads).filter(([, { on }]) => on.includes(key));
    for (const [name, { selectors }] of Object.entries(cluster.compute.profiles)) {
      for (const [index, { namespace }] of selectors.entries()) {
        const path = `clusters.${key}.compute.profiles.${name}.selectors[${index}].namespace`;
        const workload = meshed.find(([, it]) => it.namespace === namespace)?.[0];
        if (workload !== undefined) {
          const next = `The pods of workloads.${workload} join the mesh, which Fargate cannot hold.`;
          problems.push({ path, found: namespace, allowed: "a namespace without workloads of this spec", next });
        }
        if (namespace === "kube-system") {
          const next = "Its drivers get their identity from an agent on the node, and Fargate runs no agents.";
          problems.push({ path, found: namespace, allowed: "any other namespace", next });
        }
      }
    }
  }
  return problems;
}

function validateAccess(path: string, { access = {} }: EksSpec, { deployerRoleArn }: EksNames): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const [name, { principal, policies = {}, groups = [] }] of Object.entries(access)) {
    const at = `${path}.access.${name}`;
    const other = seen.get(principal);
    if (principal === deployerRoleArn) {
      const next = "The role that runs Pulumi administers the cluster already.";
      problems.push({ path: `${at}.principal`, found: principal, allowed: "any other role or user", next });
    } else if (other !== undefined) {
      problems.push({
        path: `${at}.principal`,
        found: principal,
        allowed: `a principal that ${path}.access.${other} does not name`,
        next: "EKS takes one entry for a principal: put all of its policies there.",
      });
    }
    if (Object.keys(policies).length === 0 && groups.length === 0) {
      problems.push({ path: at, found: { principal }, allowed: "policies, groups, or both" });
    }
    seen.set(principal, name);
  }
  return problems;
}

function validateAddons(path: string, { addons = {}, compute, sharedVolumes }: EksSpec): Problem[] {
  const defaults: readonly string[] = DEFAULT_ADDONS;
  return Object.keys(addons).flatMap((name): Problem[] => {
    if (compute?.kind === "auto" && defaults.includes(name)) {
      const next = "Auto Mode runs its own and upgrades it: remove this.";
      return [{ path: `${path}.addons.${name}`, found: name, allowed: "other add-ons", next }];
    }
    if (name === "aws-efs-csi-driver" && sharedVolumes !== true) {
      const next = `Set ${path}.sharedVolumes to true, which makes the file system too.`;
      return [{ path: `${path}.addons.${name}`, found: name, allowed: "this add-on beside sharedVolumes", next }];
    }
    return [];
  });
}
