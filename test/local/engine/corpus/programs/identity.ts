import * as pulumi from "@pulumi/pulumi";

import { Group, life, Thing } from "../lifecycle";
import type { Lifecycle, Toys } from "../lifecycle";

type Body = (provider: Toys) => ReturnType<Parameters<typeof life>[1][string]>;

class Gadget extends pulumi.CustomResource {
  constructor(name: string, args: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
    super("toy:index:Gadget", name, { computed: undefined, ...args }, options);
  }
}

const app =
  (name: string, options: pulumi.ComponentResourceOptions = {}, child: pulumi.CustomResourceOptions = {}): Body =>
  (provider) => {
    const group = new Group(name, {}, options);
    const first = new Thing(`${name}-child`, { value: "1" }, { provider, parent: group, ...child });
    const inner = new Group(`${name}-inner`, {}, { parent: group });
    const deep = new Thing("deep", { value: first.computed }, { provider, parent: inner });
    inner.finish({ deep: deep.computed });
    group.finish({ first: first.value, none: undefined });
  };

/** Aliases, components, and resources that are only read. */
export const identity: readonly Lifecycle[] = [
  life("alias-rename", {
    created: (provider) => {
      const a = new Thing("a", { value: "1" }, { provider });
      new Thing("b", { value: a.computed }, { provider });
    },
    renamed: (provider) => {
      const a = new Thing("new-a", { value: "1" }, { provider, aliases: [{ name: "a" }] });
      new Thing("b", { value: a.computed }, { provider });
    },
    "renamed again and updated": (provider) => {
      const a = new Thing("newest-a", { value: "2" }, { provider, aliases: [{ name: "new-a" }, { name: "a" }] });
      new Thing("b", { value: a.computed }, { provider });
    },
    "renamed and replaced": (provider) => {
      const a = new Thing("last-a", { value: "2", force: "1" }, { provider, aliases: [{ name: "newest-a" }] });
      new Thing("b", { value: a.computed }, { provider });
    },
    "alias no longer needed": (provider) => {
      const a = new Thing("last-a", { value: "2", force: "1" }, { provider });
      new Thing("b", { value: a.computed }, { provider });
    },
  }),
  life("alias-reparent", {
    created: (provider) => {
      new Thing("a", {}, { provider });
      new Thing("b", {}, { provider });
      new Group("group").finish({});
    },
    "into a component": (provider) => {
      const group = new Group("group").finish({});
      new Thing("a", {}, { provider, parent: group, aliases: [{ parent: pulumi.rootStackResource }] });
      new Thing("b", {}, { provider, parent: group, aliases: [{ noParent: true } as pulumi.Alias] });
    },
    "out of it": (provider) => {
      const group = new Group("group").finish({});
      new Thing("a", {}, { provider, aliases: [{ parent: group }] });
      new Thing("b", {}, { provider, aliases: [{ parent: group.urn }] });
    },
  }),
  life("alias-type-and-urn", {
    created: (provider) => {
      new Thing("a", {}, { provider });
      new Thing("b", {}, { provider });
    },
    changed: (provider) => {
      new Gadget("a", {}, { provider, aliases: [{ type: "toy:index:Thing" }] });
      new Gadget("c", {}, { provider, aliases: ["urn:pulumi:local::test::toy:index:Thing::b"] });
    },
  }),
  life("alias-of-a-component", {
    created: app("app"),
    renamed: app("service", { aliases: [{ name: "app" }] }),
    "renamed without an alias": app("unit"),
  }),
  life("alias-conflict", {
    created: (provider) => void new Thing("a", {}, { provider }),
    "both claim it": (provider) => {
      const a = new Thing("a", {}, { provider });
      new Thing("b", {}, { provider, aliases: [{ name: "a" }], dependsOn: a });
    },
    "former one registered later": (provider) => {
      const b = new Thing("b", {}, { provider, aliases: [{ name: "a" }] });
      new Thing("a", {}, { provider, dependsOn: b });
    },
  }),
  life("alias-with-delete-first", {
    created: (provider) => {
      const a = new Thing("a", { force: "1" }, { provider });
      new Thing("b", { forceDep: a.computed }, { provider });
    },
    "renamed and replaced": (provider) => {
      const a = new Thing("a2", { force: "2" }, { provider, deleteBeforeReplace: true, aliases: [{ name: "a" }] });
      new Thing("b2", { forceDep: a.computed }, { provider, aliases: [{ name: "b" }] });
    },
  }),
  life("component-with-outputs", {
    created: app("app"),
    "child updated": app("app", {}, { ignoreChanges: [] }),
    removed: () => {},
  }),
  life("component-inputs-change", {
    created: (provider) => {
      const group = new Group("group", { size: 1, secret: pulumi.secret("s") });
      const child = new Thing("child", { value: "1" }, { provider, parent: group });
      group.finish({ child: child.computed, both: pulumi.secret(child.value) });
    },
    changed: (provider) => {
      const group = new Group("group", { size: 2 });
      const child = new Thing("child", { value: "1" }, { provider, parent: group });
      group.finish({ child: child.value });
    },
    "without outputs": () => void new Group("group", { size: 2 }),
  }),
  life("depends-on-a-component", {
    created: (provider) => {
      const group = new Group("group");
      new Thing("child", { force: "1" }, { provider, parent: group });
      group.finish({});
      new Thing("after", {}, { provider, dependsOn: group });
    },
    "child replaced": (provider) => {
      const group = new Group("group");
      new Thing("child", { force: "2" }, { provider, parent: group });
      group.finish({});
      new Thing("after", {}, { provider, dependsOn: group });
    },
  }),
  life("children-of-a-custom-resource", {
    created: (provider) => {
      const a = new Thing("a", { force: "1" }, { provider });
      new Thing("child", {}, { parent: a });
    },
    "parent replaced": (provider) => {
      const a = new Thing("a", { force: "2" }, { provider });
      new Thing("child", {}, { parent: a });
    },
    "parent replaced by deleting first": (provider) => {
      const a = new Thing("a", { force: "3" }, { provider, deleteBeforeReplace: true });
      new Thing("child", {}, { parent: a });
    },
  }),
  life(
    "read",
    {
      created: (provider) => {
        const seen = new Thing("seen", {}, { provider, id: "found" });
        new Thing("a", { value: seen.value }, { provider });
        return { value: seen.value, id: seen.id };
      },
      "another id": (provider) => {
        const seen = new Thing("seen", {}, { provider, id: "other" });
        new Thing("a", { value: seen.value }, { provider });
      },
      "read no longer": (provider) => void new Thing("a", { value: "mine" }, { provider }),
    },
    { found: { found: "theirs", other: "others" } },
  ),
  life(
    "read-becomes-owned-and-back",
    {
      read: (provider) => void new Thing("seen", {}, { provider, id: "found" }),
      owned: (provider) => void new Thing("seen", { value: "mine" }, { provider }),
      "read again": (provider) => void new Thing("seen", {}, { provider, id: "found" }),
    },
    { found: { found: "theirs" } },
  ),
  life("read-of-what-is-not-known", {
    created: (provider) => {
      const a = new Thing("a", { value: "found" }, { provider });
      const seen = new Thing("seen", {}, { provider, id: a.id });
      return { value: seen.value };
    },
  }),
  life("read-of-nothing", {
    failed: (provider) => void new Thing("seen", {}, { provider, id: "nowhere" }),
  }),
];
