/** EKS clusters of every kind on the simulated AWS: what they are made of, how they change, and how they go. */
import { eks } from "../../components/spec";
import type { EksOptions } from "../../components/spec/types";
import { clusters } from "../kit/clusters";
import { EAST } from "../kit/environment";
import { changes, Life, succeeded } from "../kit/life";

jest.setTimeout(120_000);

const GENERAL = { instanceTypes: ["m7i.large"], min: 2, max: 6 };
const east = (change: Partial<EksOptions> = {}) => clusters({ east: { ...EAST, ...change } });
const base = { region: "us-east-1", kubernetesVersion: "1.34" };

/** One of each way to get nodes, and each option that makes something. */
const ALL = {
  auto: eks({ ...base, cidr: "10.16.0.0/14", egress: "single", compute: { kind: "auto" } }),
  fargate: eks({
    ...base,
    cidr: "10.20.0.0/14",
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

test("every kind of cluster comes up as it was previewed, stays as it is, and goes without a trace", async () => {
  const life = new Life();

  const planned = succeeded(await life.preview(clusters(ALL)));
  const made = succeeded(await life.up(clusters(ALL)));
  expect(changes(made)).toEqual(changes(planned));
  await expect(life).toHaveLedgerEqualToState();
  expect(succeeded(await life.up(clusters(ALL)))).toChangeNothing();

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

describe("a change", () => {
  const life = new Life();
  const preview = async (change: Partial<EksOptions>) => changes(succeeded(await life.preview(east(change))));
  const nodes = (change: object) => ({ nodes: { general: { ...GENERAL, ...change } } }) as Partial<EksOptions>;

  beforeAll(async () => {
    succeeded(await life.up(east()));
  });

  // https://github.com/pulumi/pulumi-azure-native/issues/579 and what it stands for: one pool's change is no other pool's.
  test("of one pool touches no other pool, whether it is added, resized or replaced", async () => {
    const both = { nodes: { general: GENERAL, batch: { instanceTypes: ["c7i.xlarge"], min: 0, max: 9, spot: true } } };

    expect(await preview(both)).toEqual([
      "create aws:ec2/launchTemplate:LaunchTemplate clusters-east-nodes-batch",
      "create aws:eks/nodeGroup:NodeGroup clusters-east-nodes-batch",
    ]);
    expect(await preview(nodes({ min: 3 }))).toEqual([
      "update aws:eks/nodeGroup:NodeGroup clusters-east-nodes-general",
    ]);
    expect(await preview(nodes({ diskSize: 100 }))).toEqual([
      "update aws:ec2/launchTemplate:LaunchTemplate clusters-east-nodes-general",
      "update aws:eks/nodeGroup:NodeGroup clusters-east-nodes-general",
    ]);
  });

  test("of what a pool cannot change makes the new group before it drains the old one", async () => {
    const pool = "aws:eks/nodeGroup:NodeGroup clusters-east-nodes-general";

    expect(await preview(nodes({ instanceTypes: ["m7i.xlarge"] }))).toEqual([
      `create-replacement ${pool}`,
      `delete-replaced ${pool}`,
      `replace ${pool}`,
    ]);
    const { steps } = succeeded(await new Life({ moment: await life.moment() }).up(east(nodes({ spot: true }))));
    expect(steps.flatMap(({ operation }) => (operation === "same" ? [] : [operation]))).toEqual([
      "create-replacement",
      "replace",
      "delete-replaced",
    ]);
  });

  test("of zones moves no subnet, and replaces the groups that span them alone", async () => {
    const planned = await preview({ zones: ["a", "b", "c"] });

    expect(planned.filter((line) => /Subnet|Eip|NatGateway/.test(line))).toEqual([
      "create aws:ec2/subnet:Subnet clusters-east-network-private-us-east-1c",
      "create aws:ec2/subnet:Subnet clusters-east-network-public-us-east-1c",
    ]);
    expect(planned.filter((line) => line.includes("replace ")).join()).toBe(
      "replace aws:eks/nodeGroup:NodeGroup clusters-east-nodes-general",
    );
  });

  test("from one NAT gateway to one a zone keeps the address that others know", async () => {
    const planned = await preview({ egress: "per-zone" });

    expect(planned.filter((line) => /Eip|NatGateway|delete|replace/.test(line))).toEqual([
      "create aws:ec2/eip:Eip clusters-east-network-nat-us-east-1b",
      "create aws:ec2/natGateway:NatGateway clusters-east-network-nat-us-east-1b",
    ]);
  });

  test("of who is let in touches neither the cluster nor the deployer's own access", async () => {
    const principal = "arn:aws:iam::123456789012:user/ada";

    expect(await preview({ access: { ada: { principal, policies: { AmazonEKSEditPolicy: ["shop"] } } } })).toEqual([
      "create aws:eks/accessEntry:AccessEntry clusters-east-access-ada",
      "create aws:eks/accessPolicyAssociation:AccessPolicyAssociation clusters-east-access-ada-AmazonEKSEditPolicy",
    ]);
  });

  // https://github.com/pulumi/pulumi-eks/issues/594: nodes go up after their control plane, and nothing is replaced.
  test("of the version upgrades the control plane, then its nodes, in place", async () => {
    const run = succeeded(await new Life({ moment: await life.moment() }).up(east({ kubernetesVersion: "1.35" })));

    expect(run).toReplaceNothing();
    expect(
      run.steps
        .filter(({ operation }) => operation === "update")
        .map(({ type }) => type)
        .filter((type) => type.startsWith("aws:")),
    ).toEqual(["aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"]);
  });
});
