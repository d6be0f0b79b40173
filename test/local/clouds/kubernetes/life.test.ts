import { AWS } from "../../../../local/clouds/aws";
import { Cloud } from "../../../../local/clouds/cloud";
import { World } from "../../../../local/clouds/world";
import { edit } from "./ask";
import {
  definition,
  deployment,
  DEPLOYMENT,
  EKS_ARN,
  EKS_SERVER,
  named,
  NAMESPACE,
  release,
  RELEASE,
  Session,
  twoClusters,
} from "./support";

const CRD = "apiextensions.k8s.io/v1:CustomResourceDefinition";
const WIDGET = "example.com/v1:Widget";
const SERVICE = "core/v1:Service";

const timedOut = "timed out waiting for the condition: finalizers might be preventing deletion";

describe("fields that another manager has changed", () => {
  const scaled = async (settings = {}) => {
    const east = await Session.open(twoClusters(), undefined, settings);
    const { id, inputs } = await east.create(DEPLOYMENT, deployment("web"));
    edit(east, DEPLOYMENT, id, { "spec.replicas": 5, 'metadata.labels["team"]': "shop" });
    return { east, id, inputs };
  };
  const other = { ...deployment("web"), metadata: { name: "web", namespace: "default", labels: { app: "web" } } };

  test("are named with their manager, and the way to learn more", async () => {
    const { east, id, inputs } = await scaled();

    await expect(east.update(DEPLOYMENT, id, inputs, other)).rejects.toThrow(
      /field conflict detected, see https:.*#handle-field-conflicts-on-existing-resources for troubleshooting help\nThe resource managed by field manager "pulumi-kubernetes-[0-9a-f]{8}" had an apply conflict: Apply failed with 1 conflict: conflict with "kubectl-edit" using apps\/v1: \.spec\.replicas$/,
    );
  });

  test.each([
    ["the provider's enablePatchForce", { enablePatchForce: true }, {}],
    ["the object's annotation", {}, { "pulumi.com/patchForce": "true" }],
  ])("are taken by force with %s; what is not applied stays theirs", async (_, settings, annotations) => {
    const { east, id, inputs } = await scaled(settings);
    const outputs = await east.update(DEPLOYMENT, id, inputs, {
      ...other,
      metadata: { ...other.metadata, annotations },
    });

    expect(outputs).toMatchObject({ spec: { replicas: 2 }, metadata: { labels: { app: "web", team: "shop" } } });
    expect(outputs.metadata).toMatchObject({
      managedFields: [{ manager: "kubectl-edit", fieldsV1: { "f:metadata": { "f:labels": { "f:team": {} } } } }],
    });
    await expect(
      east.update(DEPLOYMENT, id, inputs, { ...other, metadata: { ...other.metadata, annotations } }),
    ).resolves.toBeDefined();
  });

  test("are found by a refresh", async () => {
    const { east, id } = await scaled();
    const { inputs } = (await east.read(DEPLOYMENT, id))!;

    expect(inputs).toMatchObject({ spec: { replicas: 5 } });
    expect(inputs.metadata).not.toHaveProperty("labels");
  });
});

describe("finalizers", () => {
  test("hold a deletion up until they are taken off", async () => {
    const east = await Session.open(twoClusters());
    await east.create(CRD, definition());
    const widget = { metadata: { name: "one", namespace: "default", finalizers: ["example.com/clean"] } };
    const { id } = await east.create(WIDGET, widget);

    await expect(east.delete(WIDGET, id)).rejects.toThrow(`${timedOut} (Widget one: example.com/clean)`);
    await expect(east.delete(CRD, "widgets.example.com")).rejects.toThrow(timedOut);
    expect(east.objects()).toEqual([`${CRD} widgets.example.com`, `${WIDGET} default/one`]);

    edit(east, WIDGET, id, { "metadata.finalizers": [] });
    await east.delete(WIDGET, id);
    await east.delete(CRD, "widgets.example.com");
    expect(east.objects()).toEqual([]);
  });

  test("of a mesh are taken off by its controller, and by nobody once that is gone", async () => {
    const east = await Session.open(twoClusters());
    await east.create(NAMESPACE, named("consul"));
    await east.create(NAMESPACE, named("shop"));
    const chart = release("consul", {
      repositoryOpts: { repo: "https://helm.releases.hashicorp.com" },
      version: "2.0.3",
      namespace: "consul",
      values: { global: { crds: { enableTcpRoute: false } } },
    });
    const intention = "consul.hashicorp.com/v1alpha1:ServiceIntentions";
    const installed = await east.create(RELEASE, chart);
    const { id, properties } = await east.create(intention, named("web", "shop"));
    expect(properties.metadata).toMatchObject({ finalizers: ["finalizers.consul.hashicorp.com"] });
    await east.delete(intention, id);

    await east.create(intention, named("web", "shop"));
    const failed = east.ledger.list(`kubernetes:${RELEASE}`)[0]!;
    east.ledger.put({ ...failed, outputs: { ...failed.outputs, status: { status: "failed" } } });
    await expect(east.delete(intention, id)).rejects.toThrow(timedOut);
    await expect(east.delete(NAMESPACE, "shop")).rejects.toThrow(
      `${timedOut} (ServiceIntentions web: finalizers.consul.hashicorp.com)`,
    );
    await expect(east.create("core/v1:ConfigMap", named("late", "shop"))).rejects.toThrow(
      'configmaps "late" is forbidden: unable to create new content in namespace shop because it is being terminated',
    );
    // Its webhook is there too, with nobody behind it.
    await expect(east.create(DEPLOYMENT, deployment("web"))).rejects.toThrow(
      'failed calling webhook "consul-connect-injector.consul.hashicorp.com"',
    );
    expect(installed.id).toBe("consul/consul");
  });
});

