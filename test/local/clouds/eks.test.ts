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
    ["whose name is taken", {}, "ResourceInUseException: Cluster already exists with name: east"],
    [
      "with one zone",
      { name: "w", vpcConfig: { subnetIds: ["FIRST"] } },
      "InvalidParameterException: Subnets specified must be in at least two different AZs",
    ],
    [
      "with no such role",
      { name: "w", roleArn: "arn:aws:iam::123456789012:role/nobody" },
      "InvalidParameterException: The role with name nobody cannot be found.",
    ],
    [
      "of an old version",
      { name: "w", version: "1.20" },
      "InvalidParameterException: unsupported Kubernetes version 1.20",
    ],
    [
      "without any endpoint",
      { name: "w", vpcConfig: { subnetIds: ["FIRST", "SECOND"], endpointPublicAccess: false } },
      "InvalidParameterException: Private and public endpoint access cannot be false",
    ],
    [
      "with half of Auto Mode",
      { name: "w", computeConfig: { enabled: true } },
      "InvalidParameterException: For EKS Auto Mode",
    ],
  ])("a cluster %s is refused", async (_, change, expected) => {
    await aws.create(CLUSTER, "c", inputs);
    const [first = "", second = ""] = parts.subnets.map(({ id }) => id);
    const text = JSON.stringify({ ...inputs, ...change })
      .replace("FIRST", first)
      .replace("SECOND", second);
    expect(await refusal(aws.create(CLUSTER, "d", JSON.parse(text) as PropertyMap))).toContain(expected);
  });

  test("a cluster whose role has no policy yet is refused, so the edge between them matters", async () => {
    await aws.delete(parts.attachment);
    expect(await refusal(aws.create(CLUSTER, "c", inputs))).toContain(
      "doesn't have the Amazon EKS Managed Policies associated with it",
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
      expect(await refusal(aws.update(made, { ...inputs, version }))).toContain(
        `Unsupported Kubernetes minor version update from 1.33 to ${version}`,
      );
    }
    const back = {
      ...inputs,
      accessConfig: { authenticationMode: "CONFIG_MAP", bootstrapClusterCreatorAdminPermissions: false },
    };
    expect(await refusal(aws.update(made, back))).toContain(
      "Unsupported authentication mode update from API to CONFIG_MAP",
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
    expect(await refusal(aws.update(made, news))).toContain(outcome);
  });

  test.each<[what: string, change: PropertyMap, message: string]>([
    [
      "outside of private ranges",
      { kubernetesNetworkConfig: { serviceIpv4Cidr: "44.0.0.0/16" } },
      "serviceIpv4Cidr 44.0.0.0/16 is not valid",
    ],
    [
      "over its VPC",
      { kubernetesNetworkConfig: { serviceIpv4Cidr: "10.0.0.0/16" } },
      "serviceIpv4Cidr 10.0.0.0/16 overlaps with the CIDR block of the VPC",
    ],
  ])("Services with addresses %s are refused", async (_, change, message) => {
    expect(await refusal(aws.create(CLUSTER, "c", { ...inputs, ...change }))).toContain(message);
  });

  test("Auto Mode needs the API and add-ons of its own", async () => {
    const auto = {
      computeConfig: { enabled: true },
      kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
      storageConfig: { blockStorage: { enabled: true } },
    };
    expect(await refusal(aws.create(CLUSTER, "c", { ...inputs, ...auto, accessConfig: {} }))).toContain(
      "EKS Auto Mode needs the authentication mode",
    );
    expect(await refusal(aws.create(CLUSTER, "c", { ...inputs, ...auto }))).toContain(
      "bootstrapSelfManagedAddons must be set to false",
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
    expect(await refusal(aws.create(NODES, "n", { ...nodes, version: "1.34" }))).toContain(
      "Nodegroup Kubernetes version 1.34 should be equal to",
    );
    expect(
      await refusal(aws.create(NODES, "n", { ...nodes, scalingConfig: { desiredSize: 4, minSize: 1, maxSize: 3 } })),
    ).toContain("Desired capacity 4 can't be greater than max size 3");
    const group = await aws.create(NODES, "n", nodes);
    expect([group.id, group.outputs.version]).toEqual(["east:general", "1.33"]);
    expect(await refusal(aws.delete(made))).toBe(
      "deleting EKS Cluster (east): api error ResourceInUseException: Cluster has nodegroups attached",
    );
    expect(await refusal(aws.delete(parts.subnets[0] as Made))).toContain("DependencyViolation");
    await aws.delete(group);
    await aws.delete(made);
  });

  test("access entries need the API, and a policy needs its entry", async () => {
    const principalArn = "arn:aws:iam::123456789012:role/isthmus-deployer";
    await aws.create(CLUSTER, "old", { ...inputs, name: "old", accessConfig: { authenticationMode: "CONFIG_MAP" } });
    expect(await refusal(aws.create(ENTRY, "e", { clusterName: "old", principalArn }))).toContain(
      "InvalidRequestException: The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP]",
    );
    await aws.create(CLUSTER, "c", inputs);
    const policy = {
      clusterName: "east",
      principalArn,
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
      accessScope: { type: "cluster" },
    };
    const association = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation";
    expect(await refusal(aws.create(association, "a", policy))).toContain(
      "ResourceNotFoundException: The specified principalArn could not be found.",
    );
    const entry = await aws.create(ENTRY, "e", { clusterName: "east", principalArn });
    expect((await aws.create(association, "a", policy)).id).toBe(`east#${principalArn}#${policy.policyArn}`);
    await aws.delete(entry);
    expect(aws.things().filter((thing) => thing.startsWith("aws:eks/access"))).toEqual([]);
  });

  test("the entry of the creator is there already when the cluster was bootstrapped with it", async () => {
    await aws.create(CLUSTER, "c", { ...inputs, accessConfig: { authenticationMode: "API" } });
    const attempt = aws.create(ENTRY, "e", {
      clusterName: "east",
      principalArn: "arn:aws:iam::123456789012:role/isthmus-deployer",
    });
    expect(await refusal(attempt)).toContain(
      "ResourceInUseException: The specified access entry resource is already in use on this cluster.",
    );
  });
});
