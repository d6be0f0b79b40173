import { SimulatedClouds } from "../../../local/clouds";
import type { PropertyMap } from "../../../local/protocol/property";
import { refusal, Tenant, trust, type Made } from "./tenant";

const VPC = "aws:ec2/vpc:Vpc";
const SUBNET = "aws:ec2/subnet:Subnet";
const ROLE = "aws:iam/role:Role";
const ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
const OIDC = "aws:iam/openIdConnectProvider:OpenIdConnectProvider";
const BUCKET = "aws:s3/bucket:Bucket";

const open = (clouds?: SimulatedClouds) => Tenant.of("aws", { region: "eu-west-1" }, clouds);

describe("networks", () => {
  let aws: Tenant;
  let vpc: Made;
  beforeEach(async () => {
    aws = await open();
    vpc = await aws.create(VPC, "v", { cidrBlock: "10.0.0.0/16" });
  });

  test("ids and ARNs have AWS's shapes and do not depend on time or order", async () => {
    expect(vpc.id).toMatch(/^vpc-[0-9a-f]{17}$/);
    expect(vpc.outputs.arn).toBe(`arn:aws:ec2:eu-west-1:123456789012:vpc/${vpc.id}`);
    const again = await (await open()).create(VPC, "v", { cidrBlock: "10.0.0.0/16" });
    expect(again.outputs).toEqual(vpc.outputs);
  });

  test.each<[string, PropertyMap, string]>([
    ["outside of its VPC", { cidrBlock: "10.1.0.0/24" }, "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid."],
    [
      "over another one",
      { cidrBlock: "10.0.0.0/25" },
      "InvalidSubnet.Conflict: The CIDR '10.0.0.0/25' conflicts with another subnet",
    ],
    [
      "in no VPC",
      { cidrBlock: "10.0.9.0/24", vpcId: "vpc-0" },
      "InvalidVpcID.NotFound: The vpc ID 'vpc-0' does not exist",
    ],
    [
      "in a zone of elsewhere",
      { cidrBlock: "10.0.9.0/24", availabilityZone: "us-east-1a" },
      "InvalidParameterValue: Value (us-east-1a) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: eu-west-1a, eu-west-1b, eu-west-1c.",
    ],
  ])("a subnet %s is refused", async (_, inputs, expected) => {
    await aws.create(SUBNET, "first", { vpcId: vpc.id, cidrBlock: "10.0.0.0/24" });
    expect(await refusal(aws.create(SUBNET, "s", { vpcId: vpc.id, ...inputs }))).toBe(
      `creating EC2 Subnet: api error ${expected}`,
    );
  });

  test("a VPC with subnets, a subnet with a NAT gateway and the gateway of its way out stay", async () => {
    const subnet = await aws.create(SUBNET, "s", { vpcId: vpc.id, cidrBlock: "10.0.0.0/24" });
    const eip = await aws.create("aws:ec2/eip:Eip", "e", { domain: "vpc" });
    const nat = { subnetId: subnet.id, allocationId: eip.id };
    expect(await refusal(aws.create("aws:ec2/natGateway:NatGateway", "n", nat))).toBe(
      `creating EC2 NAT Gateway: api error Gateway.NotAttached: Network ${vpc.id} has no Internet gateway attached`,
    );
    const gateway = await aws.create("aws:ec2/internetGateway:InternetGateway", "i", { vpcId: vpc.id });
    await aws.create("aws:ec2/natGateway:NatGateway", "n", nat);
    expect(await refusal(aws.delete(vpc))).toBe(
      `deleting EC2 VPC (${vpc.id}): api error DependencyViolation: The vpc '${vpc.id}' has dependencies and cannot be deleted.`,
    );
    expect(await refusal(aws.delete(subnet))).toBe(
      `deleting EC2 Subnet (${subnet.id}): api error DependencyViolation: The subnet '${subnet.id}' has dependencies and cannot be deleted.`,
    );
    expect(await refusal(aws.delete(eip))).toBe(
      `deleting EC2 EIP (${eip.id}): api error InvalidIPAddress.InUse: Address ${String(eip.outputs.publicIp)} is in use.`,
    );
    expect(await refusal(aws.delete(gateway))).toBe(
      `deleting EC2 Internet Gateway (${gateway.id}): api error DependencyViolation: Network ${vpc.id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
    );
  });

  test("a destination has one route in a table, and the routes go with the table", async () => {
    const table = await aws.create("aws:ec2/routeTable:RouteTable", "t", { vpcId: vpc.id });
    const gateway = await aws.create("aws:ec2/internetGateway:InternetGateway", "i", { vpcId: vpc.id });
    const route = { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id };
    await aws.create("aws:ec2/route:Route", "r", route);
    expect(await refusal(aws.create("aws:ec2/route:Route", "r2", route))).toBe(
      `creating EC2 Route (r-${table.id}3776380986): api error RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists.`,
    );
    await aws.delete(table);
    expect(aws.things().filter((thing) => thing.includes("route"))).toEqual([]);
  });
});

describe("IAM", () => {
  const federated = (arn: string, statements = 1): string =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: Array.from({ length: statements }, (_, index) => ({
        Effect: "Allow",
        Principal: { Federated: arn },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: { [`${arn.split(":oidc-provider/")[1] ?? ""}:sub`]: `system:serviceaccount:shop:web-${index}` },
        },
      })),
    });

  test("the ARN of an OIDC provider keeps the slash at the end of its URL", async () => {
    const aws = await open();
    const url = "https://northeurope.oic.prod-aks.azure.com/t/u/";
    const made = await aws.create(OIDC, "o", { url, clientIdLists: ["sts.amazonaws.com"] });
    expect(made.id).toBe("arn:aws:iam::123456789012:oidc-provider/northeurope.oic.prod-aks.azure.com/t/u/");
    expect(await refusal(aws.create(OIDC, "p", { url, clientIdLists: ["x"] }))).toBe(
      "creating IAM OIDC Provider (arn:aws:iam::123456789012:oidc-provider/northeurope.oic.prod-aks.azure.com/t/u/): api error EntityAlreadyExists: Provider with url https://northeurope.oic.prod-aks.azure.com/t/u/ already exists.",
    );
  });

  test("a hundred OIDC providers are the most", async () => {
    const aws = await open();
    for (let index = 0; index < 100; index++) {
      await aws.create(OIDC, `o${index}`, { url: `https://issuer-${index}.example`, clientIdLists: ["x"] });
    }
    expect(await refusal(aws.create(OIDC, "o", { url: "https://issuer.example", clientIdLists: ["x"] }))).toBe(
      "creating IAM OIDC Provider (arn:aws:iam::123456789012:oidc-provider/issuer.example): api error LimitExceeded: Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100",
    );
  });

  test("a trust policy parses, fits, and names a provider that exists", async () => {
    const aws = await open();
    const create = (assumeRolePolicy: string) => aws.create(ROLE, "r", { name: "r", assumeRolePolicy });
    expect(await refusal(create("{"))).toBe('"assumeRolePolicy" of aws:iam/role:Role is "{"; allowed: JSON text');
    const url = "https://issuer.example/id/";
    const arn = "arn:aws:iam::123456789012:oidc-provider/issuer.example/id/";
    expect(await refusal(create(federated(arn)))).toBe(
      `creating IAM Role (r): api error MalformedPolicyDocument: Invalid principal in policy: "Federated":"${arn}"`,
    );
    await aws.create(OIDC, "o", { url, clientIdLists: ["sts.amazonaws.com"] });
    expect(await refusal(create(federated(arn, 12)))).toBe(
      "creating IAM Role (r): api error LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048 (the trust policy has 2896 characters)",
    );
    expect((await create(federated(arn, 4))).outputs.arn).toBe("arn:aws:iam::123456789012:role/r");
  });

  test("a role stays while policies hang on it, attached ones first", async () => {
    const aws = await open();
    const role = await aws.create(ROLE, "r", { name: "r", assumeRolePolicy: trust("ec2.amazonaws.com") });
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    const inline = await aws.create("aws:iam/rolePolicy:RolePolicy", "p", { role: "r", policy, name: "p" });
    const attached = await aws.create(ATTACHMENT, "a", {
      role: "r",
      policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess",
    });
    expect(await refusal(aws.delete(role))).toBe(
      "deleting IAM Role (r): api error DeleteConflict: Cannot delete entity, must detach all policies first.",
    );
    await aws.delete(attached);
    expect(await refusal(aws.delete(role))).toBe(
      "deleting IAM Role (r): api error DeleteConflict: Cannot delete entity, must delete policies first.",
    );
    await aws.delete(inline);
    await aws.delete(role);
    expect(aws.things()).toEqual([]);
  });

  test("a mistyped managed policy does not exist", async () => {
    const aws = await open();
    await aws.create(ROLE, "r", { name: "r", assumeRolePolicy: trust("ec2.amazonaws.com") });
    const policyArn = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicies";
    expect(await refusal(aws.create(ATTACHMENT, "a", { role: "r", policyArn }))).toBe(
      `creating IAM Role Policy Attachment (r/arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicies): api error NoSuchEntity: Policy ${policyArn} does not exist or is not attachable.`,
    );
  });
});