test("Istio's objects are refused until istiod answers for its webhook", async () => {
  const east = await Session.open(twoClusters());
  const istio = (chart: string) =>
    release(chart, {
      repositoryOpts: { repo: "https://istio-release.storage.googleapis.com/charts" },
      version: "1.30.3",
      namespace: "istio-system",
    });
  const policy = "security.istio.io/v1:AuthorizationPolicy";
  await east.create(NAMESPACE, named("istio-system"));
  await east.create(RELEASE, istio("base"));

  await expect(east.create(policy, named("deny", "istio-system"))).rejects.toThrow(
    'failed calling webhook "validation.istio.io"',
  );

  await east.create(RELEASE, istio("istiod"));
  expect((await east.create(policy, named("deny", "istio-system"))).id).toBe("istio-system/deny");
});

test("a Service's balancer is in the cluster's subnets, blocks them, and stays when the cluster goes first", async () => {
  const ledger = twoClusters();
  const scope = "123456789012/us-east-1";
  const subnet = (id: string, tags = {}) =>
    ledger.put({
      type: "aws:ec2/subnet:Subnet",
      id,
      scope,
      inputs: { vpcId: "vpc-1", cidrBlock: "10.0.0.0/24", tags },
      outputs: {},
    });
  subnet("subnet-private");
  subnet("subnet-public", { "kubernetes.io/role/elb": "1" });
  const cluster = ledger.list("aws:eks/cluster:Cluster")[0]!;
  ledger.put({ ...cluster, inputs: { vpcConfig: { subnetIds: ["subnet-private"] } } });
  const east = await Session.open(ledger, EKS_SERVER);
  const service = (annotations = {}) => ({
    metadata: { name: "web", namespace: "default", annotations },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  });
  const interfaces = () => ledger.list("aws:ec2/networkInterface:NetworkInterface");

  const { id } = await east.create(SERVICE, service());
  expect(interfaces()).toMatchObject([
    {
      scope,
      inputs: { subnetId: "subnet-public" },
      madeBy: { type: "kubernetes:core/v1:Service", id, scope: EKS_ARN },
    },
  ]);
  await east.delete(SERVICE, id);
  expect(interfaces()).toEqual([]);
  await expect(
    east.create(SERVICE, service({ "service.beta.kubernetes.io/aws-load-balancer-internal": "true" })),
  ).rejects.toThrow("could not find any suitable subnets for creating the ELB");
  await east.delete(SERVICE, id);

  await east.create(SERVICE, service());
  const aws = new Cloud(AWS, new World(ledger));
  await aws.configure({ region: "us-east-1", assumeRoles: [{ roleArn: "arn:aws:iam::123456789012:role/d" }] });
  const request = (type: string, name: string) => ({
    urn: `urn:pulumi:local::isthmus::${type}::x`,
    id: name,
    properties: {},
    oldInputs: {},
    timeout: 0,
  });
  await expect(aws.delete(request("aws:ec2/subnet:Subnet", "subnet-public"))).rejects.toThrow("DependencyViolation");
  ledger.remove(cluster.type, cluster.id, cluster.scope);
  await expect(aws.delete(request("aws:ec2/subnet:Subnet", "subnet-public"))).rejects.toThrow("DependencyViolation");
});
