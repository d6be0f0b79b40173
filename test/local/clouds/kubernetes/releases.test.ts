import { Secret, Unknown, type PropertyMap } from "../../../../local/protocol/property";
import { InitializationFailed } from "../../../../local/protocol/provider";
import { cluster, EKS_ARN, gatewayCrds, named, release, RELEASE, Session, twoClusters } from "./support";

const inlineIdentity = {
  identityTrustAnchorsPEM: "-----BEGIN CERTIFICATE-----",
  identity: { issuer: { tls: { crtPEM: "-----BEGIN CERTIFICATE-----", keyPEM: "-----BEGIN PRIVATE KEY-----" } } },
};
const secretIdentity = {
  identityTrustAnchorsPEM: "-----BEGIN CERTIFICATE-----",
  identity: { issuer: { scheme: "kubernetes.io/tls" } },
};

describe("a release", () => {
  test("is deployed under namespace/name, and upgraded in place", async () => {
    const east = await cluster();
    const { id, inputs, properties } = await east.create(RELEASE, release("linkerd-crds"));

    expect(id).toBe("linkerd/linkerd-crds");
    expect(properties.status).toEqual({
      appVersion: "edge-26.8.3",
      chart: "linkerd-crds",
      name: "linkerd-crds",
      namespace: "linkerd",
      revision: 1,
      status: "deployed",
      version: "2026.8.3",
    });
    expect(properties.resourceNames).toMatchObject({
      "CustomResourceDefinition.apiextensions.k8s.io/apiextensions.k8s.io/v1": expect.arrayContaining([
        "servers.policy.linkerd.io",
      ]),
    });
    const newer = await east.update(RELEASE, id, inputs, { ...inputs, version: "2026.8.4" });
    expect(newer.status).toMatchObject({ revision: 2, version: "2026.8.4" });
  });

  test.each([
    [
      "an unknown argument",
      release("linkerd-crds", { skipAwit: true }),
      "skipAwit",
      'the Helm release has no property "skipAwit"; did you mean "skipAwait"?',
    ],
    [
      "no version",
      { ...release("linkerd-crds"), version: null },
      "version",
      'the Helm release needs the property "version"',
    ],
    [
      "a version range",
      release("linkerd-crds", { version: ">= 2026" }),
      "version",
      'chart "linkerd-crds" has no version ">= 2026"; an exact version looks like "2026.8.3"',
    ],
    [
      "an unknown chart",
      release("osm"),
      "chart",
      'the simulated clouds have no chart "osm"; the table in local/clouds/kubernetes/charts.ts has argo-rollouts, base, cni, consul, flagger, istiod, linkerd-control-plane, linkerd-crds, oci://docker.io/envoyproxy/gateway-crds-helm, oci://public.ecr.aws/karpenter/karpenter, oci://public.ecr.aws/karpenter/karpenter-crd, ztunnel',
    ],
    [
      "another repository",
      release("linkerd-crds", { repositoryOpts: { repo: "https://helm.linkerd.io/stable" } }),
      "repositoryOpts.repo",
      'chart "linkerd-crds" is not in https://helm.linkerd.io/stable; it is in https://helm.linkerd.io/edge',
    ],
    [
      "no trust anchors",
      release("linkerd-control-plane", { values: {} }),
      "values",
      "execution error at (linkerd-control-plane/templates/identity.yaml): Please provide the identity trust anchors",
    ],
    [
      "no issuer",
      release("linkerd-control-plane", { values: { identityTrustAnchorsPEM: "x" } }),
      "values",
      "execution error at (linkerd-control-plane/templates/identity.yaml): Please provide the identity issuer certificate",
    ],
    [
      "a SEC1 key for the policy controller",
      release("linkerd-control-plane", {
        values: { ...inlineIdentity, policyValidator: { keyPEM: new Secret("-----BEGIN EC PRIVATE KEY-----") } },
      }),
      "values",
      expect.stringContaining("values.policyValidator.keyPEM is a SEC1 key, which the policy controller cannot read"),
    ],
    [
      "an unknown channel",
      gatewayCrds({ values: { crds: { gatewayAPI: { enabled: true, channel: "beta" } } } }),
      "values",
      'values.crds.gatewayAPI.channel: found "beta", allowed: standard, experimental',
    ],
  ])("with %s is refused by one failure", async (_, news, property, reason) => {
    expect(await (await cluster()).failures(RELEASE, news)).toEqual([{ property, reason }]);
  });

  test("unknown values are not missing ones", async () => {
    const east = await cluster();
    const values = { identityTrustAnchorsPEM: Unknown.value, identity: { issuer: { tls: Unknown.value } } };

    expect(await east.failures(RELEASE, release("linkerd-control-plane", { values: Unknown.value }))).toEqual([]);
    expect(await east.failures(RELEASE, release("linkerd-control-plane", { values }))).toEqual([]);
    expect(await east.preview(RELEASE, release("linkerd-crds", { values }))).toMatchObject({ status: Unknown.value });
  });

  test("needs its namespace, or makes one that outlives it", async () => {
    const east = await Session.open(twoClusters());

    await expect(east.create(RELEASE, release("linkerd-crds"))).rejects.toThrow(
      'create: failed to create: namespaces "linkerd" not found',
    );
    await east.create(RELEASE, release("linkerd-crds", { createNamespace: true }));
    await east.delete(RELEASE, "linkerd/linkerd-crds");
    expect(east.objects()).toEqual(["core/v1:Namespace linkerd"]);
  });

  test("has a name that is free", async () => {
    const east = await cluster();
    await east.create(RELEASE, release("linkerd-crds"));

    await expect(east.create(RELEASE, release("linkerd-crds"))).rejects.toThrow(
      "cannot re-use a name that is still in use",
    );
  });

  test("a change of values is an update, a change of its name a replacement", async () => {
    const east = await cluster();
    const change = async (news: PropertyMap) => {
      const { changes, replaces } = await east.diff(RELEASE, release("linkerd-crds"), news);
      return { changes, replaces };
    };

    expect(await change(release("linkerd-crds"))).toEqual({ changes: "none", replaces: [] });
    expect(await change(release("linkerd-crds", { values: { a: 1 } }))).toEqual({ changes: "some", replaces: [] });
    expect(await change(release("linkerd-crds", { namespace: "mesh" }))).toEqual({
      changes: "some",
      replaces: ["namespace"],
    });
  });

  test("keeps secret values secret", async () => {
    const east = await cluster();
    await east.create(RELEASE, release("linkerd-crds", { values: { key: new Secret("hush") } }));

    const entry = east.ledger.get(`kubernetes:${RELEASE}`, "linkerd/linkerd-crds", EKS_ARN);
    expect([entry?.inputs.values, entry?.outputs.values]).toEqual([
      { key: new Secret("hush") },
      { key: new Secret("hush") },
    ]);
  });
});

