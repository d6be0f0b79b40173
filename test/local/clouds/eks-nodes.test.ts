import type { PropertyMap } from "../../../local/protocol/property";
import { ATTACHMENT, CLUSTER, ground, nodeRole, NODES, ROLE } from "./eks-ground";
import { refusal, Tenant, trust } from "./tenant";

describe("a cluster whose add-ons are EKS's", () => {
  let aws: Tenant;
  let inputs: PropertyMap;
  let parts: Awaited<ReturnType<typeof ground>>;
  const ADDON = "aws:eks/addon:Addon";
  let nodes: PropertyMap;
  beforeEach(async () => {
    aws = await Tenant.of("aws", { region: "eu-west-1" });
    parts = await ground(aws);
    inputs = parts.inputs;
    await aws.create(CLUSTER, "c", { ...inputs, bootstrapSelfManagedAddons: false });
    const role = await nodeRole(aws);
    nodes = {
      clusterName: "east",
      nodeRoleArn: role.outputs.arn ?? "",
      subnetIds: parts.subnets.map(({ id }) => id),
      scalingConfig: { desiredSize: 1, minSize: 1, maxSize: 1 },
    };
  });
  const addon = (addonName: string, more: PropertyMap = {}) =>
    aws.create(ADDON, addonName, { clusterName: "east", addonName, ...more });
  const identity = async () => {
    const role = await aws.create(ROLE, "cni", { name: "cni", assumeRolePolicy: trust("pods.eks.amazonaws.com") });
    return { podIdentityAssociations: [{ roleArn: role.outputs.arn ?? "", serviceAccount: "aws-node" }] };
  };
  const CNI_POLICY = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";

  test("nodes need the network plugin, its permissions, and the agent that gives it them", async () => {
    expect(await refusal(aws.create(NODES, "n", nodes))).toBe(
      "creating EKS Node Group (east:n-ff9b263): api error NodeCreationFailure: Unhealthy nodes in the kubernetes cluster: container runtime network not ready: cni config uninitialized",
    );
    await addon("vpc-cni", await identity());
    expect(await refusal(aws.create(NODES, "n", nodes))).toBe(
      "creating EKS Node Group (east:n-ff9b263): api error NodeCreationFailure: Unhealthy nodes in the kubernetes cluster: aws-node has a Pod Identity, and the add-on eks-pod-identity-agent is missing",
    );
    await addon("eks-pod-identity-agent");
    expect(await refusal(aws.create(NODES, "n", nodes))).toBe(
      "creating EKS Node Group (east:n-ff9b263): api error NodeCreationFailure: Unhealthy nodes in the kubernetes cluster: aws-node is not authorized to perform: ec2:AssignPrivateIpAddresses",
    );
    await aws.create(ATTACHMENT, "cni", { role: "cni", policyArn: CNI_POLICY });
    await aws.create(NODES, "n", nodes);
  });

  test("add-ons that are Deployments need a node; a role for them must trust Pod Identity", async () => {
    expect(await refusal(addon("coredns"))).toBe(
      "creating EKS Add-On (east:coredns): api error InsufficientNumberOfReplicas: The add-on is unhealthy because it doesn't have the desired number of replicas. (timeout while waiting for state to become 'ACTIVE', last state: 'DEGRADED', timeout: 20m0s)",
    );
    const roleArn = "arn:aws:iam::123456789012:role/nodes";
    expect(
      await refusal(addon("vpc-cni", { podIdentityAssociations: [{ roleArn, serviceAccount: "aws-node" }] })),
    ).toBe(
      "creating EKS Add-On (east:vpc-cni): api error InvalidParameterException: Trust policy of role nodes must allow pods.eks.amazonaws.com to sts:AssumeRole and sts:TagSession",
    );
  });

  test.each<[what: string, change: PropertyMap, message: string]>([
    [
      "types that its image does not run on",
      { instanceTypes: ["m7g.large"] },
      "InvalidParameterException: [m7g.large] is not a valid instance type for requested amiType AL2023_x86_64_STANDARD",
    ],
    [
      "a disk beside its launch template",
      { launchTemplate: { id: "TEMPLATE", version: "1" }, diskSize: 20 },
      "InvalidParameterException: Disk size must be specified within the launch template.",
    ],
    [
      "user data that EKS cannot add its own to",
      { launchTemplate: { id: "TEMPLATE", version: "1" } },
      "Ec2LaunchTemplateInvalidConfiguration: User data was not in the MIME multipart format.",
    ],
    [
      "two bounds of an update",
      { updateConfig: { maxUnavailable: 1, maxUnavailablePercentage: 33 } },
      "InvalidParameterException: Only one of maxUnavailable and maxUnavailablePercentage can be specified",
    ],
  ])("a group with %s is refused", async (_, change, message) => {
    await addon("vpc-cni");
    await aws.create(ATTACHMENT, "cni", { role: "nodes", policyArn: CNI_POLICY });
    const template = await aws.create("aws:ec2/launchTemplate:LaunchTemplate", "t", {
      userData: Buffer.from("#!/bin/bash").toString("base64"),
    });
    const news = JSON.parse(JSON.stringify({ ...nodes, ...change }).replace("TEMPLATE", template.id)) as PropertyMap;
    expect(await refusal(aws.create(NODES, "n", news))).toBe(
      `creating EKS Node Group (east:n-ff9b263): api error ${message}`,
    );
  });

  test("a Fargate profile needs private subnets and a role of its own, and keeps its cluster", async () => {
    const role = await aws.create(ROLE, "pods", {
      name: "pods",
      assumeRolePolicy: trust("eks-fargate-pods.amazonaws.com"),
    });
    const policyArn = "arn:aws:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy";
    const profile = {
      clusterName: "east",
      podExecutionRoleArn: role.outputs.arn ?? "",
      selectors: [{ namespace: "batch" }],
      subnetIds: [parts.subnets[0]!.id],
    };
    const PROFILE = "aws:eks/fargateProfile:FargateProfile";
    expect(await refusal(aws.create(PROFILE, "f", { ...profile, podExecutionRoleArn: nodes.nodeRoleArn! }))).toBe(
      "creating EKS Fargate Profile (east:f-74dc5bc): api error InvalidParameterException: Misconfigured PodExecutionRole Trust Policy; Please add the eks-fargate-pods.amazonaws.com Service Principal",
    );
    await aws.create(ATTACHMENT, "pods", { role: "pods", policyArn });
    const table = await aws.create("aws:ec2/routeTable:RouteTable", "t", { vpcId: parts.vpc.id });
    const gateway = await aws.create("aws:ec2/internetGateway:InternetGateway", "i", { vpcId: parts.vpc.id });
    const open = { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id };
    const route = await aws.create("aws:ec2/route:Route", "r", open);
    const subnetId = parts.subnets[0]!.id;
    await aws.create("aws:ec2/routeTableAssociation:RouteTableAssociation", "a", {
      routeTableId: table.id,
      subnetId,
    });
    expect(await refusal(aws.create(PROFILE, "f", profile))).toBe(
      `creating EKS Fargate Profile (east:f-74dc5bc): api error InvalidParameterException: Subnet ${subnetId} provided in Fargate Profile is not a private subnet`,
    );
    await aws.delete(route);
    await aws.create(PROFILE, "f", profile);
    const cluster = { type: CLUSTER, name: "c", id: "east", inputs, outputs: {} };
    expect(await refusal(aws.delete(cluster))).toBe(
      "deleting EKS Cluster (east): api error ResourceInUseException: Cluster has Fargate profiles attached",
    );
  });
});

