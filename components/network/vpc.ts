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

/**
 * A VPC with a private subnet per zone and, unless it has no way out, a public one. Egress leaves from Elastic IPs, which
 * others can put on a list. Whatever a zone has is named after the zone, so that no zone that comes or goes touches another.
 */
export class VpcNetwork extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  /** Ids of the private subnets, by zone such as `us-east-1a`, in the order of the plan. */
  readonly privateSubnetIds: ReadonlyMap<string, pulumi.Output<string>>;
  /** Addresses that traffic to the internet comes from, one a NAT gateway. */
  readonly egressAddresses: readonly pulumi.Output<string>[];
  /** What must exist for as long as something in the private subnets reaches the internet, or AWS without it. */
  readonly egress: readonly pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(name: string, args: VpcNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:network:VpcNetwork", name, { cidr: args.plan.cidr }, opts);
    this.opts = { parent: this, provider: args.provider };
    const { plan } = args;

    const vpc = this.createVpc(name, plan);
    const nats = plan.natZones.length > 0 ? this.createNats(name, vpc, plan) : new Map<string, Nat>();
    const subnets = new Map(
      plan.subnets.map((subnet) => [subnet.zone, this.createPrivateSubnet(name, vpc, subnet, args)]),
    );
    const tables = this.createPrivateTables(name, vpc, nats);
    const associations = this.routePrivateSubnets(name, plan, subnets, tables);
    const endpoints = this.createEndpoints(name, vpc, plan, subnets, tables);

    this.vpcId = vpc.id;
    this.privateSubnetIds = new Map([...subnets].map(([zone, subnet]) => [zone, subnet.id]));
    this.egressAddresses = [...nats.values()].map(({ address }) => address);
    this.egress = [...associations, ...endpoints];
    this.registerOutputs({ vpcId: this.vpcId, egressAddresses: this.egressAddresses });
  }

  private createVpc(name: string, plan: VpcPlan): ec2.Vpc {
    const args = { cidrBlock: plan.cidr, enableDnsHostnames: true, enableDnsSupport: true, tags: { Name: name } };
    return new ec2.Vpc(name, args, this.opts);
  }

  private createPrivateSubnet(
    name: string,
    vpc: ec2.Vpc,
    { zone, privateCidr }: SubnetPlan,
    { clusterName }: VpcNetworkArgs,
  ): ec2.Subnet {
    const child = `${name}-private-${zone}`;
    const tags = {
      Name: child,
      "kubernetes.io/role/internal-elb": "1",
      [`kubernetes.io/cluster/${clusterName}`]: "shared",
    };
    return new ec2.Subnet(
      child,
      { vpcId: vpc.id, cidrBlock: privateCidr, availabilityZone: zone, mapPublicIpOnLaunch: false, tags },
      this.opts,
    );
  }

  /** The public subnets and the NAT gateways in some of them, by zone. */
  private createNats(name: string, vpc: ec2.Vpc, plan: VpcPlan): ReadonlyMap<string, Nat> {
    const internet = this.createInternetAccess(name, vpc);
    const publicSubnets = new Map(
      plan.subnets.map((subnet) => [subnet.zone, this.createPublicSubnet(name, vpc, subnet, internet)]),
    );
    return new Map(
      plan.natZones.map((zone) => [zone, this.createNat(`${name}-nat-${zone}`, publicSubnets.get(zone)!, internet)]),
    );
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

  private createNat(child: string, publicSubnet: ec2.Subnet, internet: ec2.Route): Nat {
    const address = new ec2.Eip(child, { domain: "vpc", tags: { Name: child } }, this.opts);
    const gateway = new ec2.NatGateway(
      child,
      { allocationId: address.id, subnetId: publicSubnet.id, tags: { Name: child } },
      { ...this.opts, dependsOn: [internet] },
    );
    return { id: gateway.id, address: address.publicIp };
  }

  /** A table for each NAT gateway, or one that leads nowhere; by the gateway's zone. */
  private createPrivateTables(
    name: string,
    vpc: ec2.Vpc,
    nats: ReadonlyMap<string, Nat>,
  ): ReadonlyMap<string | undefined, RouteTable> {
    const create = (child: string) => new ec2.RouteTable(child, { vpcId: vpc.id, tags: { Name: child } }, this.opts);
    if (nats.size === 0) {
      const table = create(`${name}-private`);
      return new Map([[undefined, { id: table.id, routed: table.id }]]);
    }
    return new Map(
      [...nats].map(([zone, nat]) => {
        const child = `${name}-private-${zone}`;
        const table = create(child);
        const route = new ec2.Route(
          child,
          { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: nat.id },
          this.opts,
        );
        return [zone, { id: table.id, routed: route.routeTableId }];
      }),
    );
  }

  private routePrivateSubnets(
    name: string,
    { subnets: plans }: VpcPlan,
    subnets: ReadonlyMap<string, ec2.Subnet>,
    tables: ReadonlyMap<string | undefined, RouteTable>,
  ): ec2.RouteTableAssociation[] {
    return plans.map(
      ({ zone, natZone }) =>
        new ec2.RouteTableAssociation(
          `${name}-private-${zone}`,
          { subnetId: subnets.get(zone)!.id, routeTableId: tables.get(natZone)!.routed },
          this.opts,
        ),
    );
  }

  /** S3 by a gateway endpoint, which costs nothing and takes image layers off the NAT; other services by the plan. */
  private createEndpoints(
    name: string,
    vpc: ec2.Vpc,
    { region, cidr, endpoints }: VpcPlan,
    subnets: ReadonlyMap<string, ec2.Subnet>,
    tables: ReadonlyMap<string | undefined, RouteTable>,
  ): ec2.VpcEndpoint[] {
    const create = (service: string, args: Omit<ec2.VpcEndpointArgs, "vpcId">): ec2.VpcEndpoint => {
      const child = `${name}-endpoint-${service}`;
      const common = { vpcId: vpc.id, serviceName: `com.amazonaws.${region}.${service}`, tags: { Name: child } };
      return new ec2.VpcEndpoint(child, { ...common, ...args }, this.opts);
    };
    const gateway = create("s3", {
      vpcEndpointType: "Gateway",
      routeTableIds: [...tables.values()].map(({ id }) => id),
    });
    if (endpoints.length === 0) return [gateway];
    const group = new ec2.SecurityGroup(
      `${name}-endpoints`,
      {
        vpcId: vpc.id,
        description: "HTTPS from the VPC to the interface endpoints",
        ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: [cidr] }],
        tags: { Name: `${name}-endpoints` },
      },
      this.opts,
    );
    const interfaces = endpoints.map((service) =>
      create(service, {
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: [...subnets.values()].map(({ id }) => id),
        securityGroupIds: [group.id],
      }),
    );
    return [gateway, ...interfaces];
  }
}

interface Nat {
  readonly id: pulumi.Output<string>;
  readonly address: pulumi.Output<string>;
}

interface RouteTable {
  readonly id: pulumi.Output<string>;
  /** The same id, known once the route out is there. */
  readonly routed: pulumi.Output<string>;
}
