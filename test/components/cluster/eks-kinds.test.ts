/** EKS clusters with nodes from everywhere that nodes can come from: they come, change their keys, and go. */
import { controllerPolicy } from "../../../components/cluster/eks/karpenter-policy";
import { eks, linkerd } from "../../../components/spec";
import type { ClusterSpec } from "../../../components/spec/types";
import { clusters } from "../../kit/clusters";
import { planOf } from "../../kit/environment";
import { changes, Life, succeeded } from "../../kit/life";

jest.setTimeout(120_000);

const GENERAL = { instanceTypes: ["m7i.large"], min: 2, max: 6 };
const base = { region: "us-east-1", kubernetesVersion: "1.34" };

/** One of each way to get nodes, and each option that makes something. */
const ALL = {
  auto: eks({ ...base, cidr: "10.16.0.0/14", egress: "single", compute: { kind: "auto" } }),
  fargate: eks({
    ...base,
    cidr: "10.20.0.0/14",
    egress: "single",
    nodes: { general: { ...GENERAL, perZone: true } },
    compute: {
      kind: "fargate",
      profiles: {
        batch: { selectors: [{ namespace: "batch", labels: { run: "fargate" } }] },
        nightly: { selectors: [{ namespace: "nightly" }] },
      },
    },
  }),
  karpenter: eks({
    ...base,
    cidr: "10.24.0.0/14",
    egress: "none",
    nodes: { system: { instanceTypes: ["m7g.large"], min: 2, max: 3, taints: ["CriticalAddonsOnly=true:NoSchedule"] } },
    compute: {
      kind: "karpenter",
      nodePools: { apps: { cpuLimit: 100 }, batch: { cpuLimit: 400, spot: true, taints: ["batch:NoExecute"] } },
    },
    sharedVolumes: true,
    addons: { "metrics-server": {} },
    access: {
      oncall: {
        principal: "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/oncall",
        policies: { AmazonEKSViewPolicy: "cluster", AmazonEKSEditPolicy: ["shop"] },
        groups: ["oncall"],
      },
    },
  }),
};

/** The same, with another key for everything that has one. */
const RENAMED = Object.fromEntries(
  Object.entries(ALL).map(([key, spec]) => {
    const { nodes, access, compute } = spec;
    const again: ClusterSpec = {
      ...spec,
      name: key,
      ...(nodes && { nodes: renamed(nodes) }),
      ...(access && { access: renamed(access) }),
      ...(compute?.kind === "karpenter" && { compute: { ...compute, nodePools: renamed(compute.nodePools) } }),
      ...(compute?.kind === "fargate" && { compute: { ...compute, profiles: renamed(compute.profiles) } }),
    };
    return [`new-${key}`, again];
  }),
);

function renamed<T>(parts: Readonly<Record<string, T>>): Record<string, T & { readonly name: string }> {
  return Object.fromEntries(Object.entries(parts).map(([key, part]) => [`z-${key}`, { ...part, name: key }]));
}

test("every kind of cluster comes up as it was previewed, and goes without a trace", async () => {
  const life = new Life();

  const planned = succeeded(await life.preview(clusters(ALL)));
  const made = succeeded(await life.up(clusters(ALL)));
  expect(changes(made)).toEqual(changes(planned));
  await expect(life).toHaveLedgerEqualToState();

  // A new key is no new thing while the name stays.
  expect(changes(succeeded(await life.preview(clusters(RENAMED))))).toEqual([]);

  const gone = succeeded(await life.destroy());
  expect(life.ledger()).toEqual([]);
  // The controller ends the nodes of its pools, with all that it needs for that.
  for (const [first, second] of [
    ["clusters-karpenter-karpenter-pool-apps", "clusters-karpenter-karpenter-class"],
    ["clusters-karpenter-karpenter-class", "clusters-karpenter-karpenter-controller"],
    ["clusters-karpenter-karpenter-controller", "clusters-karpenter-karpenter-crds"],
    ["clusters-karpenter-karpenter-controller", "aws:sqs/queue:Queue clusters-karpenter-karpenter"],
    ["clusters-karpenter-karpenter-controller", "aws:iam/rolePolicy:RolePolicy clusters-karpenter-karpenter"],
    ["clusters-karpenter-karpenter-class", "aws:eks/accessEntry:AccessEntry clusters-karpenter-karpenter-nodes"],
    ["clusters-karpenter-karpenter-class", "aws:eks/addon:Addon clusters-karpenter-vpc-cni"],
    ["clusters-karpenter-karpenter-crds", "aws:eks/accessEntry:AccessEntry clusters-karpenter-deployer"],
    ["clusters-fargate-fargate-nightly", "clusters-fargate-fargate-batch"],
    ["clusters-fargate-coredns", "aws:eks/nodeGroup:NodeGroup clusters-fargate-nodes-general-us-east-1a"],
    [
      "aws:eks/nodeGroup:NodeGroup clusters-fargate-nodes-general-us-east-1a",
      "aws:eks/addon:Addon clusters-fargate-vpc-cni",
    ],
    ["aws:eks/cluster:Cluster clusters-auto", "aws:ec2/natGateway:NatGateway clusters-auto-network-nat-us-east-1a"],
    ["aws:eks/cluster:Cluster clusters-auto", "clusters-auto-control-plane-AmazonEKSClusterPolicy"],
    ["aws:eks/cluster:Cluster clusters-auto", "aws:cloudwatch/logGroup:LogGroup clusters-auto"],
  ] as const) {
    expect(gone).toDeleteBefore(first, second);
  }
});

test("AWS-0057, CKV_AWS_62, CKV_AWS_63, CKV_AWS_355, CKV_AWS_286, CKV_AWS_287, CKV_AWS_288, CKV_AWS_289, CKV_AWS_290: Karpenter writes to its own alone, and manages no permission", () => {
  const {
    clusters: [plan],
  } = planOf({ clusters: { karpenter: ALL.karpenter }, mesh: linkerd(), protect: false });
  if (plan?.kind !== "eks") throw new Error("the plan is EKS's");
  const { Statement: statements } = JSON.parse(controllerPolicy(plan)) as {
    Statement: { Action: string | string[]; Resource: string | string[]; Condition?: object }[];
  };
  const actions = (it: { Action: string | string[] }) => [it.Action].flat();

  expect(
    statements
      .filter(({ Resource: it }) => it === "*")
      .flatMap(actions)
      .filter((it) => !/:(Describe|List|Get)/.test(it)),
  ).toEqual([]);
  expect(
    statements.flatMap(actions).filter((it) => it.includes("*") || (it.startsWith("iam:") && !/:(Get|List)/.test(it))),
  ).toEqual(["iam:PassRole"]);
  expect(statements.find((it) => it.Action === "iam:PassRole")).toMatchObject({
    Resource: "arn:aws:iam::123456789012:role/isthmus-local-karpenter.karpenter-nodes",
    Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
  });
  // An inline policy of a role: 10,240 characters at most.
  expect(controllerPolicy(plan).length).toBeLessThan(10_240);
});
