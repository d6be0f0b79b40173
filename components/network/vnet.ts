import * as network from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";

import type { AzureProvider } from "../providers";
import type { VnetPlan } from "./plan";

export interface VnetNetworkArgs {
  readonly plan: VnetPlan;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly provider: AzureProvider;
}

/** A VNet with one subnet for nodes behind a NAT gateway, so that egress has one stable address. */
export class VnetNetwork extends pulumi.ComponentResource {
  readonly vnetId: pulumi.Output<string>;
  readonly nodeSubnetId: pulumi.Output<string>;
  /** Address that traffic to the internet comes from. */
  readonly egressAddress: pulumi.Output<string>;
  /** ARM id of the same address. */
  readonly egressAddressId: pulumi.Output<string>;

  constructor(name: string, args: VnetNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:network:VnetNetwork", name, { cidr: args.plan.cidr }, opts);
    const { plan, resourceGroupName, provider } = args;
    const base = { resourceGroupName, location: plan.location };
    const children = { parent: this, provider };

    const address = new network.PublicIPAddress(
      `${name}-nat`,
      {
        ...base,
        publicIpAddressName: `${name}-nat`,
        sku: { name: "Standard" },
        publicIPAllocationMethod: "Static",
        ...(plan.zones.length > 0 && { zones: [...plan.zones] }),
      },
      children,
    );
    const nat = new network.NatGateway(
      `${name}-nat`,
      { ...base, natGatewayName: `${name}-nat`, sku: { name: "Standard" }, publicIpAddresses: [{ id: address.id }] },
      children,
    );
    const vnet = new network.VirtualNetwork(
      name,
      { ...base, virtualNetworkName: name, addressSpace: { addressPrefixes: [plan.cidr] } },
      // Subnets are resources of their own; ARM returns them here too, and a PUT without them would delete them.
      { ...children, ignoreChanges: ["subnets"] },
    );
    const subnet = new network.Subnet(
      `${name}-nodes`,
      {
        resourceGroupName,
        virtualNetworkName: vnet.name,
        subnetName: "nodes",
        addressPrefix: plan.nodesCidr,
        natGateway: { id: nat.id },
      },
      children,
    );

    this.vnetId = vnet.id;
    this.nodeSubnetId = subnet.id;
    this.egressAddressId = address.id;
    // A static address is assigned when it is made.
    this.egressAddress = address.ipAddress.apply((ip) => ip!);
    this.registerOutputs({ nodeSubnetId: this.nodeSubnetId, egressAddress: this.egressAddress });
  }
}
