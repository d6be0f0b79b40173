/** Graphs of every environment: registered once with preview on and once off, in clouds of their own. */
import type { ResourceState, RunResult } from "../../local/engine";
import { containsSecret, Secret } from "../../local/protocol/property";
import { urnName } from "../../local/protocol/urn";
import dev from "../../stacks/dev";
import local from "../../stacks/local";
import prod from "../../stacks/prod";
import staging from "../../stacks/staging";
import { describeGraph, Graph } from "../kit/graph";
import { Life, succeeded } from "../kit/life";
import { platform } from "../kit/platform";

const ENVIRONMENTS = { local, dev, staging, prod };

interface Registered {
  readonly preview: RunResult;
  readonly resources: readonly ResourceState[];
}

/** Arranged once: each registration takes a second or two. */
const graphs = new Map<string, Registered>();

beforeAll(async () => {
  for (const [name, spec] of Object.entries(ENVIRONMENTS)) {
    const life = new Life();
    const preview = succeeded(await life.preview(platform(spec)));
    succeeded(await life.up(platform(spec)));
    graphs.set(name, { preview, resources: await life.resources() });
  }
}, 180_000);

const isProvider = ({ type }: { type: string }) => type.startsWith("pulumi:providers:");

/** Everything that a resource waits for, directly or not. */
const waitsFor = (urn: string, resources: readonly ResourceState[]) => Graph.of(resources).waitsFor(urn);