test("a queue, its policy and its events hang together; a rule has at most five targets", async () => {
  const aws = await Tenant.of("aws", { region: "eu-west-1" });
  const [QUEUE, RULE, TARGET] = [
    "aws:sqs/queue:Queue",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
  ];
  const queue = await aws.create(QUEUE, "q", { name: "q" });
  expect([queue.id, queue.outputs.arn]).toEqual([
    "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
    "arn:aws:sqs:eu-west-1:123456789012:q",
  ]);
  expect(await refusal(aws.create(RULE, "r", { name: "r" }))).toBe(
    "creating EventBridge Rule (r): api error ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified.",
  );
  const rule = await aws.create(RULE, "r", { name: "r", eventPattern: '{"source":["aws.ec2"]}' });
  const target = (targetId: string, arn = queue.outputs.arn!) =>
    aws.create(TARGET, targetId, { rule: "r", targetId, arn });
  expect(await refusal(target("t", "arn:aws:sqs:eu-west-1:123456789012:other"))).toBe(
    "creating EventBridge Target (r-t): api error ValidationException: Provided Arn is not in correct format or does not exist: arn:aws:sqs:eu-west-1:123456789012:other",
  );
  for (const id of ["a", "b", "c", "d", "e"]) await target(id);
  expect(await refusal(target("f"))).toBe(
    "creating EventBridge Target (r-f): api error LimitExceededException: The requested resource exceeds the maximum number allowed.",
  );
  expect(await refusal(aws.delete(rule))).toBe(
    "deleting EventBridge Rule (r): api error ValidationException: Rule can't be deleted since it has targets.",
  );
});

test("a file system has one mount target a zone, and stays while it has one", async () => {
  const aws = await Tenant.of("aws", { region: "eu-west-1" });
  const { subnets } = await ground(aws);
  const FILES = "aws:efs/fileSystem:FileSystem";
  const TARGET = "aws:efs/mountTarget:MountTarget";
  const files = await aws.create(FILES, "f", { creationToken: "shared", encrypted: true });
  expect(await refusal(aws.create(FILES, "g", { creationToken: "shared" }))).toBe(
    `creating EFS File System: api error FileSystemAlreadyExists: File system '${files.id}' already exists with creation token 'shared'`,
  );
  const target = { fileSystemId: files.id, subnetId: subnets[0]!.id };
  await aws.create(TARGET, "t", target);
  expect(await refusal(aws.create(TARGET, "u", target))).toBe(
    "creating EFS Mount Target: api error MountTargetConflict: mount target already exists in this AZ",
  );
  expect(await refusal(aws.delete(files))).toBe(
    `deleting EFS File System (${files.id}): api error FileSystemInUse: File system '${files.id}' has mount targets created in it.`,
  );
  expect((await aws.diff(files, { creationToken: "shared" })).replaces).toEqual(["encrypted"]);
});

test.each<[what: string, inputs: PropertyMap, message: string]>([
  [
    "user data that is not encoded",
    { userData: "#!/bin/bash" },
    "creating EC2 Launch Template: api error InvalidUserData.Malformed: Invalid BASE64 encoding of user data.",
  ],
  [
    "more user data than EC2 takes",
    { userData: Buffer.alloc(16_385, "#").toString("base64") },
    "creating EC2 Launch Template: api error InvalidParameterValue: User data is limited to 16384 bytes",
  ],
  [
    "a CPU option that is none",
    { cpuOptions: { nestedVirtualization: "on" } },
    '"cpuOptions.nestedVirtualization" of aws:ec2/launchTemplate:LaunchTemplate is "on"; allowed: one of enabled, disabled',
  ],
])("a launch template with %s is refused", async (_, inputs, message) => {
  const aws = await Tenant.of("aws", { region: "eu-west-1" });

  expect(await refusal(aws.create("aws:ec2/launchTemplate:LaunchTemplate", "t", inputs))).toBe(message);
});
