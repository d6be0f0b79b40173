import { Cloud } from "../../../local/clouds/cloud";
import { Ledger } from "../../../local/clouds/ledger";
import { number } from "../../../local/clouds/schema";
import { World } from "../../../local/clouds/world";
import { Secret, Unknown, type PropertyMap } from "../../../local/protocol/property";
import { BOOK, LIBRARY, open, SHELF, shelf } from "./library";
import { refusal, Tenant, urn } from "./tenant";

describe("Check", () => {
  test("names an unknown property and the one that was meant, at any depth", async () => {
    const tenant = await open();
    const { failures } = await tenant.provider.check({
      urn: urn(BOOK, "b"),
      olds: {},
      news: { titel: "x", title: "x", cover: { color: "red" } },
    });
    expect(failures).toEqual([
      { property: "titel", reason: 'library:index:Book has no property "titel"; did you mean "title"?' },
      { property: "cover.color", reason: 'library:index:Book has no property "cover.color"; did you mean "colour"?' },
    ]);
  });

  test("names what is missing, of the wrong type, or not allowed", async () => {
    const tenant = await open();
    const { failures } = await tenant.provider.check({
      urn: urn(BOOK, "b"),
      olds: {},
      news: { isbn: "x-1", lent: "yes", cover: { colour: "green" }, authors: "me" },
    });
    expect(failures.map(({ reason }) => reason)).toEqual([
      '"isbn" of library:index:Book is "x-1"; allowed: digits',
      '"lent" of library:index:Book is "yes"; allowed: true or false',
      '"cover.colour" of library:index:Book is "green"; allowed: one of red, blue',
      '"authors" of library:index:Book is "me"; allowed: a list',
      'library:index:Book needs the property "title"',
    ]);
  });

  test("does not show a secret that is wrong", async () => {
    const tenant = await open();
    const attempt = tenant.check(BOOK, "b", { title: "t", isbn: new Secret("hunter2") });
    expect(await refusal(attempt)).toBe('"isbn" of library:index:Book is [secret]; allowed: digits');
  });

  test("passes what is not known yet, fills defaults in and keeps secrets secret", async () => {
    const tenant = await open();
    const inputs = await tenant.check(BOOK, "b", { title: Unknown.value, isbn: new Secret("12"), shelf: null });
    expect(inputs).toEqual({ title: Unknown.value, isbn: new Secret("12"), lent: false });
  });

  test("a generated name stays as long as the resource does, and a replacement gets another", async () => {
    const tenant = await open();
    const first = await tenant.create(SHELF, "novels", {});
    expect(first.id).toMatch(/^novels-[0-9a-f]{7}$/);
    expect(await tenant.check(SHELF, "novels", {}, first.inputs)).toEqual(first.inputs);
    const replacement = await tenant.create(SHELF, "novels", {});
    expect(replacement.id).not.toBe(first.id);
    await tenant.delete(first);
    await tenant.delete(replacement);
    expect((await tenant.create(SHELF, "novels", {})).id).toBe(first.id);
  });

  test("a type without a model is an error that says where models live", async () => {
    const tenant = await open();
    expect(await refusal(tenant.check("library:index:Shelve", "s", {}))).toBe(
      "the simulated library has no model of library:index:Shelve; models live in local/clouds/library. Did you mean library:index:Shelf?",
    );
  });
});

describe("Diff", () => {
  const start = {
    title: "t",
    isbn: "1",
    tags: { a: "1" },
    authors: ["x", "y"],
    cover: { colour: "red", maker: { city: "A" } },
  };

  async function diffOf(news: PropertyMap, ignoreChanges: string[] = []) {
    const tenant = await open();
    const made = await tenant.create(BOOK, "b", start);
    return tenant.diff(made, news, ignoreChanges);
  }

  test("equal inputs, also in another order where order does not matter, are no change", async () => {
    const result = await diffOf({ ...start, authors: ["y", "x"], title: new Secret("t") });
    expect(result).toEqual({ changes: "none", diffs: [], replaces: [], deleteBeforeReplace: false, detailedDiff: {} });
  });

  test("names nested paths, and replaces only for what is immutable", async () => {
    const result = await diffOf({
      ...start,
      tags: { a: "2", "b.c": "3" },
      cover: { colour: "blue", maker: { city: "B" } },
    });
    expect(result.diffs).toEqual(["cover", "tags"]);
    expect(result.replaces).toEqual(["cover"]);
    expect(Object.fromEntries(Object.entries(result.detailedDiff).map(([path, { kind }]) => [path, kind]))).toEqual({
      "cover.colour": "update",
      "cover.maker.city": "update-replace",
      "tags.a": "update",
      'tags["b.c"]': "add",
    });
  });

  test("an unknown value of an immutable property replaces", async () => {
    const result = await diffOf({ ...start, isbn: Unknown.value });
    expect(result.detailedDiff).toEqual({ isbn: { kind: "update-replace", inputDiff: true } });
  });

  test("ignoreChanges is honoured for paths and wildcards", async () => {
    const news = { ...start, isbn: "2", tags: { a: "2" }, authors: ["z"] };
    expect((await diffOf(news, ["isbn", "tags.a", "authors[*]"])).changes).toBe("none");
    expect((await diffOf(news, ["*"])).changes).toBe("none");
    expect((await diffOf(news, ["isbn"])).diffs).toEqual(["authors", "tags"]);
  });

  test("a fixed name is deleted before it is created again, a generated one is not", async () => {
    const tenant = await Tenant.over(
      new Cloud(
        { ...LIBRARY, models: [{ ...shelf, properties: { ...shelf.properties, size: number({ immutable: true }) } }] },
        new World(new Ledger()),
      ),
      new Ledger(),
      { town: "Leiden" },
    );
    const fixed = await tenant.create(SHELF, "a", { name: "a", size: 1 });
    const generated = await tenant.create(SHELF, "b", { size: 1 });
    expect((await tenant.diff(fixed, { name: "a", size: 2 })).deleteBeforeReplace).toBe(true);
    expect((await tenant.diff(generated, { size: 2 })).deleteBeforeReplace).toBe(false);
  });
});
