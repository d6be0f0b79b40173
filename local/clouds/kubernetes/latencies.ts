import type { Latency } from "../model";
import { RELEASE } from "./api-server";

/** Seconds that an operation on a Kubernetes object takes on a healthy cluster, for the virtual clock. */
export const latencies: Readonly<Record<string, Latency>> = {
  [RELEASE]: { create: 25, update: 20, delete: 15 },
  "kubernetes:apps/v1:DaemonSet": { create: 15, update: 20, delete: 5 },
  "kubernetes:apps/v1:Deployment": { create: 15, update: 20, delete: 5 },
  "kubernetes:apps/v1:StatefulSet": { create: 30, update: 40, delete: 10 },
  "kubernetes:batch/v1:Job": { create: 10, update: 1, delete: 1 },
  "kubernetes:core/v1:Namespace": { create: 1, update: 1, delete: 10 },
};

/** What an object without an entry in `latencies` takes. */
export const DEFAULT_LATENCY: Latency = { create: 1, update: 1, delete: 1 };
