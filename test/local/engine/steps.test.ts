import { destroy } from "../../../local/engine";
import { Unknown } from "../../../local/protocol/property";
import type { DiffRequest } from "../../../local/protocol/provider";
import { urnName } from "../../../local/protocol/urn";
import { errors, Group, Life, steps, Thing } from "./toy";
import type { Body } from "./toy";

const things =
  (values: Record<string, object>): Body =>
  (provider) => {
    for (const [name, args] of Object.entries(values)) new Thing(name, { ...args }, { provider });
  };

test("a program's resources are created, updated, left alone and deleted", async () => {
  const life = new Life();
  const first = await life.up((provider) => {
    const a = new Thing("a", { value: "1" }, { provider });
    new Thing("b", { value: a.computed }, { provider });
    return { seen: a.computed };
  });
  expect(errors(first)).toEqual([]);
  expect(steps(first)).toEqual(["create a", "create b"]);
  expect(first.changes).toEqual({ create: 4 });
  expect(first.outputs).toEqual({ seen: "computed of a-1" });

  const second = await life.up(things({ a: { value: "2" } }));
  expect(steps(second)).toEqual(["update a", "delete b"]);
  expect(second.changes).toEqual({ delete: 1, same: 2, update: 1 });
  expect(second.outputs).toEqual({});
  expect(life.cloud.names()).toEqual(["a-1"]);

  const third = await life.up(things({ a: { value: "2" } }));
  expect(third.changes).toEqual({ same: 3 });
});

test("a generated name is kept by updates, and a replacement gets a new one", async () => {
  const life = new Life();
  await life.up(things({ a: { force: "1", value: "1" } }));
  const first = (await life.state("a")).outputs.name;
  await life.up(things({ a: { force: "1", value: "2" } }));
  expect((await life.state("a")).outputs.name).toBe(first);
  await life.up(things({ a: { force: "2", value: "2" } }));
  expect((await life.state("a")).outputs.name).not.toBe(first);
});

test("a replacement creates first, lets dependents follow, and deletes last", async () => {
  const life = new Life();
  const program =
    (force: string): Body =>
    (provider) => {
      const a = new Thing("a", { force }, { provider });
      new Thing("b", { value: a.computed }, { provider });
    };
  await life.up(program("1"));
  const result = await life.up(program("2"));
  expect(steps(result)).toEqual(["create-replacement a", "replace a", "update b", "delete-replaced a"]);
  expect(result.steps.find((step) => step.operation === "replace")?.replaceKeys).toEqual(["force"]);
  expect(result.changes).toEqual({ replace: 1, same: 2, update: 1 });
  expect(life.cloud.names()).toEqual(["a-3", "b-2"]);
});

test("a replacement that deletes first takes along the dependents that it would break, and only those", async () => {
  const life = new Life();
  const program =
    (force: string): Body =>
    (provider) => {
      const a = new Thing("a", { force }, { provider, deleteBeforeReplace: true });
      const b = new Thing("b", { forceDep: a.computed }, { provider });
      new Thing("c", { value: a.computed }, { provider });
      new Thing("d", {}, { provider, dependsOn: a });
      new Thing("e", { forceDep: b.computed }, { provider });
    };
  await life.up(program("1"));
  const result = await life.up(program("2"));
  expect(errors(result)).toEqual([]);
  expect(steps(result).slice(0, 5)).toEqual([
    "delete-replaced e",
    "delete-replaced b",
    "delete-replaced a",
    "replace a",
    "create-replacement a",
  ]);
  expect(steps(result).slice(5).sort()).toEqual([
    "create-replacement b",
    "create-replacement e",
    "replace b",
    "replace e",
    "update c",
  ]);
  const asked = life.cloud.requestsOf<DiffRequest>("diff", "b")[0];
  expect(asked?.news.forceDep).toBe(Unknown.value);
  expect(await life.names()).toEqual(["a", "b", "c", "d", "e"]);
  expect(life.cloud.things.size).toBe(5);
});

