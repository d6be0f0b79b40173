import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

import type { Keyring, PassphraseCrypter } from "../protocol/crypter";
import { deserializeDeployment, deserializeResource, serializeDeployment, serializeResource } from "./deployment";
import type { DeploymentFile, Json } from "./deployment";
import { takeLock } from "./lock";
import { LiveState } from "./live-state";
import type { StateChange } from "./live-state";
import { StoreUnusable } from "./store";
import type { StateStore, StoreSession } from "./store";
import type { Snapshot } from "./types";

/** A change as the journal holds it, with its resource in Pulumi's format. */
type JournalLine = StateChange<Json>;

/** First line: digest of the state file that the journal continues. */
interface JournalHead {
  readonly base: string;
}

const EMPTY: Snapshot = { resources: [], pending: [] };

/**
 * A state in a directory: `state.json` is Pulumi's deployment JSON, `journal.jsonl` what has changed since. Every step
 * appends to the journal, so that its cost does not grow with the stack; a run starts and ends by folding the journal into
 * the state file, which is replaced atomically.
 */
export class FileStore implements StateStore {
  private readonly statePath: string;
  private readonly journalPath: string;
  private seal: PassphraseCrypter | undefined;

  constructor(
    private readonly directory: string,
    private readonly keyring: Keyring,
  ) {
    this.statePath = path.join(directory, "state.json");
    this.journalPath = path.join(directory, "journal.jsonl");
  }

  load(): Promise<Snapshot> {
    return Promise.resolve(this.read().snapshot);
  }

  crypter(salt?: string): PassphraseCrypter {
    if (salt !== undefined) return this.keyring.crypter(salt);
    this.seal ??= this.keyring.crypter(this.readState()?.file.deployment.secrets_providers?.state.salt);
    return this.seal;
  }

  async open(): Promise<StoreSession> {
    fs.mkdirSync(this.directory, { recursive: true });
    const lock = takeLock(path.join(this.directory, "lock.json"));
    try {
      const { snapshot, notes } = this.read();
      this.compact(snapshot);
      const journal = fs.openSync(this.journalPath, "a");
      return {
        snapshot,
        notes: [...lock.notes, ...notes],
        record: (change) => void fs.writeSync(journal, this.line(change)),
        close: (final) => {
          fs.closeSync(journal);
          this.compact(final);
          lock.release();
          return Promise.resolve();
        },
      };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private read(): { snapshot: Snapshot; notes: string[] } {
    const state = this.readState();
    const base = state === undefined ? EMPTY : deserializeDeployment(state.file, this.crypter());
    if (!fs.existsSync(this.journalPath)) return { snapshot: base, notes: [] };
    const lines = fs.readFileSync(this.journalPath, "utf8").split("\n");
    // What follows the last line break is a line that a killed process could not finish.
    const torn = lines.pop() !== "";
    const [head, ...changes] = lines;
    const continues = head !== undefined && (JSON.parse(head) as JournalHead).base === (state?.digest ?? "");
    if (!continues || changes.length === 0) return { snapshot: base, notes: [] };
    const live = new LiveState(base);
    for (const change of changes) live.apply(this.changeOf(JSON.parse(change) as JournalLine));
    const loss = torn ? "; its last line was incomplete and is left out" : "";
    return {
      snapshot: live.snapshot(),
      notes: [`The previous run did not end properly. Its ${changes.length} recorded changes were restored${loss}.`],
    };
  }

  private readState(): { file: DeploymentFile; digest: string } | undefined {
    if (!fs.existsSync(this.statePath)) return undefined;
    const text = fs.readFileSync(this.statePath, "utf8");
    try {
      return { file: JSON.parse(text) as DeploymentFile, digest: digestOf(text) };
    } catch {
      throw new StoreUnusable(
        `${this.statePath} is not JSON: restore it from a copy, or delete it to start from nothing`,
      );
    }
  }

  private compact(snapshot: Snapshot): void {
    const text = `${JSON.stringify(serializeDeployment(snapshot, this.crypter()), null, 2)}\n`;
    replaceFile(this.statePath, text);
    replaceFile(this.journalPath, `${JSON.stringify({ base: digestOf(text) })}\n`);
  }

  private line(change: StateChange): string {
    const line: JournalLine =
      "resource" in change ? { ...change, resource: serializeResource(change.resource, this.crypter()) } : change;
    return `${JSON.stringify(line)}\n`;
  }

  private changeOf(line: JournalLine): StateChange {
    return "resource" in line ? { ...line, resource: deserializeResource(line.resource, this.crypter()) } : line;
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function replaceFile(file: string, text: string): void {
  const next = `${file}.next`;
  fs.writeFileSync(next, text);
  fs.renameSync(next, file);
}
