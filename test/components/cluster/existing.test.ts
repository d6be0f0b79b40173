/** Clusters that exist already: what their kubeconfig and addresses must be, and that a workload moves to one by a word. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Platform } from "../../../components/platform";
import { SpecError } from "../../../components/problem";
import { existing } from "../../../components/spec";
import { EAST, NORTH, planOf, SHOP } from "../../kit/environment";
import { changes, Life, succeeded } from "../../kit/life";

const directory = mkdtempSync(join(tmpdir(), "isthmus-existing-"));

const EXEC = { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "login", interactiveMode: "Never" } };

/** Writes a kubeconfig with the context `lab`, and another one that is nobody's business. */
function kubeconfig(name: string, { user = EXEC as object, cluster = {} as object, context = "lab" } = {}): string {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "c", cluster: { server: "https://k8s.lab.internal:6443", ...cluster } },
      { name: "other", cluster: { server: "https://other.example" } },
    ],
    contexts: [
      { name: context, context: { cluster: "c", user: "u" } },
      { name: "prod", context: { cluster: "other", user: "admin" } },
    ],
    users: [
      { name: "u", user },
      { name: "admin", user: { token: "top-secret" } },
    ],
  };
  writeFileSync(join(directory, name), JSON.stringify(config));
  return name;
}

const LAB = existing({
  context: "lab",
  kubeconfigPath: kubeconfig("kubeconfig"),
  kubernetesVersion: "1.33",
  issuer: "https://oidc.lab.example/cluster",
  network: { nodeCidr: "192.168.0.0/20", podCidr: "192.168.64.0/18", serviceCidr: "192.168.128.0/20" },
});

const shopWith = (change: object = {}, more: object = {}) => ({
  ...SHOP,
  clusters: { east: EAST, north: NORTH, lab: { ...LAB, ...change } },
  ...more,
});

function problemsOf(spec: unknown): string[] {
  try {
    planOf(spec, { directory });
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return error.message.split("\n").slice(1);
  }
  return [];
}

const reportsOn = (...on: string[]) => ({
  workloads: { ...SHOP.workloads, reports: { ...SHOP.workloads!.reports, on } },
});
const network = (change: object) => ({ network: { ...LAB.network, ...change } });

test.each<[string, unknown, string]>([
  [
    "a kubeconfig that is not there",
    shopWith({ kubeconfigPath: "nowhere" }),
    'clusters.lab.kubeconfigPath: found "nowhere", allowed: a kubeconfig file that exists on this machine',
  ],
  [
    "a context that it does not have",
    shopWith({ context: "lap" }),
    'clusters.lab.context: found "lap", allowed: a context of kubeconfig with its cluster and user: lab, prod. Did you mean "lab"?',
  ],
  [
    "a token in it",
    shopWith({ kubeconfigPath: kubeconfig("token", { user: { token: "hush" } }) }),
    'clusters.lab.credentials: found "exec", allowed: "inline", since the context\'s user runs no command for its credentials. They are then in the state, encrypted. A user with an exec plugin has none there.',
  ],
  [
    "files that only one machine has",
    shopWith({
      kubeconfigPath: kubeconfig("files", {
        user: { "client-key": "key.pem" },
        cluster: { "certificate-authority": "ca.pem" },
      }),
    }),
    'clusters.lab.context: found "names files: certificate-authority, client-key", allowed: certificates and keys in the kubeconfig itself, which other machines have too. Write them into it: kubectl config view --flatten --raw.',
  ],
  [
    "addresses of a cluster that is made",
    shopWith(network({ podCidr: "10.17.0.0/16" })),
    'clusters.lab.network.podCidr: found "10.17.0.0/16", allowed: a block that does not overlap with clusters.east (10.16.0.0/14)',
  ],
  [
    "Services among its nodes",
    shopWith(network({ serviceCidr: "192.168.8.0/24" })),
    'clusters.lab.network.serviceCidr: found "192.168.8.0/24", allowed: a block that does not overlap with clusters.lab.network.nodeCidr (192.168.0.0/20)',
  ],
  [
    "a bucket beside it",
    shopWith({}, { buckets: { orders: { ...SHOP.buckets!.orders, replica: "lab" } } }),
    'buckets.orders.replica: found "lab", allowed: a cluster in a cloud, for the object store beside it: east, north. Workloads of an existing cluster may use a bucket that stands elsewhere.',
  ],
  [
    "an issuer that no cloud can reach",
    shopWith({ issuer: "https://kubernetes.default.svc.cluster.local" }, reportsOn("lab")),
    'clusters.lab.issuer: found "https://kubernetes.default.svc.cluster.local", allowed: a public host, since workloads.reports may use a bucket from there. A cloud fetches the issuer\'s keys: publish its discovery document and its JWKS, and set --service-account-issuer to where they are.',
  ],
  [
    "the issuer of another cluster",
    {
      ...SHOP,
      clusters: {
        ...shopWith().clusters,
        lap: {
          ...LAB,
          ...network({ nodeCidr: "172.16.0.0/20", podCidr: "172.16.64.0/18", serviceCidr: "172.16.128.0/20" }),
        },
      },
    },
    'clusters.lap.issuer: found "https://oidc.lab.example/cluster", allowed: another issuer than clusters.lab\'s. A cloud trusts an issuer: it could not tell the two clusters apart. Set --service-account-issuer on one.',
  ],
  [
    "an issuer without TLS",
    shopWith({ issuer: "http://oidc.lab.example" }),
    'clusters.lab.issuer: found "http://oidc.lab.example", allowed: an https:// URL, exactly as the cluster states it',
  ],
])("an existing cluster with %s is one clear problem", (_what, spec, problem) => {
  expect(problemsOf(spec)).toEqual([`  1. ${problem}`]);
});

