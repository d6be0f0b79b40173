import type { AksSpec, EksSpec } from "../spec/types";
import type { ClusterBlocks } from "./blocks";

export interface SubnetPlan {
  readonly zone: string;
  readonly privateCidr: string;
  /** For internet-facing load balancers and NAT gateways. Absent in a VPC without a way out. */
  readonly publicCidr?: string;
  /** Zone of the NAT gateway that its private subnet goes out through. Absent in a VPC without a way out. */
  readonly natZone?: string;
}

export interface VpcPlan {
  readonly cidr: string;
  readonly region: string;
  readonly subnets: readonly SubnetPlan[];
  /** Zones with a NAT gateway and its Elastic IP, sorted. */
  readonly natZones: readonly string[];
  /** AWS services that are reached through an interface endpoint, sorted, e.g. `ecr.api`. S3 always has a gateway endpoint. */
  readonly endpoints: readonly string[];
}

export interface VnetPlan {
  readonly cidr: string;
  readonly location: string;
  /** Subnet of the nodes: the lower half, so that the upper one can hold private endpoints. */
  readonly nodesCidr: string;
  /** Zones of the nodes and of the address that they go out with, sorted. Empty where a location has none. */
  readonly zones: readonly string[];
}

/** Services without which nodes and add-ons do not come up where there is no way out (EKS User Guide, "private clusters"). */
const NEEDED_WITHOUT_EGRESS = [
  "ec2",
  "ecr.api",
  "ecr.dkr",
  "eks",
  "eks-auth",
  "elasticloadbalancing",
  "logs",
  "sts",
] as const;

export type VpcSpec = Pick<EksSpec, "region" | "zones" | "egress" | "privateEndpoints" | "compute" | "sharedVolumes">;

/** Services that a cluster without egress reaches inside its VPC. */
function neededWithoutEgress({ compute, sharedVolumes }: VpcSpec): string[] {
  return [
    ...NEEDED_WITHOUT_EGRESS,
    // Its interruption queue, and the parameters that name machine images.
    ...(compute?.kind === "karpenter" ? ["sqs", "ssm"] : []),
    ...(sharedVolumes === true ? ["elasticfilesystem"] : []),
  ];
}

/**
 * Subnets of a VPC. The letter of a zone, `a` to `f`, says which eighth is its private subnet, and which eighth of the
 * seventh one its public subnet: no zone that comes or goes moves another's. The last eighth stays free.
 */
export function planVpc(spec: VpcSpec, { nodes }: ClusterBlocks): VpcPlan {
  const { region, zones = ["a", "b"], egress = "per-zone", privateEndpoints: endpoints = [] } = spec;
  const letters = [...new Set(zones)].sort();
  // The first one listed, wherever the others sort: an address that others know must not move when a zone is added.
  const natLetters = { "per-zone": letters, single: zones.slice(0, 1), none: [] }[egress];
  const services = egress === "none" ? [...endpoints, ...neededWithoutEgress(spec)] : endpoints;
  return {
    cidr: nodes.toString(),
    region,
    subnets: letters.map((letter) => {
      const slot = letter.charCodeAt(0) - "a".charCodeAt(0);
      const natZone = natLetters.find((nat) => nat === letter) ?? natLetters[0];
      return {
        zone: `${region}${letter}`,
        privateCidr: nodes.part(3, slot).toString(),
        ...(natZone !== undefined && {
          publicCidr: nodes.part(3, 6).part(3, slot).toString(),
          natZone: `${region}${natZone}`,
        }),
      };
    }),
    natZones: natLetters.map((letter) => `${region}${letter}`),
    endpoints: [...new Set(services)].sort(),
  };
}

export function planVnet(
  { location, zones = ["1", "2", "3"] }: Pick<AksSpec, "location" | "zones">,
  { nodes }: ClusterBlocks,
): VnetPlan {
  return {
    cidr: nodes.toString(),
    location,
    nodesCidr: nodes.part(1, 0).toString(),
    zones: [...new Set(zones)].sort(),
  };
}
