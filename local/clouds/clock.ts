/** An operation whose time on the real cloud is counted. */
export type TimedOperation = "create" | "update" | "delete";

/**
 * Virtual seconds that single operations took beyond the usual time of their type: while a provider tried again, or waited
 * for what did not come. Nothing ever sleeps for them.
 */
export class VirtualClock {
  private readonly extra = new Map<string, number>();

  spend(urn: string, operation: TimedOperation, seconds: number): void {
    const key = `${operation} ${urn}`;
    this.extra.set(key, (this.extra.get(key) ?? 0) + seconds);
  }

  /** Seconds spent on an operation so far. */
  spent(urn: string, operation: TimedOperation): number {
    return this.extra.get(`${operation} ${urn}`) ?? 0;
  }
}
