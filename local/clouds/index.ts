import { ProviderError, type Provider, type ProviderHost } from "../protocol/provider";
import { AWS } from "./aws";
import { AZURE } from "./azure";
import { Cloud, referrersOf } from "./cloud";
import {
  DEFAULT_LATENCY as KUBERNETES_LATENCY,
  forgetLostClusters,
  KubernetesProvider,
  latencies as kubernetes,
} from "./kubernetes";
import { Ledger } from "./ledger";
import type { Latency } from "./model";
import type { TimedOperation } from "./clock";
import { latencies as tls, TlsProvider } from "./tls";
import { World } from "./world";

export type { TimedOperation } from "./clock";
export { LOOKUP } from "./cloud";
export { Ledger, type LedgerChange, type LedgerEntry } from "./ledger";
export { openLedger } from "./store";

/** Seconds by type token. */
const LATENCIES: ReadonlyMap<string, Latency> = new Map([
  ...[...AWS.models, ...AZURE.models].map(({ type, latency }): [string, Latency] => [type, latency]),
  ...Object.entries(kubernetes),
  ...Object.entries(tls),
]);

/** What a type without a latency of its own takes. */
const DEFAULT_LATENCIES: Readonly<Record<string, Latency>> = {
  aws: { create: 2, update: 2, delete: 2 },
  "azure-native": { create: 5, update: 5, delete: 10 },
  kubernetes: KUBERNETES_LATENCY,
  tls: { create: 0, update: 0, delete: 0 },
};

/** Clouds that exist in this process only: one ledger, and a provider for each package that the program uses. */
export class SimulatedClouds implements ProviderHost {
  /** Packages that have a simulated provider. */
  static readonly packages = ["aws", "azure-native", "kubernetes", "tls"] as const;

  private readonly world: World;

  constructor(
    /** What exists. Default: nothing. */
    readonly ledger: Ledger = new Ledger(),
  ) {
    this.world = new World(ledger, () => forgetLostClusters(ledger));
  }

  async open(pkg: string): Promise<Provider> {
    const referrers = [...referrersOf(AWS), ...referrersOf(AZURE)];
    switch (pkg) {
      case "aws":
        return new Cloud(AWS, this.world, referrers);
      case "azure-native":
        return new Cloud(AZURE, this.world, referrers);
      case "kubernetes":
        return new KubernetesProvider({ ledger: this.ledger });
      case "tls":
        return new TlsProvider({ ledger: this.ledger });
      default:
        throw new ProviderError(
          `there is no simulated provider of the package ${pkg}; there are ${SimulatedClouds.packages.join(", ")}. Providers live in local/clouds`,
        );
    }
  }

  /** See `latency`. */
  latency(type: string, operation: TimedOperation): number {
    return latency(type, operation);
  }
}

/** Seconds that an operation takes on the real cloud, for a virtual clock. Zero for what no cloud does. */
export function latency(type: string, operation: TimedOperation): number {
  const [pkg = ""] = type.split(":");
  return (LATENCIES.get(type) ?? DEFAULT_LATENCIES[pkg])?.[operation] ?? 0;
}