describe("S3", () => {
  test("a bucket's name is one in the world, whatever the region", async () => {
    const clouds = new SimulatedClouds();
    const aws = await open(clouds);
    const elsewhere = await Tenant.of("aws", { region: "us-east-1" }, clouds);
    const made = await aws.create(BUCKET, "b", { bucket: "orders" });
    expect(made.outputs.bucketRegionalDomainName).toBe("orders.s3.eu-west-1.amazonaws.com");
    expect(await refusal(elsewhere.create(BUCKET, "b", { bucket: "orders" }))).toBe(
      "creating S3 Bucket (orders): api error BucketAlreadyExists: The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
    );
  });

  test.each(["ab", "Orders", "192.168.5.4", "a..b", "xn--a", "orders-"])(
    "the name %j is no bucket name",
    async (bucket) => {
      expect(await refusal((await open()).create(BUCKET, "b", { bucket }))).toBe(
        `creating S3 Bucket (${bucket}): api error InvalidBucketName: The specified bucket is not valid: ${bucket}`,
      );
    },
  );

  test("what is set on a bucket needs it and goes with it; a public policy is blocked by default", async () => {
    const aws = await open();
    const versioning = { bucket: "orders", versioningConfiguration: { status: "Enabled" } };
    expect(await refusal(aws.create("aws:s3/bucketVersioning:BucketVersioning", "v", versioning))).toBe(
      "creating S3 Bucket Versioning (orders): api error NoSuchBucket: The specified bucket does not exist",
    );
    const bucket = await aws.create(BUCKET, "b", { bucket: "orders" });
    const made = await aws.create("aws:s3/bucketVersioning:BucketVersioning", "v", versioning);
    expect(await refusal(aws.update(made, { ...versioning, versioningConfiguration: { status: "Disabled" } }))).toBe(
      "updating S3 Bucket Versioning (orders): api error InvalidBucketState: versioning_configuration.status cannot be updated from 'Enabled' to 'Disabled'; suspend it instead",
    );
    const policy = JSON.stringify({
      Statement: { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "*" },
    });
    expect(await refusal(aws.create("aws:s3/bucketPolicy:BucketPolicy", "p", { bucket: "orders", policy }))).toBe(
      "creating S3 Bucket Policy (orders): api error AccessDenied: public policies are blocked by the BlockPublicPolicy block public access setting",
    );
    await aws.delete(bucket);
    expect(aws.things()).toEqual([]);
  });
});

test("a provider without a region is refused, one that assumes a role works in that role's account", async () => {
  expect(await refusal(Tenant.of("aws", {}))).toBe('the provider aws needs the property "region"');
  const assumeRoles = '[{"roleArn":"arn:aws:iam::210987654321:role/deploy"}]';
  const aws = await Tenant.of("aws", { region: "eu-west-1", assumeRoles, defaultTags: '{"tags":{"team":"x"}}' });
  const vpc = await aws.create(VPC, "v", { cidrBlock: "10.0.0.0/16", tags: { name: "v" } });
  expect([vpc.outputs.ownerId, vpc.outputs.tagsAll]).toEqual(["210987654321", { team: "x", name: "v" }]);
  const { properties } = await aws.provider.invoke({
    token: "aws:index/getAvailabilityZones:getAvailabilityZones",
    args: {},
  });
  expect(properties.names).toEqual(["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
});
