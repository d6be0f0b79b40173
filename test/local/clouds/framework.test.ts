import { Cloud } from "../../../local/clouds/cloud";
import { LOOKUP } from "../../../local/protocol/provider";
import { Ledger } from "../../../local/clouds/ledger";
import type { CloudDefinition, Referrer } from "../../../local/clouds/model";
import { quota, ratchet } from "../../../local/clouds/rules";
import { World } from "../../../local/clouds/world";
import { Secret, Unknown, type PropertyMap } from "../../../local/protocol/property";
import { BOOK, LIBRARY, open, SHELF, shelf, type Settings } from "./library";
import { refusal, Tenant, urn } from "./tenant";

const preview = (tenant: Tenant, inputs: PropertyMap) =>
  tenant.provider.create({ urn: urn(BOOK, "b"), properties: inputs, preview: true, timeout: 0 });

describe("previews", () => {
  test("echo what is known and leave unknown what only the cloud can tell, touching nothing", async () => {
    const tenant = await open();
    const { id, properties } = await preview(tenant, { title: "t", cover: { colour: "red" }, shelf: "no such shelf" });
    expect(id).toBe("");
    expect(properties).toEqual({
      title: "t",
      shelf: "no such shelf",
      cover: { colour: "red", pages: Unknown.value },
      signature: Unknown.value,
      key: new Secret(Unknown.value),
    });
    expect(tenant.things()).toEqual([]);
  });

  test("tolerate unknown values anywhere", async () => {
    const tenant = await open();
    const { properties } = await preview(tenant, {
      title: Unknown.value,
      cover: Unknown.value,
      tags: new Secret(Unknown.value),
    });
    expect(properties.cover).toBe(Unknown.value);
    expect(properties.tags).toEqual(new Secret(Unknown.value));
  });
});

