import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import {
  exportDeployment,
  FileStore,
  importDeployment,
  MemoryStore,
  previewDigest,
  recover,
  toPulumiEvent,
} from "../../../local/engine";
import type { Analyzer } from "../../../local/engine";
import { Keyring } from "../../../local/protocol/crypter";
import { InitializationFailed, ProviderError } from "../../../local/protocol/provider";
import { errors, Life, steps, Thing } from "./toy";
import type { Body } from "./toy";

let directory: string;
beforeEach(() => (directory = fs.mkdtempSync(path.join(os.tmpdir(), "engine-"))));
afterEach(() => fs.rmSync(directory, { recursive: true }));

const three: Body = (provider) => {
  new Thing("ok", {}, { provider });
  const bad = new Thing("bad", {}, { provider });
  new Thing("after", { value: bad.computed }, { provider });
};

test("when a resource fails, its siblings are kept, its dependents not started and nothing is deleted", async () => {
  const life = new Life();
  await life.up((provider) => {
    new Thing("former", {}, { provider });
  });
  life.cloud.faults = { "create:bad": new ProviderError("quota exceeded") };
  const result = await life.up(three);
  expect(result.succeeded).toBe(false);
  expect(errors(result)).toEqual(["quota exceeded"]);
  expect(await life.names()).toEqual(["former", "ok"]);
  expect((await life.store.load()).pending).toEqual([]);

  life.cloud.faults = {};
  const retried = await life.up(three);
  expect(steps(retried).sort()).toEqual(["create after", "create bad", "delete former"]);
});

test("a value that Check refuses fails the run with the property's name, and the siblings stay", async () => {
  const life = new Life();
  const result = await life.up((provider) => {
    new Thing("a", { invalid: "secret-looking value" }, { provider });
  });
  expect(errors(result)).toEqual([
    "toy:index:Thing resource 'a': property invalid is not allowed".replace("invalid is", "invalid has a problem: is"),
  ]);
});

test("a program that throws deletes nothing, and its error has no stack trace", async () => {
  const life = new Life();
  await life.up((provider) => {
    new Thing("a", {}, { provider });
  });
  const result = await life.up(() => {
    throw new Error("cannot go on");
  });
  expect(result.succeeded).toBe(false);
  expect(errors(result)).toEqual(["cannot go on"]);
  expect(await life.names()).toEqual(["a"]);
});

test("a function that fails is the program's to catch or to fail with", async () => {
  const life = new Life();
  const caught = await life.up(async (provider) => {
    const answer = await pulumi.runtime.invoke("toy:index:fail", {}, { provider }).catch(() => "caught");
    return { answer };
  });
  expect(caught.outputs).toEqual({ answer: "caught" });
});

test("a resource that does not become ready is kept, and continued in the next run", async () => {
  const life = new Life();
  const body: Body = (provider) => {
    new Thing("slow", {}, { provider });
  };
  life.cloud.faults = { "create:slow": new InitializationFailed("slow-9", { value: "half" }, {}, ["not ready"]) };
  const failed = await life.up(body);
  expect(errors(failed)).toEqual(["not ready"]);
  expect(await life.state("slow")).toMatchObject({
    id: "slow-9",
    initErrors: ["not ready"],
    outputs: { value: "half" },
  });

  life.cloud.faults = {};
  expect(steps(await life.up(body))).toEqual(["update slow"]);
  expect((await life.state("slow")).initErrors).toBeUndefined();
});

