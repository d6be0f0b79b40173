import { Provider } from "@pulumi/kubernetes/provider";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment";

import { costOf, SimulatedClouds, type LedgerEntry } from "../../../local/clouds";
import { errorsOf, Life, succeeded } from "../../kit/life";
import { EKS_SERVER, kubeconfig, twoClusters } from "./kubernetes/support";

const VPC = "aws:ec2/vpc:Vpc";
const NAMESPACE = "kubernetes:core/v1:Namespace";
const entry = (type: string, id: string, inputs: LedgerEntry["inputs"] = {}, scope?: string): LedgerEntry => ({
  ...{ type, id, inputs, outputs: { ...inputs, arn: `arn of ${id}` } },
  ...(scope === undefined ? {} : { scope }),
});

function clouds(...entries: LedgerEntry[]): SimulatedClouds {
  const made = new SimulatedClouds();
  for (const it of entries) made.ledger.put(it);
  return made;
}

describe("drift", () => {
  test("an edit changes what a read answers, of an input and of what the cloud computed", () => {
    const changed = clouds(entry(VPC, "vpc-1", { tags: { a: "1" } }));
    changed.edit(VPC, "vpc-1", "tags.b", "2");
    changed.edit(VPC, "vpc-1", "tags.a", undefined);
    changed.edit(VPC, "vpc-1", "arn", "another");

    expect(changed.ledger.list()).toEqual([
      { type: VPC, id: "vpc-1", inputs: { tags: { b: "2" } }, outputs: { tags: { b: "2" }, arn: "another" } },
    ]);
  });

  test("what is not there, or not one, is said with what there is", () => {
    const two = clouds(
      entry(NAMESPACE, "shop", {}, "east"),
      entry(NAMESPACE, "shop", {}, "north"),
      entry(VPC, "vpc-1"),
    );

    expect(() => two.edit(VPC, "vpc-2", "arn", "")).toThrow(`no ${VPC} is "vpc-2"; there are "vpc-1"`);
    expect(() => two.edit("aws:ec2/vpc:Vcp", "vpc-1", "arn", "")).toThrow(`did you mean ${VPC}?`);
    expect(() => two.edit(VPC, "vpc-1", "tgas.a", "")).toThrow('has no property "tgas"; it has arn');
    expect(() => two.lose(NAMESPACE, "shop")).toThrow('"shop", in "east", "north": say which scope is meant');
    expect(two.lose(NAMESPACE, "shop", "east").map(({ scope }) => scope)).toContain("east");
  });

  test("what a cloud deletes along with a thing is lost with it", () => {
    const bucket = "aws:s3/bucket:Bucket";
    const versioning = "aws:s3/bucketVersioning:BucketVersioning";
    const some = clouds(entry(bucket, "b", {}, ""), entry(versioning, "b", { bucket: "b" }, ""), entry(VPC, "vpc-1"));

    expect(some.lose(bucket, "b").map(({ type }) => type)).toEqual([bucket, versioning]);
    expect(some.ledger.list().map(({ type }) => type)).toEqual([VPC]);
  });
});

