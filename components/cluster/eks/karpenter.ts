import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as eks from "@pulumi/aws/eks";
import * as iam from "@pulumi/aws/iam";
import * as sqs from "@pulumi/aws/sqs";
import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import * as helm from "@pulumi/kubernetes/helm/v3";
import * as pulumi from "@pulumi/pulumi";

import { stableJson } from "../../json";
import type { KubernetesProvider } from "../../providers";
import { readTaint } from "../common-plan";
import type { ComputePlan, KarpenterPoolPlan } from "./compute-plan";
import { NODE_POLICIES } from "./control-plane";
import { gvisorUserData } from "./gvisor";
import { controllerPolicy, interruptionQueue, NODE_PURPOSE, queuePolicy } from "./karpenter-policy";
import type { Ground } from "./nodes";
import { roleName } from "./plan";
import { createRole, podIdentityTrust, type ServiceRole, type Site } from "./site";

export interface KarpenterArgs extends Ground {
  /** Of the cluster that Karpenter is part of; its children hang below this component. */
  readonly site: Site;
  readonly compute: Extract<ComputePlan, { kind: "karpenter" }>;
  readonly provider: KubernetesProvider;
  /** Add-ons by whose help nodes join. */
  readonly networking: readonly pulumi.Resource[];
  /** What the controller's own pods wait for. */
  readonly after: readonly pulumi.Resource[];
}

interface NodeIdentity {
  readonly profile: iam.InstanceProfile;
  /** What nodes need to join by it. */
  readonly needed: readonly pulumi.Resource[];
}

const VERSION = "1.14.1";
const CHARTS = {
  crds: { chart: "oci://public.ecr.aws/karpenter/karpenter-crd", version: VERSION },
  controller: { chart: "oci://public.ecr.aws/karpenter/karpenter", version: VERSION },
} as const;

/** Where Karpenter belongs: API Priority and Fairness lets controllers of `kube-system` through first. */
const NAMESPACE = "kube-system";
const SERVICE_ACCOUNT = "karpenter";
const NODE_CLASSES = { ordinary: "default", sandbox: "sandbox" } as const;

/** What EC2 tells of before a node goes away, by the name of its rule. */
const EVENTS = {
  "capacity-reservation": { source: "aws.ec2", type: "EC2 Capacity Reservation Instance Interruption Warning" },
  health: { source: "aws.health", type: "AWS Health Event" },
  rebalance: { source: "aws.ec2", type: "EC2 Instance Rebalance Recommendation" },
  "spot-interruption": { source: "aws.ec2", type: "EC2 Spot Instance Interruption Warning" },
  "state-change": { source: "aws.ec2", type: "EC2 Instance State-change Notification" },
} as const;

/**
 * Karpenter on a cluster, with its identity, its queue of interruptions and its node pools. On destroy the pools go first:
 * the controller ends their nodes, and only then goes itself, with all that it needs for that.
 */
export class Karpenter extends pulumi.ComponentResource {
  /** What pods wait for that need nodes of Karpenter's. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: KarpenterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:cluster:Karpenter", name, { version: VERSION }, opts);
    const own = { ...args, site: { ...args.site, opts: { ...args.site.opts, parent: this } } };

    const nodes = this.createNodeIdentity(name, own);
    const queue = this.createInterruptionQueue(name, own.site);
    const identity = this.createControllerIdentity(name, own);
    const controller = this.installController(name, own, [...queue, ...identity]);
    this.ready = this.createPools(name, own, nodes, controller);
    this.registerOutputs({});
  }

  /** What makes an EC2 instance a node: a role, in a profile, that the cluster lets in. */
  private createNodeIdentity(name: string, { site, cluster }: KarpenterArgs): NodeIdentity {
    const role = createRole(site, NODE_PURPOSE, { service: "ec2.amazonaws.com" }, NODE_POLICIES);
    const profile = new iam.InstanceProfile(
      `${name}-nodes`,
      { name: roleName(site.plan, NODE_PURPOSE), role: role.name },
      site.opts,
    );
    const entry = new eks.AccessEntry(
      `${name}-nodes`,
      { clusterName: cluster.name, principalArn: role.arn, type: "EC2_LINUX" },
      site.opts,
    );
    return { profile, needed: [...role.policies, profile, entry] };
  }

  private createInterruptionQueue(name: string, { plan, opts }: Site): pulumi.Resource[] {
    const queue = new sqs.Queue(
      name,
      { name: interruptionQueue(plan), messageRetentionSeconds: 300, sqsManagedSseEnabled: true },
      opts,
    );
    const policy = new sqs.QueuePolicy(name, { queueUrl: queue.url, policy: queuePolicy(plan) }, opts);
    const targets = Object.entries(EVENTS).map(([event, { source, type }]) => {
      const rule = new cloudwatch.EventRule(
        `${name}-${event}`,
        {
          name: `${plan.clusterName}-${event}`,
          eventPattern: stableJson({ source: [source], "detail-type": [type] }),
        },
        opts,
      );
      return new cloudwatch.EventTarget(
        `${name}-${event}`,
        { rule: rule.name, targetId: "karpenter", arn: queue.arn },
        { ...opts, dependsOn: [policy] },
      );
    });
    return [queue, policy, ...targets];
  }