test("a mandatory policy stops an update before the provider is called, and lets a preview go on", async () => {
  const pack: Analyzer = {
    name: "pack",
    analyze: async ({ type, properties }) =>
      type !== "toy:index:Thing" || properties.value !== "public"
        ? []
        : [{ policy: "no-public", level: "mandatory", outcome: "fail", message: "must not be public" }],
  };
  const body: Body = (provider) => {
    new Thing("a", { value: "public" }, { provider });
  };
  const life = new Life();
  const shown = await life.preview(body, { analyzers: [pack] });
  expect(shown.succeeded).toBe(false);
  expect(shown.policyViolations.map(({ policy, outcome, pack: name }) => [policy, outcome, name])).toEqual([
    ["no-public", "fail", "pack"],
  ]);
  const done = await life.up(body, { analyzers: [pack] });
  expect(done.succeeded).toBe(false);
  expect(life.cloud.things.size).toBe(0);
});

test("a run that is stopped lets running steps finish, and starts no others", async () => {
  const life = new Life();
  const stop = new AbortController();
  let open = (): void => {};
  life.cloud.gates.first = new Promise((resolve) => (open = resolve));
  const running = life.up(
    (provider) => {
      const first = new Thing("first", {}, { provider });
      new Thing("second", { value: first.computed }, { provider });
    },
    { signal: stop.signal },
  );
  while (!life.events.some((event) => event.kind === "step-started" && event.step.urn.endsWith("::first"))) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  stop.abort();
  open();
  const result = await running;
  expect(result.succeeded).toBe(false);
  expect(errors(result)).toEqual(["the run was stopped before its end: what had been done is saved"]);
  expect(await life.names()).toEqual(["first"]);
});

