import type { Latency } from "../model";
import { RESOURCES } from "./resources";

export { TlsProvider } from "./provider";

/** Seconds that each resource type takes, for the virtual clock. */
export const latencies: Readonly<Record<string, Latency>> = Object.fromEntries(
  Object.entries(RESOURCES).map(([type, { latency }]) => [type, latency]),
);
