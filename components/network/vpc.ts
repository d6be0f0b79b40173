import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";

import type { AwsProvider } from "../providers";
import type { SubnetPlan, VpcPlan } from "./plan";

export interface VpcNetworkArgs {
  readonly plan: VpcPlan;
  /** Name of the EKS cluster that lives in it: load balancer controllers find their subnets by it. */
  readonly clusterName: string;
  readonly provider: AwsProvider;
}

/** A VPC with a private and a public subnet per zone and one NAT gateway, so that egress has one stable address. */
export class VpcNetwork extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  /** Ids of the private subnets, in the order of the plan's zones. */
  readonly privateSubnetIds: pulumi.Output<string>[];
  /** What must exist for as long as something in the private subnets reaches the internet. */
  readonly egress: pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(name: string, args: VpcNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:network:VpcNetwork", name, { cidr: args.plan.cidr }, opts);
    this.opts = { parent: this, provider: args.provider };

    const vpc = this.createVpc(name, args);
    const internet = this.createInternetAccess(name, vpc);
    const publicSubnets = args.plan.subnets.map((subnet) => this.createPublicSubnet(name, vpc, subnet, internet));
    const nat = this.createNatRoute(name, vpc, publicSubnets[0]!, internet);
    const privateSubnets = args.plan.subnets.map((subnet) =>
      this.createPrivateSubnet(name, vpc, subnet, args.clusterName),
    );
    this.egress = args.plan.subnets.map(
      ({ zone }, index) =>
        new ec2.RouteTableAssociation(
          `${name}-private-${zone}`,
          { subnetId: privateSubnets[index]!.id, routeTableId: nat.routeTableId },
          this.opts,
        ),
    );

    this.vpcId = vpc.id;
    this.privateSubnetIds = privateSubnets.map((subnet) => subnet.id);
    this.registerOutputs({ vpcId: this.vpcId, privateSubnetIds: this.privateSubnetIds });
  }

  private createVpc(name: string, { plan }: VpcNetworkArgs): ec2.Vpc {
    const args = { cidrBlock: plan.cidr, enableDnsHostnames: true, enableDnsSupport: true, tags: { Name: name } };
    return new ec2.Vpc(name, args, this.opts);
  }

  private createInternetAccess(name: string, vpc: ec2.Vpc): ec2.Route {
    const gateway = new ec2.InternetGateway(name, { vpcId: vpc.id, tags: { Name: name } }, this.opts);
    const table = new ec2.RouteTable(`${name}-public`, { vpcId: vpc.id, tags: { Name: `${name}-public` } }, this.opts);
    return new ec2.Route(
      `${name}-public`,
      { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id },
      this.opts,
    );
  }

  private createPrivateSubnet(
    name: string,
    vpc: ec2.Vpc,
    { zone, privateCidr }: SubnetPlan,
    cluster: string,
  ): ec2.Subnet {
    const child = `${name}-private-${zone}`;
    const tags = {
      Name: child,
      "kubernetes.io/role/internal-elb": "1",
      [`kubernetes.io/cluster/${cluster}`]: "shared",
    };
    return new ec2.Subnet(child, { vpcId: vpc.id, cidrBlock: privateCidr, availabilityZone: zone, tags }, this.opts);
  }

  private createPublicSubnet(
    name: string,
    vpc: ec2.Vpc,
    { zone, publicCidr }: SubnetPlan,
    internet: ec2.Route,
  ): ec2.Subnet {
    const child = `${name}-public-${zone}`;
    const subnet = new ec2.Subnet(
      child,
      {
        vpcId: vpc.id,
        cidrBlock: publicCidr,
        availabilityZone: zone,
        mapPublicIpOnLaunch: false,
        tags: { Name: child, "kubernetes.io/role/elb": "1" },
      },
      this.opts,
    );
    new ec2.RouteTableAssociation(child, { subnetId: subnet.id, routeTableId: internet.routeTableId }, this.opts);
    return subnet;
  }

  private createNatRoute(name: string, vpc: ec2.Vpc, publicSubnet: ec2.Subnet, internet: ec2.Route): ec2.Route {
    const address = new ec2.Eip(`${name}-nat`, { domain: "vpc", tags: { Name: `${name}-nat` } }, this.opts);
    const nat = new ec2.NatGateway(
      `${name}-nat`,
      { allocationId: address.id, subnetId: publicSubnet.id, tags: { Name: `${name}-nat` } },
      { ...this.opts, dependsOn: [internet] },
    );
    const table = new ec2.RouteTable(
      `${name}-private`,
      { vpcId: vpc.id, tags: { Name: `${name}-private` } },
      this.opts,
    );
    return new ec2.Route(
      `${name}-private`,
      { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: nat.id },
      this.opts,
    );
  }
}
