import type { Problem } from "../problem";
import type { ClusterSpec } from "../spec/types";
import { Cidr } from "./cidr";

/** What a cluster's one block is cut into: quarters, the last of which stays free for what comes later. */
export interface ClusterBlocks {
  /** The VPC or VNet. */
  readonly nodes: Cidr;
  /** Pods of an overlay network. EKS pods take addresses of `nodes`. */
  readonly pods: Cidr;
  readonly services: Cidr;
}

export interface SubnetPlan {
  readonly zone: string;
  readonly privateCidr: string;
  readonly publicCidr: string;
}

export interface VpcPlan {
  readonly cidr: string;
  readonly region: string;
  readonly subnets: readonly SubnetPlan[];
}

export interface VnetPlan {
  readonly cidr: string;
  readonly location: string;
  /** Subnet of the nodes: the lower half, so that the upper one can hold private endpoints. */
  readonly nodesCidr: string;
}

const WIDEST = 14;
const NARROWEST = 18;

export function cutBlock(block: Cidr): ClusterBlocks {
  return { nodes: block.part(2, 0), pods: block.part(2, 1), services: block.part(2, 2) };
}

/** Blocks that are malformed, of a wrong size, or overlap with another cluster's. */
export function validateBlocks(clusters: Readonly<Record<string, ClusterSpec>>): Problem[] {
  const problems: Problem[] = [];
  const seen: { key: string; block: Cidr }[] = [];
  for (const [key, { cidr }] of Object.entries(clusters)) {
    const path = `clusters.${key}.cidr`;
    const block = Cidr.parse(cidr);
    if (block === undefined || block.prefix < WIDEST || block.prefix > NARROWEST) {
      problems.push({
        path,
        found: cidr,
        allowed: `an IPv4 block of /${WIDEST} to /${NARROWEST} with no bit set after its prefix, such as "10.16.0.0/14"`,
      });
      continue;
    }
    for (const other of seen) {
      if (!block.overlaps(other.block)) continue;
      problems.push({
        path,
        found: cidr,
        allowed: `a block that does not overlap with clusters.${other.key}.cidr (${other.block})`,
        next: "Pods of both clusters must be able to reach each other: give each cluster its own block.",
      });
    }
    seen.push({ key, block });
  }
  return problems;
}

/** Zone `i` has the `i`-th quarter of the VPC for its private subnet, and a sixteenth out of the last quarter for its public one. */
export function planVpc(region: string, blocks: ClusterBlocks, zones: readonly string[]): VpcPlan {
  return {
    cidr: blocks.nodes.toString(),
    region,
    subnets: zones.map((zone, index) => ({
      zone: `${region}${zone}`,
      privateCidr: blocks.nodes.part(2, index).toString(),
      publicCidr: blocks.nodes.part(2, 3).part(2, index).toString(),
    })),
  };
}

export function planVnet(location: string, blocks: ClusterBlocks): VnetPlan {
  return { cidr: blocks.nodes.toString(), location, nodesCidr: blocks.nodes.part(1, 0).toString() };
}
