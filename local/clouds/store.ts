import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import type { Crypter, Keyring, PassphraseCrypter } from "../protocol/crypter";
import { decodeMap, encodeMap } from "../protocol/property";
import { Ledger, type LedgerChange, type LedgerEntry, type Maker } from "./ledger";

/** Changes after which the journal is folded into the snapshot. */
const COMPACT_AFTER = 2000;

type Json = { [key: string]: JavaScriptValue };

/**
 * Opens the ledger that a directory keeps; both are made when they are missing. Every change is on disk before the
 * operation that made it answers, secrets sealed with the keyring. What a killed process left half written is dropped:
 * its operation never answered.
 *
 * One process at a time may have it open. Throws when a file is damaged in any other way, or the passphrase is not the one
 * that sealed it.
 */
export function openLedger(directory: string, keyring: Keyring): Ledger {
  return new LedgerStore(directory, keyring).ledger;
}

/** A snapshot (`ledger.json`) and the changes since (`journal.jsonl`). */
class LedgerStore {
  readonly ledger: Ledger;
  private readonly snapshotFile: string;
  private readonly journalFile: string;
  private readonly crypter: LazyCrypter;
  /** Lines in the journal. */
  private changes = 0;

  constructor(directory: string, keyring: Keyring) {
    mkdirSync(directory, { recursive: true });
    this.snapshotFile = join(directory, "ledger.json");
    this.journalFile = join(directory, "journal.jsonl");
    const snapshot = this.readSnapshot();
    // The salt is in the snapshot, which must be there before the first text that it seals.
    this.crypter = new LazyCrypter(keyring, snapshot.salt, () => this.compact());
    this.ledger = new Ledger(this.replay(snapshot.entries), (change) => this.append(change));
    if (this.changes > 0) this.compact();
  }

  private replay(entries: readonly Json[]): LedgerEntry[] {
    const ledger = new Ledger(entries.map((entry) => decodeEntry(entry, this.crypter)));
    for (const change of this.readJournal()) {
      if ("put" in change) ledger.put(change.put);
      else ledger.remove(change.remove.type, change.remove.id, change.remove.scope);
      this.changes++;
    }
    return ledger.list();
  }

  private append(change: LedgerChange): void {
    const line = "put" in change ? { put: encodeEntry(change.put, this.crypter) } : { remove: { ...change.remove } };
    appendFileSync(this.journalFile, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    if (++this.changes >= COMPACT_AFTER) this.compact();
  }

  private compact(): void {
    const entries = this.ledger.list().map((entry) => encodeEntry(entry, this.crypter));
    const { salt } = this.crypter;
    const text = JSON.stringify({ version: 1, ...(salt === undefined ? {} : { salt }), entries }, undefined, 1);
    const temporary = `${this.snapshotFile}.new`;
    writeFileSync(temporary, `${text}\n`, { mode: 0o600 });
    const handle = openSync(temporary, "r");
    fsyncSync(handle);
    closeSync(handle);
    // Replaying the journal over the newer snapshot changes nothing, so being killed between these two is harmless.
    renameSync(temporary, this.snapshotFile);
    if (existsSync(this.journalFile)) truncateSync(this.journalFile);
    this.changes = 0;
  }

  private readSnapshot(): { readonly salt?: string; readonly entries: readonly Json[] } {
    if (!existsSync(this.snapshotFile)) return { entries: [] };
    const { version, salt, entries } = parse(readFileSync(this.snapshotFile, "utf8"), this.snapshotFile);
    if (version !== 1 || !Array.isArray(entries)) throw new Error(`${this.snapshotFile} is not a ledger of version 1`);
    return { entries: entries as Json[], ...(typeof salt === "string" ? { salt } : {}) };
  }

  private readJournal(): LedgerChange[] {
    if (!existsSync(this.journalFile)) return [];
    const text = readFileSync(this.journalFile, "utf8");
    const end = text.lastIndexOf("\n") + 1;
    if (end < text.length) truncateSync(this.journalFile, Buffer.byteLength(text.slice(0, end)));
    const lines = text.slice(0, end).split("\n").slice(0, -1);
    return lines.map((line, index) => {
      const change = parse(line, `${this.journalFile}, line ${index + 1},`);
      if (change.put !== undefined) return { put: decodeEntry(change.put as Json, this.crypter) };
      const { type, id, scope } = change.remove as {
        readonly type: string;
        readonly id: string;
        readonly scope?: string;
      };
      return { remove: { type, id, scope } };
    });
  }
}

/** A crypter that is made when the first secret is met, since deriving its key takes long. */
class LazyCrypter implements Crypter {
  private opened: PassphraseCrypter | undefined;

  constructor(
    private readonly keyring: Keyring,
    private known: string | undefined,
    private readonly onNewSalt: () => void,
  ) {}

  get salt(): string | undefined {
    return this.known;
  }

  encrypt(plaintext: string): string {
    return this.open().encrypt(plaintext);
  }

  decrypt(ciphertext: string): string {
    if (this.known === undefined) throw new Error("the ledger holds sealed secrets but not the salt that opens them");
    return this.open().decrypt(ciphertext);
  }

  private open(): PassphraseCrypter {
    if (this.opened !== undefined) return this.opened;
    const isNew = this.known === undefined;
    this.opened = this.keyring.crypter(this.known);
    this.known = this.opened.salt;
    if (isNew) this.onNewSalt();
    return this.opened;
  }
}

function parse(text: string, where: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Error(`${where} is damaged: it is not JSON. Delete its directory to start with empty clouds`);
  }
}

function encodeEntry({ type, id, scope, inputs, outputs, madeBy }: LedgerEntry, crypter: Crypter): Json {
  return {
    type,
    id,
    ...(scope === undefined ? {} : { scope }),
    inputs: encodeMap(inputs, crypter),
    outputs: encodeMap(outputs, crypter),
    ...(madeBy === undefined ? {} : { madeBy: { ...madeBy } as Json }),
  };
}

function decodeEntry(entry: Json, crypter: Crypter): LedgerEntry {
  return {
    type: String(entry.type),
    id: String(entry.id),
    ...(entry.scope === undefined ? {} : { scope: String(entry.scope) }),
    inputs: decodeMap(entry.inputs as Json, crypter),
    outputs: decodeMap(entry.outputs as Json, crypter),
    ...(entry.madeBy === undefined ? {} : { madeBy: entry.madeBy as Json & Maker }),
  };
}
