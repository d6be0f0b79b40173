import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

import { ControlPlane, findProgram, type KubernetesObject } from "../../local/kubernetes-server";

let cluster: ControlPlane;
beforeAll(async () => {
  cluster = await ControlPlane.start();
}, 150_000);
afterAll(() => cluster.stop());

const NAMESPACES = "/api/v1/namespaces";

/** Asks until the answer has what is waited for. */
async function eventually(path: string, holds: (object: KubernetesObject, status: number) => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
    const { status, body } = await cluster.client.request("GET", path);
    if (holds(body, status)) return;
    if (Date.now() > deadline) throw new Error(`${path} is still ${status} ${JSON.stringify(body)}`);
  }
}

test("the version is the one that was built, and the administrator's kubeconfig works for kubectl", () => {
  const kubectl = findProgram("kubectl")!;
  const version = execFileSync(kubectl, ["--kubeconfig", cluster.kubeconfig, "version", "--output=json"]).toString();
  const { clientVersion, serverVersion } = JSON.parse(version) as Record<string, { gitVersion: string }>;

  expect(serverVersion!.gitVersion).toMatch(/^v1\.34\.\d+$/);
  expect(clientVersion!.gitVersion).toBe(serverVersion!.gitVersion);
});

test("authorization is RBAC: who has no role may do nothing", async () => {
  const review = async (user: string) =>
    (
      await cluster.client.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
        spec: { user, resourceAttributes: { verb: "create", resource: "pods", namespace: "default" } },
      })
    ).body.status;

  expect(await review("nobody")).toMatchObject({ allowed: false });
  expect(await review("system:kube-controller-manager")).toMatchObject({ allowed: false });
});

test("controllers run: a namespace gets its service account, a Deployment its pods, an owner takes them along", async () => {
  await cluster.client.request("POST", NAMESPACES, { metadata: { name: "shop" } });
  await eventually(`${NAMESPACES}/shop/serviceaccounts/default`, (_, status) => status === 200);
  const { status } = await cluster.client.request("POST", "/apis/apps/v1/namespaces/shop/deployments", {
    metadata: { name: "web" },
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "main", image: "example.com/web:1" }] },
      },
    },
  });
  expect(status).toBe(201);
  const count = (list: KubernetesObject): number => (list.items as readonly unknown[]).length;
  await eventually(`${NAMESPACES}/shop/pods`, (pods) => count(pods) === 1);

  await cluster.client.request("DELETE", "/apis/apps/v1/namespaces/shop/deployments/web");
  await eventually(`${NAMESPACES}/shop/pods`, (pods) => count(pods) === 0);
  await cluster.client.request("DELETE", `${NAMESPACES}/shop`);
  await eventually(`${NAMESPACES}/shop`, (_, code) => code === 404);
});

test("a restarted API server has its objects still, at the same address", async () => {
  await cluster.client.request("POST", NAMESPACES, { metadata: { name: "kept" } });
  await cluster.restart();

  expect((await cluster.client.request("GET", `${NAMESPACES}/kept`)).status).toBe(200);
});