  private createControllerIdentity(name: string, { site, cluster }: KarpenterArgs): pulumi.Resource[] {
    const role: ServiceRole = createRole(site, "karpenter", podIdentityTrust(site.plan), []);
    const policy = new iam.RolePolicy(
      name,
      { name: "controller", role: role.name, policy: controllerPolicy(site.plan) },
      site.opts,
    );
    const association = new eks.PodIdentityAssociation(
      name,
      { clusterName: cluster.name, namespace: NAMESPACE, serviceAccount: SERVICE_ACCOUNT, roleArn: role.arn },
      site.opts,
    );
    return [policy, association];
  }

  /** CRDs are a release of their own: an upgrade of the controller's chart would leave them as they were. */
  private installController(
    name: string,
    { site, provider, compute, after }: KarpenterArgs,
    identity: readonly pulumi.Resource[],
  ): helm.Release {
    const opts = { parent: this, provider };
    const crds = new helm.Release(
      `${name}-crds`,
      { ...CHARTS.crds, name: "karpenter-crd", namespace: NAMESPACE },
      opts,
    );
    return new helm.Release(
      `${name}-controller`,
      {
        ...CHARTS.controller,
        name: "karpenter",
        namespace: NAMESPACE,
        skipCrds: true,
        values: {
          serviceAccount: { name: SERVICE_ACCOUNT },
          settings: {
            clusterName: site.plan.clusterName,
            eksControlPlane: true,
            enableZonalShift: true,
            interruptionQueue: interruptionQueue(site.plan),
            isolatedVPC: compute.isolated,
          },
        },
      },
      { ...opts, dependsOn: [crds, ...identity, ...after] },
    );
  }

  private createPools(
    name: string,
    args: KarpenterArgs,
    nodes: NodeIdentity,
    controller: helm.Release,
  ): pulumi.Resource[] {
    const { site, compute, provider } = args;
    const createClass = (child: string, metadata: { readonly name: string }, userData?: string) =>
      this.createNodeClass(child, { metadata, userData }, args, nodes, controller);
    const ordinary = createClass(`${name}-class`, { name: NODE_CLASSES.ordinary });
    const sandbox = compute.nodePools.some(({ sandboxed }) => sandboxed)
      ? createClass(`${name}-class-sandbox`, { name: NODE_CLASSES.sandbox }, gvisorUserData(site.plan.gvisor))
      : undefined;
    return compute.nodePools.map(
      (pool) =>
        new CustomResource(
          `${name}-pool-${pool.name}`,
          {
            apiVersion: "karpenter.sh/v1",
            kind: "NodePool",
            metadata: { name: pool.name },
            spec: nodePoolSpec(pool),
          },
          { parent: this, provider, dependsOn: [pool.sandboxed ? sandbox! : ordinary] },
        ),
    );
  }

  private createNodeClass(
    name: string,
    own: { readonly metadata: { readonly name: string }; readonly userData: string | undefined },
    { site, cluster, network, provider, networking }: KarpenterArgs,
    nodes: NodeIdentity,
    controller: helm.Release,
  ): CustomResource {
    return new CustomResource(
      name,
      {
        apiVersion: "karpenter.k8s.aws/v1",
        kind: "EC2NodeClass",
        metadata: own.metadata,
        spec: {
          ...(own.userData !== undefined && { userData: own.userData }),
          amiSelectorTerms: [{ alias: "al2023@latest" }],
          instanceProfile: nodes.profile.name,
          subnetSelectorTerms: [...network.privateSubnetIds.values()].map((id) => ({ id })),
          securityGroupSelectorTerms: [{ id: cluster.vpcConfig.clusterSecurityGroupId }],
          // As the managed node groups have it: pods cannot take the node's identity.
          metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
          blockDeviceMappings: [
            {
              deviceName: "/dev/xvda",
              rootVolume: true,
              ebs: { volumeSize: "50Gi", volumeType: "gp3", encrypted: true, deleteOnTermination: true },
            },
          ],
          tags: { Name: `${site.plan.clusterName}-karpenter` },
        },
      },
      { parent: this, provider, dependsOn: [controller, ...nodes.needed, ...network.egress, ...networking] },
    );
  }
}

function nodePoolSpec({ categories, architectures, spot, sandboxed, cpuLimit, labels, taints }: KarpenterPoolPlan) {
  return {
    limits: { cpu: String(cpuLimit) },
    disruption: { consolidationPolicy: "WhenEmptyOrUnderutilized", consolidateAfter: "1m" },
    template: {
      metadata: { labels },
      spec: {
        nodeClassRef: {
          group: "karpenter.k8s.aws",
          kind: "EC2NodeClass",
          name: NODE_CLASSES[sandboxed ? "sandbox" : "ordinary"],
        },
        requirements: [
          { key: "karpenter.k8s.aws/instance-category", operator: "In", values: [...categories] },
          { key: "karpenter.k8s.aws/instance-generation", operator: "Gt", values: ["4"] },
          { key: "karpenter.sh/capacity-type", operator: "In", values: spot ? ["on-demand", "spot"] : ["on-demand"] },
          { key: "kubernetes.io/arch", operator: "In", values: [...architectures] },
          { key: "kubernetes.io/os", operator: "In", values: ["linux"] },
        ],
        taints: taints.map(readTaint),
        // Nodes are replaced every 30 days, with new images.
        expireAfter: "720h",
        // A pod disruption budget that allows no disruption holds a node, and so a destroy, no longer than this.
        terminationGracePeriod: "1h",
      },
    },
  };
}
