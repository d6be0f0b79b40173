import { blockOf } from "../../network/blocks";
import { Cidr } from "../../network/cidr";
import type { Problem } from "../../problem";
import { madeClusters } from "../../spec/clusters";
import type { Environment, ExistingSpec } from "../../spec/types";
import type { Place } from "../common-plan";
import { readContext, type KubeconfigSource } from "./kubeconfig";

export interface ExistingPlan {
  readonly kind: "existing";
  readonly key: string;
  /** Where it is in the spec, `clusters.<key>`. */
  readonly path: string;
  /** Name by which clouds know it, `<prefix>-<environment>-<key>`. */
  readonly clusterName: string;
  readonly kubernetesVersion: string;
  readonly place: Extract<Place, { cloud: "none" }>;
  readonly connect: string;
  /** What its Kubernetes provider is tied to. */
  readonly id: string;
  readonly kubeconfig: { readonly source: KubeconfigSource; readonly directory: string };
  readonly issuer: string;
  readonly network: ExistingSpec["network"];
  readonly volumes: NonNullable<ExistingSpec["volumes"]>;
}

/** Whether a cloud could fetch an issuer's keys: nothing in a private network is reachable from a token service. */
function isPublicIssuer(issuer: string): boolean {
  if (!URL.canParse(issuer)) return false;
  const { hostname } = new URL(issuer);
  return hostname.includes(".") && !/^[\d.]+$|^\[|\.(local|localhost|internal|lan|svc|test)$/.test(hostname);
}

/** What is wrong with the clusters that exist already, beyond their shape. */
export function validateExisting(environment: Environment, directory: string): Problem[] {
  const { clusters, network } = environment;
  const existing = Object.entries(clusters).flatMap(([key, spec]) => (spec.kind === "existing" ? [{ key, spec }] : []));
  const problems: Problem[] = [];
  const taken = Object.entries(madeClusters(clusters)).flatMap(([key, spec]) => {
    const block = blockOf(spec, network);
    return block === undefined ? [] : [{ path: `clusters.${key}`, block }];
  });
  const issuers = new Map<string, string>();
  for (const { key, spec } of existing) {
    const path = `clusters.${key}`;
    const context = readContext(path, spec, directory);
    if (typeof context !== "string") problems.push(context);
    const blocks = blocksOf(path, spec);
    problems.push(...blocks.problems, ...overlaps(blocks.parsed, taken));
    taken.push(...blocks.parsed);
    const other = issuers.get(spec.issuer);
    if (other !== undefined) {
      const next =
        "A cloud trusts an issuer: it could not tell the two clusters apart. Set --service-account-issuer on one.";
      problems.push({ path: `${path}.issuer`, found: spec.issuer, allowed: `another issuer than ${other}'s`, next });
    }
    issuers.set(spec.issuer, path);
    problems.push(...unreachable(path, spec.issuer, tenants(key, environment)));
  }
  return problems;
}

/** Workloads of a cluster that act in a cloud. */
function tenants(cluster: string, { access = [], workloads = {} }: Environment): string[] {
  const acting = access.flatMap((rule) => (rule.kind === "objects" ? [rule.from] : []));
  return [...new Set(acting)].filter((key) => workloads[key]?.on.includes(cluster) === true).sort();
}

function unreachable(path: string, issuer: string, workloads: readonly string[]): Problem[] {
  if (workloads.length === 0 || isPublicIssuer(issuer)) return [];
  return [
    {
      path: `${path}.issuer`,
      found: issuer,
      allowed: `a public host, since ${workloads.map((key) => `workloads.${key}`).join(" and ")} may use a bucket from there`,
      next: "A cloud fetches the issuer's keys: publish its discovery document and its JWKS, and set --service-account-issuer to where they are.",
    },
  ];
}

interface OwnedBlock {
  readonly path: string;
  readonly block: Cidr;
}

function blocksOf(path: string, { network }: ExistingSpec): { parsed: OwnedBlock[]; problems: Problem[] } {
  const parsed: OwnedBlock[] = [];
  const problems: Problem[] = [];
  for (const name of ["nodeCidr", "podCidr", "serviceCidr"] as const) {
    const block = Cidr.parse(network[name]);
    const at = `${path}.network.${name}`;
    if (block === undefined) {
      problems.push({ path: at, found: network[name], allowed: "an IPv4 block with no bit set after its prefix" });
    } else parsed.push({ path: at, block });
  }
  const [nodes, pods, services] = parsed;
  if (nodes !== undefined && pods !== undefined && services !== undefined) {
    problems.push(...overlaps([services], [nodes, pods]));
    // Pods may have addresses of the nodes' network, all of them or none.
    if (!nodes.block.contains(pods.block)) problems.push(...overlaps([pods], [nodes]));
  }
  return { parsed, problems };
}

function overlaps(blocks: readonly OwnedBlock[], others: readonly OwnedBlock[]): Problem[] {
  return blocks.flatMap(({ path, block }) =>
    others
      .filter((other) => block.overlaps(other.block))
      .map((other) => ({
        path,
        found: block.toString(),
        allowed: `a block that does not overlap with ${other.path} (${other.block})`,
      })),
  );
}

export function planExisting(
  { key, path, clusterName, directory }: Pick<ExistingPlan, "key" | "path" | "clusterName"> & { directory: string },
  { context, kubeconfigPath, credentials, ...spec }: ExistingSpec,
): ExistingPlan {
  return {
    kind: "existing",
    key,
    path,
    clusterName,
    kubernetesVersion: spec.kubernetesVersion,
    place: { cloud: "none", context },
    connect: `kubectl config use-context ${context}${kubeconfigPath === undefined ? "" : ` --kubeconfig ${kubeconfigPath}`}`,
    id: spec.id ?? clusterName,
    kubeconfig: { source: { context, kubeconfigPath, credentials }, directory },
    issuer: spec.issuer,
    network: spec.network,
    volumes: spec.volumes ?? {},
  };
}
