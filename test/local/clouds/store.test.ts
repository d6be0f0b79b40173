import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { LedgerEntry } from "../../../local/clouds/ledger";
import { openLedger } from "../../../local/clouds/store";
import { FileStore } from "../../../local/engine";
import { Keyring } from "../../../local/protocol/crypter";
import { Secret } from "../../../local/protocol/property";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ledger-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const entry = (id: string, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
  type: "aws:s3/bucket:Bucket",
  id,
  inputs: { bucket: id },
  outputs: { bucket: id },
  ...more,
});

const files = (): string =>
  readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), "utf8"))
    .join("\n");

test("what was put and not removed is there again, scopes and all", () => {
  const ledger = openLedger(directory, new Keyring("pass"));
  ledger.put(entry("a"));
  ledger.put(entry("b", { scope: "123456789012/eu-west-1" }));
  ledger.put(entry("b", { scope: "123456789012/us-east-1" }));
  ledger.put(entry("c"));
  ledger.put(entry("a", { outputs: { bucket: "changed" } }));
  ledger.remove("aws:s3/bucket:Bucket", "c");
  ledger.remove("aws:s3/bucket:Bucket", "b", "123456789012/us-east-1");
  const expected = [entry("a", { outputs: { bucket: "changed" } }), entry("b", { scope: "123456789012/eu-west-1" })];
  expect(openLedger(directory, new Keyring("pass")).list()).toEqual(expected);
  // The first opening folded the journal into the snapshot; the second reads that.
  expect(readFileSync(join(directory, "journal.jsonl"), "utf8")).toBe("");
  expect(openLedger(directory, new Keyring("pass")).list()).toEqual(expected);
});

test("a last line that was cut off is dropped, and writing goes on behind the whole ones", () => {
  openLedger(directory, new Keyring("pass")).put(entry("a"));
  appendFileSync(join(directory, "journal.jsonl"), '{"put":{"type":"aws:s3/buck');
  const ledger = openLedger(directory, new Keyring("pass"));
  expect(ledger.list()).toEqual([entry("a")]);
  ledger.put(entry("b"));
  expect(openLedger(directory, new Keyring("pass")).list()).toEqual([entry("a"), entry("b")]);
});

test("a journal that was folded in but not emptied changes nothing", () => {
  const ledger = openLedger(directory, new Keyring("pass"));
  ledger.put(entry("a"));
  ledger.put(entry("b"));
  ledger.remove("aws:s3/bucket:Bucket", "a");
  const journal = readFileSync(join(directory, "journal.jsonl"));
  openLedger(directory, new Keyring("pass"));
  writeFileSync(join(directory, "journal.jsonl"), journal);
  expect(openLedger(directory, new Keyring("pass")).list()).toEqual([entry("b")]);
});

test("any other damage is an error that says where and what to do", () => {
  openLedger(directory, new Keyring("pass")).put(entry("a"));
  const journal = join(directory, "journal.jsonl");
  writeFileSync(journal, `oops\n${readFileSync(journal, "utf8")}`);
  expect(() => openLedger(directory, new Keyring("pass"))).toThrow(
    `${journal}, line 1, is damaged: it is not JSON. Delete its directory to start with empty clouds`,
  );
});

test("secrets are sealed in every file, and open with the passphrase only", () => {
  const secret = entry("a", {
    inputs: { password: new Secret("hunter22") },
    outputs: { nested: { list: [new Secret({ key: "hunter22" })] } },
  });
  openLedger(directory, new Keyring("pass")).put(secret);
  expect(files()).not.toContain("hunter22");
  expect(openLedger(directory, new Keyring("pass")).list()).toEqual([secret]);
  expect(files()).not.toContain("hunter22");
  expect(() => openLedger(directory, new Keyring("other"))).toThrow("incorrect passphrase");
});

test("the state and the ledger of one stack, both new, are sealed with one salt; each keeps it for the runs to come", async () => {
  const [state, clouds] = [join(directory, "state"), join(directory, "clouds")];
  const secret = entry("a", { outputs: { key: new Secret("open sesame") } });
  const run = async (keyring: Keyring): Promise<readonly LedgerEntry[]> => {
    const session = await new FileStore(state, keyring).open();
    const ledger = openLedger(clouds, keyring);
    if (ledger.list().length === 0) ledger.put(secret);
    await session.close(session.snapshot);
    return ledger.list();
  };
  const salts = (): string[] =>
    [join(state, "state.json"), join(clouds, "ledger.json")].map(
      (file) => /"salt": "([^"]+)"/.exec(readFileSync(file, "utf8"))?.[1] ?? "",
    );
  await run(new Keyring("pass"));
  const [salt = ""] = salts();
  expect(salt).toMatch(/^v1:/);
  expect(salts()).toEqual([salt, salt]);

  rmSync(state, { recursive: true });
  expect(await run(new Keyring("pass"))).toEqual([secret]);
  const [newer, kept] = salts();
  expect(kept).toBe(salt);
  expect(newer).not.toBe(salt);
  expect(await run(new Keyring("pass"))).toEqual([secret]);
  expect(salts()).toEqual([newer, salt]);
});