test("an issuer that is not public is fine for who uses no cloud, and credentials may be inline when that is asked for", () => {
  expect(problemsOf(shopWith({ issuer: "https://kubernetes.default.svc.cluster.local" }))).toEqual([]);
  const kubeconfigPath = kubeconfig("inline", { user: { token: "hush" } });
  expect(problemsOf(shopWith({ kubeconfigPath, credentials: "inline" }))).toEqual([]);
});

/** Words of a spec's text. */
const words = (spec: unknown) => JSON.stringify(spec, undefined, 1).split(/\s+/);

describe("a workload", () => {
  const program = (spec: unknown) => () => void new Platform("platform", planOf(spec, { directory }));
  const life = new Life();

  beforeAll(async () => {
    succeeded(await life.up(program(shopWith({}, reportsOn("north")))));
  }, 120_000);

  test.each([
    ["EKS", "east"],
    ["an existing cluster", "lab"],
  ])("moves from AKS to %s by one word, and nothing of a cloud is in it", async (_what, to) => {
    const [before, after] = [shopWith({}, reportsOn("north")), shopWith({}, reportsOn(to))];
    expect(words(after).filter((word, index) => word !== words(before)[index])).toEqual([`"${to}"`]);
    expect(words(after)).toHaveLength(words(before).length);

    const planned = changes(succeeded(await life.preview(program(after))));

    const moved = (operation: string, cluster: string) => [
      `${operation} isthmus:workload:Workload platform-${cluster}-reports`,
      `${operation} kubernetes:apps/v1:Deployment platform-${cluster}-reports-reports`,
      `${operation} kubernetes:core/v1:Service platform-${cluster}-reports-reports`,
      `${operation} kubernetes:core/v1:ServiceAccount platform-${cluster}-reports`,
    ];
    expect(planned).toEqual(
      expect.arrayContaining([
        ...moved("create", to),
        ...moved("delete", "north"),
        "update aws:iam/role:Role platform-identity-reports",
      ]),
    );
    // What else must change: who may reach a cloud; the trust in the first workload of a new issuer; its namespace.
    const rest = planned.filter((line) => !line.includes("reports"));
    expect(rest).toEqual(to === "east" ? REST_OF_EAST : REST_OF_THE_LAB);
  });

  test("on an existing cluster is told apart from all others by the cluster's issuer", async () => {
    succeeded(await life.up(program(shopWith({}, reportsOn("lab")))));
    const role = await life.resource("platform-identity-reports", "aws:iam/role:Role");

    expect(String(role.inputs.assumeRolePolicy)).toContain(
      '"oidc.lab.example/cluster:sub":"system:serviceaccount:shop:reports"',
    );
    await expect(life).toHaveLedgerEqualToState();
  });

  test("stays where it is when the kubeconfig changes, and is made anew when the cluster is another one", async () => {
    // https://github.com/pulumi/pulumi-kubernetes/issues/2745
    const renamed = {
      context: "laboratory",
      kubeconfigPath: kubeconfig("renamed", {
        context: "laboratory",
        cluster: { server: "https://k8s.lab.internal", "proxy-url": "http://proxy" },
      }),
    };
    const update = await life.preview(program(shopWith(renamed, reportsOn("lab"))));
    expect(changes(succeeded(update))).toEqual(["update pulumi:providers:kubernetes platform-lab"]);

    const rebuilt = succeeded(await life.preview(program(shopWith({ id: "lab-2" }, reportsOn("lab")))));
    expect(changes(rebuilt)).toContain("replace kubernetes:apps/v1:Deployment platform-lab-reports-reports");
  });

  test("leaves nothing in a cluster that outlives the environment, nor needs one that is gone", async () => {
    // Somebody deleted the AKS cluster by hand: https://github.com/pulumi/pulumi-kubernetes/issues/2517
    const cluster = life.ledger().find(({ type }) => type === "azure-native:containerservice:ManagedCluster")!;
    const azure = await life.clouds.open("azure-native");
    await azure.configure({ subscriptionId: "66666666-7777-4888-8999-000000000000" });
    await azure.delete({
      urn: `urn:pulumi:local::isthmus::${cluster.type}::platform-north`,
      id: cluster.id,
      properties: cluster.outputs,
      oldInputs: cluster.inputs,
      timeout: 0,
    });

    succeeded(await life.destroy());

    expect(life.ledger()).toEqual([]);
  });
});

const FENCE = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const REST_OF_EAST = [
  `delete ${FENCE} platform-north-shop-cloud-identity`,
  `update ${FENCE} platform-east-shop-cloud-identity`,
];
const REST_OF_THE_LAB = [
  "create aws:iam/openIdConnectProvider:OpenIdConnectProvider platform-trust-lab",
  "create isthmus:cluster:WorkloadNamespace platform-lab-shop",
  "create kubernetes:core/v1:Namespace platform-lab-shop",
  `create ${FENCE} platform-lab-shop-cloud-identity`,
  `create ${FENCE} platform-lab-shop-default-deny`,
  `delete ${FENCE} platform-north-shop-cloud-identity`,
  "update isthmus:identity:ClusterTrust platform-trust",
];
