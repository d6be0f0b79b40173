import { MESH_NAMES, type MeshName } from "../mesh-names";
import type { MeshOptions } from "../meshes";
import { isRecord } from "./keep";

/** What the adapter is told on its command line. */
export interface Arguments {
  readonly mesh: MeshName;
  /** As for compiling; see each mesh's own options. */
  readonly translation: MeshOptions;
  /** URL of Prometheus; without it there is no metrics API. */
  readonly prometheus?: string;
  /** Port of /healthz, /readyz and /metrics. */
  readonly healthPort: number;
  /** Port of the conversion webhook and the metrics API. */
  readonly port: number;
  /** Folder with tls.crt and tls.key. Without it neither webhook nor metrics API is served. */
  readonly certificates?: string;
  /** An API server outside the cluster that the process runs in. */
  readonly server?: { readonly url: string; readonly caFile: string; readonly tokenFile: string };
  /** Namespace and name of the Lease. */
  readonly namespace: string;
  readonly lease: string;
}

const NAMES = [
  "mesh",
  "options",
  "prometheus",
  "health-port",
  "port",
  "certificates",
  "server",
  "ca-file",
  "token-file",
  "namespace",
  "lease",
] as const;
type Name = (typeof NAMES)[number];

/** Options of translations, of all meshes. */
const OPTIONS: Readonly<Record<keyof MeshOptions, true>> = {
  acknowledge: true,
  acls: true,
  anchor: true,
  clusterDomain: true,
  multiCluster: true,
  peers: true,
  probeNetworks: true,
  rewriteProbes: true,
  rootNamespace: true,
  split: true,
  trustDomain: true,
  trustDomainAliases: true,
  waypoint: true,
  widen: true,
};

/**
 * Reads `--name=value` arguments.
 *
 * @throws RangeError for an argument that does not exist or has a value that is not allowed
 */
export function readArguments(given: readonly string[]): Arguments {
  const values = new Map<Name, string>();
  for (const argument of given) {
    const [, text, value] = /^--([a-z-]+)=(.*)$/s.exec(argument) ?? [];
    const name = NAMES.find((known) => known === text);
    if (!name) throw new RangeError(`found ${argument}, allowed: ${NAMES.map((known) => `--${known}=...`).join(", ")}`);
    values.set(name, value!);
  }
  const mesh = MESH_NAMES.find((known) => known === values.get("mesh"));
  if (!mesh)
    throw new RangeError(`--mesh: found ${values.get("mesh") ?? "nothing"}, allowed: ${MESH_NAMES.join(", ")}`);
  const text = (name: Name): string | undefined => values.get(name);
  return {
    mesh,
    translation: optionsOf(text("options") ?? "{}"),
    ...(text("prometheus") && { prometheus: text("prometheus") }),
    healthPort: portOf("health-port", text("health-port") ?? "8080"),
    port: portOf("port", text("port") ?? "8443"),
    ...(text("certificates") && { certificates: text("certificates") }),
    ...(text("server") && {
      server: { url: text("server")!, caFile: text("ca-file") ?? "", tokenFile: text("token-file") ?? "" },
    }),
    namespace: text("namespace") ?? "isthmus-smi",
    lease: text("lease") ?? "isthmus-smi-adapter",
  };
}

function optionsOf(text: string): MeshOptions {
  const wrong = (found: string): RangeError =>
    new RangeError(`--options: found ${found}, allowed: a JSON object with ${Object.keys(OPTIONS).join(", ")}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong(text);
  }
  if (!isRecord(value)) throw wrong(text);
  const unknown = Object.keys(value).find((name) => !(name in OPTIONS));
  if (unknown !== undefined) throw wrong(unknown);
  return value as MeshOptions;
}

function portOf(name: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new RangeError(`--${name}: found ${text}, allowed: a port`);
}