describe.each(Object.keys(ENVIRONMENTS))("%s", (environment) => {
  const resources = () => graphs.get(environment)!.resources;
  const named = (name: string, type: string) => {
    const found = resources().find((resource) => urnName(resource.urn) === name && resource.type === type);
    if (found === undefined) throw new Error(`no ${type} ${name} in ${environment}`);
    return found.urn;
  };
  const ofType = (type: string) => resources().filter((resource) => resource.type === type);

  test("a preview shows every resource that an update makes", () => {
    const planned = graphs.get(environment)!.preview.steps.map(({ urn }) => urn);

    expect(planned.sort()).toEqual(
      resources()
        .map(({ urn }) => urn)
        .sort(),
    );
  });

  // https://github.com/pulumi/pulumi/issues/3383, https://github.com/pulumi/pulumi-kubernetes/issues/1643, 1853
  test("every resource names its provider", () => {
    const custom = resources().filter((resource) => resource.custom && !isProvider(resource));

    expect(custom.length).toBeGreaterThan(40);
    expect(custom.filter(({ provider }) => !provider).map(({ urn }) => urn)).toEqual([]);
    expect(resources().filter(({ urn }) => urn.includes("::default"))).toEqual([]);
  });

  test("every resource has a component as its parent, and a name that starts with the parent's", () => {
    const byUrn = new Map(resources().map((resource) => [resource.urn, resource]));
    const children = resources().filter(({ type }) => type !== "pulumi:pulumi:Stack");
    const strays = children.filter(({ urn, parent, type }) => {
      const owner = byUrn.get(parent ?? "");
      if (type === "isthmus:platform:Platform") return owner?.type !== "pulumi:pulumi:Stack";
      return owner === undefined || owner.custom || !urnName(urn).startsWith(urnName(owner.urn));
    });

    expect(strays.map(({ urn }) => urn)).toEqual([]);
  });

  // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2903, 2923, 3005
  test("what is in a cluster goes before the access that its removal needs", () => {
    const access = [
      named("platform-east-deployer", "aws:eks/accessEntry:AccessEntry"),
      named("platform-east-deployer", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"),
    ];
    const provider = named("platform-east", "pulumi:providers:kubernetes");
    const inside = resources().filter((resource) => resource.provider?.startsWith(`${provider}::`));

    expect(inside.length).toBeGreaterThan(4);
    for (const { urn } of inside) expect([...waitsFor(urn, resources())]).toEqual(expect.arrayContaining(access));
  });

  // https://github.com/pulumi/pulumi-eks/issues/725, https://github.com/pulumi/pulumi-azure-native/issues/2579
  test("a kubeconfig is secret, and gets its credentials from a command", () => {
    for (const { inputs } of ofType("pulumi:providers:kubernetes")) {
      const { kubeconfig } = inputs;
      if (!(kubeconfig instanceof Secret)) throw new Error("the kubeconfig is not secret");
      const { users } = JSON.parse(String(kubeconfig.value)) as { users: { user: object }[] };
      expect(users.map(({ user }) => Object.keys(user))).toEqual([["exec"]]);
    }
  });

  // https://github.com/pulumi/pulumi/pull/20357: what components are made with goes to the state, for whoever reviews it.
  test("a component's inputs are small and have nothing secret", () => {
    const components = resources().filter(({ custom, type }) => !custom && type !== "pulumi:pulumi:Stack");

    expect(components.filter(({ inputs }) => containsSecret(inputs)).map(({ urn }) => urn)).toEqual([]);
    expect(components.filter(({ inputs }) => JSON.stringify(inputs).length > 1000).map(({ urn }) => urn)).toEqual([]);
  });

  test("a Kubernetes provider is tied to its cluster and not to its kubeconfig", () => {
    const ids = resources()
      .filter(({ type }) => type === "pulumi:providers:kubernetes")
      .map(({ inputs }) => inputs.clusterIdentifier);
    const clusters = [...ofType("aws:eks/cluster:Cluster"), ...ofType("azure-native:containerservice:ManagedCluster")];

    expect(ids.sort()).toEqual(clusters.map(({ id }) => id).sort());
  });

  // https://github.com/pulumi/pulumi-kubernetes/issues/1098, 1920, 3137, https://github.com/linkerd/linkerd2/issues/3680
  test("custom resources go before the mesh that serves them, the mesh before its CRDs", () => {
    const release = (suffix: string) => named(`platform-east-${suffix}`, "kubernetes:helm.sh/v3:Release");
    const policies = resources().filter(({ type }) => /policy\.linkerd\.io|gateway\.networking/.test(type));
    const east = policies.filter(({ urn }) => urnName(urn).startsWith("platform-east-"));

    for (const { urn } of east) expect(waitsFor(urn, resources())).toContain(release("mesh-control-plane"));
    expect([...waitsFor(release("mesh-control-plane"), resources())]).toEqual(
      expect.arrayContaining([release("mesh-crds"), release("gateway-api")]),
    );
  });

  test("nodes wait for the network that they come up in", () => {
    const nodes = named("platform-east-nodes-general", "aws:eks/nodeGroup:NodeGroup");

    expect([...waitsFor(nodes, resources())]).toEqual(
      expect.arrayContaining([
        named("platform-east-vpc-cni", "aws:eks/addon:Addon"),
        named("platform-east-network-nat-us-east-1a", "aws:ec2/natGateway:NatGateway"),
        named("platform-east-vpc-cni-AmazonEKS_CNI_Policy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"),
        named("platform-east-eks-pod-identity-agent", "aws:eks/addon:Addon"),
      ]),
    );
  });

  test("clusters and data are protected where they must be, and nowhere else", () => {
    const guarded = [
      "aws:eks/cluster:Cluster",
      "azure-native:containerservice:ManagedCluster",
      "aws:s3/bucket:Bucket",
      "azure-native:storage:StorageAccount",
      "azure-native:storage:BlobContainer",
      "aws:kms/key:Key",
    ];
    const expected = environment === "staging" || environment === "prod";
    const found = resources().filter(({ type }) => guarded.includes(type));

    expect(found.length).toBeGreaterThanOrEqual(3);
    expect(found.map(({ urn, protect }) => [urnName(urn), protect ?? false])).toEqual(
      found.map(({ urn }) => [urnName(urn), expected]),
    );
  });
});

test("the graph of production is the one that was reviewed", () => {
  expect(`\n${describeGraph(Graph.of(graphs.get("prod")!.resources)).join("\n")}\n`).toMatchSnapshot();
});

test("one trust anchor stands above the issuers of both clusters", () => {
  const { resources } = graphs.get("local")!;
  const anchors = resources.filter(({ type }) => type === "tls:index/selfSignedCert:SelfSignedCert");
  const signed = resources.filter(({ type }) => type === "tls:index/locallySignedCert:LocallySignedCert");

  expect(anchors).toHaveLength(1);
  expect(signed.filter(({ inputs }) => inputs.isCaCertificate).map(({ urn }) => urnName(urn))).toEqual([
    "platform-mesh-trust-east",
    "platform-mesh-trust-north",
  ]);
  for (const { inputs } of signed) expect(inputs.caCertPem).toBe(anchors[0]!.outputs.certPem);
});

test("a workload on AKS takes its AWS role by AKS's own issuer, byte for byte", () => {
  const { resources } = graphs.get("local")!;
  const find = (name: string, type: string) =>
    resources.find((resource) => urnName(resource.urn) === name && resource.type === type)!;
  const cluster = find("platform-north", "azure-native:containerservice:ManagedCluster");
  const { issuerURL } = cluster.outputs.oidcIssuerProfile as { issuerURL: string };
  const role = find("platform-identity-reports", "aws:iam/role:Role");
  const host = issuerURL.slice("https://".length);

  expect(issuerURL).toMatch(/\/$/);
  expect(JSON.parse(String(role.inputs.assumeRolePolicy))).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "sts:AssumeRoleWithWebIdentity",
        Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${host}` },
        Condition: {
          StringEquals: {
            [`${host}:aud`]: "sts.amazonaws.com",
            [`${host}:sub`]: "system:serviceaccount:shop:reports",
          },
        },
      },
    ],
  });
});

test("a pod gets its identity as environment variables and one projected token per cloud, and no key", () => {
  const { resources } = graphs.get("local")!;
  const deployment = resources.find(
    ({ urn, type }) => type === "kubernetes:apps/v1:Deployment" && urnName(urn) === "platform-north-reports-reports",
  )!;
  const { template } = deployment.inputs.spec as { template: { spec: Record<string, unknown> } };
  const [container] = template.spec.containers as { env: object[]; volumeMounts: object[] }[];

  expect(container!.env).toEqual([
    { name: "AWS_REGION", value: "us-east-1" },
    { name: "AWS_ROLE_ARN", value: "arn:aws:iam::123456789012:role/isthmus-local-reports" },
    { name: "AWS_STS_REGIONAL_ENDPOINTS", value: "regional" },
    { name: "AWS_WEB_IDENTITY_TOKEN_FILE", value: "/var/run/secrets/isthmus/aws" },
  ]);
  expect(template.spec.volumes).toEqual([
    {
      name: "cloud-tokens",
      projected: {
        defaultMode: 0o440,
        sources: [{ serviceAccountToken: { audience: "sts.amazonaws.com", expirationSeconds: 3600, path: "aws" } }],
      },
    },
  ]);
});

interface PodTemplateSpec {
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly securityContext?: { readonly runAsNonRoot?: boolean; readonly seccompProfile?: { readonly type: string } };
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly object[];
}

interface Container {
  readonly securityContext?: {
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
}

/** The Pod Security Standard "restricted" (kubernetes.io/docs/concepts/security/pod-security-standards). */
function isRestricted({ containers, initContainers = [], volumes = [], securityContext, ...host }: PodTemplateSpec) {
  const allowed = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "name",
    "persistentVolumeClaim",
    "projected",
    "secret",
  ];
  return (
    host.hostNetwork !== true &&
    host.hostPID !== true &&
    host.hostIPC !== true &&
    securityContext?.runAsNonRoot === true &&
    securityContext.seccompProfile?.type === "RuntimeDefault" &&
    volumes.every((volume) => Object.keys(volume).every((key) => allowed.includes(key))) &&
    [...containers, ...initContainers].every(
      ({ securityContext: own }) =>
        own?.allowPrivilegeEscalation === false &&
        own.privileged !== true &&
        own.capabilities?.drop?.includes("ALL") === true &&
        (own.capabilities.add ?? []).every((capability) => capability === "NET_BIND_SERVICE"),
    )
  );
}

test("every namespace of workloads is fenced and labelled, and our pods meet the strictest standard (CIS 4.3.2, PSA)", () => {
  const { resources } = graphs.get("local")!;
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const own = ofType("isthmus:cluster:WorkloadNamespace").map(({ urn }) => urnName(urn));
  const labels = ofType("kubernetes:core/v1:Namespace")
    .filter(({ urn }) => own.includes(urnName(urn)))
    .map(({ inputs }) => (inputs.metadata as { labels: Record<string, string> }).labels);
  const fences = ofType("kubernetes:networking.k8s.io/v1:NetworkPolicy").map(({ urn }) => urnName(urn));

  expect(own).toEqual([
    "platform-east-isthmus-mirror",
    "platform-east-shop",
    "platform-north-isthmus-mirror",
    "platform-north-shop",
  ]);
  expect(fences).toEqual(expect.arrayContaining(own.map((name) => `${name}-default-deny`)));
  // Linkerd's init container needs NET_ADMIN.
  expect(labels.map((set) => set["pod-security.kubernetes.io/enforce"])).toEqual([
    "restricted",
    "privileged",
    "restricted",
    "privileged",
  ]);

  const specs = [
    ...ofType("kubernetes:apps/v1:Deployment").map(({ inputs }) => (inputs.spec as { template: object }).template),
    ...ofType("kubernetes:batch/v1:CronJob").map(
      ({ inputs }) => (inputs.spec as { jobTemplate: { spec: { template: object } } }).jobTemplate.spec.template,
    ),
  ].map((template) => (template as { spec: PodTemplateSpec }).spec);
  expect(specs.length).toBeGreaterThan(5);
  expect(specs.filter((spec) => !isRestricted(spec))).toEqual([]);
});

test("a claim for the storage class `block` or `shared` means the same on both clouds", () => {
  const { resources } = graphs.get("local")!;
  const classes = resources
    .filter(({ type }) => type === "kubernetes:storage.k8s.io/v1:StorageClass")
    .map(({ urn, inputs }) => [
      urnName(urn),
      (inputs.metadata as { name: string }).name,
      inputs.provisioner,
      inputs.volumeBindingMode,
    ]);

  expect(classes).toEqual(
    expect.arrayContaining([
      ["platform-east-storage-classes-block", "block", "ebs.csi.aws.com", "WaitForFirstConsumer"],
      ["platform-north-storage-classes-block", "block", "disk.csi.azure.com", "WaitForFirstConsumer"],
      ["platform-north-storage-classes-shared", "shared", "file.csi.azure.com", "Immediate"],
    ]),
  );
});
