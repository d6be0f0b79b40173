import type { PropertyMap } from "../../../local/protocol/property";
import { SimulatedClouds } from "../../../local/clouds";
import { CLUSTER, ground, nodeRole, NODES } from "./eks-ground";
import { refusal, Tenant, urn, type Made } from "./tenant";

const ENTRY = "aws:eks/accessEntry:AccessEntry";

const open = () => Tenant.of("aws", { region: "eu-west-1" });

describe("EKS", () => {
  let aws: Tenant;
  let inputs: PropertyMap;
  let parts: Awaited<ReturnType<typeof ground>>;
  beforeEach(async () => {
    aws = await open();
    parts = await ground(aws);
    inputs = parts.inputs;
  });

  test("an issuer has no slash at its end and is where the SDK looks for it; a replaced cluster has another", async () => {
    const made = await aws.create(CLUSTER, "c", inputs);
    const issuer = ({ outputs }: Made) => JSON.stringify(outputs.identities);
    expect(issuer(made)).toMatch(
      /^\[\{"oidcs":\[\{"issuer":"https:\/\/oidc\.eks\.eu-west-1\.amazonaws\.com\/id\/[0-9A-F]{32}"\}\]\}\]$/,
    );
    expect(issuer(await aws.update(made, { ...inputs, version: "1.34" }))).toBe(issuer(made));
    await aws.delete(made);
    expect(issuer(await aws.create(CLUSTER, "c", { ...inputs, bootstrapSelfManagedAddons: false }))).not.toBe(
      issuer(made),
    );
  });

  test.each<[string, PropertyMap, string]>([
    [
      "whose name is taken",
      {},
      "creating EKS Cluster (east): api error ResourceInUseException: Cluster already exists with name: east",
    ],
    [
      "with one zone",
      { name: "w", vpcConfig: { subnetIds: ["FIRST"] } },
      "creating EKS Cluster (w): api error InvalidParameterException: Subnets specified must be in at least two different AZs",
    ],
    [
      "with no such role",
      { name: "w", roleArn: "arn:aws:iam::123456789012:role/nobody" },
      "creating EKS Cluster (w): api error InvalidParameterException: The role with name nobody cannot be found.",
    ],
    [
      "of an old version",
      { name: "w", version: "1.20" },
      "creating EKS Cluster (w): api error InvalidParameterException: unsupported Kubernetes version 1.20; supported: 1.30, 1.31, 1.32, 1.33, 1.34, 1.35",
    ],
    [
      "without any endpoint",
      { name: "w", vpcConfig: { subnetIds: ["FIRST", "SECOND"], endpointPublicAccess: false } },
      "creating EKS Cluster (w): api error InvalidParameterException: Private and public endpoint access cannot be false",
    ],
    [
      "with half of Auto Mode",
      { name: "w", computeConfig: { enabled: true } },
      "creating EKS Cluster (w): api error InvalidParameterException: For EKS Auto Mode, please ensure that all required configs, including computeConfig.enabled, kubernetesNetworkConfig.elasticLoadBalancing.enabled, storageConfig.blockStorage.enabled are all either fully enabled or fully disabled.",
    ],
  ])("a cluster %s is refused", async (_, change, expected) => {
    await aws.create(CLUSTER, "c", inputs);
    const [first = "", second = ""] = parts.subnets.map(({ id }) => id);
    const text = JSON.stringify({ ...inputs, ...change })
      .replace("FIRST", first)
      .replace("SECOND", second);
    expect(await refusal(aws.create(CLUSTER, "d", JSON.parse(text) as PropertyMap))).toBe(expected);
  });

  test("a cluster whose role has no policy yet is refused, so the edge between them matters", async () => {
    await aws.delete(parts.attachment);
    expect(await refusal(aws.create(CLUSTER, "c", inputs))).toBe(
      "creating EKS Cluster (east): api error InvalidParameterException: The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the following policies [arn:aws:iam::aws:policy/AmazonEKSClusterPolicy] are attached",
    );
  });

  test.each<[string, PropertyMap, string[]]>([
    ["roleArn", { roleArn: "arn:aws:iam::123456789012:role/other" }, ["roleArn"]],
    [
      "the bootstrap flag",
      { accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true } },
      ["accessConfig"],
    ],
    [
      "the service network",
      { kubernetesNetworkConfig: { serviceIpv4Cidr: "172.21.0.0/16" } },
      ["kubernetesNetworkConfig"],
    ],
    ["the version", { version: "1.34" }, []],
    ["an endpoint", { vpcConfig: { subnetIds: ["x"], endpointPrivateAccess: true } }, []],
  ])("changing %s replaces %j", async (_, change, replaces) => {
    const made = await aws.create(CLUSTER, "c", inputs);
    const result = await aws.diff(made, { ...inputs, ...change });
    expect([result.changes, result.replaces]).toEqual(["some", replaces]);
    expect(result.deleteBeforeReplace).toBe(replaces.length > 0);
  });

  test("taking the encryption away replaces, adding it does not", async () => {
    const key = await aws.create("aws:kms/key:Key", "k", {});
    const encryptionConfig = { provider: { keyArn: key.outputs.arn ?? "" }, resources: ["secrets"] };
    const plain = await aws.create(CLUSTER, "c", inputs);
    const sealed = await aws.create(CLUSTER, "d", { ...inputs, name: "west", encryptionConfig });
    expect((await aws.diff(sealed, { ...inputs, name: "west" })).replaces).toEqual(["encryptionConfig"]);
    expect((await aws.diff(plain, { ...inputs, encryptionConfig })).changes).toBe("some");
  });

  test("versions go up one by one, authentication modes go one way", async () => {
    const made = await aws.create(CLUSTER, "c", inputs);
    for (const version of ["1.32", "1.35"]) {
      expect(await refusal(aws.update(made, { ...inputs, version }))).toBe(
        `updating EKS Cluster (east): api error InvalidParameterException: Unsupported Kubernetes minor version update from 1.33 to ${version}`,
      );
    }
    const back = {
      ...inputs,
      accessConfig: { authenticationMode: "CONFIG_MAP", bootstrapClusterCreatorAdminPermissions: false },
    };
    expect(await refusal(aws.update(made, back))).toBe(
      "updating EKS Cluster (east): api error InvalidRequestException: Unsupported authentication mode update from API to CONFIG_MAP",
    );
  });

  // Ratchets and what replaces: each in the service's words, or as a replacement.
  test.each<[what: string, change: PropertyMap, outcome: string]>([
    ["the region", { region: "eu-central-1" }, "replaces region"],
    ["the name", { name: "west" }, "replaces name"],
    ["the family of addresses", { kubernetesNetworkConfig: { ipFamily: "ipv6" } }, "replaces kubernetesNetworkConfig"],
    ["self-managed add-ons", { bootstrapSelfManagedAddons: false }, "replaces bootstrapSelfManagedAddons"],
    [
      "the key of the encryption",
      { encryptionConfig: { provider: { keyArn: "KEY2" }, resources: ["secrets"] } },
      "replaces encryptionConfig",
    ],
    [
      "the version, downwards",
      { version: "1.32" },
      "InvalidParameterException: Unsupported Kubernetes minor version update from 1.33 to 1.32",
    ],
    [
      "the version, by two",
      { version: "1.35" },
      "InvalidParameterException: Unsupported Kubernetes minor version update from 1.33 to 1.35",
    ],
    [
      "the authentication mode, backwards",
      { accessConfig: { authenticationMode: "API_AND_CONFIG_MAP", bootstrapClusterCreatorAdminPermissions: false } },
      "InvalidRequestException: Unsupported authentication mode update from API to API_AND_CONFIG_MAP",
    ],
  ])("changing %s goes one way or not at all", async (_, change, outcome) => {
    const keys = [await aws.create("aws:kms/key:Key", "k1", {}), await aws.create("aws:kms/key:Key", "k2", {})];
    const known = (value: PropertyMap): PropertyMap =>
      JSON.parse(
        JSON.stringify(value)
          .replace("KEY1", String(keys[0]!.outputs.arn))
          .replace("KEY2", String(keys[1]!.outputs.arn)),
      ) as PropertyMap;
    const sealed = known({ ...inputs, encryptionConfig: { provider: { keyArn: "KEY1" }, resources: ["secrets"] } });
    const made = await aws.create(CLUSTER, "c", sealed);
    const news = known({ ...sealed, ...change });
    const { replaces } = await aws.diff(made, news);

    if (outcome.startsWith("replaces ")) return expect(replaces).toEqual([outcome.slice("replaces ".length)]);
    expect(replaces).toEqual([]);
    expect(await refusal(aws.update(made, news))).toBe(`updating EKS Cluster (east): api error ${outcome}`);
  });

  test.each<[what: string, change: PropertyMap, message: string]>([
    [
      "outside of private ranges",
      { kubernetesNetworkConfig: { serviceIpv4Cidr: "44.0.0.0/16" } },
      "InvalidParameterException: serviceIpv4Cidr 44.0.0.0/16 is not valid: it must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, between /24 and /12",
    ],
    [
      "over its VPC",
      { kubernetesNetworkConfig: { serviceIpv4Cidr: "10.0.0.0/16" } },
      "InvalidParameterException: serviceIpv4Cidr 10.0.0.0/16 overlaps with the CIDR block of the VPC VPC_ID",
    ],
  ])("Services with addresses %s are refused", async (_, change, message) => {
    expect(await refusal(aws.create(CLUSTER, "c", { ...inputs, ...change }))).toBe(
      `creating EKS Cluster (east): api error ${message.replace("VPC_ID", parts.vpc.id)}`,
    );
  });

  test("Auto Mode needs the API and add-ons of its own", async () => {
    const auto = {
      computeConfig: { enabled: true },
      kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
      storageConfig: { blockStorage: { enabled: true } },
    };
    expect(await refusal(aws.create(CLUSTER, "c", { ...inputs, ...auto, accessConfig: {} }))).toBe(
      "creating EKS Cluster (east): api error InvalidParameterException: EKS Auto Mode needs the authentication mode API or API_AND_CONFIG_MAP",
    );
    expect(await refusal(aws.create(CLUSTER, "c", { ...inputs, ...auto }))).toBe(
      "creating EKS Cluster (east): api error InvalidParameterException: bootstrapSelfManagedAddons must be set to false when EKS Auto Mode is enabled",
    );
    await aws.create(CLUSTER, "c", { ...inputs, ...auto, bootstrapSelfManagedAddons: false });
  });

  test("a new role takes seconds until EKS sees it, and the provider waits for them", async () => {
    const clouds = new SimulatedClouds();
    const fresh = await Tenant.of("aws", { region: "eu-west-1" }, clouds);
    const made = await fresh.create(CLUSTER, "c", (await ground(fresh)).inputs);
    expect(clouds.clock.spent(urn(CLUSTER, made.name), "create")).toBe(10);
  });

  test("nodes follow the cluster's version, need their role's policies, and keep the cluster", async () => {
    const made = await aws.create(CLUSTER, "c", inputs);
    const role = await nodeRole(aws);
    const nodes = {
      clusterName: "east",
      nodeGroupName: "general",
      nodeRoleArn: role.outputs.arn ?? "",
      subnetIds: parts.subnets.map(({ id }) => id),
      scalingConfig: { desiredSize: 2, minSize: 1, maxSize: 3 },
    };
    expect(await refusal(aws.create(NODES, "n", { ...nodes, version: "1.34" }))).toBe(
      "creating EKS Node Group (east:general): api error InvalidParameterException: Nodegroup Kubernetes version 1.34 should be equal to, or up to 3 minor versions less than, cluster kubernetes version 1.33",
    );
    expect(
      await refusal(aws.create(NODES, "n", { ...nodes, scalingConfig: { desiredSize: 4, minSize: 1, maxSize: 3 } })),
    ).toBe(
      "creating EKS Node Group (east:general): api error InvalidParameterException: Desired capacity 4 can't be greater than max size 3",
    );
    const group = await aws.create(NODES, "n", nodes);
    expect([group.id, group.outputs.version]).toEqual(["east:general", "1.33"]);
    expect(await refusal(aws.delete(made))).toBe(
      "deleting EKS Cluster (east): api error ResourceInUseException: Cluster has nodegroups attached",
    );
    const first = parts.subnets[0] as Made;
    expect(await refusal(aws.delete(first))).toBe(
      `deleting EC2 Subnet (${first.id}): api error DependencyViolation: The subnet '${first.id}' has dependencies and cannot be deleted.`,
    );
    await aws.delete(group);
    await aws.delete(made);
  });

  test("access entries need the API, and a policy needs its entry", async () => {
    const principalArn = "arn:aws:iam::123456789012:role/isthmus-deployer";
    await aws.create(CLUSTER, "old", { ...inputs, name: "old", accessConfig: { authenticationMode: "CONFIG_MAP" } });
    expect(await refusal(aws.create(ENTRY, "e", { clusterName: "old", principalArn }))).toBe(
      "creating EKS Access Entry (old:arn:aws:iam::123456789012:role/isthmus-deployer): api error InvalidRequestException: The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    );
    await aws.create(CLUSTER, "c", inputs);
    const policy = {
      clusterName: "east",
      principalArn,
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
      accessScope: { type: "cluster" },
    };
    const association = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation";
    expect(await refusal(aws.create(association, "a", policy))).toBe(
      "creating EKS Access Policy Association (east#arn:aws:iam::123456789012:role/isthmus-deployer#arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy): api error ResourceNotFoundException: The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
    );
    const entry = await aws.create(ENTRY, "e", { clusterName: "east", principalArn });
    expect((await aws.create(association, "a", policy)).id).toBe(`east#${principalArn}#${policy.policyArn}`);
    await aws.delete(entry);
    expect(aws.things().filter((thing) => thing.startsWith("aws:eks/access"))).toEqual([]);
  });

  test("an entry for nodes takes no groups and no policies, and a policy a scope that fits", async () => {
    await aws.create(CLUSTER, "c", inputs);
    const principalArn = "arn:aws:iam::123456789012:role/isthmus-deployer";
    const nodes = { clusterName: "east", principalArn, type: "EC2_LINUX" };
    expect(await refusal(aws.create(ENTRY, "e", { ...nodes, kubernetesGroups: ["oncall"] }))).toBe(
      `creating EKS Access Entry (east:${principalArn}): api error InvalidParameterException: The access entry type EC2_LINUX does not support Kubernetes groups`,
    );
    await aws.create(ENTRY, "e", nodes);
    const policyArn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    const associate = (accessScope: PropertyMap) =>
      refusal(
        aws.create("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "a", {
          clusterName: "east",
          principalArn,
          policyArn,
          accessScope,
        }),
      );
    const refused = `creating EKS Access Policy Association (east#${principalArn}#${policyArn}): api error`;
    expect(await associate({ type: "cluster" })).toBe(
      `${refused} InvalidRequestException: The access entry type EC2_LINUX does not support access policies`,
    );
    expect(await associate({ type: "namespace" })).toBe(
      `${refused} InvalidParameterException: Access scope of type namespace needs at least one namespace`,
    );
  });

  test("the entry of the creator is there already when the cluster was bootstrapped with it", async () => {
    await aws.create(CLUSTER, "c", { ...inputs, accessConfig: { authenticationMode: "API" } });
    const attempt = aws.create(ENTRY, "e", {
      clusterName: "east",
      principalArn: "arn:aws:iam::123456789012:role/isthmus-deployer",
    });
    expect(await refusal(attempt)).toBe(
      "creating EKS Access Entry (east:arn:aws:iam::123456789012:role/isthmus-deployer): api error ResourceInUseException: The specified access entry resource is already in use on this cluster.",
    );
  });
});
