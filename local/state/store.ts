import { Keyring, type PassphraseCrypter } from "../protocol/crypter";
import { deserializeDeployment, serializeDeployment } from "./deployment";
import type { DeploymentFile } from "./deployment";
import { LiveState } from "./live-state";
import type { StateChange } from "./live-state";
import type { Snapshot } from "./types";

/** Keeps the state of one stack. */
export interface StateStore {
  /** The state, with what an interrupted run has left behind. */
  load(): Promise<Snapshot>;
  /** Takes the store for one run. Throws a `StoreLocked` while another run has it. */
  open(): Promise<StoreSession>;
  /** Seals and opens the secrets of exported states, by default with the store's own salt. */
  crypter(salt?: string): PassphraseCrypter;
}

/** A run's hold on its store. */
export interface StoreSession {
  readonly snapshot: Snapshot;
  /** What the user should know about how the store was found, one sentence each. */
  readonly notes: readonly string[];
  /** Writes a change through: when it returns, a killed process loses nothing of it. */
  record(change: StateChange): void;
  /** Ends the run with the given state and lets others in. */
  close(snapshot: Snapshot): Promise<void>;
}

/** The store cannot be used as it is. The message says why and what to do. */
export class StoreUnusable extends Error {
  override readonly name: string = "StoreUnusable";
}

/** Another run holds the store. */
export class StoreLocked extends StoreUnusable {
  override readonly name = "StoreLocked";
}

/** A state in memory, for tests and for previews of nothing that exists. */
export class MemoryStore implements StateStore {
  private live: LiveState;
  private locked = false;

  constructor(
    snapshot: Snapshot = { resources: [], pending: [] },
    private readonly keyring = new Keyring(""),
  ) {
    this.live = new LiveState(snapshot);
  }

  load(): Promise<Snapshot> {
    return Promise.resolve(this.live.snapshot());
  }

  open(): Promise<StoreSession> {
    if (this.locked) return Promise.reject(new StoreLocked("the state is in use by another run in this process"));
    this.locked = true;
    return Promise.resolve({
      snapshot: this.live.snapshot(),
      notes: [],
      record: (change) => this.live.apply(change),
      close: (snapshot) => {
        this.live = new LiveState(snapshot);
        this.locked = false;
        return Promise.resolve();
      },
    });
  }

  crypter(salt?: string): PassphraseCrypter {
    return this.keyring.crypter(salt);
  }
}

/** The state as Pulumi's deployment JSON, which `pulumi stack import` takes; secrets are sealed with the passphrase. */
export async function exportDeployment(store: StateStore): Promise<DeploymentFile> {
  return serializeDeployment(await store.load(), store.crypter());
}

/**
 * Replaces the state by one that `exportDeployment` or `pulumi stack export` wrote. Sealed secrets must have been sealed
 * with the store's passphrase and any salt. Pending operations are dropped, as `pulumi stack import` does.
 */
export async function importDeployment(store: StateStore, file: DeploymentFile): Promise<void> {
  const snapshot = deserializeDeployment(file, store.crypter(file.deployment.secrets_providers?.state.salt));
  const session = await store.open();
  await session.close({ resources: snapshot.resources, pending: [] });
}
