/** EKS clusters on the simulated AWS: what they are made of, how they change, and what keeps them. */
import { Service } from "@pulumi/kubernetes/core/v1";
import type * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../../components/cluster/cluster";
import type { EksOptions } from "../../components/spec/types";
import { clusters } from "../kit/clusters";
import { EAST } from "../kit/environment";
import { changes, errorsOf, Life, succeeded } from "../kit/life";

jest.setTimeout(120_000);

const GENERAL = { instanceTypes: ["m7i.large"], min: 2, max: 6 };
const east = (change: Partial<EksOptions> = {}) => clusters({ east: { ...EAST, ...change } });

describe("a cluster with nothing but defaults", () => {
  const life = new Life();
  const preview = async (change: Partial<EksOptions>) => changes(succeeded(await life.preview(east(change))));
  const nodes = (change: object) => ({ nodes: { general: { ...GENERAL, ...change } } }) as Partial<EksOptions>;

  beforeAll(async () => {
    succeeded(await life.up(east()));
  });

  // https://github.com/pulumi/pulumi-azure-native/issues/579 and what it stands for: one pool's change is no other pool's.
  test("a change of one pool touches no other pool, whether it is added, resized or replaced", async () => {
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

  test("a change of what a pool cannot change makes the new group before it drains the old one", async () => {
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

  test("a change of zones moves no subnet, and replaces the groups that span them alone", async () => {
    const planned = await preview({ zones: ["a", "b", "c"] });

    expect(planned.filter((line) => /Subnet|Eip|NatGateway/.test(line))).toEqual([
      "create aws:ec2/subnet:Subnet clusters-east-network-private-us-east-1c",
      "create aws:ec2/subnet:Subnet clusters-east-network-public-us-east-1c",
    ]);
    expect(planned.filter((line) => line.includes("replace ")).join()).toBe(
      "replace aws:eks/nodeGroup:NodeGroup clusters-east-nodes-general",
    );
  });

  test("a change from one NAT gateway to one a zone keeps the address that others know", async () => {
    const planned = await preview({ egress: "per-zone" });

    expect(planned.filter((line) => /Eip|NatGateway|delete|replace/.test(line))).toEqual([
      "create aws:ec2/eip:Eip clusters-east-network-nat-us-east-1b",
      "create aws:ec2/natGateway:NatGateway clusters-east-network-nat-us-east-1b",
    ]);
  });

  // https://github.com/pulumi/pulumi-eks/issues/1291, https://github.com/pulumi/pulumi-aws/issues/4885
  test("what is read only when a cluster is made never replaces it, whatever it says later", async () => {
    const cluster = {
      bootstrapSelfManagedAddons: true,
      accessConfig: { bootstrapClusterCreatorAdminPermissions: true },
    };

    expect(await preview({ transform: { cluster } })).toEqual(["update isthmus:cluster:EksCluster clusters-east"]);
  });

  // https://github.com/pulumi/pulumi-eks/issues/1585, 1597, https://github.com/pulumi/pulumi-aws/issues/5105
  test("Auto Mode is turned on and off again in place", async () => {
    const other = new Life({ moment: await life.moment() });
    const auto = { nodes: undefined, compute: { kind: "auto" as const } };
    for (const change of [auto, {}]) {
      const planned = changes(succeeded(await other.preview(east(change as Partial<EksOptions>))));
      expect(planned.filter((line) => line.includes("aws:eks/cluster:Cluster"))).toEqual([
        "update aws:eks/cluster:Cluster clusters-east",
      ]);
      expect(changes(succeeded(await other.up(east(change as Partial<EksOptions>))))).toEqual(planned);
      await expect(other).toHaveLedgerEqualToState();
    }
  });

  test("a change of who is let in touches neither the cluster nor the deployer's own access", async () => {
    const principal = "arn:aws:iam::123456789012:user/ada";

    expect(await preview({ access: { ada: { principal, policies: { AmazonEKSEditPolicy: ["shop"] } } } })).toEqual([
      "create aws:eks/accessEntry:AccessEntry clusters-east-access-ada",
      "create aws:eks/accessPolicyAssociation:AccessPolicyAssociation clusters-east-access-ada-AmazonEKSEditPolicy",
    ]);
  });

  // https://github.com/pulumi/pulumi-eks/issues/594: nodes go up after their control plane, and nothing is replaced.
  test("a change of the version upgrades the control plane, then its nodes, in place", async () => {
    const run = succeeded(await new Life({ moment: await life.moment() }).up(east({ kubernetesVersion: "1.35" })));

    expect(run).toReplaceNothing();
    expect(
      run.steps
        .filter(({ operation }) => operation === "update")
        .map(({ type }) => type)
        .filter((type) => type.startsWith("aws:")),
    ).toEqual(["aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"]);
  });

  /** Inputs of every resource of a type. */
  const inputsOf = async (type: string) =>
    (await life.resources()).filter((it) => it.type === type).map(({ inputs }) => inputs as Record<string, unknown>);
  const CLUSTER = "aws:eks/cluster:Cluster";
  const GROUP = "aws:eks/nodeGroup:NodeGroup";
  const ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
  const all = expect.anything() as unknown;

  // https://github.com/pulumi/pulumi-eks/issues/883, https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2644: no aws-auth.
  // Ids: checkov (CKV), trivy (AWS), CIS EKS 1.8.
  test.each<[ids: string, what: string, type: string, expected: readonly unknown[]]>([
    [
      "CKV_AWS_39, AWS-0040, CIS 5.4.2; CKV_AWS_38, AWS-0041, CIS 5.4.1",
      "a private endpoint and no public one",
      CLUSTER,
      [{ vpcConfig: { endpointPrivateAccess: true, endpointPublicAccess: false, subnetIds: [all, all] } }],
    ],
    [
      "CKV_AWS_58, AWS-0039, CIS 5.3.1",
      "Secrets encrypted with a key of its own",
      CLUSTER,
      [
        {
          encryptionConfig: {
            provider: { keyArn: expect.stringContaining(":key/") as unknown },
            resources: ["secrets"],
          },
        },
      ],
    ],
    [
      "CKV_AWS_37, AWS-0038, CIS 2.1.1",
      "all five logs",
      CLUSTER,
      [{ enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"] }],
    ],
    [
      "CIS 4.1.7, CIS 5.5.1",
      "access by entries alone, none for whoever made it",
      CLUSTER,
      [{ accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false } }],
    ],
    ["CKV_AWS_339", "standard support", CLUSTER, [{ upgradePolicy: { supportType: "STANDARD" } }]],
    ["own", "zonal shift", CLUSTER, [{ zonalShiftConfig: { enabled: true } }]],
    ["own", "logs that are kept for 90 days", "aws:cloudwatch/logGroup:LogGroup", [{ retentionInDays: 90 }]],
    [
      "own",
      "node repair and a bounded update",
      GROUP,
      [{ nodeRepairConfig: { enabled: true }, updateConfig: { maxUnavailablePercentage: 33 } }],
    ],
    [
      "CKV_AWS_79, CKV_AWS_341",
      "IMDSv2 with one hop",
      "aws:ec2/launchTemplate:LaunchTemplate",
      [{ metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 } }],
    ],
    [
      "CKV_AWS_130, CIS 5.4.3",
      "subnets that give out no public address",
      "aws:ec2/subnet:Subnet",
      Array.from({ length: 4 }, () => ({ mapPublicIpOnLaunch: false })),
    ],
    ["CKV_AWS_7", "keys that rotate", "aws:kms/key:Key", [{ enableKeyRotation: true }]],
  ])("%s: %s", async (_, __, type, expected) => {
    const made = await inputsOf(type);

    expect(made).toHaveLength(expected.length);
    for (const [index, inputs] of made.entries()) expect(inputs).toMatchObject(expected[index] as object);
  });

  test("CKV_AWS_100: nobody logs in to a node; CKV_AWS_33: no key is for everyone", async () => {
    expect((await inputsOf(GROUP)).filter(({ remoteAccess }) => remoteAccess !== undefined)).toEqual([]);
    expect((await inputsOf("aws:kms/key:Key")).filter(({ policy }) => policy !== undefined)).toEqual([]);
  });

  test("CIS 4.3.1: the network plugin enforces network policies", async () => {
    const [plugin] = (await inputsOf("aws:eks/addon:Addon")).filter(({ addonName }) => addonName === "vpc-cni");

    expect(plugin?.configurationValues).toBe('{"enableNetworkPolicy":"true"}');
  });

  test("CIS 5.2.1, CKV_AWS_274, CKV2_AWS_56, CKV_AWS_40: each role has what its job needs, and nodes have no application's", async () => {
    const attached = (await inputsOf(ATTACHMENT)).map(({ role, policyArn }) =>
      [role, policyArn]
        .map((text) => String(text).replace(/^(isthmus-local-east|arn:aws:iam::aws:policy\/)/, ""))
        .join(" "),
    );

    expect(attached.sort()).toEqual([
      ".control-plane AmazonEKSClusterPolicy",
      ".ebs-csi service-role/AmazonEBSCSIDriverPolicy",
      ".nodes AmazonEC2ContainerRegistryPullOnly",
      ".nodes AmazonEKSWorkerNodePolicy",
      ".vpc-cni AmazonEKS_CNI_Policy",
    ]);
  });

  test("CKV_AWS_60, CKV_AWS_61: roles trust one service, and Pod Identity for this cluster only", async () => {
    const trusts = (await inputsOf("aws:iam/role:Role")).map(({ name, assumeRolePolicy }) => {
      const { Statement: statements } = JSON.parse(String(assumeRolePolicy)) as {
        Statement: Record<string, unknown>[];
      };
      return [String(name).split(".")[1], statements.map(({ Principal: it }) => it), statements[0]?.Condition];
    });
    const here = {
      StringEquals: { "aws:SourceAccount": "123456789012" },
      ArnLike: { "aws:SourceArn": "arn:aws:eks:us-east-1:123456789012:cluster/isthmus-local-east" },
    };

    expect(trusts.sort()).toEqual([
      ["control-plane", [{ Service: "eks.amazonaws.com" }], undefined],
      ["ebs-csi", [{ Service: "pods.eks.amazonaws.com" }], here],
      ["nodes", [{ Service: "ec2.amazonaws.com" }], undefined],
      ["vpc-cni", [{ Service: "pods.eks.amazonaws.com" }], here],
    ]);
  });
});

test("own: outside of local and dev, clusters refuse to be deleted, in EKS and in Pulumi", async () => {
  const steps = succeeded(await new Life().preview(clusters({ east: EAST }, true))).steps.map((step) => step.new!);
  const cluster = steps.find(({ type }) => type === "aws:eks/cluster:Cluster")!;

  expect([cluster.protect, cluster.inputs.deletionProtection]).toEqual([true, true]);
});

describe("what a controller has made in the cloud", () => {
  const service = (cluster: Cluster, opts: pulumi.CustomResourceOptions = {}) =>
    new Service(
      "clusters-east-web",
      { metadata: { name: "web" }, spec: { type: "LoadBalancer", ports: [{ port: 80 }], selector: { app: "web" } } },
      { provider: cluster.provider, ...opts },
    );

  // https://github.com/pulumi/pulumi-eks/issues/194, https://github.com/terraform-aws-modules/terraform-aws-eks/issues/285
  test("goes with its Service, before the network that it stands in", async () => {
    const life = new Life();
    const program = clusters({ east: EAST }, false, ({ east }) => void service(east!));
    succeeded(await life.up(program));
    expect(life.ledger().filter(({ madeBy }) => madeBy?.type === "kubernetes:core/v1:Service")).not.toEqual([]);

    const gone = succeeded(await life.destroy());
    expect(life.ledger()).toEqual([]);
    expect(gone).toDeleteBefore("clusters-east-web", "aws:eks/cluster:Cluster clusters-east");
  });

  test("keeps the network when its Service went unseen with the cluster: such Services may not go with it", async () => {
    const life = new Life();
    const program = clusters({ east: EAST }, false, ({ east }) => {
      service(east!, { deletedWith: east!.controlPlane! });
    });
    succeeded(await life.up(program));

    const gone = await life.destroy();
    expect(gone.succeeded).toBe(false);
    const subnets = (await life.resources()).filter(({ type }) => type === "aws:ec2/subnet:Subnet");
    expect(subnets).toHaveLength(2);
    expect(errorsOf(gone).sort()).toEqual(
      subnets
        .map(({ urn, id }) => [urn.split("::").at(-1)!, id!] as const)
        .map(
          ([name, id]) =>
            `${name}: deleting EC2 Subnet (${id}): api error DependencyViolation: The subnet '${id}' has dependencies and cannot be deleted.`,
        )
        .sort(),
    );
  });
});
