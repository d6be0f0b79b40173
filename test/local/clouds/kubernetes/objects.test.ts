import { Secret, Unknown } from "../../../../local/protocol/property";
import { InitializationFailed } from "../../../../local/protocol/provider";
import {
  AKS_FQDN,
  AKS_ID,
  deployment,
  DEPLOYMENT,
  EKS_ARN,
  named,
  NAMESPACE,
  Session,
  twoClusters,
  urn,
} from "./support";

const CONFIG_MAP = "core/v1:ConfigMap";
const SECRET = "core/v1:Secret";
const SERVICE = "core/v1:Service";

describe("create", () => {
  test("the engine sees namespace/name; the ledger knows the cluster", async () => {
    const ledger = twoClusters();
    const [east, north] = [await Session.open(ledger), await Session.open(ledger, `https://${AKS_FQDN}:443`)];
    for (const cluster of [east, north]) {
      expect((await cluster.create(NAMESPACE, named("shop"))).id).toBe("shop");
      expect((await cluster.create(DEPLOYMENT, deployment("web", "shop"))).id).toBe("shop/web");
    }

    expect(ledger.list("kubernetes:apps/v1:Deployment").map(({ id, scope }) => [id, scope])).toEqual([
      ["shop/web", AKS_ID],
      ["shop/web", EKS_ARN],
    ]);
  });

  test("outputs are the inputs and what the server computes, the same on every run", async () => {
    const made = async () =>
      (await (await Session.open(twoClusters())).create(DEPLOYMENT, deployment("web"))).properties;
    const outputs = await made();

    expect(outputs).toEqual(await made());
    expect(outputs).toMatchObject({
      apiVersion: "apps/v1",
      metadata: {
        name: "web",
        namespace: "default",
        generation: 1,
        resourceVersion: "1",
        uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      },
      status: { readyReplicas: 2, observedGeneration: 1 },
    });
  });

  test.each([
    [
      "EKS",
      undefined,
      { hostname: expect.stringMatching(/^[0-9a-f]{32}-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com$/) },
      /^172\.20\./,
    ],
    ["AKS", `https://${AKS_FQDN}`, { ip: expect.stringMatching(/^20\.\d+\.\d+\.\d+$/) }, /^10\.0\./],
  ])("a balancer has the address that %s gives", async (_, server, address, clusterIP) => {
    const session = await Session.open(twoClusters(), server);
    const { properties } = await session.create(SERVICE, {
      ...named("web"),
      spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
    });

    expect(properties).toMatchObject({
      status: { loadBalancer: { ingress: [address] } },
      spec: { clusterIP: expect.stringMatching(clusterIP) },
    });
  });

  test("a namespace must be there first", async () => {
    const east = await Session.open(twoClusters());

    await expect(east.create(DEPLOYMENT, deployment("web", "shop"))).rejects.toThrow(
      `resource "${urn(DEPLOYMENT, "web")}" was not successfully created by the Kubernetes API server: namespaces "shop" not found`,
    );
    expect(east.objects()).toEqual([]);
  });

  test("a name that is taken is an error, unless upserts were asked for", async () => {
    const ledger = twoClusters();
    const east = await Session.open(ledger);
    await east.create(DEPLOYMENT, deployment("web"));

    await expect(east.create(DEPLOYMENT, deployment("web"))).rejects.toThrow('deployments.apps "web" already exists');
    const upserting = await Session.open(ledger, undefined, { upsertExistingObjects: "true" });
    expect((await upserting.create(DEPLOYMENT, deployment("web"))).properties).toMatchObject({
      metadata: { generation: 2 },
    });
  });

  test("a deployment whose service account is missing exists and fails, until the account is there", async () => {
    const east = await Session.open(twoClusters());
    const news = deployment("web", "default", { serviceAccountName: "web" });

    const failure = await east.create(DEPLOYMENT, news).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InitializationFailed);
    expect(failure).toMatchObject({
      id: "default/web",
      reasons: [
        expect.stringContaining('error looking up service account default/web: serviceaccount "web" not found'),
      ],
    });
    expect(failure).toMatchObject({ properties: { status: { unavailableReplicas: 2 } } });
    expect(east.objects()).toEqual(["apps/v1:Deployment default/web"]);

    await east.create("core/v1:ServiceAccount", named("web"));
    expect(await east.update(DEPLOYMENT, "default/web", news, news)).toMatchObject({ status: { readyReplicas: 2 } });
  });

  test("a preview needs no cluster, leaves nothing behind and knows what it cannot know", async () => {
    const east = await Session.open(twoClusters(), "https://nowhere.example");
    const outputs = await east.preview(SERVICE, named("web"));

    expect(outputs).toMatchObject({
      metadata: { name: "web", namespace: "default", uid: Unknown.value },
      spec: { clusterIP: Unknown.value },
      status: Unknown.value,
    });
    expect(east.objects()).toEqual([]);
  });
});

