import type { PropertyMap } from "../../../local/protocol/property";
import { trust, type Made, type Tenant } from "./tenant";

export const ROLE = "aws:iam/role:Role";
export const ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
export const CLUSTER = "aws:eks/cluster:Cluster";
export const NODES = "aws:eks/nodeGroup:NodeGroup";

const VPC = "aws:ec2/vpc:Vpc";
const SUBNET = "aws:ec2/subnet:Subnet";

/** What a cluster needs, and the cluster's inputs. */
export async function ground(aws: Tenant) {
  const vpc = await aws.create(VPC, "v", { cidrBlock: "10.0.0.0/16" });
  const subnets: Made[] = [];
  for (const [index, zone] of ["a", "b"].entries()) {
    const inputs = { vpcId: vpc.id, cidrBlock: `10.0.${index}.0/24`, availabilityZone: `eu-west-1${zone}` };
    subnets.push(await aws.create(SUBNET, `s-${zone}`, inputs));
  }
  const role = await aws.create(ROLE, "cluster", { name: "cluster", assumeRolePolicy: trust("eks.amazonaws.com") });
  const policyArn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
  const attachment = await aws.create(ATTACHMENT, "cluster", { role: "cluster", policyArn });
  const inputs: PropertyMap = {
    name: "east",
    version: "1.33",
    roleArn: role.outputs.arn ?? "",
    accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
    vpcConfig: { subnetIds: subnets.map(({ id }) => id) },
  };
  return { vpc, subnets, role, attachment, inputs };
}

export async function nodeRole(aws: Tenant): Promise<Made> {
  const role = await aws.create(ROLE, "nodes", { name: "nodes", assumeRolePolicy: trust("ec2.amazonaws.com") });
  for (const policy of ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"]) {
    await aws.create(ATTACHMENT, policy, { role: "nodes", policyArn: `arn:aws:iam::aws:policy/${policy}` });
  }
  return role;
}
