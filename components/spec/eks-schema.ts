import type { LogGroupArgs } from "@pulumi/aws/cloudwatch";
import type { LaunchTemplateArgs, NatGatewayArgs, SubnetArgs, VpcArgs } from "@pulumi/aws/ec2";
import type { AddonArgs, ClusterArgs, FargateProfileArgs, NodeGroupArgs } from "@pulumi/aws/eks";
import type { RoleArgs } from "@pulumi/aws/iam";
import type { KeyArgs } from "@pulumi/aws/kms";
import { z } from "zod";

import { clusterBase, dnsLabel, keySchema, nodePool, partName } from "./common-schema";
import { overlayOf } from "./transform-schema";

/** AWS services that a private subnet can reach without the internet, by the last part of their endpoint's name. */
const ENDPOINT_SERVICES = [
  "autoscaling",
  "ec2",
  "ecr.api",
  "ecr.dkr",
  "eks",
  "eks-auth",
  "elasticfilesystem",
  "elasticloadbalancing",
  "kms",
  "logs",
  "monitoring",
  "secretsmanager",
  "sqs",
  "ssm",
  "sts",
  "xray",
] as const;

/** AMI families of managed node groups for Linux, by architecture (API reference, `AMITypes`). */
export const AMI_TYPES = {
  x86_64: ["AL2023_x86_64_STANDARD", "AL2023_x86_64_NVIDIA", "BOTTLEROCKET_x86_64", "BOTTLEROCKET_x86_64_NVIDIA"],
  arm64: ["AL2023_ARM_64_STANDARD", "AL2023_ARM_64_NVIDIA", "BOTTLEROCKET_ARM_64", "BOTTLEROCKET_ARM_64_NVIDIA"],
} as const;

const nodeGroup = z.strictObject({
  ...nodePool,
  name: partName,
  /** EC2 instance types of one architecture, several for spot. */
  instanceTypes: z.array(z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, 'an EC2 type such as "m7i.large"')).min(1),
  /** Family of the machine image. Default: Amazon Linux 2023 of the architecture of `instanceTypes`. */
  amiType: z.enum([...AMI_TYPES.x86_64, ...AMI_TYPES.arm64]).optional(),
  /** Size of the encrypted root volume in GiB. Default: 50. */
  diskSize: z.int().min(20).max(16_384).optional(),
  /**
   * One node group a zone, each with `min` and `max`: what a pool needs whose pods have block volumes, since a volume stays
   * in its zone. Default: one group over all zones.
   */
  perZone: z.boolean().optional(),
});

/** Requirements that Karpenter picks instance types by. */
const karpenterPool = z.strictObject({
  name: partName,
  /** Categories of EC2 types. Default: `["c", "m", "r"]`. */
  categories: z
    .array(z.enum(["c", "m", "r", "t", "g", "p", "i"]))
    .min(1)
    .optional(),
  /** Architectures of the nodes. Images must exist for each. Default: `["amd64"]`. */
  architectures: z
    .array(z.enum(["amd64", "arm64"]))
    .min(1)
    .optional(),
  /** Most CPUs of all its nodes together: what a mistake in a Deployment can cost. */
  cpuLimit: z.int().min(1),
  spot: nodePool.spot,
  sandbox: nodePool.sandbox,
  labels: nodePool.labels,
  taints: nodePool.taints,
});

const fargateProfile = z.strictObject({
  name: partName,
  /** Pods that run on Fargate, up to five selectors. */
  selectors: z
    .array(z.strictObject({ namespace: dnsLabel, labels: z.record(z.string(), z.string()).optional() }))
    .min(1)
    .max(5),
});

/** Where nodes come from. */
const compute = z.discriminatedUnion("kind", [
  /** The node groups of `nodes`, each behind an Auto Scaling group. The default. */
  z.strictObject({ kind: z.literal("managed") }),
  /** Karpenter makes nodes for pods that wait. It runs on the node groups of `nodes` itself. */
  z.strictObject({ kind: z.literal("karpenter"), nodePools: z.record(keySchema, karpenterPool) }),
  /** EKS Auto Mode makes nodes for pods that wait, and runs network plugin, DNS and volume driver itself. No `nodes`. */
  z.strictObject({
    kind: z.literal("auto"),
    /** Built-in node pools. Default: both. */
    nodePools: z
      .array(z.enum(["general-purpose", "system"]))
      .min(1)
      .optional(),
  }),
  /** The node groups of `nodes`, and Fargate for the pods that a profile selects. */
  z.strictObject({ kind: z.literal("fargate"), profiles: z.record(keySchema, fargateProfile) }),
]);

const ACCESS_POLICIES = [
  "AmazonEKSAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSViewPolicy",
] as const;

/** Whom the cluster lets in, besides the role that runs Pulumi. */
const accessEntry = z.strictObject({
  name: partName,
  /** ARN of an IAM role or user, without wildcards. */
  principal: z
    .string()
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/, "the ARN of an IAM role or user"),
  /** Access policies of EKS, each for the whole cluster or for namespaces. */
  policies: z
    .partialRecord(z.enum(ACCESS_POLICIES), z.union([z.literal("cluster"), z.array(dnsLabel).min(1)]))
    .optional(),
  /** Kubernetes groups, for RoleBindings of your own. */
  groups: z
    .array(
      z
        .string()
        .regex(
          /^(?!system:|eks:|aws:|amazon:|iam:)\S{1,128}$/,
          "a group that does not begin with system:, eks:, aws:, amazon: or iam:",
        ),
    )
    .min(1)
    .optional(),
});

