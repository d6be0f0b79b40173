import { KubernetesProvider } from "../../../../local/clouds/kubernetes";
import { Ledger } from "../../../../local/clouds/ledger";
import type { PropertyMap } from "../../../../local/protocol/property";
import type { CheckFailure, DiffResult, ReadResult } from "../../../../local/protocol/provider";

export const EKS_SERVER = "https://ABC123.gr7.us-east-1.eks.amazonaws.com";
export const AKS_FQDN = "north-1a2b.hcp.northeurope.azmk8s.io";

export const EKS_ARN = "arn:aws:eks:us-east-1:123456789012:cluster/east";
export const AKS_ID = "/subscriptions/s/resourceGroups/r/providers/Microsoft.ContainerService/managedClusters/north";

/** A ledger with one EKS and one AKS cluster. */
export function twoClusters(): Ledger {
  return new Ledger([
    {
      type: "aws:eks/cluster:Cluster",
      id: "east",
      scope: "123456789012/us-east-1",
      inputs: {},
      outputs: { name: "east", arn: EKS_ARN, region: "us-east-1", endpoint: EKS_SERVER },
    },
    {
      type: "azure-native:containerservice:ManagedCluster",
      id: AKS_ID,
      inputs: {},
      outputs: { name: "north", location: "northeurope", fqdn: AKS_FQDN },
    },
  ]);
}

export function kubeconfig(server: string, cluster: PropertyMap = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, ...cluster } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    users: [{ name: "u", user: {} }],
    "current-context": "x",
  });
}

/** A provider, with the engine's part of each operation: check, then do, by short type and logical name. */
export class Session {
  private constructor(
    readonly provider: KubernetesProvider,
    readonly ledger: Ledger,
  ) {}

  static async open(ledger: Ledger, server = EKS_SERVER, settings: PropertyMap = {}): Promise<Session> {
    const provider = new KubernetesProvider({ ledger });
    await provider.configure({ kubeconfig: kubeconfig(server), ...settings });
    return new Session(provider, ledger);
  }

  async check(type: string, news: PropertyMap, olds: PropertyMap = {}, logicalName = "web"): Promise<PropertyMap> {
    const { inputs, failures } = await this.provider.check({
      urn: urn(type, logicalName),
      olds,
      news,
      randomSeed: new Uint8Array(32).fill(7),
    });
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("\n"));
    return inputs;
  }

  async failures(type: string, news: PropertyMap): Promise<readonly CheckFailure[]> {
    return (await this.provider.check({ urn: urn(type, "web"), olds: {}, news })).failures;
  }

  async create(type: string, news: PropertyMap): Promise<{ id: string; properties: PropertyMap; inputs: PropertyMap }> {
    const inputs = await this.check(type, news);
    const made = await this.provider.create({ urn: urn(type, "web"), properties: inputs, preview: false, timeout: 0 });
    return { ...made, inputs };
  }

  async preview(type: string, news: PropertyMap): Promise<PropertyMap> {
    const properties = await this.check(type, news);
    return (await this.provider.create({ urn: urn(type, "web"), properties, preview: true, timeout: 0 })).properties;
  }

  async diff(type: string, olds: PropertyMap, changed: PropertyMap, ignoreChanges: string[] = []): Promise<DiffResult> {
    const oldInputs = await this.check(type, olds);
    const news = await this.check(type, changed, oldInputs);
    return this.provider.diff({ urn: urn(type, "web"), id: "x", olds: oldInputs, oldInputs, news, ignoreChanges });
  }

  async update(type: string, id: string, oldInputs: PropertyMap, changed: PropertyMap): Promise<PropertyMap> {
    const news = await this.check(type, changed, oldInputs);
    const olds = oldInputs;
    const request = { urn: urn(type, "web"), id, olds, oldInputs, news, preview: false, timeout: 0, ignoreChanges: [] };
    return this.provider.update(request);
  }

  async read(type: string, id: string): Promise<ReadResult | null> {
    return this.provider.read({ urn: urn(type, "web"), id, properties: {}, inputs: {} });
  }

  async delete(type: string, id: string): Promise<void> {
    await this.provider.delete({ urn: urn(type, "web"), id, properties: {}, oldInputs: {}, timeout: 0 });
  }

  /** What is on all clusters, as `type id`. */
  objects(): string[] {
    return this.ledger
      .list()
      .filter(({ type }) => type.startsWith("kubernetes:"))
      .map(({ type, id }) => `${type.slice("kubernetes:".length)} ${id}`);
  }
}

export function urn(type: string, name: string): string {
  return `urn:pulumi:local::isthmus::isthmus:index:Platform$kubernetes:${type}::${name}`;
}

export const NAMESPACE = "core/v1:Namespace";
export const DEPLOYMENT = "apps/v1:Deployment";
export const RELEASE = "helm.sh/v3:Release";

export function named(name: string, namespace?: string): PropertyMap {
  return { metadata: namespace === undefined ? { name } : { name, namespace } };
}

export function deployment(name: string, namespace = "default", pod: PropertyMap = {}): PropertyMap {
  return {
    ...named(name, namespace),
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: "example.com/web:1" }], ...pod },
      },
    },
  };
}

export function release(chart: string, changes: PropertyMap = {}): PropertyMap {
  const repository: PropertyMap = chart.startsWith("oci:")
    ? {}
    : { repositoryOpts: { repo: "https://helm.linkerd.io/edge" } };
  const version = chart.startsWith("oci:") ? "v1.7.0" : "2026.8.3";
  const name = chart.slice(chart.lastIndexOf("/") + 1);
  return { chart, version, ...repository, name, namespace: "linkerd", ...changes };
}

const GATEWAY = "oci://docker.io/envoyproxy/gateway-crds-helm";

export const gatewayCrds = (changes: PropertyMap = {}): PropertyMap =>
  release(GATEWAY, { values: { crds: { gatewayAPI: { enabled: true, channel: "standard" } } }, ...changes });

/** The EKS cluster, with a namespace for the mesh. */
export async function cluster(): Promise<Session> {
  const session = await Session.open(twoClusters());
  await session.create(NAMESPACE, named("linkerd"));
  return session;
}

/** A definition of one namespaced kind, `widgets.example.com` unless told otherwise. */
export function definition(name = "widgets.example.com", kind = "Widget", versions = ["v1"]): PropertyMap {
  const [plural = "", ...group] = name.split(".");
  return {
    ...named(name),
    spec: {
      group: group.join("."),
      names: { kind, plural },
      scope: "Namespaced",
      versions: versions.map((version) => ({
        name: version,
        served: true,
        storage: version === versions[0],
        schema: { openAPIV3Schema: { type: "object" } },
      })),
    },
  };
}