test("a provider's wish to delete first is followed unless the program decides otherwise", async () => {
  const life = new Life();
  await life.up(things({ a: { deleteFirst: true, force: "1" } }));
  expect(steps(await life.up(things({ a: { deleteFirst: true, force: "2" } })))[0]).toBe("delete-replaced a");
  const overruled = await life.up((provider) => {
    new Thing("a", { deleteFirst: true, force: "3" }, { provider, deleteBeforeReplace: false });
  });
  expect(steps(overruled)[0]).toBe("create-replacement a");
});

test("deletes go from dependents to dependencies, whatever kind the dependency is", async () => {
  const life = new Life();
  await life.up((provider) => {
    const group = new Group("group");
    const a = new Thing("a", {}, { provider, parent: group });
    const b = new Thing("b", { value: a.computed }, { provider });
    new Thing("c", {}, { provider, dependsOn: b });
    group.finish({});
  });
  const result = await destroy(life.options(() => {}));
  const order = result.steps.filter((step) => step.operation === "delete").map((step) => urnName(step.urn));
  expect(order.slice(0, 3)).toEqual(["c", "b", "a"]);
  expect(order.slice(3, 5).sort()).toEqual(["group", "toys"]);
  expect(order.slice(5)).toEqual(["test-local"]);
  expect(life.cloud.things.size).toBe(0);
});

test("an unknown answer of Diff is settled by comparing the inputs", async () => {
  const life = new Life();
  await life.up(things({ a: { opaque: true, value: { deep: ["1"] } } }));
  expect(steps(await life.up(things({ a: { opaque: true, value: { deep: ["1"] } } })))).toEqual([]);
  const changed = await life.up(things({ a: { opaque: true, value: { deep: ["2"] } } }));
  expect(changed.steps.find((step) => step.operation === "update")?.detailedDiff).toEqual({
    "value.deep[0]": { kind: "update", inputDiff: true },
  });
});

test("independent resources are created at the same time, up to the limit", async () => {
  const life = new Life();
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`t${index}`, {}]));
  await life.up(things(many), { parallel: 3 });
  expect(life.cloud.mostConcurrent).toBe(3);
});

test("a preview plans what the update then does, and changes nothing", async () => {
  const life = new Life();
  const program =
    (force: string): Body =>
    (provider) => {
      const a = new Thing("a", { force }, { provider });
      new Thing("b", { value: a.computed }, { provider });
      new Group("g").finish({ out: a.computed });
      return { out: a.computed };
    };
  const first = await life.preview(program("1"));
  expect(life.cloud.things.size).toBe(0);
  expect(await life.store.load()).toEqual({ resources: [], pending: [] });
  expect(first.steps.find((step) => urnName(step.urn) === "b")?.new?.inputs.value).toBe(Unknown.value);
  expect(first.outputs.out).toBe(Unknown.value);

  const graph = (result: typeof first): string[] =>
    result.steps
      .map(({ operation, urn, new: next }) =>
        JSON.stringify([
          operation,
          urn,
          next?.parent,
          next?.dependencies,
          next?.propertyDependencies,
          Object.keys(next?.inputs ?? {}),
        ]),
      )
      .sort();
  expect(graph(first)).toEqual(graph(await life.up(program("1"))));
  expect(graph(await life.preview(program("2")))).toEqual(graph(await life.up(program("2"))));
});

test("functions are answered by the provider that the program names", async () => {
  const pulumi = await import("@pulumi/pulumi");
  const life = new Life();
  const result = await life.up(async (provider) => {
    const answer = await pulumi.runtime.invoke("toy:index:tell", { value: "ping" }, { provider });
    return { answer };
  });
  expect(result.outputs).toEqual({ answer: { echo: "ping", region: "north" } });
});

test("a resource that is only read is never the stack's own", async () => {
  const life = new Life();
  life.cloud.things.set("found", { type: "toy:index:Thing", inputs: { value: "theirs" } });
  const body: Body = (provider) => {
    const found = new Thing("seen", {}, { provider, id: "found" });
    return { value: found.value };
  };
  const result = await life.up(body);
  expect(errors(result)).toEqual([]);
  expect(steps(result)).toEqual(["read seen"]);
  expect(result.outputs).toEqual({ value: "theirs" });
  expect((await life.state("seen")).external).toBe(true);
  expect(steps(await life.up(() => {}))).toEqual(["discard seen"]);
  expect(life.cloud.names()).toEqual(["found"]);
});