/** Add-ons that every cluster has. Auto Mode has its own in place of them. */
export const DEFAULT_ADDONS = [
  "aws-ebs-csi-driver",
  "coredns",
  "eks-pod-identity-agent",
  "kube-proxy",
  "vpc-cni",
] as const;

/** Add-ons that a cluster has when `addons` names them. */
export const OPTIONAL_ADDONS = [
  "eks-node-monitoring-agent",
  "kube-state-metrics",
  "metrics-server",
  "prometheus-node-exporter",
  "snapshot-controller",
] as const;

const ADDONS = [...DEFAULT_ADDONS, ...OPTIONAL_ADDONS, "aws-efs-csi-driver"] as const;

const addon = z.strictObject({
  /** Version to hold the add-on at. Default: the one that EKS prefers when the add-on is made; it is not updated later. */
  version: z
    .string()
    .regex(/^v\d+\.\d+\.\d+-eksbuild\.\d+$/, 'a version such as "v1.20.1-eksbuild.3"')
    .optional(),
  /** Configuration values, by the add-on's own schema, over those that the platform sets. */
  configuration: z.record(z.string(), z.json()).optional(),
});

/** Types of what an EKS cluster is made of, by the word for each in `transform`. */
export const EKS_TYPES = {
  addon: "aws:eks/addon:Addon",
  cluster: "aws:eks/cluster:Cluster",
  fargateProfile: "aws:eks/fargateProfile:FargateProfile",
  key: "aws:kms/key:Key",
  launchTemplate: "aws:ec2/launchTemplate:LaunchTemplate",
  logGroup: "aws:cloudwatch/logGroup:LogGroup",
  natGateway: "aws:ec2/natGateway:NatGateway",
  nodeGroup: "aws:eks/nodeGroup:NodeGroup",
  role: "aws:iam/role:Role",
  subnet: "aws:ec2/subnet:Subnet",
  vpc: "aws:ec2/vpc:Vpc",
} as const;

const transform = z.strictObject({
  addon: overlayOf<AddonArgs>(),
  cluster: overlayOf<ClusterArgs>(),
  fargateProfile: overlayOf<FargateProfileArgs>(),
  key: overlayOf<KeyArgs>(),
  launchTemplate: overlayOf<LaunchTemplateArgs>(),
  logGroup: overlayOf<LogGroupArgs>(),
  natGateway: overlayOf<NatGatewayArgs>(),
  nodeGroup: overlayOf<NodeGroupArgs>(),
  role: overlayOf<RoleArgs>(),
  subnet: overlayOf<SubnetArgs>(),
  vpc: overlayOf<VpcArgs>(),
} satisfies Record<keyof typeof EKS_TYPES, z.ZodType>);

export const eksSchema = z.strictObject({
  kind: z.literal("eks"),
  ...clusterBase,
  /** AWS region, e.g. `us-east-1`. */
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as "us-east-1"'),
  /** Letters of the availability zones, two to six. A new one moves no other's subnet. Default: `["a", "b"]`. */
  zones: z
    .array(z.string().regex(/^[a-f]$/, 'the letter of a zone such as "a"'))
    .min(2)
    .max(6)
    .optional(),
  /**
   * How nodes and pods reach the internet: through a NAT gateway with an Elastic IP in each zone, through one in the first
   * of `zones` (cheaper, and gone with that zone), or not at all. Default: `"per-zone"`.
   */
  egress: z.enum(["per-zone", "single", "none"]).optional(),
  /**
   * AWS services to reach inside the VPC, through interface endpoints. S3 always is, by a gateway endpoint; with
   * `egress: "none"`, so is everything that nodes and add-ons need. Default: none.
   */
  privateEndpoints: z.array(z.enum(ENDPOINT_SERVICES)).optional(),
  /** Managed node groups by name. Every kind of `compute` but `auto` needs one. */
  nodes: z.record(keySchema, nodeGroup).optional(),
  /**
   * Where nodes of `sandbox: "gvisor"` download gVisor's releases, in place of its own bucket: a mirror with the same paths,
   * `<release>/<architecture>/gvisor.tar.bz2`. It need not be trusted, since the nodes know the checksum.
   */
  gvisorMirror: z
    .string()
    .regex(/^https:\/\/[^\s?#"'$\`\\]+[^\s?#"'$\`\\/]$/, "an https:// URL without a slash at its end")
    .optional(),
  /** Where nodes come from. Default: `{ kind: "managed" }`. */
  compute: compute.optional(),
  /** Whom the cluster lets in, by a name of your own. The role that runs Pulumi is always in. */
  access: z.record(keySchema, accessEntry).optional(),
  /** Add-ons: those named here that are not there by default, and versions and configuration of any. */
  addons: z.partialRecord(z.enum(ADDONS), addon).optional(),
  /** Makes an EFS file system for volumes that many pods share. Default: false. */
  sharedVolumes: z.boolean().optional(),
  /** Days for which control-plane logs are kept: one of those that CloudWatch Logs knows. Default: 90. */
  logRetentionDays: z.literal([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 3653]).optional(),
  /**
   * What happens when standard support of the version ends, 14 months after its release: `STANDARD` upgrades the control
   * plane, `EXTENDED` keeps it for 12 more months at six times the price. Default: `"STANDARD"`.
   */
  supportType: z.enum(["STANDARD", "EXTENDED"]).optional(),
  /** Arguments of AWS's own, by type of resource, for what this spec has no word for. See `overlayOf`. */
  transform: transform.optional(),
});
