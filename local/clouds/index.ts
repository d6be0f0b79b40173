import { ProviderError, type Provider, type ProviderHost } from "../protocol/provider";
import { AWS } from "./aws";
import { AZURE } from "./azure";
import { VirtualClock } from "./clock";
import { Cloud, referrersOf } from "./cloud";
import { forgetLostClusters, KubernetesProvider } from "./kubernetes";
import { Ledger } from "./ledger";
import { TlsProvider } from "./tls";
import { World } from "./world";

export { VirtualClock, type TimedOperation } from "./clock";
export { Ledger, type LedgerChange, type LedgerEntry } from "./ledger";
export { latency } from "./latencies";
export { openLedger } from "./store";

/** Clouds that exist in this process only: one ledger, and a provider for each package that the program uses. */
export class SimulatedClouds implements ProviderHost {
  /** Packages that have a simulated provider. */
  static readonly packages = ["aws", "azure-native", "kubernetes", "tls"] as const;

  private readonly world: World;

  constructor(
    /** What exists. Default: nothing. */
    readonly ledger: Ledger = new Ledger(),
    /** Where the time goes that operations take beyond the usual of their types. */
    readonly clock: VirtualClock = new VirtualClock(),
  ) {
    this.world = new World(ledger, () => forgetLostClusters(ledger), clock);
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
}
