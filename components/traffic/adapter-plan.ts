import { clusterRules, leaseRules, type PolicyRule } from "../../smi/adapter/rbac";
import type { MeshPlan } from "../mesh/plan";
import type { Environment } from "../spec/types";
import { type AdapterBundle, bundleAdapter } from "./adapter-bundle";

/** The SMI adapter on each cluster, as plain data. */
export interface AdapterPlan {
  readonly namespace: string;
  /** Name of everything that it is made of. */
  readonly name: string;
  /** Name under which the API server calls it. */
  readonly host: string;
  readonly image: string;
  /** Absent with an image of one's own. */
  readonly bundle?: AdapterBundle;
  readonly args: readonly string[];
  readonly replicas: number;
  /** Whether it serves the metrics API. */
  readonly metrics: boolean;
  readonly clusterRules: readonly PolicyRule[];
  readonly leaseRules: readonly PolicyRule[];
}

const NAMESPACE = "isthmus-smi";
const NAME = "isthmus-smi-adapter";
/** The official image of Node.js that runs the bundle. */
const NODE_IMAGE = "docker.io/library/node:22.20.0-alpine3.22";

/** Where the pod has its certificate and its bundle. */
export const CERTIFICATES_FOLDER = "/etc/isthmus-smi/tls";
export const BUNDLE_FOLDER = "/opt/isthmus-smi";
export const BUNDLE_FILE = "adapter.js";

/** Ports of the container: webhook and metrics API, health and its own metrics. */
export const API_PORT = 8443;
export const HEALTH_PORT = 8080;

/** Plans the adapter; undefined where rules are compiled only. */
export function planAdapter(
  { adapter, acknowledge = [] }: Pick<Environment, "adapter" | "acknowledge">,
  { translation: { mesh, options, settled } }: MeshPlan,
): AdapterPlan | undefined {
  if (adapter === undefined) return undefined;
  const { prometheus, image } = adapter;
  const translation = { ...options, acknowledge: [...settled, ...acknowledge] };
  return {
    namespace: NAMESPACE,
    name: NAME,
    host: `${NAME}.${NAMESPACE}.svc`,
    image: image ?? NODE_IMAGE,
    ...(image === undefined && { bundle: bundleAdapter() }),
    args: [
      `--mesh=${mesh}`,
      `--options=${JSON.stringify(translation)}`,
      `--certificates=${CERTIFICATES_FOLDER}`,
      `--port=${API_PORT}`,
      `--health-port=${HEALTH_PORT}`,
      `--namespace=${NAMESPACE}`,
      `--lease=${NAME}`,
      ...(prometheus === undefined ? [] : [`--prometheus=${prometheus}`]),
    ],
    replicas: 2,
    metrics: prometheus !== undefined,
    clusterRules: clusterRules(mesh, prometheus !== undefined),
    leaseRules: leaseRules(NAME),
  };
}
