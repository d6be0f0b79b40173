import pc from "picocolors";

import type { ClusterNetwork, NetworksPlan } from "../../components/network/environment";
import { readNetworks } from "../../components/plan";
import { openProject } from "../project";
import { loadSpec, reading } from "../spec";

export interface NetworkOptions {
  readonly env: string;
  readonly json?: boolean;
}

/** `isthmus plan network`: the address plan of an environment. */
export async function networkVerb({ env: environment, json = false }: NetworkOptions): Promise<number> {
  const spec = await loadSpec(openProject().directory, environment, "Name an environment with --env.");
  const plan = reading(() => readNetworks({ environment, spec }));
  process.stdout.write(json ? `${JSON.stringify(plan, null, 2)}\n` : describe(plan));
  return 0;
}

function describe({ supernet, reserved, clusters, free }: NetworksPlan): string {
  const [next] = free;
  const lines = [
    ...(supernet === undefined ? [] : [`Supernet ${supernet}`]),
    ...(reserved.length === 0 ? [] : [`Reserved for other networks: ${reserved.join(", ")}`]),
    ...clusters.flatMap(describeCluster),
    ...(supernet === undefined
      ? []
      : [
          next === undefined ? "No block is free." : `Next free block: ${next.block} (${next.cidr}), of ${free.length}`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}

function describeCluster(network: ClusterNetwork): string[] {
  const { cluster, kind, place, cidr, block, subnets, pods, services, natGateways, endpoints, unused } = network;
  const number = block === undefined ? "" : `, block ${block}`;
  const rows: [string, string][] = [
    [kind === "aks" ? "VNet" : "VPC", network.network],
    ...subnets.map(({ name, cidr: subnet }): [string, string] => [`  ${name}`, subnet]),
    ["Pods", pods ?? "addresses of the private subnets"],
    ["Services", services],
    ["Egress", egress(natGateways)],
    ...(endpoints.length === 0 ? [] : [["Endpoints", endpoints.join(", ")] as [string, string]]),
    ["Unused", unused.join(", ")],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    pc.bold(`${cluster}: ${kind.toUpperCase()} in ${place}, ${cidr}${number}`),
    ...rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`),
  ];
}

function egress(natGateways: readonly string[]): string {
  if (natGateways.length === 0) return "none";
  const count =
    natGateways.length === 1 ? "one NAT gateway and address" : `${natGateways.length} NAT gateways and addresses`;
  return `${count}: ${natGateways.join(", ")}`;
}
