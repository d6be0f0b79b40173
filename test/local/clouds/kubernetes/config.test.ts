import { forgetLostClusters, KubernetesProvider } from "../../../../local/clouds/kubernetes";
import { Unknown, type PropertyMap } from "../../../../local/protocol/property";
import {
  AKS_FQDN,
  DEPLOYMENT,
  deployment,
  EKS_ARN,
  EKS_SERVER,
  kubeconfig,
  named,
  NAMESPACE,
  release,
  RELEASE,
  Session,
  twoClusters,
} from "./support";

const provider = new KubernetesProvider({ ledger: twoClusters() });
const providerUrn = "urn:pulumi:local::isthmus::pulumi:providers:kubernetes::east";

async function check(news: PropertyMap) {
  return provider.checkConfig({ urn: providerUrn, olds: {}, news });
}

async function diff(olds: PropertyMap, news: PropertyMap) {
  return provider.diffConfig({ urn: providerUrn, id: "1", olds, oldInputs: olds, news, ignoreChanges: [] });
}

describe("configuration", () => {
  test("is taken as the SDK sends it", async () => {
    const news = {
      kubeconfig: kubeconfig(EKS_SERVER),
      clusterIdentifier: EKS_ARN,
      enableServerSideApply: "true",
      version: "4.34.2",
    };

    expect(await check(news)).toEqual({ inputs: news, failures: [] });
    expect((await check({ kubeconfig: Unknown.value })).failures).toEqual([]);
  });

  test("a mistyped argument and an unreadable kubeconfig are named, without showing the kubeconfig", async () => {
    expect((await check({ clusterIdentifer: "x", kubeconfig: "token: [hush" })).failures).toEqual([
      {
        property: "clusterIdentifer",
        reason: 'the kubernetes provider has no argument "clusterIdentifer"; did you mean "clusterIdentifier"?',
      },
      { property: "kubeconfig", reason: "failed to parse kubeconfig: it is neither JSON nor YAML" },
    ]);
  });

  test("the kubeconfig may be YAML, with another context chosen", async () => {
    const yaml = [
      "clusters: [{name: a, cluster: {server: 'https://nowhere.example'}}, {name: b, cluster: {server: '" +
        EKS_SERVER +
        "/'}}]",
      "contexts: [{name: a, context: {cluster: a}}, {name: b, context: {cluster: b, namespace: shop}}]",
      "current-context: a",
    ].join("\n");
    const session = await Session.open(twoClusters(), EKS_SERVER, { kubeconfig: yaml, context: "b" });
    await session.create(NAMESPACE, named("shop"));

    expect((await session.create(DEPLOYMENT, { ...deployment("web"), ...named("web") })).id).toBe("shop/web");
  });
});

describe("another cluster", () => {
  const east = kubeconfig(EKS_SERVER);
  const north = kubeconfig(`https://${AKS_FQDN}:443`);

  test.each([
    ["the same settings", { kubeconfig: east }, { kubeconfig: east }, "none", []],
    ["another server", { kubeconfig: east }, { kubeconfig: north }, "some", ["kubeconfig"]],
    ["an unknown kubeconfig", { kubeconfig: east }, { kubeconfig: Unknown.value }, "some", ["kubeconfig"]],
    [
      "other credentials for the same cluster",
      { kubeconfig: east },
      { kubeconfig: east.replace('"user":{}', '"user":{"token":"t"}') },
      "some",
      [],
    ],
    [
      "another identifier",
      { clusterIdentifier: "a", kubeconfig: east },
      { clusterIdentifier: "b", kubeconfig: east },
      "some",
      ["clusterIdentifier"],
    ],
    [
      "another server under the same identifier",
      { clusterIdentifier: "a", kubeconfig: east },
      { clusterIdentifier: "a", kubeconfig: north },
      "some",
      [],
    ],
    [
      "an unknown kubeconfig under the same identifier",
      { clusterIdentifier: "a", kubeconfig: east },
      { clusterIdentifier: "a", kubeconfig: Unknown.value },
      "some",
      [],
    ],
    [
      "an identifier where there was none",
      { kubeconfig: east },
      { clusterIdentifier: "a", kubeconfig: east },
      "some",
      [],
    ],
    ["another default namespace", { kubeconfig: east }, { kubeconfig: east, namespace: "shop" }, "some", []],
  ])("%s", async (_, olds, news, changes, replaces) => {
    expect(await diff(olds, news)).toMatchObject({ changes, replaces });
  });
});

describe("a cluster that is gone", () => {
  async function lost(settings: PropertyMap = {}) {
    const ledger = twoClusters();
    const session = await Session.open(ledger, EKS_SERVER, settings);
    await session.create(NAMESPACE, named("shop"));
    ledger.remove("aws:eks/cluster:Cluster", "east", "123456789012/us-east-1");
    return session;
  }
  const host = new URL(EKS_SERVER).host;
  const reason = `unable to load schema information from the API server: Get "https://${host.toLowerCase()}/openapi/v2?timeout=32s": dial tcp: lookup ${host.toLowerCase()}: no such host`;

  test("cannot be written to", async () => {
    const east = await lost();

    await expect(east.create(NAMESPACE, named("more"))).rejects.toThrow(
      `configured Kubernetes cluster is unreachable: ${reason}`,
    );
    await expect(east.update(NAMESPACE, "shop", {}, named("shop"))).rejects.toThrow(
      `configured Kubernetes cluster is unreachable: ${reason}`,
    );
    await expect(east.create(RELEASE, release("linkerd-crds"))).rejects.toThrow(
      `can't create Helm Release with unreachable cluster: ${reason}`,
    );
  });

  test("keeps its objects from being deleted, unless the provider has deleteUnreachable", async () => {
    await expect((await lost()).delete(NAMESPACE, "shop")).rejects.toThrow(
      "If the cluster was deleted, set deleteUnreachable on the provider",
    );

    const forgiving = await lost({ deleteUnreachable: "true" });
    await forgiving.delete(NAMESPACE, "shop");
    expect(forgiving.objects()).toEqual([]);
  });

  test("never lets go of a Helm release", async () => {
    const east = await lost({ deleteUnreachable: "true" });

    await expect(east.delete(RELEASE, "linkerd/linkerd-crds")).rejects.toThrow(
      "can't delete Helm Release with unreachable cluster",
    );
  });

  test("takes its objects along", async () => {
    const east = await lost();
    const north = await Session.open(east.ledger, `https://${AKS_FQDN}`);
    await north.create(NAMESPACE, named("shop"));
    forgetLostClusters(east.ledger);

    expect(east.objects()).toEqual(["core/v1:Namespace shop"]);
  });

  test("a provider without a kubeconfig says so", async () => {
    const bare = new KubernetesProvider({ ledger: twoClusters() });
    await bare.configure({});
    const urn = "urn:pulumi:s::p::kubernetes:core/v1:Namespace::shop";

    await expect(bare.create({ urn, properties: named("shop"), preview: false, timeout: 0 })).rejects.toThrow(
      'configured Kubernetes cluster is unreachable: the provider has no "kubeconfig"; the simulated clouds never read an ambient one',
    );
  });
});
