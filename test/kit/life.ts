import { Ledger, SimulatedClouds, type LedgerEntry, type VirtualClock } from "../../local/clouds";
import { FaultyClouds, parseFault, type Fault, type Operation } from "../../local/clouds/faults";
import {
  destroy,
  MemoryStore,
  preview,
  refresh,
  up,
  type ResourceState,
  type RunOptions,
  type RunResult,
  type Snapshot,
  type Step,
} from "../../local/engine";
import type { ProviderHost } from "../../local/protocol/provider";
import { urnName } from "../../local/protocol/urn";
import { Graph } from "./graph";
import "./lean-sdk";
import "./matchers";
import { Recording } from "./recording";

/** A Pulumi program: registers resources, and may return the stack's outputs. */
export type Program = () => unknown;

/** Clouds that a life can be lived in. */
export interface Clouds extends ProviderHost {
  /** What exists, apart from any state. */
  readonly ledger: Ledger;
  /** Where virtual time goes. Default: a clock of the life's own. */
  readonly clock?: VirtualClock;
}

/** State and ledger of a life at one time: plain values, never changed, so that many lives may begin at one moment. */
export interface Moment {
  readonly state: Snapshot;
  readonly ledger: readonly LedgerEntry[];
}

export interface LifeOptions {
  /** Policies to run. Default: none. */
  readonly analyzers?: RunOptions["analyzers"];
  /** Concurrent operations; 1 makes the order of everything certain. Default: the engine's. */
  readonly parallel?: number;
  /** Where the life begins. Default: with nothing. */
  readonly moment?: Moment;
  /** Makes the clouds around a ledger. Default: the simulated AWS, Azure, Kubernetes and tls. */
  readonly clouds?: (ledger: Ledger) => Clouds;
  readonly config?: RunOptions["config"];
}

/**
 * The life of one stack in clouds of its own, all in this process: what a test deploys, changes, previews, breaks and
 * destroys. `docs/testing.md` shows it.
 */
export class Life {
  readonly clouds: Clouds;
  readonly store: MemoryStore;
  /** Operations that faults have struck, over all runs. */
  readonly struck: Operation[] = [];
  /** Told of every operation that a fault could strike, before it starts. */
  onOperation: (operation: Operation) => void = () => {};
  private readonly faulty: FaultyClouds;
  private planned: readonly Fault[] = [];
  private halt = new AbortController();
  private abandon = new AbortController();

  constructor(private readonly settings: LifeOptions = {}) {
    const { moment, parallel } = settings;
    const options = parallel === 1 ? { exclusiveHold: 0 } : {};
    const { clouds = (ledger: Ledger) => new SimulatedClouds(ledger, options) } = settings;
    this.clouds = clouds(new Ledger(moment?.ledger));
    this.store = new MemoryStore(moment?.state);
    this.faulty = new FaultyClouds(this.clouds, {
      ...(this.clouds.clock === undefined ? {} : { clock: this.clouds.clock }),
      onFault: (_, operation) => void this.struck.push(operation),
      onOperation: (operation) => this.onOperation(operation),
      onHang: () => this.abandon.abort(),
    });
  }

  /** Deploys a program, or brings what stands to what it says now. */
  up(program: Program | Recording): Promise<RunResult> {
    return up(this.options(program));
  }

  preview(program: Program | Recording): Promise<RunResult> {
    return preview(this.options(program));
  }

  /** Takes over into the state what has become of the clouds. */
  refresh(): Promise<RunResult> {
    return refresh(this.options(() => undefined));
  }

  destroy(): Promise<RunResult> {
    return destroy(this.options(() => undefined));
  }

  /**
   * Lets operations of the next run go wrong, each fault once; see `parseFault` for the form of a text. A run whose provider
   * hangs is given up, as a user does who interrupts it twice.
   */
  inject(...faults: readonly (Fault | string)[]): this {
    this.planned = faults.map((fault) => (typeof fault === "string" ? parseFault(fault) : fault));
    return this;
  }

  /** Stops the run that goes on, as one interrupt does: running operations finish, and no others start. */
  stop(): void {
    this.halt.abort();
  }

  /** Faults that have struck nothing in the last run. */
  unmet(): readonly Fault[] {
    return this.faulty.unmet();
  }

  async resources(): Promise<readonly ResourceState[]> {
    return (await this.store.load()).resources;
  }

  /** The one live resource of that name and type. Throws when there is none. */
  async resource(name: string, type: string): Promise<ResourceState> {
    return (await this.graph()).find(name, type).state;
  }

  async graph(): Promise<Graph> {
    return Graph.of(await this.resources());
  }

  /** What exists in the clouds. */
  ledger(): LedgerEntry[] {
    return this.clouds.ledger.list();
  }

  /** Where the life stands, to let others begin there. */
  async moment(): Promise<Moment> {
    return { state: await this.store.load(), ledger: this.ledger() };
  }

  private options(program: Program | Recording): RunOptions {
    this.faulty.arm(this.planned);
    this.planned = [];
    this.halt = new AbortController();
    this.abandon = new AbortController();
    const { analyzers, parallel, config } = this.settings;
    return {
      project: "isthmus",
      stack: "local",
      program:
        program instanceof Recording
          ? { kind: "messages", run: (send) => program.play(send) }
          : { kind: "inline", run: async () => outputsOf(await program()) },
      providers: this.faulty,
      store: this.store,
      signal: this.halt.signal,
      abandon: this.abandon.signal,
      ...(analyzers === undefined ? {} : { analyzers }),
      ...(parallel === undefined ? {} : { parallel }),
      ...(config === undefined ? {} : { config }),
    };
  }
}

function outputsOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

/** The run, or an error with all that went wrong when it did not succeed. */
export function succeeded(result: RunResult): RunResult {
  if (result.succeeded) return result;
  throw new Error(`the run failed:\n${errorsOf(result).join("\n")}`);
}

/** What went wrong, as `name: message`. */
export function errorsOf({ diagnostics }: RunResult): string[] {
  return diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ urn, message }) => (urn === "" ? message : `${urnName(urn)}: ${message}`));
}

/** Steps that change something, as `operation type name`, sorted. */
export function changes(result: RunResult): string[] {
  const silent: readonly Step["operation"][] = ["same", "read"];
  return result.steps
    .filter(({ operation }) => !silent.includes(operation))
    .map(({ operation, type, urn }) => `${operation} ${type} ${urnName(urn)}`)
    .sort();
}
