import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { renderKubeconfig, certificateAuthorityOf } from "../../components/cluster/kubeconfig";
import { SimulatedClouds } from "../../local/clouds";
import { textAt } from "../../local/clouds/paths";
import { findProgram, RealClusters } from "../../local/kubernetes-server";
import { AKS_FQDN, AKS_ID, EKS_SERVER, twoClusters } from "../local/clouds/kubernetes/support";

const EKS = "aws:eks/cluster:Cluster";

const directory = mkdtempSync(join(tmpdir(), "isthmus-real-"));
const ledger = twoClusters();
const cluster = ledger.list(EKS)[0]!;
ledger.put({ ...cluster, outputs: { ...cluster.outputs, certificateAuthority: { data: "simulated" } } });
let clusters: RealClusters;

beforeAll(async () => {
  clusters = await RealClusters.open(ledger, new SimulatedClouds(ledger), directory);
});
afterAll(async () => {
  await clusters.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Said {
  readonly text: string;
  readonly status: number | null;
}

/** kubectl with a kubeconfig as the platform renders it, in the environment that `isthmus serve` tells. */
function kubectl(
  access: { readonly server: string; readonly certificateAuthority: string },
  command: string,
  args: readonly string[],
): Promise<Said> {
  const kubeconfig = join(directory, `${command}.kubeconfig`);
  const call = command === "aws" ? ["eks", "get-token"] : ["get-token"];
  writeFileSync(kubeconfig, renderKubeconfig({ name: "c", command, args: call, installHint: "", ...access }));
  const child = spawn(findProgram("kubectl")!, ["--kubeconfig", kubeconfig, ...args], {
    env: { HTTPS_PROXY: clusters.proxy, PATH: `${clusters.commands}:${process.env.PATH}`, HOME: directory },
  });
  return new Promise((resolve) => {
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.once("close", (status) => resolve({ text, status }));
  });
}

/** What the simulated AWS tells of the cluster's authority. */
async function eksAccess(): Promise<{ server: string; certificateAuthority: string }> {
  const aws = await clusters.open("aws");
  await aws.configure({ region: "us-east-1" });
  const found = await aws.read({
    urn: `urn:pulumi:local::isthmus::${EKS}::east`,
    id: "east",
    properties: {},
    inputs: {},
  });
  return { server: EKS_SERVER, certificateAuthority: textAt(found?.properties, "certificateAuthority.data")! };
}

test("kubectl reaches a simulated EKS with the kubeconfig that the platform renders, and workloads come up", async () => {
  const access = await eksAccess();
  const run = async (...args: string[]): Promise<string> => {
    const { text, status } = await kubectl(access, "aws", args);
    if (status !== 0) throw new Error(text);
    return text;
  };

  expect(await run("create", "deployment", "web", "--image=example.com/web:1", "--replicas=2")).toBe(
    "deployment.apps/web created\n",
  );
  expect(await run("rollout", "status", "deployment/web", "--timeout=40s")).toContain("successfully rolled out");
  await run("expose", "deployment", "web", "--port=80", "--type=LoadBalancer");
  await run("wait", "service/web", "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=20s");
  await run("create", "job", "once", "--image=example.com/once:1");
  await run("wait", "job/once", "--for=condition=complete", "--timeout=20s");
  await run("delete", "deployment/web", "--cascade=foreground", "--timeout=40s");
  expect(await run("get", "pods", "--selector=app=web")).toContain("No resources found");
}, 150_000);

test("an AKS has an API server of its own, under the authority that Azure tells", async () => {
  const azure = await clusters.open("azure-native");
  const id = AKS_ID.split("/");
  await azure.configure({ subscriptionId: id[2]!, tenantId: "11111111-2222-4333-8444-555555555555" });
  const { properties } = await azure.invoke({
    token: "azure-native:containerservice:listManagedClusterUserCredentials",
    args: { resourceGroupName: "r", resourceName: "north" },
  });
  const access = {
    server: `https://${AKS_FQDN}:443`,
    certificateAuthority: certificateAuthorityOf(textAt(properties, "kubeconfigs[0].value")!),
  };

  const { text } = await kubectl(access, "kubelogin", ["get", "deployments", "--all-namespaces"]);
  expect(text).toBe("No resources found\n");
}, 150_000);

test("a deleted cluster is not there any more, and one of the same name starts empty", async () => {
  const access = await eksAccess();
  const aws = await clusters.open("aws");
  await aws.configure({ region: "us-east-1" });
  await aws.delete({
    urn: `urn:pulumi:local::isthmus::${EKS}::east`,
    id: "east",
    properties: {},
    oldInputs: {},
    timeout: 0,
  });

  const gone = await kubectl(access, "aws", ["get", "services"]);
  expect(gone).toMatchObject({ status: 1, text: expect.stringContaining("no cluster has the endpoint") });
  ledger.put(cluster);
  const { text } = await kubectl(access, "aws", ["get", "services", "--output=name"]);
  expect(text).toBe("service/kubernetes\n");
}, 150_000);