describe("secrets", () => {
  test("data and stringData are secret even when the program did not say so", async () => {
    const east = await Session.open(twoClusters());
    const { inputs, properties } = await east.create(SECRET, {
      ...named("s"),
      data: { a: "YQ==" },
      stringData: { b: "hush" },
    });

    expect(inputs.stringData).toEqual(new Secret({ b: "hush" }));
    expect(properties.data).toEqual(new Secret({ a: "YQ==", b: Buffer.from("hush").toString("base64") }));
    expect(properties.stringData).toEqual(new Secret({ b: "hush" }));
    expect(properties.type).toBe("Opaque");
    expect(east.ledger.get("kubernetes:core/v1:Secret", "default/s", EKS_ARN)?.inputs.data).toBeInstanceOf(Secret);
  });

  test("a secret inside of metadata stays one", async () => {
    const east = await Session.open(twoClusters());
    const { properties } = await east.create(CONFIG_MAP, { metadata: new Secret({ name: "c" }) });

    expect(properties.metadata).toBeInstanceOf(Secret);
  });
});

describe("diff", () => {
  test.each([
    [
      "a deployment's image",
      DEPLOYMENT,
      deployment("web"),
      deployment("web", "default", { containers: [{ name: "main", image: "example.com/web:2" }] }),
      ["spec.template.spec.containers[0].image"],
      false,
    ],
    ["a name", CONFIG_MAP, named("a"), named("b"), ["metadata.name"], true],
    ["a namespace", CONFIG_MAP, named("a"), named("a", "shop"), ["metadata.namespace"], true],
    [
      "the selector",
      DEPLOYMENT,
      deployment("web"),
      {
        ...deployment("web"),
        spec: {
          selector: { matchLabels: { app: "new" } },
          template: { metadata: { labels: { app: "new" } }, spec: { containers: [] } },
          replicas: 2,
        },
      },
      undefined,
      true,
    ],
    [
      "the cluster IP",
      SERVICE,
      { ...named("s"), spec: { clusterIP: "10.0.0.1" } },
      { ...named("s"), spec: { clusterIP: "10.0.0.2" } },
      ["spec.clusterIP"],
      true,
    ],
    [
      "a role binding's role",
      "rbac.authorization.k8s.io/v1:RoleBinding",
      { ...named("b"), roleRef: { kind: "Role", name: "a" } },
      { ...named("b"), roleRef: { kind: "Role", name: "b" } },
      ["roleRef.name"],
      true,
    ],
    [
      "a config map's data",
      CONFIG_MAP,
      { ...named("c"), data: { a: "1" } },
      { ...named("c"), data: { a: "2" } },
      ["data.a"],
      true,
    ],
    [
      "a config map's labels",
      CONFIG_MAP,
      named("c"),
      { metadata: { name: "c", labels: { "app.kubernetes.io/name": "c" } } },
      ["metadata.labels"],
      false,
    ],
  ])("a change of %s", async (_, type, olds, news, paths, replaces) => {
    const diff = await (await Session.open(twoClusters())).diff(type, olds, news);

    expect(diff.changes).toBe("some");
    expect(diff.replaces.length > 0).toBe(replaces);
    if (paths !== undefined) expect(Object.keys(diff.detailedDiff)).toEqual(paths);
  });

  test("a fixed name is freed first, a generated one is not waited for", async () => {
    const east = await Session.open(twoClusters());

    expect(
      await east.diff(CONFIG_MAP, { ...named("c"), data: { a: "1" } }, { ...named("c"), data: { a: "2" } }),
    ).toMatchObject({ deleteBeforeReplace: true });
    expect(await east.diff(CONFIG_MAP, { data: { a: "1" } }, { data: { a: "2" } })).toMatchObject({
      replaces: ["data"],
      deleteBeforeReplace: false,
    });
  });

  test("the provider's mutable settings make content an update, unless the object is sealed", async () => {
    const east = await Session.open(twoClusters(), undefined, { enableConfigMapMutable: true });
    const change = async (immutable: boolean) =>
      (
        await east.diff(
          CONFIG_MAP,
          { ...named("c"), data: { a: "1" }, immutable },
          { ...named("c"), data: { a: "2" }, immutable },
        )
      ).replaces;

    expect([await change(false), await change(true)]).toEqual([[], ["data"]]);
  });

  test("nothing changed, only secretness changed, an ignored path changed: no difference", async () => {
    const east = await Session.open(twoClusters());

    expect((await east.diff(DEPLOYMENT, deployment("web"), deployment("web"))).changes).toBe("none");
    expect(
      (
        await east.diff(
          CONFIG_MAP,
          { ...named("c"), data: { a: "1" } },
          { ...named("c"), data: new Secret({ a: "1" }) },
        )
      ).changes,
    ).toBe("none");
    expect(
      (await east.diff(DEPLOYMENT, deployment("web"), { ...deployment("web"), spec: Unknown.value }, ["spec"])).changes,
    ).toBe("none");
  });
});

