import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { latency, openLedger, SimulatedClouds, VirtualClock } from "../local/clouds";
import { FileStore, MemoryStore, type RunOptions, type RunResult, type Snapshot } from "../local/engine";
import { Keyring } from "../local/protocol/crypter";
import type { Provider, ProviderHost } from "../local/protocol/provider";
import { timeline, type Timeline } from "../local/timeline";
import { policyAnalyzer } from "./analyzer";
import { InjectedFaults } from "./faults";
import { readStackConfig, type Project } from "./project";

/** The one stack that the embedded engine runs. */
export const LOCAL = "local";

/** The local environment of a project: its state, its simulated clouds, and how to run its program on both. */
export class LocalEnvironment {
  readonly store: FileStore;
  /** Folder of everything that it keeps. */
  readonly directory: string;
  private readonly keyring: Keyring;
  private readonly clock = new VirtualClock();
  private readonly clouds: PersistentClouds;

  constructor(
    readonly project: Project,
    /** What goes wrong in its clouds. Default: nothing. */
    readonly faults = new InjectedFaults(),
  ) {
    this.directory = join(project.directory, ".isthmus", LOCAL);
    this.keyring = keyringOf(project);
    this.clouds = new PersistentClouds(join(this.directory, "clouds"), this.keyring, this.clock);
    this.store = new FileStore(join(this.directory, "state"), this.keyring);
  }

  /** Options of a run on the embedded engine and the simulated clouds. Who watches the run adds to them. */
  runOptions(): RunOptions {
    const { values, secretKeys } = readStackConfig(this.project, LOCAL, () => this.keyring);
    return {
      project: this.project.name,
      stack: LOCAL,
      program: childProgram(this.project),
      config: values,
      secretConfigKeys: secretKeys,
      providers: this.faults.in(this.clouds, this.clock),
      store: this.store,
      analyzers: [policyAnalyzer],
    };
  }

  /** Looks at the clouds, or changes them behind the engine's back, while no run goes on. */
  async withClouds<T>(use: (clouds: SimulatedClouds, state: Snapshot) => T): Promise<T> {
    const session = await this.store.open();
    try {
      return use(this.clouds.opened(), session.snapshot);
    } finally {
      await session.close(session.snapshot);
    }
  }

  /** The run as it would have been on the real clouds. */
  timeline(result: RunResult): Timeline {
    return timeline(result, latency, (urn, operation) => this.clock.spent(urn, operation));
  }
}

/**
 * Options that stand an environment up in memory, from nothing, and leave nothing behind: for rendering. Settings that it
 * lacks are those of the local environment, since there is no account here either.
 */
export function throwawayRunOptions(project: Project, environment: string): RunOptions {
  const keyring = () => keyringOf(project);
  const simulated = readStackConfig(project, LOCAL, keyring);
  const own = readStackConfig(project, environment, keyring);
  return {
    project: project.name,
    stack: environment,
    program: childProgram(project),
    config: { ...simulated.values, ...own.values },
    secretConfigKeys: [...simulated.secretKeys, ...own.secretKeys],
    providers: new SimulatedClouds(),
    store: new MemoryStore(),
    allowAnyStack: true,
  };
}

function childProgram({ main, directory, nodeArgs }: Project): RunOptions["program"] {
  return { kind: "child", main, directory, nodeArgs };
}

/** Clouds whose ledger is in a folder. It is opened when a run first needs it, which is after the run has taken its lock. */
class PersistentClouds implements ProviderHost {
  private clouds: SimulatedClouds | undefined;

  constructor(
    private readonly directory: string,
    private readonly keyring: Keyring,
    private readonly clock: VirtualClock,
  ) {}

  open(pkg: string): Promise<Provider> {
    return this.opened().open(pkg);
  }

  opened(): SimulatedClouds {
    this.clouds ??= new SimulatedClouds(openLedger(this.directory, this.keyring), { clock: this.clock });
    return this.clouds;
  }
}

/** What the secrets of a project's local files are sealed with. */
export function keyringOf(project: Project): Keyring {
  return new Keyring(passphraseOf(project));
}

/**
 * The passphrase of local state: Pulumi's own variables when they are set, else one that was drawn once and is kept beside
 * the state, readable by its owner alone.
 */
function passphraseOf({ directory }: Project): string {
  const { PULUMI_CONFIG_PASSPHRASE: text, PULUMI_CONFIG_PASSPHRASE_FILE: file } = process.env;
  if (text !== undefined) return text;
  if (file !== undefined && file !== "") return readFileSync(file, "utf8").trimEnd();
  const kept = join(directory, ".isthmus", "passphrase");
  if (!existsSync(kept)) {
    mkdirSync(join(directory, ".isthmus"), { recursive: true });
    writeFileSync(kept, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
  }
  return readFileSync(kept, "utf8");
}
