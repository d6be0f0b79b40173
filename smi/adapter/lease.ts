import { type ApiClient, ApiError, type ApiObject, pathOf } from "./api";
import { sleep } from "./cache";
import { LEASE } from "./resources";

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Who this is, unlike any other: the pod's name. */
  readonly identity: string;
  readonly log: (message: string) => void;
  /** Milliseconds after which a leader that says nothing is taken for gone, and between its words. Default: those of client-go. */
  readonly times?: { readonly lease: number; readonly renew: number; readonly retry: number };
}

interface LeaseObject extends ApiObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** Like client-go: a leader that cannot renew gives up before anybody else may take over. */
const TIMES = { lease: 15_000, renew: 10_000, retry: 2_000 };

/**
 * Leader election by a Lease, as client-go does it: the holder renews, the others wait until they have seen no renewal for the
 * lease's duration, by their own clocks. Updates carry the version that was read, so that only one of two wins.
 */
export class LeaderElection {
  private seen: { readonly version: string; readonly at: number } | undefined;
  private readonly times: typeof TIMES;

  constructor(
    private readonly client: ApiClient,
    private readonly options: LeaseOptions,
  ) {
    this.times = options.times ?? TIMES;
  }

  /** Waits for the lead; false if the signal was given before. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.attempt()) return true;
      await sleep(this.times.retry, signal);
    }
    return false;
  }

  /** Renews until the signal is given (true) or the lead is lost (false). */
  async hold(signal: AbortSignal): Promise<boolean> {
    let last = performance.now();
    while (!signal.aborted) {
      await sleep(this.times.retry, signal);
      if (signal.aborted) break;
      // A request that hangs must not outlast the lead.
      const late = sleep(this.times.renew - (performance.now() - last), signal).then(() => false);
      if (await Promise.race([this.attempt(), late])) last = performance.now();
      else if (performance.now() - last >= this.times.renew) return false;
    }
    return true;
  }

  /** Gives the lead up, so that another need not wait for it to run out. */
  async release(): Promise<void> {
    try {
      const lease = await this.client.request<LeaseObject>("GET", this.path);
      if (lease.spec?.holderIdentity === this.options.identity) await this.put(lease, { holderIdentity: "" });
    } catch (error) {
      this.options.log(`the lease was not released: ${(error as Error).message}`);
    }
  }

  private async attempt(): Promise<boolean> {
    try {
      const lease = await this.client.request<LeaseObject>("GET", this.path);
      const { holderIdentity = "", leaseTransitions = 0 } = lease.spec ?? {};
      const version = lease.metadata.resourceVersion ?? "";
      if (version !== this.seen?.version) this.seen = { version, at: performance.now() };
      const mine = holderIdentity === this.options.identity;
      const expired = performance.now() - this.seen.at > this.times.lease;
      if (!mine && holderIdentity !== "" && !expired) return false;
      const now = microTime();
      await this.put(lease, {
        holderIdentity: this.options.identity,
        leaseDurationSeconds: Math.ceil(this.times.lease / 1000),
        renewTime: now,
        acquireTime: mine ? lease.spec?.acquireTime : now,
        leaseTransitions: mine ? leaseTransitions : leaseTransitions + 1,
      });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return this.create();
      if (!(error instanceof ApiError && error.code === 409)) this.options.log(`lease: ${(error as Error).message}`);
      return false;
    }
  }

  private async create(): Promise<boolean> {
    const now = microTime();
    const spec = {
      holderIdentity: this.options.identity,
      leaseDurationSeconds: Math.ceil(this.times.lease / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    };
    const { name, namespace } = this.options;
    const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name, namespace }, spec };
    try {
      await this.client.request("POST", pathOf(LEASE, namespace), { body });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 409)) this.options.log(`lease: ${(error as Error).message}`);
      return false;
    }
  }

  private async put(lease: LeaseObject, change: LeaseObject["spec"]): Promise<void> {
    await this.client.request("PUT", this.path, { body: { ...lease, spec: { ...lease.spec, ...change } } });
  }

  private get path(): string {
    return pathOf(LEASE, this.options.namespace, this.options.name);
  }
}

/** A MicroTime has six digits after the second. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
