import * as pulumi from "@pulumi/pulumi";

import type { ResourceState } from "../../../local/engine";
import { Secret } from "../../../local/protocol/property";
import type { CreateRequest, DiffRequest } from "../../../local/protocol/provider";
import { errors, Group, Life, steps, Thing, Toys } from "./toy";
import type { Body } from "./toy";

const one =
  (args: pulumi.Inputs, options: pulumi.CustomResourceOptions = {}): Body =>
  (provider) => {
    new Thing("a", args, { provider, ...options });
  };

test("a protected resource is neither deleted nor replaced until it is unprotected", async () => {
  const life = new Life();
  await life.up((provider) => {
    const base = new Thing("base", {}, { provider });
    new Thing("a", { force: "1", value: base.computed }, { provider, protect: true });
    new Thing("other", {}, { provider });
  });
  const deleting = await life.up((provider) => {
    new Thing("base", {}, { provider });
  });
  expect(deleting.succeeded).toBe(false);
  expect(errors(deleting)[0]).toMatch(/resource ".*::a" cannot be deleted\nbecause it is protected/);
  expect(steps(deleting)).toEqual(["delete other"]);

  const replacing = await life.up(one({ force: "2" }, { protect: true }));
  expect(errors(replacing)[0]).toMatch(/unable to replace resource ".*::a"\nas it is currently marked for protection/);
  expect(await life.names()).toEqual(["a", "base"]);
  expect(life.cloud.things.size).toBe(2);

  expect((await life.up(one({ force: "2" }, { protect: false }))).succeeded).toBe(true);
});

test("retainOnDelete forgets the resource and leaves the thing", async () => {
  const life = new Life();
  await life.up(one({}, { retainOnDelete: true }));
  expect(steps(await life.up(() => {}))).toEqual(["delete a"]);
  expect(life.cloud.names()).toEqual(["a-1"]);
});

test("what is deleted with another resource is not deleted by itself, and is replaced with it", async () => {
  const life = new Life();
  const program =
    (force: string): Body =>
    (provider) => {
      const home = new Thing("home", { force }, { provider });
      new Thing("inner", {}, { provider, deletedWith: home });
    };
  await life.up(program("1"));
  const replaced = await life.up(program("2"));
  expect(
    replaced.steps.find((step) => step.operation === "replace" && step.urn.endsWith("inner"))?.replaceKeys,
  ).toEqual(["deletedWith"]);
  await life.up(() => {});
  expect(life.cloud.calls.filter((call) => call.startsWith("delete"))).toEqual(["delete home"]);
});

test("ignoreChanges keeps the old value at plain, nested and wildcard paths", async () => {
  const life = new Life();
  await life.up(
    one({
      kept: "old",
      list: [
        { x: "1", y: "1" },
        { x: "2", y: "2" },
      ],
      changed: "old",
    }),
  );
  await life.up(
    one(
      {
        kept: "new",
        list: [
          { x: "8", y: "8" },
          { x: "9", y: "9" },
        ],
        changed: "new",
        added: "new",
      },
      { ignoreChanges: ["kept", "list[*].x", "added"] },
    ),
  );
  const { name: _, ...inputs } = (await life.state("a")).inputs;
  expect(inputs).toEqual({
    kept: "old",
    list: [
      { x: "1", y: "8" },
      { x: "2", y: "9" },
    ],
    changed: "new",
  });
  expect(life.cloud.requestsOf<DiffRequest>("diff", "a")[0]?.ignoreChanges).toEqual(["kept", "list[*].x", "added"]);
});

test("replaceOnChanges turns an update into a replacement, and does nothing without a change", async () => {
  const life = new Life();
  await life.up(one({ value: "1" }, { replaceOnChanges: ["value"] }));
  expect(steps(await life.up(one({ value: "1" }, { replaceOnChanges: ["*"] })))).toEqual([]);
  expect(steps(await life.up(one({ value: "2" }, { replaceOnChanges: ["value"] })))).toEqual([
    "create-replacement a",
    "replace a",
    "delete-replaced a",
  ]);
});

test("aliases find a renamed or reparented resource and its children", async () => {
  const life = new Life();
  await life.up((provider) => {
    const group = new Group("app");
    new Thing("app-child", {}, { provider, parent: group });
    new Thing("lone", {}, { provider });
    new Thing("byname", {}, { provider });
    group.finish({});
  });
  const result = await life.up((provider) => {
    const group = new Group("service", {}, { aliases: [{ name: "app" }] });
    new Thing("service-child", {}, { provider, parent: group });
    new Thing("lone", {}, { provider, parent: group, aliases: [{ parent: pulumi.rootStackResource }] });
    new Thing("newname", {}, { provider, aliases: ["urn:pulumi:local::test::toy:index:Thing::byname"] });
    group.finish({});
  });
  expect(errors(result)).toEqual([]);
  expect(steps(result)).toEqual([]);
  expect(await life.names()).toEqual(["lone", "newname", "service-child"]);
  expect((await life.state("lone")).urn).toBe("urn:pulumi:local::test::toy:index:Group$toy:index:Thing::lone");
});

test("two resources cannot have the same URN or the same former one", async () => {
  const life = new Life();
  const twice = await life.up((provider) => {
    new Thing("a", {}, { provider });
    new Thing("a", {}, { provider });
  });
  expect(errors(twice)).toEqual([
    "Duplicate resource URN 'urn:pulumi:local::test::toy:index:Thing::a'; try giving it a unique name",
  ]);
});

