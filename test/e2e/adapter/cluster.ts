import { execFile } from "node:child_process";
import { readdirSync, readFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { parseAllDocuments } from "yaml";

import { freePorts } from "../../../local/kubernetes-server/daemon";
import {
  Authority,
  ControlPlane,
  findProgram,
  type KubernetesObject,
  type Method,
} from "../../../local/kubernetes-server";
import { smiDefinitions } from "../../../smi/adapter/crds";
import { AUTH_DELEGATOR, AUTH_READER, clusterRules, leaseRules } from "../../../smi/adapter/rbac";
import { MESH_RESOURCES } from "../../../smi/adapter/resources";
import type { MeshName } from "../../../smi/mesh-names";
import { AdapterProcess } from "./process";

const CRDS = join(__dirname, "../../../.isthmus/e2e/crds");
export const NAMESPACE = "isthmus-smi";
export const NAME = "isthmus-smi-adapter";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** Folders of CRDs that are there. */
export function installedCrds(): string[] {
  return ["gateway-api", "istio", "linkerd", "consul"].filter((name) => existsSync(join(CRDS, name)));
}

/** A real API server with the meshes' own CRDs and SMI's, and an adapter beside it with the rights that it has in a cluster. */
export class AdapterCluster {
  private constructor(
    readonly control: ControlPlane,
    private readonly directory: string,
    /** Ports of the adapter: of its APIs, and of its health; and of the health of a second one, which nobody calls. */
    private readonly ports: { readonly api: number; readonly health: number; readonly second: number },
  ) {}

  static async start(...meshes: readonly MeshName[]): Promise<AdapterCluster> {
    const control = await ControlPlane.start();
    const [api = 0, health = 0, second = 0] = await freePorts(3);
    const cluster = new AdapterCluster(control, mkdtempSync(join(tmpdir(), "isthmus-adapter-")), {
      api,
      health,
      second,
    });
    await cluster.define(meshes);
    return cluster;
  }

  async stop(): Promise<void> {
    await this.control.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A request that must succeed; what is not served yet is waited for. */
  async request(method: Method, path: string, body?: unknown, type?: string): Promise<KubernetesObject> {
    for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
      const answer = await this.control.client.request(method, path, body, type);
      if (answer.status < 300) return answer.body;
      const mayCome = answer.status === 404 || answer.status === 429 || answer.status === 503;
      if (!mayCome || method === "GET" || Date.now() > deadline) {
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
    }
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    const kubectl = findProgram("kubectl")!;
    const { stdout } = await promisify(execFile)(kubectl, ["--kubeconfig", this.control.kubeconfig, ...args]);
    return stdout;
  }

  /** Starts a replica of the adapter, signed in as its ServiceAccount. */
  launch(
    mesh: MeshName,
    more: { readonly args?: readonly string[]; readonly isSecond?: boolean } = {},
  ): AdapterProcess {
    const ports = more.isSecond ? { api: 0, health: this.ports.second } : this.ports;
    return AdapterProcess.start(this.directory, more.isSecond ? "adapter-1" : "adapter-0", ports.health, [
      `--mesh=${mesh}`,
      `--server=${this.control.url}`,
      `--ca-file=${join(this.directory, "api-server.crt")}`,
      `--token-file=${join(this.directory, "token")}`,
      `--certificates=${this.directory}`,
      `--port=${ports.api}`,
      `--health-port=${ports.health}`,
      `--options=${JSON.stringify({ acknowledge: ["SMI-PATH-RAW"] })}`,
      ...(more.args ?? []),
    ]);
  }

  /** Asks the adapter itself, without the API server between. */
  direct(path: string, headers: Readonly<Record<string, string>>): Promise<{ status?: number; body: unknown }> {
    const options = { host: "127.0.0.1", port: this.ports.api, path, headers, rejectUnauthorized: false, agent: false };
    return new Promise((resolve, reject) => {
      const request = get(options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.once("end", () => resolve({ status: response.statusCode, body: JSON.parse(text) as unknown }));
      });
      request.once("error", reject);
    });
  }

  /** Names in a collection, all namespaces. */
  async names(path: string): Promise<string[]> {
    const { items } = await this.request("GET", path);
    return (items as KubernetesObject[])
      .map(({ metadata }) => (metadata?.namespace ? `${metadata.namespace}/` : "") + metadata?.name)
      .sort();
  }

  /** Waits until a question has the answer. */
  async eventually<T>(ask: () => Promise<T>, answer: T, patience = 30_000): Promise<void> {
    let last: unknown;
    for (const deadline = Date.now() + patience; ; await sleep(20)) {
      try {
        last = await ask();
      } catch (error) {
        last = (error as Error).message;
      }
      if (JSON.stringify(last) === JSON.stringify(answer)) return;
      if (Date.now() > deadline) expect(last).toEqual(answer);
    }
  }

  private async define(meshes: readonly MeshName[]): Promise<void> {
    const authority = await Authority.create("isthmus-smi-adapter");
    const pair = await authority.issue({ commonName: NAME, hosts: [`${NAME}.${NAMESPACE}.svc`] });
    this.write({
      "tls.crt": pair.certificate,
      "tls.key": pair.key,
      "api-server.crt": this.control.certificateAuthority,
    });
    const caBundle = Buffer.from(authority.certificate).toString("base64");
    this.write({ caBundle });

    const service = { namespace: NAMESPACE, name: NAME, port: this.ports.api };
    const real = installedCrds().flatMap(readCrds);
    const definitions = [...real, ...standIns(meshes, real), ...smiDefinitions({ service, caBundle })];
    for (const definition of definitions) await this.request("POST", DEFINITIONS, definition);
    await this.request("POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
    await this.request("POST", `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: NAME } });
    // There is no network of Services here: the API server calls the adapter on its own machine.
    const spec = { type: "ExternalName", externalName: "localhost" };
    await this.request("POST", `/api/v1/namespaces/${NAMESPACE}/services`, { metadata: { name: NAME }, spec });
    await this.grant(meshes);
    const token = await this.request("POST", `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${NAME}/token`, {
      spec: {},
    });
    this.write({ token: (token["status"] as { token: string }).token });
    await this.eventually(
      async () => (await this.control.client.request("GET", "/apis/split.smi-spec.io/v1alpha4/trafficsplits")).status,
      200,
    );
  }

  /** Certificates that the API server trusts the adapter's by. */
  get caBundle(): string {
    return readFileSync(join(this.directory, "caBundle"), "utf8");
  }

  get apiPort(): number {
    return this.ports.api;
  }

  /** Exactly the rights that the platform gives. */
  private async grant(meshes: readonly MeshName[]): Promise<void> {
    const metadata = { name: NAME };
    const subjects = [{ kind: "ServiceAccount", name: NAME, namespace: NAMESPACE }];
    const bind = (path: string, name: string, kind: string, role: string) =>
      this.request("POST", `${RBAC}/${path}`, {
        metadata: { name },
        subjects,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: role },
      });
    await this.request("POST", `${RBAC}/clusterroles`, {
      metadata,
      rules: meshes.flatMap((mesh) => clusterRules(mesh, true)),
    });
    await this.request("POST", `${RBAC}/namespaces/${NAMESPACE}/roles`, { metadata, rules: leaseRules(NAME) });
    await bind("clusterrolebindings", NAME, "ClusterRole", NAME);
    await bind(`namespaces/${NAMESPACE}/rolebindings`, NAME, "Role", NAME);
    await bind("clusterrolebindings", `${NAME}-delegation`, "ClusterRole", AUTH_DELEGATOR);
    await bind("namespaces/kube-system/rolebindings", `${NAME}-delegation`, "Role", AUTH_READER);
  }

  private write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.directory, name), text);
  }
}

function readCrds(mesh: string): KubernetesObject[] {
  const folder = join(CRDS, mesh);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), "utf8")))
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((value) => value?.kind === "CustomResourceDefinition")
    .map((value) => {
      const { status: _status, ...rest } = value!;
      return rest;
    });
}

/** Definitions of the kinds whose own are not installed: the adapter must find them, but what they take proves nothing. */
function standIns(meshes: readonly MeshName[], real: readonly KubernetesObject[]): KubernetesObject[] {
  const known = new Set(real.map(({ metadata }) => metadata?.name));
  const wanted = new Map(
    meshes.flatMap((mesh) => MESH_RESOURCES[mesh]).map((each) => [`${each.plural}.${each.group}`, each]),
  );
  return [...wanted]
    .filter(([name]) => !known.has(name))
    .map(([name, { group, version, kind, plural }]) => ({
      // Groups of Kubernetes' own say whether they were reviewed.
      metadata: {
        name,
        annotations: { "api-approved.kubernetes.io": "unapproved, stands in for the real one in a test" },
      },
      spec: {
        group,
        scope: "Namespaced",
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        versions: [
          {
            name: version,
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
        ],
      },
    }));
}