describe("drift of an object in a cluster", () => {
  const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
  const program =
    (replicas: number, annotations = {}) =>
    () => {
      const provider = new Provider("east", { kubeconfig: kubeconfig(EKS_SERVER) });
      const labels = { app: "web" };
      const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "example.com/web:1" }] } };
      const spec = { replicas, selector: { matchLabels: labels }, template };
      new Deployment("web", { metadata: { name: "web", namespace: "default", annotations }, spec }, { provider });
    };
  const deployed = async () => {
    const clouds = new SimulatedClouds(twoClusters());
    const life = new Life({ clouds: () => clouds });
    succeeded(await life.up(program(2)));
    const edit = (path: string, value?: number | string) => clouds.edit(DEPLOYMENT, "default/web", path, value);
    const live = () => life.ledger().find(({ type }) => type === DEPLOYMENT)?.outputs;
    return { life, edit, live };
  };
  const conflict = (fields: string) =>
    new RegExp(
      `^web: .*server-side apply field conflict detected, see https:.* for troubleshooting help\nThe resource managed by field ` +
        `manager "pulumi-kubernetes-[0-9a-f]{8}" had an apply conflict: Apply failed with ${fields}$`,
    );

  test("of a field of the program's meets the next apply as a conflict, until it is forced", async () => {
    const { life, edit, live } = await deployed();
    edit("spec.replicas", 4);
    edit("spec.replicas", 5);
    edit("spec.template.spec.containers[0].image", "example.com/web:2");

    expect(errorsOf(await life.up(program(3)))).toEqual([
      expect.stringMatching(
        conflict(
          '2 conflicts: conflicts with "kubectl-edit" using apps/v1:\n- \\.spec\\.replicas\n' +
            '- \\.spec\\.template\\.spec\\.containers\\[name="main"\\]\\.image',
        ),
      ),
    ]);
    expect(live()).toMatchObject({ spec: { replicas: 5 } });

    succeeded(await life.up(program(3, { "pulumi.com/patchForce": "true" })));
    expect(live()).toMatchObject({
      spec: { replicas: 3, template: { spec: { containers: [{ image: "example.com/web:1" }] } } },
    });
    expect(live()?.metadata).not.toHaveProperty("managedFields");
    expect((await life.resource("web", DEPLOYMENT)).outputs).toEqual(live());
  });

  test("of a field that is nobody's is kept by the next apply, and what is taken away is nobody's again", async () => {
    const { life, edit, live } = await deployed();
    edit("spec.paused", "true");
    edit("metadata.labels.team", "shop");
    edit("spec.paused");

    succeeded(await life.up(program(3)));
    expect(live()).toMatchObject({ metadata: { labels: { team: "shop" } }, spec: { replicas: 3 } });
    expect(live()?.spec).not.toHaveProperty("paused");
    expect((await life.resource("web", DEPLOYMENT)).outputs).toEqual(live());

    edit("spec.replicas");
    succeeded(await life.up(program(4)));
    expect(live()).toMatchObject({ metadata: { labels: { team: "shop" } }, spec: { replicas: 4 } });
  });
});

describe("cost", () => {
  test("counts what costs by being there, and names what it does not count", () => {
    const cost = costOf([
      entry("aws:eks/cluster:Cluster", "east"),
      entry("aws:eks/nodeGroup:NodeGroup", "east:general", {
        instanceTypes: ["m7i.large"],
        scalingConfig: { desiredSize: 2 },
      }),
      entry("aws:eks/nodeGroup:NodeGroup", "east:huge", {
        instanceTypes: ["x9.huge"],
        scalingConfig: { desiredSize: 2 },
      }),
      entry("aws:s3/bucket:Bucket", "b"),
      entry("aws:iam/role:Role", "r"),
      entry(VPC, "vpc-1"),
      entry("aws:rds/instance:Instance", "db"),
    ]);

    expect(cost).toEqual({
      monthly: 220.17,
      items: [
        { type: "aws:eks/nodeGroup:NodeGroup", id: "east:general", monthly: 147.17, because: "2 x m7i.large" },
        { type: "aws:eks/cluster:Cluster", id: "east", monthly: 73, because: "control plane in standard support" },
      ],
      byUse: { "aws:s3/bucket:Bucket": 1 },
      unknown: { "aws:eks/nodeGroup:NodeGroup": 1, "aws:rds/instance:Instance": 1 },
    });
  });

  test("an AKS cluster costs its tier and its system pools", () => {
    const pools = [{ name: "system", vmSize: "Standard_D2ds_v5", count: 3 }];
    const cluster = (tier: string) =>
      entry("azure-native:containerservice:ManagedCluster", "north", { sku: { tier }, agentPoolProfiles: pools });

    expect(costOf([cluster("Free")]).monthly).toBe(247.47);
    expect(costOf([cluster("Standard")]).monthly).toBe(320.47);
  });
});