test("additionalSecretOutputs and secret inputs stay secret in the outputs", async () => {
  const life = new Life();
  const result = await life.up((provider) => {
    const a = new Thing(
      "a",
      { value: pulumi.secret("hush"), open: "seen" },
      { provider, additionalSecretOutputs: ["computed"] },
    );
    return { value: a.value, computed: a.computed };
  });
  expect(result.outputs).toEqual({ value: new Secret("hush"), computed: new Secret("computed of a-1") });
  expect(life.cloud.requestsOf<CreateRequest>("create", "a")[0]?.properties.value).toEqual(new Secret("hush"));
});

test("customTimeouts reach the provider in seconds", async () => {
  const life = new Life();
  await life.up(one({}, { customTimeouts: { create: "1h30m", delete: "45s" } }));
  expect(life.cloud.requestsOf<CreateRequest>("create", "a")[0]?.timeout).toBe(5400);
  expect((await life.state("a")).customTimeouts).toEqual({ create: 5400, delete: 45 });
});

test("children take protect, retainOnDelete, deletedWith and the provider from their parent", async () => {
  const life = new Life();
  await life.up((provider) => {
    const home = new Thing("home", {}, { provider });
    const group = new Group(
      "group",
      {},
      { protect: true, retainOnDelete: true, deletedWith: home, providers: [provider] },
    );
    new Thing("child", {}, { parent: group });
    new Thing("free", {}, { parent: group, protect: false });
    group.finish({});
  });
  const pick = ({ protect, retainOnDelete, deletedWith, provider }: ResourceState) => ({
    protect,
    retainOnDelete,
    deletedWith,
    provider,
  });
  const home = await life.state("home");
  expect(pick(await life.state("child"))).toEqual({
    protect: true,
    retainOnDelete: true,
    deletedWith: home.urn,
    provider: home.provider,
  });
  expect((await life.state("free")).protect).toBeUndefined();
});

test("a changed provider is updated, and its resources are only compared", async () => {
  const life = new Life();
  const program =
    (args: pulumi.Inputs): Body =>
    () => {
      new Thing("a", {}, { provider: new Toys("mine", args) });
    };
  await life.up(program({ account: "1", region: "north" }));
  const updated = await life.up(program({ account: "1", region: "south" }));
  expect(
    updated.steps.filter((step) => step.operation !== "same").map((step) => `${step.operation} ${step.type}`),
  ).toEqual(["update pulumi:providers:toy"]);

  const replaced = await life.up(program({ account: "2", region: "south" }));
  expect(
    replaced.steps.filter((step) => step.operation !== "same").map((step) => `${step.operation} ${step.type}`),
  ).toEqual([
    "create-replacement pulumi:providers:toy",
    "replace pulumi:providers:toy",
    "create-replacement toy:index:Thing",
    "replace toy:index:Thing",
    "delete-replaced toy:index:Thing",
    "delete-replaced pulumi:providers:toy",
  ]);
  expect(replaced.steps.find((step) => step.operation === "replace" && step.urn.endsWith("::a"))?.replaceKeys).toEqual([
    "provider",
  ]);
});

test("a provider whose configuration is not known yet is not asked anything in a preview", async () => {
  const life = new Life();
  const result = await life.preview((provider) => {
    const a = new Thing("a", {}, { provider });
    new Thing("b", { value: "1" }, { provider: new Toys("later", { region: a.computed }) });
  });
  expect(errors(result)).toEqual([]);
  expect(steps(result)).toEqual(["create a", "create b"]);
  expect(life.cloud.calls).not.toContain("check b");
  expect(life.cloud.calls.filter((call) => call === "configure")).toHaveLength(1);
});

test("default providers are used unless they are disabled", async () => {
  const life = new Life();
  const body: Body = () => {
    new Thing("a", {});
  };
  const allowed = await life.up(body, { config: { "toy:region": "west" } });
  expect(errors(allowed)).toEqual([]);
  expect((await life.state("a")).outputs.region).toBe("west");
  expect((await life.state("default")).urn).toBe("urn:pulumi:local::test::pulumi:providers:toy::default");
  expect(allowed.steps.map((step) => step.urn)).not.toContain("urn:pulumi:local::test::pulumi:providers:toy::default");

  const denied = await new Life().up(body, { config: { "pulumi:disable-default-providers": '["*"]' } });
  expect(errors(denied)).toEqual([
    "Default provider for 'toy' disabled. 'urn:pulumi:local::test::toy:index:Thing::a' must use an explicit provider.",
  ]);
});

test.each<[string, Body]>([
  ["the option `import`", one({}, { import: "some-id" })],
  ["the option `transforms`", one({}, { transforms: [() => undefined] })],
  [
    "the option `replaceWith`",
    (provider) => void new Thing("b", {}, { provider, replaceWith: [new Thing("a", {}, { provider })] }),
  ],
  ["the option `replacementTrigger`", one({}, { replacementTrigger: "now" })],
  ["remote components", () => void new pulumi.ComponentResource("toy:index:Remote", "remote", {}, {}, true)],
  ["StackReference", () => void new pulumi.StackReference("org/project/stack")],
])("%s is refused by name", async (feature, body) => {
  const result = await new Life().up(body);
  expect(result.succeeded).toBe(false);
  expect(errors(result)).toHaveLength(1);
  expect(errors(result)[0]).toContain(`the embedded engine does not support ${feature}`);
});

test("a stack that is not the local one is refused", async () => {
  const life = new Life();
  await expect(life.up(() => {}, { stack: "prod" })).rejects.toThrow("`npx pulumi up -s prod`");
  expect((await life.up(() => {}, { stack: "prod", allowAnyStack: true })).succeeded).toBe(true);
});
