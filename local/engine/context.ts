import type { Provider } from "../protocol/provider";
import { Aliases } from "./aliases";
import { ReportedFailure, RunStopped } from "./errors";
import { Hooks } from "./hooks";
import { providerReference, ProviderRegistry } from "./providers";
import { Reporter } from "./reporter";
import type { LiveState } from "../state/live-state";
import type { ResourceState, RunOptions } from "./types";

/** What the parts of one run share. */
export class RunContext {
  readonly reporter: Reporter;
  readonly aliases: Aliases;
  readonly providers: ProviderRegistry;
  readonly hooks: Hooks;
  /** URNs that the program has registered or read, and those it claimed by an alias. */
  readonly registered = new Set<string>();
  /** URNs whose replacement was decided. */
  readonly replaced = new Set<string>();
  /** The run ends as failed, but goes on: a preview shows everything that is wrong. */
  flawed = false;
  private olds: ReadonlyMap<string, ResourceState> | undefined;
  private failure = false;
  private readonly endings: (() => void)[] = [];
  private readonly running = new Set<Promise<unknown>>();
  private readonly waiting: (() => void)[] = [];
  private active = 0;

  constructor(
    readonly options: RunOptions,
    readonly preview: boolean,
    readonly state: LiveState,
  ) {
    this.reporter = new Reporter(preview, options.onEvent ?? (() => {}));
    this.aliases = new Aliases(options.stack, options.project);
    this.providers = new ProviderRegistry(options, preview, this.reporter);
    this.hooks = new Hooks(this);
  }

  /** Live resources as they were when the run began, by their URN of then. */
  get old(): ReadonlyMap<string, ResourceState> {
    const live = this.state.all().filter((resource) => resource.delete !== true);
    return (this.olds ??= new Map(live.map((resource) => [resource.urn, resource])));
  }

  /** The provider that made a resource, configured as it was then if this run does not have it. */
  async providerOf({ urn, provider = "" }: Pick<ResourceState, "urn" | "provider">): Promise<Provider> {
    const configured = this.providers.get(provider);
    if (configured !== undefined) return configured;
    const owner = this.state.all().find((item) => providerReference(item.urn, item.id) === provider);
    if (owner === undefined) throw new Error(`the state has no provider ${provider} to manage resource ${urn} with`);
    return this.providers.ensure(owner);
  }

  /** The user has stopped the run, or has it end at once. */
  get interrupted(): boolean {
    const { signal, abandon } = this.options;
    return signal?.aborted === true || abandon?.aborted === true;
  }

  /** No new step may start. Running ones finish and are saved. */
  get stopped(): boolean {
    return this.failure || this.interrupted;
  }

  /** The run will end as failed, and starts nothing new. */
  fail(): void {
    this.failure = true;
    for (const end of this.endings.splice(0)) end();
  }

  /** Resolves when the run has been stopped and all that was running has finished. */
  async ended(): Promise<void> {
    if (!this.stopped) {
      await new Promise<void>((resolve) => {
        this.endings.push(resolve);
        for (const signal of [this.options.signal, this.options.abandon])
          signal?.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    await this.drained();
  }

  /** Reports an error and fails the run. */
  error(urn: string, message: string): ReportedFailure {
    this.reporter.diagnostic("error", urn, message);
    this.fail();
    return new ReportedFailure(message);
  }

  /** Runs one provider operation when one of the run's places is free. Throws `RunStopped` when the run stops before. */
  async limited<T>(operation: () => Promise<T>): Promise<T> {
    while (this.active >= (this.options.parallel ?? 16))
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.stopped) {
      this.waiting.shift()?.();
      throw new RunStopped();
    }
    this.active++;
    try {
      return await operation();
    } finally {
      this.active--;
      this.waiting.shift()?.();
    }
  }

  /** Tracks a registration from its arrival to its answer. */
  async tracked<T>(work: () => Promise<T>): Promise<T> {
    const registration = work();
    this.running.add(registration);
    try {
      return await registration;
    } finally {
      this.running.delete(registration);
    }
  }

  /** Resolves when no registration is being worked on. */
  async drained(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }
}