describe("update and delete", () => {
  test("an update keeps the identity, and an immutable field is refused should it ever get there", async () => {
    const east = await Session.open(twoClusters());
    const { id, inputs, properties } = await east.create(DEPLOYMENT, deployment("web"));
    const updated = await east.update(DEPLOYMENT, id, inputs, deployment("web", "default", { hostNetwork: false }));

    expect(updated.metadata).toEqual({ ...(properties.metadata as object), generation: 2, resourceVersion: "2" });
    const other = deployment("web");
    const spec = { ...(other.spec as object), selector: { matchLabels: {} } };
    await expect(east.update(DEPLOYMENT, id, inputs, { ...other, spec })).rejects.toThrow(
      'Deployment.apps "web" is invalid: spec.selector.matchLabels.app: Invalid value: field is immutable',
    );
  });

  test("updating what somebody deleted is an error, deleting it is not", async () => {
    const east = await Session.open(twoClusters());
    const news = deployment("web");

    await expect(east.update(DEPLOYMENT, "default/web", news, news)).rejects.toThrow(
      'deployments.apps "web" not found',
    );
    await expect(east.delete(DEPLOYMENT, "default/web")).resolves.toBeUndefined();
  });

  test("a namespace takes what is in it along, on its own cluster only", async () => {
    const ledger = twoClusters();
    const [east, north] = [await Session.open(ledger), await Session.open(ledger, `https://${AKS_FQDN}`)];
    for (const cluster of [east, north]) {
      await cluster.create(NAMESPACE, named("shop"));
      await cluster.create(DEPLOYMENT, deployment("web", "shop"));
      await cluster.create(CONFIG_MAP, named("keep"));
    }
    await east.delete(NAMESPACE, "shop");

    expect(
      ledger
        .list()
        .filter(({ scope }) => scope === EKS_ARN)
        .map(({ id }) => id),
    ).toEqual(["default/keep"]);
    expect(
      ledger
        .list()
        .filter(({ scope }) => scope === AKS_ID)
        .map(({ id }) => id),
    ).toEqual(["shop/web", "default/keep", "shop"]);
  });

  test("a read gives what is there, and nothing for what is not", async () => {
    const east = await Session.open(twoClusters());
    const { id, inputs, properties } = await east.create(CONFIG_MAP, named("c"));

    expect(await east.provider.read({ urn: urn(CONFIG_MAP, "web"), id, properties: {}, inputs: {} })).toEqual({
      id,
      inputs,
      properties,
    });
    expect(
      await east.provider.read({ urn: urn(CONFIG_MAP, "web"), id: "default/x", properties: {}, inputs: {} }),
    ).toBeNull();
  });

  test("what an interrupted run made is found again by its inputs, what others made is not", async () => {
    const east = await Session.open(twoClusters());
    const { inputs } = await east.create(CONFIG_MAP, named("c"));
    const lookUp = async (wanted: typeof inputs) =>
      (
        await east.provider.invoke({
          token: "isthmus:local:lookup",
          args: { type: `kubernetes:${CONFIG_MAP}`, inputs: wanted },
        })
      ).properties;

    expect(await lookUp(inputs)).toEqual({ id: "default/c" });
    expect(await lookUp({ ...inputs, data: { a: "b" } })).toEqual({});
    expect(await lookUp(await east.check(CONFIG_MAP, named("d")))).toEqual({});
  });
});