describe("what exists", () => {
  test("a destroy and a rebuild give the same ids; equal things side by side have different ones", async () => {
    const tenant = await open();
    const [a, b] = [await tenant.create(BOOK, "a", { title: "t" }), await tenant.create(BOOK, "b", { title: "t" })];
    const twin = await tenant.create(BOOK, "a", { title: "t" });
    expect(new Set([a.id, b.id, twin.id]).size).toBe(3);
    for (const made of [a, b, twin]) await tenant.delete(made);
    expect((await tenant.create(BOOK, "a", { title: "t" })).outputs).toEqual(a.outputs);
  });

  test("a reference must exist, a name is free only once, and what is needed stays", async () => {
    const tenant = await open();
    expect(await refusal(tenant.create(BOOK, "b", { title: "t", shelf: "s" }))).toBe(
      "creating book: NoShelf: no shelf s",
    );
    const made = await tenant.create(SHELF, "s", { name: "s" });
    expect(await refusal(tenant.create(SHELF, "s2", { name: "s" }))).toBe(
      "creating shelf (s): Taken: there is a shelf s",
    );
    const held = await tenant.create(BOOK, "b", { title: "t", shelf: "s" });
    expect(await refusal(tenant.delete(made))).toBe("deleting shelf (s): NotEmpty: 1 books");
    await tenant.delete(held);
    await tenant.delete(made);
    await tenant.delete(made);
    expect(tenant.things()).toEqual([]);
  });

  test("the same name in two towns is two things, each seen from its own", async () => {
    const world = new World(new Ledger());
    const [leiden, delft] = [await open("Leiden", world), await open("Delft", world)];
    const made = await leiden.create(SHELF, "s", { name: "s" });
    await delft.create(SHELF, "s", { name: "s" });
    expect(world.ledger.list().map(({ outputs }) => outputs.place)).toEqual(["Delft/s", "Leiden/s"]);
    await delft.delete(made);
    expect(world.ledger.list().map(({ outputs }) => outputs.place)).toEqual(["Leiden/s"]);
  });

  test("of two operations that exclude each other and overlap, the second is refused, and works when tried again", async () => {
    const tenant = await open();
    const made = await tenant.create(SHELF, "s", { name: "s", size: 1 });
    const outcomes = await Promise.allSettled([
      tenant.update(made, { name: "s", size: 2 }),
      tenant.update(made, { name: "s", size: 3 }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await refusal(Promise.reject((outcomes[1] as PromiseRejectedResult).reason))).toBe(
      "updating shelf (s): Busy: one at a time",
    );
    expect((await tenant.update(made, { name: "s", size: 3 })).outputs.size).toBe(3);
  });

  test("an update of what someone else deleted says so", async () => {
    const tenant = await open();
    const made = await tenant.create(BOOK, "b", { title: "t" });
    tenant.ledger.remove(BOOK, made.id, "Leiden");
    expect(await refusal(tenant.update(made, { title: "u" }))).toBe(
      `updating book (${made.id}): it no longer exists in the cloud; run a refresh, then deploy again`,
    );
    expect(
      await tenant.provider.read({ urn: urn(BOOK, "b"), id: made.id, properties: {}, inputs: made.inputs }),
    ).toBeNull();
  });
});

describe("what services hold beyond their schemas", () => {
  const BOOKEND = "library:index:Bookend";
  const bookend: Referrer = {
    type: BOOKEND,
    references: [{ path: "beside", type: SHELF, missing: (value) => ({ code: "NoShelf", message: value }) }],
  };
  const strict: CloudDefinition<Settings> = {
    ...LIBRARY,
    made: [bookend],
    models: [
      {
        ...shelf,
        rules: [
          quota({
            type: SHELF,
            limit: 2,
            by: (_, { scope }) => scope,
            refusal: (limit) => ({ code: "Full", message: `the town has room for ${limit} shelves` }),
          }),
          ratchet({
            path: "size",
            allows: (before, after) => Number(after) > Number(before),
            refusal: (before, after) => ({ code: "Sawn", message: `${String(before)} to ${String(after)}` }),
          }),
          ({ size }, { id, ledger, isNew }) =>
            ledger.list(SHELF).some((other) => other.id !== id && other.inputs.size !== size && isNew(other))
              ? {
                  code: "Wet",
                  message: "the paint of another shelf is wet",
                  ...(size === 9 ? { passesAfter: 30 } : {}),
                }
              : undefined,
        ],
        companions: ({ size, name }, _, { scope }) =>
          size === 1
            ? []
            : [{ type: BOOKEND, id: `${String(name)}-end`, scope, inputs: { at: name ?? "" }, outputs: {} }],
      },
    ],
  };
  const enter = (world = new World(new Ledger())) =>
    Tenant.over(new Cloud(strict, world), world.ledger, { town: "Leiden" });

  test("a quota counts what shares a key, and not the thing itself", async () => {
    const tenant = await enter();
    await tenant.create(SHELF, "a", { name: "a", size: 1 });
    const b = await tenant.create(SHELF, "b", { name: "b", size: 1 });
    expect(await refusal(tenant.create(SHELF, "c", { name: "c", size: 1 }))).toBe(
      "creating shelf (c): Full: the town has room for 2 shelves",
    );
    await tenant.provider.close();
    expect((await tenant.update(b, { name: "b", size: 2 })).outputs.size).toBe(2);
  });

  test("a ratchet goes one way", async () => {
    const tenant = await enter();
    const made = await tenant.create(SHELF, "a", { name: "a", size: 2 });
    const grown = await tenant.update(made, { name: "a", size: 3 });
    expect(await refusal(tenant.update(grown, { name: "a", size: 2 }))).toBe("updating shelf (a): Sawn: 3 to 2");
  });

  test("what is new is not seen until the run is over, unless the provider waits for it on the virtual clock", async () => {
    const world = new World(new Ledger());
    const tenant = await enter(world);
    await tenant.create(SHELF, "a", { name: "a", size: 1 });
    expect(await refusal(tenant.create(SHELF, "b", { name: "b", size: 2 }))).toBe(
      "creating shelf (b): Wet: the paint of another shelf is wet",
    );
    await tenant.create(SHELF, "c", { name: "c", size: 9 });
    expect(world.clock.spent(urn(SHELF, "c"), "create")).toBe(30);
    await tenant.provider.close();
    const next = await enter(world);
    await next.delete({ type: SHELF, name: "c", id: "c", inputs: {}, outputs: {} });
    expect((await next.create(SHELF, "b", { name: "b", size: 2 })).id).toBe("b");
  });

  test("what a service makes by itself comes and goes with its maker, and nobody mistakes it for the user's", async () => {
    const tenant = await enter();
    const made = await tenant.create(SHELF, "a", { name: "a", size: 2 });
    expect(tenant.ledger.list(BOOKEND).map(({ id, madeBy }) => [id, madeBy])).toEqual([
      ["a-end", { type: SHELF, id: "a", scope: "Leiden" }],
    ]);
    await tenant.delete(made);
    expect(tenant.things()).toEqual([]);
  });

  test("what a controller made blocks the delete of what it refers to, though no program knows it", async () => {
    const tenant = await enter();
    const made = await tenant.create(SHELF, "a", { name: "a", size: 1 });
    tenant.ledger.put({
      type: BOOKEND,
      id: "stray",
      scope: "Leiden",
      inputs: { beside: "a" },
      outputs: {},
      madeBy: { type: "a controller", id: "" },
    });
    expect(await refusal(tenant.delete(made))).toBe("deleting shelf (a): NotEmpty: 1 books");
    tenant.ledger.remove(BOOKEND, "stray", "Leiden");
    await tenant.delete(made);
  });
});

describe("secrets", () => {
  test("stay secret in outputs, also where the cloud derives something from them, and never come out in an error", async () => {
    const tenant = await open();
    const made = await tenant.create(BOOK, "b", { title: new Secret("hunter22"), isbn: "1" });
    expect(made.outputs.title).toEqual(new Secret("hunter22"));
    expect(made.outputs.signature).toBeInstanceOf(Secret);
    expect(made.outputs.key).toEqual(new Secret("opens the book"));
    const attempt = tenant.create(BOOK, "b", { title: "t", shelf: new Secret("hunter22") });
    expect(await refusal(attempt)).toBe("creating book: NoShelf: no shelf [secret]");
  });
});

describe("configuration", () => {
  test("an unknown key is refused, JSON text is read, and a change of place replaces", async () => {
    const tenant = await open();
    const { failures } = await tenant.provider.checkConfig({
      urn: "",
      olds: {},
      news: { twon: "Delft", rules: '{"quiet":true}' },
    });
    expect(failures.map(({ reason }) => reason)).toEqual([
      'the provider library has no property "twon"; did you mean "town"?',
      'the provider library needs the property "town"',
    ]);
    const request = { urn: "", id: "", olds: {}, ignoreChanges: [] };
    const moved = await tenant.provider.diffConfig({
      ...request,
      oldInputs: { town: "Leiden" },
      news: { town: "Delft" },
    });
    expect(moved.replaces).toEqual(["town"]);
    const quiet = await tenant.provider.diffConfig({
      ...request,
      oldInputs: { town: "Leiden" },
      news: { town: "Leiden", rules: "{}" },
    });
    expect([quiet.changes, quiet.replaces]).toEqual(["some", []]);
  });

  test("a function that does not exist is an error that lists those that do", async () => {
    const tenant = await open();
    expect((await tenant.provider.invoke({ token: "library:index:town", args: {} })).properties).toEqual({
      town: "Leiden",
    });
    expect(await refusal(tenant.provider.invoke({ token: "library:index:city", args: {} }))).toBe(
      "the simulated library has no function library:index:city; it has library:index:town. Functions live in local/clouds/library",
    );
  });
});

describe("recovery", () => {
  async function lookup(tenant: Tenant, type: string, inputs: PropertyMap, name?: string): Promise<PropertyMap> {
    const args = { type, inputs, ...(name === undefined ? {} : { urn: urn(type, name) }) };
    return (await tenant.provider.invoke({ token: LOOKUP, args })).properties;
  }

  test("finds what a create that was cut off has made", async () => {
    const tenant = await open();
    const [a, b] = [await tenant.create(SHELF, "a", { name: "a" }), await tenant.create(BOOK, "b", { title: "t" })];
    expect(await lookup(tenant, SHELF, a.inputs)).toEqual({ id: "a" });
    expect(await lookup(tenant, BOOK, b.inputs)).toEqual({ id: b.id });
    expect(await lookup(tenant, SHELF, { name: "c" })).toEqual({});
  });

  test("tells equal things apart by the URN of the resource", async () => {
    const tenant = await open();
    const made = await tenant.create(BOOK, "a", { title: "t" });
    expect(await lookup(tenant, BOOK, made.inputs, "a")).toEqual({ id: made.id });
    expect(await lookup(tenant, BOOK, made.inputs, "b")).toEqual({});
  });
});