test("a run that is abandoned ends at once, and the next one finds what was under way", async () => {
  const life = new Life();
  const abandon = new AbortController();
  let open = (): void => {};
  life.cloud.gates.first = new Promise((resolve) => (open = resolve));
  const body: Body = (provider) => {
    const first = new Thing("first", {}, { provider });
    new Thing("second", { value: first.computed }, { provider });
  };
  const running = life.up(body, { abandon: abandon.signal });
  while (!life.events.some((event) => event.kind === "step-started" && event.step.urn.endsWith("::first"))) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  abandon.abort();
  const result = await running;
  expect(result.succeeded).toBe(false);
  expect(errors(result)).toEqual([
    "the run was stopped at once: what had been done is saved, and whether these are is not known: " +
      "creating urn:pulumi:local::test::toy:index:Thing::first",
  ]);
  expect(life.cloud.calls).toContain("close");
  const left = await life.store.load();
  expect(left.pending.map(({ type, resource }) => [type, resource.urn.split("::").pop()])).toEqual([
    ["creating", "first"],
  ]);
  expect(await life.names()).toEqual([]);

  open();
  while (life.cloud.things.size === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(await life.store.load()).toEqual(left);
  const after = await life.up(body);
  expect(errors(after)).toEqual([]);
  expect(steps(after)).toEqual(["create second"]);
  expect(life.cloud.names()).toEqual(["first-1", "second-2"]);
  expect((await life.store.load()).pending).toEqual([]);
});

test("no secret is in any file of the state, nor in messages, events or a preview, not even as it was in the open before", async () => {
  const life = new Life(new FileStore(directory, new Keyring("passphrase")));
  const body =
    (token: pulumi.Input<string>): Body =>
    (provider) => {
      new Thing("a", { token, force: "1" }, { provider });
    };
  await life.up(body("correct-horse"));
  const preview = await life.preview(body(pulumi.secret("battery-staple")));
  expect(JSON.stringify(previewDigest(preview))).not.toMatch(/correct-horse|battery-staple/);
  expect(JSON.stringify(previewDigest(preview))).toContain('"token":"[secret]"');
  await life.up(body(pulumi.secret("battery-staple")));
  expect(JSON.stringify(life.events.map((event) => toPulumiEvent(event)))).not.toMatch(/correct-horse|battery-staple/);

  life.cloud.faults = { "update:a": new ProviderError("token other-secret is refused") };
  const failed = await life.up(body(pulumi.secret("other-secret")));
  expect(errors(failed)).toEqual(["token [secret] is refused"]);
  for (const file of fs.readdirSync(directory)) {
    expect(fs.readFileSync(path.join(directory, file), "utf8")).not.toMatch(/battery-staple|other-secret/);
  }
  expect(fs.readdirSync(directory).sort()).toEqual(["journal.jsonl", "state.json"]);
});

test("a killed run loses nothing: the next one finds what was made, and adopts what was being made", async () => {
  const first = new Life(new FileStore(directory, new Keyring("passphrase")));
  // The process dies inside of the second create: the thing exists, the engine never hears of it.
  let release = (): void => {};
  first.cloud.gates.lost = new Promise((resolve) => (release = resolve));
  const body: Body = (provider) => {
    const made = new Thing("made", {}, { provider });
    new Thing("lost", { value: made.computed }, { provider });
  };
  const killed = first.up(body);
  while (!first.events.some((event) => event.kind === "step-started" && event.step.urn.endsWith("::lost"))) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const copy = path.join(directory, "after-the-kill");
  fs.mkdirSync(copy);
  for (const file of ["state.json", "journal.jsonl"])
    fs.copyFileSync(path.join(directory, file), path.join(copy, file));
  fs.appendFileSync(path.join(copy, "journal.jsonl"), '{"op":"put","resou');
  fs.writeFileSync(
    path.join(copy, "lock.json"),
    JSON.stringify({ pid: 2 ** 22 + 1, owner: "ada", host: os.hostname(), time: "2026-01-01T00:00:00Z" }),
  );

  const store = new FileStore(copy, new Keyring("passphrase"));
  const left = await store.load();
  expect(left.pending.map(({ type, resource }) => [type, resource.urn])).toEqual([
    ["creating", "urn:pulumi:local::test::toy:index:Thing::lost"],
  ]);
  const inputs = left.pending[0]?.resource.inputs ?? {};
  const second = new Life(store);
  second.cloud.things.set("made-1", {
    type: "toy:index:Thing",
    inputs: first.cloud.things.get("made-1")?.inputs ?? {},
  });
  second.cloud.things.set("lost-2", { type: "toy:index:Thing", inputs });
  const result = await second.up(body);
  expect(errors(result)).toEqual([]);
  expect(steps(result)).toEqual([]);
  expect(second.cloud.names()).toEqual(["lost-2", "made-1"]);
  const notes = result.diagnostics.map(({ message }) => message);
  expect(notes[0]).toMatch(/^The lock of process \d+ of ada \(since 2026-01-01T00:00:00Z\) was stale/);
  expect(notes[1]).toMatch(/^The previous run did not end properly.*last line was incomplete/);
  expect(notes[2]).toBe(
    'The previous run was cut off while creating urn:pulumi:local::test::toy:index:Thing::lost. It exists as "lost-2" and is now part of the state, so it is not created twice.',
  );
  release();
  await killed;
});

/** A stack whose provider is there, and whose one thing was being created when the run was cut off. */
async function cutOff(): Promise<Life> {
  const life = new Life();
  await life.up((provider) => void new Thing("a", {}, { provider }));
  const { resources } = await life.store.load();
  const lost = await life.state("a");
  life.cloud.things.clear();
  const { id: _, ...resource } = lost;
  const rest = resources.filter(({ urn }) => urn !== lost.urn);
  return Object.assign(new Life(new MemoryStore({ resources: rest, pending: [{ type: "creating", resource }] })), {
    cloud: life.cloud,
  });
}

test("what was not made before the kill is made in the next run", async () => {
  const life = await cutOff();
  const result = await life.up((provider) => {
    new Thing("a", {}, { provider });
  });
  expect(steps(result)).toEqual(["create a"]);
  expect((await life.store.load()).pending).toEqual([]);
});

test("nothing is done while it is not known what a killed run has made, until the user says to forget it", async () => {
  const life = await cutOff();
  const body: Body = (provider) => void new Thing("a", {}, { provider });
  life.cloud.faults = { "invoke:a": new ProviderError("the cloud cannot be reached") };
  const urn = "urn:pulumi:local::test::toy:index:Thing::a";
  const unknown =
    `The previous run was cut off while creating ${urn}. Whether it exists could not be found out ` +
    "(the cloud cannot be reached).";
  const refused = await life.up(body);
  expect(errors(refused)).toEqual([
    `${unknown} Nothing is done before that is known. Try again when the cloud can be asked; if you know that it does ` +
      `not exist: isthmus recover --forget '${urn}'`,
  ]);
  expect(life.cloud.things.size).toBe(0);
  const shown = await life.preview(body);
  expect(shown.succeeded).toBe(true);
  expect(shown.diagnostics.map(({ message }) => message)).toEqual([unknown]);

  const { operations } = await recover(life.options(body));
  expect(operations.map(({ outcome }) => outcome)).toEqual(["unknown"]);
  const forgotten = await recover(life.options(body), [urn]);
  expect(forgotten.operations.map(({ outcome }) => outcome)).toEqual(["forgotten"]);
  expect((await recover(life.options(body))).operations).toEqual([]);
  expect(steps(await life.up(body))).toEqual(["create a"]);
});

test("what a killed run had deleted is forgotten, not deleted twice", async () => {
  const life = new Life();
  await life.up((provider) => {
    new Thing("kept", {}, { provider });
    new Thing("gone", {}, { provider });
  });
  const { resources } = await life.store.load();
  const gone = await life.state("gone");
  life.cloud.things.delete(gone.id ?? "");
  const after = new Life(new MemoryStore({ resources, pending: [{ type: "deleting", resource: gone }] }));
  for (const [id, thing] of life.cloud.things) after.cloud.things.set(id, thing);
  const result = await after.up((provider) => {
    new Thing("kept", {}, { provider });
  });
  expect(errors(result)).toEqual([]);
  expect(steps(result)).toEqual([]);
  expect(result.diagnostics[0]?.message).toBe(
    "The previous run was cut off while deleting urn:pulumi:local::test::toy:index:Thing::gone. It is gone, and is no longer part of the state.",
  );
});

test("a store that another run holds is refused with the holder's name", async () => {
  const store = new FileStore(directory, new Keyring("passphrase"));
  const session = await store.open();
  await expect(new FileStore(directory, new Keyring("passphrase")).open()).rejects.toThrow(
    `in use by process ${process.pid} of ${os.userInfo().username} on ${os.hostname()} since `,
  );
  await session.close({ resources: [], pending: [] });
  await (await new FileStore(directory, new Keyring("passphrase")).open()).close({ resources: [], pending: [] });
});

test("an exported state is Pulumi's deployment, and comes back the same", async () => {
  const life = new Life();
  await life.up((provider) => {
    const z = new Thing("z", { value: pulumi.secret({ deep: ["x"] }), big: NaN }, { provider, protect: true });
    new Thing("a", { value: z.computed }, { provider });
    return { out: z.value };
  });
  const file = await exportDeployment(life.store);
  expect(file.deployment.resources?.map(({ urn }) => String(urn).split("::").pop())).toEqual([
    "test-local",
    "toys",
    "z",
    "a",
  ]);
  expect(Object.keys(file.deployment.resources?.[2] ?? {})).toEqual([
    "urn",
    "custom",
    "id",
    "type",
    "inputs",
    "outputs",
    "parent",
    "protect",
    "provider",
    "propertyDependencies",
  ]);
  expect(JSON.stringify(file)).not.toContain('"deep"');
  const copy = new MemoryStore();
  await importDeployment(copy, JSON.parse(JSON.stringify(file)) as typeof file);
  expect(await copy.load()).toEqual(await life.store.load());
  const closed = new MemoryStore(undefined, new Keyring("wrong"));
  await expect(importDeployment(closed, file)).rejects.toThrow("incorrect passphrase");
});
