import type { PropertyValue } from "../protocol/property";
import { ProviderError, type Provider, type ProviderHost } from "../protocol/provider";
import { AWS } from "./aws";
import { AZURE } from "./azure";
import type { VirtualClock } from "./clock";
import { Cloud, referrersOf } from "./cloud";
import { forgetLostClusters, KubernetesProvider } from "./kubernetes";
import { editThing, findThing, loseThing } from "./drift";
import { Ledger, type LedgerEntry } from "./ledger";
import { TlsProvider } from "./tls";
import { World } from "./world";

export { costOf, PRICE_LIST, type Cost } from "./cost";
export { BadEdit } from "./drift";
export { VirtualClock, type TimedOperation } from "./clock";
export { Ledger, type LedgerChange, type LedgerEntry } from "./ledger";
export { latency } from "./latencies";
export { openLedger } from "./store";

/** Everything that may refer to something: a thing of one cloud may to one of the other. */
const REFERRERS = [...referrersOf(AWS), ...referrersOf(AZURE)];

/** Clouds that exist in this process only: one ledger, and a provider for each package that the program uses. */
export class SimulatedClouds implements ProviderHost {
  /** Packages that have a simulated provider. */
  static readonly packages = ["aws", "azure-native", "kubernetes", "tls"] as const;

  readonly clock: VirtualClock;
  private readonly world: World;

  constructor(
    /** What exists. Default: nothing. */
    readonly ledger: Ledger = new Ledger(),
    options: {
      /** Where the time goes that operations take beyond the usual of their types. */
      readonly clock?: VirtualClock;
      /**
       * Milliseconds for which an operation that excludes others is under way, so that concurrent ones really meet. Default:
       * 25. Zero is enough where operations come one at a time.
       */
      readonly exclusiveHold?: number;
    } = {},
  ) {
    this.world = new World(ledger, () => forgetLostClusters(ledger), options.clock, options.exclusiveHold);
    this.clock = this.world.clock;
  }

  /** Drift: see `findThing` and `editThing`. Throws a `BadEdit`. */
  edit(type: string, idOrName: string, path: string, value: PropertyValue | undefined, scope?: string): LedgerEntry {
    return editThing(this.ledger, findThing(this.ledger, type, idOrName, scope), path, value);
  }

  /** Drift: see `findThing` and `loseThing`. Throws a `BadEdit`. */
  lose(type: string, idOrName: string, scope?: string): readonly LedgerEntry[] {
    return loseThing(this.world, REFERRERS, findThing(this.ledger, type, idOrName, scope));
  }

  async open(pkg: string): Promise<Provider> {
    switch (pkg) {
      case "aws":
        return new Cloud(AWS, this.world, REFERRERS);
      case "azure-native":
        return new Cloud(AZURE, this.world, REFERRERS);
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
