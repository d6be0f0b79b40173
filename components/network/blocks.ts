import type { Problem } from "../problem";
import type { NetworkSpec } from "../spec/types";
import { Cidr } from "./cidr";

/** What a cluster's one block is cut into: quarters, the last of which stays free for what comes later. */
export interface ClusterBlocks {
  /** The VPC or VNet. */
  readonly nodes: Cidr;
  /** Pods of an overlay network. EKS pods take addresses of `nodes`. */
  readonly pods: Cidr;
  readonly services: Cidr;
}

/** How a cluster says which block is its own. */
export interface BlockSpec {
  readonly cidr?: string | undefined;
  readonly block?: number | undefined;
}

/** A quarter of a /14 is the largest VPC there is, a /16. */
const WIDEST = 14;
const NARROWEST = 18;

/** Where EKS takes the addresses of Services from (API reference, `KubernetesNetworkConfigRequest`), and what never leaks. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((text) => Cidr.parse(text)!);

const EXAMPLE = `an IPv4 block of /${WIDEST} to /${NARROWEST} with no bit set after its prefix, such as "10.16.0.0/14"`;

const REACHABLE = "Pods of both clusters must be able to reach each other: give each cluster its own block.";

export function cutBlock(block: Cidr): ClusterBlocks {
  return { nodes: block.part(2, 0), pods: block.part(2, 1), services: block.part(2, 2) };
}

/**
 * The block of a cluster. It follows from what the cluster itself says and from nothing else, so that no other cluster,
 * come or gone, ever moves it: numbers drawn from names would collide one day, and then one of the two would have to move.
 *
 * @returns undefined when it says none, or none that can be
 */
export function blockOf({ cidr, block }: BlockSpec, network: NetworkSpec = {}): Cidr | undefined {
  if (cidr !== undefined) return Cidr.parse(cidr);
  const numbered = numberedBlocks(network);
  return block === undefined || numbered === undefined || block >= numbered.count ? undefined : numbered.at(block);
}

/** Numbers of the supernet's blocks that no cluster and no reserved block touches, ascending. Empty without a supernet. */
export function freeBlocks(
  clusters: Readonly<Record<string, BlockSpec>>,
  network: NetworkSpec = {},
): { readonly number: number; readonly cidr: Cidr }[] {
  const numbered = numberedBlocks(network);
  if (numbered === undefined) return [];
  const taken = [
    ...Object.values(clusters).map((cluster) => blockOf(cluster, network)),
    ...(network.reserved ?? []).map((text) => Cidr.parse(text)),
  ];
  return Array.from({ length: numbered.count }, (_, number) => ({ number, cidr: numbered.at(number) })).filter(
    ({ cidr }) => !taken.some((other) => other?.overlaps(cidr)),
  );
}

/** What is wrong with the supernet, with reserved blocks, and with the blocks of clusters, alone and among each other. */
export function validateBlocks(clusters: Readonly<Record<string, BlockSpec>>, network: NetworkSpec = {}): Problem[] {
  const problems = validateNetwork(network);
  const seen: { path: string; block: Cidr; next: string }[] = (network.reserved ?? []).flatMap((text, index) => {
    const block = Cidr.parse(text);
    const next = "A network that is reached from here cannot share addresses with a cluster.";
    return block === undefined ? [] : [{ path: `network.reserved[${index}]`, block, next }];
  });
  for (const [key, cluster] of Object.entries(clusters)) {
    const path = `clusters.${key}.${cluster.cidr === undefined ? "block" : "cidr"}`;
    const malformed = validateBlock(`clusters.${key}`, cluster, clusters, network);
    problems.push(...malformed);
    const block = blockOf(cluster, network);
    if (malformed.length > 0 || block === undefined) continue;
    for (const other of seen) {
      if (!block.overlaps(other.block)) continue;
      problems.push({
        path,
        found: cluster.cidr ?? cluster.block,
        allowed: `a block that does not overlap with ${other.path} (${other.block})`,
        next: `${other.next}${nextFree(clusters, network)}`,
      });
    }
    seen.push({ path, block, next: REACHABLE });
  }
  return problems;
}

function validateNetwork({ supernet, blockPrefix, reserved = [] }: NetworkSpec): Problem[] {
  const problems: Problem[] = [];
  const prefix = blockPrefix ?? WIDEST;
  const block = Cidr.parse(supernet ?? "");
  if (supernet !== undefined && (block === undefined || block.prefix > prefix || !isPrivate(block))) {
    problems.push({
      path: "network.supernet",
      found: supernet,
      allowed: `a block of ${PRIVATE.join(", ")} that holds at least one /${prefix}, such as "10.0.0.0/10"`,
    });
  }
  for (const [index, text] of reserved.entries()) {
    if (Cidr.parse(text) !== undefined) continue;
    problems.push({
      path: `network.reserved[${index}]`,
      found: text,
      allowed: "an IPv4 block with no bit set after its prefix",
    });
  }
  return problems;
}

function validateBlock(
  path: string,
  cluster: BlockSpec,
  clusters: Readonly<Record<string, BlockSpec>>,
  network: NetworkSpec,
): Problem[] {
  const { cidr, block } = cluster;
  const numbered = numberedBlocks(network);
  const numbers =
    numbered && `the number of a block of network.supernet (${network.supernet}), 0 to ${numbered.count - 1}`;
  if (cidr !== undefined && block !== undefined) {
    return [{ path: `${path}.block`, found: block, allowed: "either a cidr or a block, not both" }];
  }
  if (cidr !== undefined) {
    const parsed = Cidr.parse(cidr);
    if (parsed === undefined || parsed.prefix < WIDEST || parsed.prefix > NARROWEST) {
      return [{ path: `${path}.cidr`, found: cidr, allowed: EXAMPLE }];
    }
    return isPrivate(parsed)
      ? []
      : [{ path: `${path}.cidr`, found: cidr, allowed: `a block of ${PRIVATE.join(", ")}` }];
  }
  if (network.supernet === undefined) {
    if (block === undefined) return [{ path: `${path}.cidr`, allowed: EXAMPLE }];
    const next = "Set network.supernet, or give the cluster a cidr.";
    return [{ path: `${path}.block`, found: block, allowed: "no number: the spec has no network.supernet", next }];
  }
  // What is wrong with the supernet is a problem of its own.
  if (numbers === undefined || (block !== undefined && block < numbered!.count)) return [];
  const next = nextFree(clusters, network).trim();
  return [{ path: `${path}.block`, ...(block !== undefined && { found: block }), allowed: numbers, next }];
}

function nextFree(clusters: Readonly<Record<string, BlockSpec>>, network: NetworkSpec): string {
  if (network.supernet === undefined) return "";
  const [free] = freeBlocks(clusters, network);
  if (free === undefined) return " There is no free block left: give the cluster a cidr of its own.";
  return ` The next free block is ${free.number} (${free.cidr}).`;
}

function numberedBlocks({ supernet, blockPrefix = WIDEST }: NetworkSpec) {
  const block = Cidr.parse(supernet ?? "");
  if (block === undefined || block.prefix > blockPrefix) return undefined;
  const bits = blockPrefix - block.prefix;
  return { count: 2 ** bits, at: (number: number) => block.part(bits, number) };
}

function isPrivate(block: Cidr): boolean {
  return PRIVATE.some((range) => range.contains(block));
}
