import { madeClusters } from "../spec/clusters";
import type { ClusterSpec, Environment, MadeClusterSpec } from "../spec/types";
import { blockOf, cutBlock, freeBlocks, type BlockSpec } from "./blocks";
import { planVnet, planVpc } from "./plan";

/** The networks of an environment, as people plan addresses: what is whose, and what is free. */
export interface NetworksPlan {
  readonly environment: string;
  /** Block that clusters' blocks are numbered in. */
  readonly supernet?: string;
  /** Blocks of other networks that are reached from here. */
  readonly reserved: readonly string[];
  /** Sorted by key. */
  readonly clusters: readonly ClusterNetwork[];
  /** Numbered blocks that a new cluster may take, ascending. Empty without a supernet. */
  readonly free: readonly { readonly block: number; readonly cidr: string }[];
}

export interface ClusterNetwork {
  readonly cluster: string;
  readonly kind: MadeClusterSpec["kind"];
  /** Region or location. */
  readonly place: string;
  readonly cidr: string;
  /** Number of the block, when the spec says that in place of a CIDR. */
  readonly block?: number;
  /** The VPC or VNet. */
  readonly network: string;
  readonly subnets: readonly NamedSubnet[];
  /** Block of the pods. Absent where pods take addresses of the subnets. */
  readonly pods?: string;
  readonly services: string;
  /** NAT gateways, by where they stand. Each has one address that traffic to the internet comes from. */
  readonly natGateways: readonly string[];
  /** AWS services that are reached inside the network. */
  readonly endpoints: readonly string[];
  /** Quarters of the block, and parts of the network, that nothing uses. */
  readonly unused: readonly string[];
}

export interface NamedSubnet {
  readonly name: string;
  readonly cidr: string;
}

/** Plans the networks of a spec whose blocks have no problems. */
export function planNetworks(environment: string, { clusters, network = {} }: Environment): NetworksPlan {
  return {
    environment,
    ...(network.supernet !== undefined && { supernet: network.supernet }),
    reserved: network.reserved ?? [],
    clusters: Object.entries(madeClusters(clusters))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, spec]) => planClusterNetwork(key, spec, network)),
    free: freeBlocks({ ...madeClusters(clusters), ...foreignBlocks(clusters) }, network).map(({ number, cidr }) => ({
      block: number,
      cidr: cidr.toString(),
    })),
  };
}

/** Blocks of clusters that existed already, which no new cluster may take. */
function foreignBlocks(clusters: Readonly<Record<string, ClusterSpec>>): Record<string, BlockSpec> {
  return Object.fromEntries(
    Object.entries(clusters).flatMap(([key, spec]) => {
      if (spec.kind !== "existing") return [];
      const { nodeCidr, podCidr, serviceCidr } = spec.network;
      return [nodeCidr, podCidr, serviceCidr].map((cidr, index) => [`${key}.${index}`, { cidr }]);
    }),
  );
}

function planClusterNetwork(key: string, spec: MadeClusterSpec, network: Environment["network"]): ClusterNetwork {
  const block = blockOf(spec, network)!;
  const blocks = cutBlock(block);
  const base = {
    cluster: key,
    cidr: block.toString(),
    ...(spec.block !== undefined && { block: spec.block }),
    network: blocks.nodes.toString(),
    services: blocks.services.toString(),
  };
  const quarter = block.part(2, 3).toString();
  switch (spec.kind) {
    case "eks": {
      const { region, subnets, natZones, endpoints } = planVpc(spec, blocks);
      return {
        ...base,
        kind: spec.kind,
        place: region,
        subnets: subnets.flatMap(({ zone, privateCidr, publicCidr }) => [
          { name: `private-${zone}`, cidr: privateCidr },
          ...(publicCidr === undefined ? [] : [{ name: `public-${zone}`, cidr: publicCidr }]),
        ]),
        natGateways: natZones,
        endpoints: ["s3", ...endpoints],
        unused: [blocks.nodes.part(3, 7).toString(), blocks.pods.toString(), quarter],
      };
    }
    case "aks": {
      const { location, nodesCidr } = planVnet(spec, blocks);
      return {
        ...base,
        kind: spec.kind,
        place: location,
        subnets: [{ name: "nodes", cidr: nodesCidr }],
        pods: blocks.pods.toString(),
        natGateways: [location],
        endpoints: [],
        unused: [blocks.nodes.part(1, 1).toString(), quarter],
      };
    }
  }
}
