import { stableJson } from "../../json";
import { roleName, type EksPlan } from "./plan";
import { accountOf, partitionOf } from "./site";

/** Name of the queue that EC2 tells interruptions to. */
export function interruptionQueue({ clusterName }: EksPlan): string {
  return `${clusterName}-karpenter`;
}

/** ARN that the queue will have. */
export function interruptionQueueArn(plan: EksPlan): string {
  return `arn:${partitionOf(plan)}:sqs:${plan.place.region}:${accountOf(plan)}:${interruptionQueue(plan)}`;
}

/**
 * What Karpenter's controller may do: write only to what carries the cluster's tag, and pass only the role of its nodes.
 * Karpenter's own policy, without making instance profiles: the nodes have one that is ours, so that the controller manages
 * no permission (https://karpenter.sh/docs/reference/cloudformation/, 1.14).
 */
export function controllerPolicy(plan: EksPlan): string {
  const { clusterName, clusterArn, place } = plan;
  const ec2 = (account: string, ...kinds: readonly string[]) =>
    kinds.map((kind) => `arn:${partitionOf(plan)}:ec2:${place.region}:${account}:${kind}/*`);
  const owned = `kubernetes.io/cluster/${clusterName}`;
  const byTag = (where: "ResourceTag" | "RequestTag") => ({
    StringEquals: {
      [`aws:${where}/${owned}`]: "owned",
      ...(where === "RequestTag" && { "aws:RequestTag/eks:eks-cluster-name": clusterName }),
    },
    StringLike: { [`aws:${where}/karpenter.sh/nodepool`]: "*" },
  });
  const launched = ec2(
    "*",
    "fleet",
    "instance",
    "volume",
    "network-interface",
    "launch-template",
    "spot-instances-request",
  );
  const tagged = byTag("RequestTag");
  return stableJson({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "LaunchFromWhatIsThere",
        Effect: "Allow",
        Action: ["ec2:CreateFleet", "ec2:RunInstances"],
        Resource: [
          ...ec2("", "image", "snapshot"),
          ...ec2("*", "security-group", "subnet", "capacity-reservation", "placement-group"),
        ],
      },
      {
        Sid: "LaunchFromOwnTemplates",
        Effect: "Allow",
        Action: ["ec2:CreateFleet", "ec2:RunInstances"],
        Resource: ec2("*", "launch-template"),
        Condition: byTag("ResourceTag"),
      },
      {
        Sid: "LaunchTagged",
        Effect: "Allow",
        Action: ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"],
        Resource: launched,
        Condition: tagged,
      },
      {
        Sid: "TagWhatIsLaunched",
        Effect: "Allow",
        Action: "ec2:CreateTags",
        Resource: launched,
        Condition: {
          ...tagged,
          StringEquals: {
            ...tagged.StringEquals,
            "ec2:CreateAction": ["CreateFleet", "CreateLaunchTemplate", "RunInstances"],
          },
        },
      },
      {
        Sid: "TagOwnInstances",
        Effect: "Allow",
        Action: "ec2:CreateTags",
        Resource: ec2("*", "instance"),
        Condition: {
          ...byTag("ResourceTag"),
          StringEqualsIfExists: { "aws:RequestTag/eks:eks-cluster-name": clusterName },
          "ForAllValues:StringEquals": { "aws:TagKeys": ["Name", "eks:eks-cluster-name", "karpenter.sh/nodeclaim"] },
        },
      },
      {
        Sid: "DeleteOwn",
        Effect: "Allow",
        Action: ["ec2:DeleteLaunchTemplate", "ec2:TerminateInstances"],
        Resource: ec2("*", "instance", "launch-template"),
        Condition: byTag("ResourceTag"),
      },
      {
        Sid: "PassNodeRole",
        Effect: "Allow",
        Action: "iam:PassRole",
        Resource: `arn:${partitionOf(plan)}:iam::${accountOf(plan)}:role/${roleName(plan, NODE_PURPOSE)}`,
        Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
      },
      { Sid: "FindApiServer", Effect: "Allow", Action: "eks:DescribeCluster", Resource: clusterArn },
      {
        Sid: "ReadInterruptions",
        Effect: "Allow",
        Action: ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
        Resource: interruptionQueueArn(plan),
      },
      {
        Sid: "ReadImageParameters",
        Effect: "Allow",
        Action: "ssm:GetParameter",
        Resource: `arn:${partitionOf(plan)}:ssm:${place.region}::parameter/aws/service/*`,
      },
      {
        Sid: "ReadInstanceProfiles",
        Effect: "Allow",
        Action: "iam:GetInstanceProfile",
        Resource: `arn:${partitionOf(plan)}:iam::${accountOf(plan)}:instance-profile/*`,
      },
      {
        // None of these can be limited to a resource (Service Authorization Reference).
        Sid: "ReadTheRegion",
        Effect: "Allow",
        Action: [
          "ec2:DescribeCapacityReservations",
          "ec2:DescribeImages",
          "ec2:DescribeInstanceStatus",
          "ec2:DescribeInstanceTypeOfferings",
          "ec2:DescribeInstanceTypes",
          "ec2:DescribeInstances",
          "ec2:DescribeLaunchTemplates",
          "ec2:DescribePlacementGroups",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSpotPriceHistory",
          "ec2:DescribeSubnets",
        ],
        Resource: "*",
        Condition: { StringEquals: { "aws:RequestedRegion": place.region } },
      },
      {
        Sid: "ReadWhatHasNoRegion",
        Effect: "Allow",
        Action: ["iam:ListInstanceProfiles", "pricing:GetProducts"],
        Resource: "*",
      },
      {
        Sid: "ReadZonalShift",
        Effect: "Allow",
        Action: "arc-zonal-shift:GetManagedResource",
        Resource: "*",
        Condition: { StringEquals: { "arc-zonal-shift:ResourceIdentifier": clusterArn } },
      },
    ],
  });
}

/** Purpose of the role of Karpenter's nodes, see `roleName`. */
export const NODE_PURPOSE = "karpenter-nodes";

/** Who may write to the queue: EventBridge, and nobody without TLS. */
export function queuePolicy(plan: EksPlan): string {
  const Resource = interruptionQueueArn(plan);
  return stableJson({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "EventsOnly",
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource,
        Condition: { StringEquals: { "aws:SourceAccount": accountOf(plan) } },
      },
      {
        Sid: "DenyPlainHttp",
        Effect: "Deny",
        Principal: "*",
        Action: "sqs:*",
        Resource,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}
