import type { Ledger, LedgerEntry } from "../ledger";
import { textAt } from "../paths";
import type { Settings } from "./config";

const EKS = "aws:eks/cluster:Cluster";
const AKS = "azure-native:containerservice:ManagedCluster";

/** A cluster that exists in the simulated clouds. */
export interface Cluster {
  readonly name: string;
  /** Its ARN or ARM id: the scope of its objects in the ledger. */
  readonly scope: string;
  readonly cloud: "aws" | "azure" | "none";
  readonly region: string;
}

/** The cluster that the provider's kubeconfig points at, or why there is none, in the words of a Go client. */
export function findCluster(ledger: Ledger, settings: Settings): Cluster | string {
  if (settings.server === undefined) return settings.noServer;
  const address = normalized(settings.server);
  if (address === undefined) return `the kubeconfig's server "${settings.server}" is not a URL`;

  const found = clustersOf(ledger).find((cluster) =>
    cluster.addresses.some((candidate) => normalized(candidate) === address),
  );
  if (found === undefined) {
    const own = existing(settings.server);
    if (own !== undefined) return own;
    const { host, hostname } = new URL(settings.server);
    return `unable to load schema information from the API server: Get "https://${host}/openapi/v2?timeout=32s": dial tcp: lookup ${hostname}: no such host`;
  }
  return found;
}

/**
 * Forgets objects whose cluster does not exist any more, as a cluster's deletion does: its objects go with it, without
 * a call to the Kubernetes provider when they are `deletedWith` the cluster.
 */
export function forgetLostClusters(ledger: Ledger): void {
  const scopes = new Set(clustersOf(ledger).map(({ scope }) => scope));
  for (const entry of ledger.list()) {
    if (!entry.type.startsWith("kubernetes:")) continue;
    if (entry.scope?.startsWith(EXISTING) === true) continue;
    if (!scopes.has(entry.scope ?? "")) ledger.remove(entry.type, entry.id, entry.scope);
  }
}

/** Scope of the objects of a cluster that no program makes. */
const EXISTING = "existing/";

/** A cluster that somebody runs in a private network or on this machine: there as soon as a kubeconfig points at it. */
function existing(server: string): Cluster | undefined {
  const { hostname, host } = new URL(server);
  const isPrivate = /^(localhost|127\..*|10\..*|192\.168\..*|.*\.(internal|test))$/.test(hostname);
  return isPrivate ? { name: host, scope: `${EXISTING}${host}`, cloud: "none", region: "" } : undefined;
}

/** A cluster and where its API server is. */
export interface ClusterAt extends Cluster {
  /** URLs. */
  readonly addresses: readonly string[];
}

/** All clusters that exist in the simulated clouds. */
export function clustersOf(ledger: Ledger): ClusterAt[] {
  return [...ledger.list(EKS).map(eks), ...ledger.list(AKS).map(aks)];
}

function eks(entry: LedgerEntry): ClusterAt {
  const arn = textAt(entry.outputs, "arn") ?? "";
  return {
    name: textAt(entry.outputs, "name") ?? entry.id,
    scope: arn === "" ? `${entry.scope ?? ""}/${entry.id}` : arn,
    cloud: "aws",
    region: textAt(entry.outputs, "region") ?? arn.split(":")[3] ?? "us-east-1",
    addresses: present(textAt(entry.outputs, "endpoint")),
  };
}

function aks(entry: LedgerEntry): ClusterAt {
  return {
    name: textAt(entry.outputs, "name") ?? entry.id.slice(entry.id.lastIndexOf("/") + 1),
    scope: entry.id,
    cloud: "azure",
    region: textAt(entry.outputs, "location") ?? "northeurope",
    addresses: [...present(textAt(entry.outputs, "fqdn")), ...present(textAt(entry.outputs, "privateFQDN"))].map(
      (name) => `https://${name}:443`,
    ),
  };
}

function present(address: string | undefined): string[] {
  return address === undefined || address === "" ? [] : [address];
}

/** Host and port of a server's URL, so that a trailing slash or a written-out default port make no difference. */
function normalized(server: string): string | undefined {
  if (!URL.canParse(server)) return undefined;
  const { hostname, port, protocol } = new URL(server);
  return `${protocol}//${hostname.toLowerCase()}:${port === "" ? "443" : port}`;
}