describe("the Linkerd control plane", () => {
  const controlPlane = (changes: PropertyMap = {}) =>
    release("linkerd-control-plane", { values: inlineIdentity, ...changes });

  test("becomes ready on a cluster with both sets of definitions", async () => {
    const east = await cluster();
    await east.create(RELEASE, gatewayCrds());
    await east.create(RELEASE, release("linkerd-crds"));

    expect((await east.create(RELEASE, controlPlane())).properties.status).toMatchObject({ status: "deployed" });
  });

  test("without them it is installed, not ready, and healed by the next update", async () => {
    const east = await cluster();
    const failure = await east.create(RELEASE, controlPlane()).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(InitializationFailed);
    expect(failure).toMatchObject({
      id: "linkerd/linkerd-control-plane",
      properties: { status: { status: "failed" } },
      reasons: [
        expect.stringContaining(
          "the cluster does not serve policy.linkerd.io/v1beta3/Server: linkerd-destination watches it",
        ),
        expect.stringContaining(
          "the cluster does not serve gateway.networking.k8s.io/v1/HTTPRoute: linkerd-destination watches it",
        ),
      ],
    });
    await east.create(RELEASE, gatewayCrds());
    await east.create(RELEASE, release("linkerd-crds"));
    const inputs = await east.check(RELEASE, controlPlane());
    expect((await east.update(RELEASE, "linkerd/linkerd-control-plane", inputs, inputs)).status).toMatchObject({
      status: "deployed",
      revision: 2,
    });
  });

  test("atomic rolls back, skipAwait does not look", async () => {
    const east = await cluster();

    await expect(east.create(RELEASE, controlPlane({ atomic: true }))).rejects.toThrow(
      "has been rolled back due to atomic being set",
    );
    expect(east.objects()).toEqual(["core/v1:Namespace linkerd"]);
    expect((await east.create(RELEASE, controlPlane({ skipAwait: true }))).properties.status).toMatchObject({
      status: "deployed",
    });
  });

  test("with certificates from outside it needs the issuer's secret, with its three keys", async () => {
    const east = await cluster();
    await east.create(RELEASE, gatewayCrds());
    await east.create(RELEASE, release("linkerd-crds"));
    const reasons = async () => {
      const failure = await east
        .create(RELEASE, controlPlane({ values: secretIdentity }))
        .catch((error: unknown) => error);
      await east.delete(RELEASE, "linkerd/linkerd-control-plane");
      return failure instanceof InitializationFailed ? failure.reasons : [];
    };
    const issuer = (keys: string[]): PropertyMap => ({
      ...named("linkerd-identity-issuer", "linkerd"),
      stringData: Object.fromEntries(keys.map((key) => [key, "x"])),
    });

    expect(await reasons()).toEqual([
      expect.stringContaining('secret "linkerd-identity-issuer" not found in namespace "linkerd"'),
    ]);
    await east.create("core/v1:Secret", issuer(["tls.crt", "tls.key"]));
    expect(await reasons()).toEqual([expect.stringContaining('secret "linkerd-identity-issuer" has no key ca.crt')]);
    await east.delete("core/v1:Secret", "linkerd/linkerd-identity-issuer");
    await east.create("core/v1:Secret", issuer(["ca.crt", "tls.crt", "tls.key"]));
    expect(await reasons()).toEqual([]);
  });
});
