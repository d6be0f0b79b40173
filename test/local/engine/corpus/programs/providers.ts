import * as pulumi from "@pulumi/pulumi";

import { destroyed, Group, life, Thing, Toys } from "../lifecycle";
import type { Generation, Lifecycle, Program } from "../lifecycle";

const over =
  (name: string, args: pulumi.Inputs, options: pulumi.ResourceOptions = {}): Program =>
  () => {
    const provider = new Toys(name, args, options);
    const a = new Thing("a", { value: "1" }, { provider });
    new Thing("b", { value: a.region }, { provider });
  };

const bare = (name: string, generations: readonly Generation[]): Lifecycle => ({
  name,
  generations: [...generations, destroyed],
});

const byDefault: Program = () => {
  const a = new Thing("a", { value: "1" });
  return { region: a.region };
};

/** Providers: explicit ones, default ones, and functions. */
export const providers: readonly Lifecycle[] = [
  bare("provider-updated-and-replaced", [
    { name: "created", program: over("mine", { account: "1", region: "north" }) },
    { name: "updated", program: over("mine", { account: "1", region: "south" }) },
    { name: "replaced", program: over("mine", { account: "2", region: "south" }) },
    { name: "other provider, same account", program: over("other", { account: "2", region: "south" }) },
    { name: "other provider, other account", program: over("third", { account: "3", region: "south" }) },
    { name: "renamed", program: over("fourth", { account: "3", region: "south" }, { aliases: [{ name: "third" }] }) },
  ]),
  life("provider-not-known-in-preview", {
    created: (provider) => {
      const a = new Thing("a", {}, { provider });
      const later = new Toys("later", { region: a.computed });
      const b = new Thing("b", { value: "1" }, { provider: later });
      new Thing("c", { value: b.computed, known: b.value }, { provider: later });
      return { value: b.value };
    },
    "configuration changes": (provider) => {
      const a = new Thing("a", { force: "1" }, { provider });
      const later = new Toys("later", { region: a.computed });
      const b = new Thing("b", { value: "1" }, { provider: later });
      new Thing("c", { value: b.computed, known: b.value }, { provider: later });
      return { value: b.value };
    },
  }),
  life("provider-account-not-known-in-preview", {
    created: (provider) => {
      const a = new Thing("a", {}, { provider });
      const later = new Toys("later", { account: a.computed });
      new Thing("b", { value: "1" }, { provider: later });
    },
    "account changes": (provider) => {
      const a = new Thing("a", { force: "1" }, { provider });
      const later = new Toys("later", { account: a.computed });
      new Thing("b", { value: "1" }, { provider: later });
    },
  }),
  life("several-providers", {
    created: (provider) => {
      const south = new Toys("south", { region: "south", password: pulumi.secret("p") });
      const a = new Thing("a", {}, { provider });
      new Thing("b", { value: a.region }, { provider: south });
      const group = new Group("group", {}, { providers: { toy: south } });
      new Thing("child", {}, { parent: group });
      new Thing("stranger", {}, { parent: group, provider });
      group.finish({});
    },
    swapped: (provider) => {
      const south = new Toys("south", { region: "south", password: pulumi.secret("q") });
      const a = new Thing("a", {}, { provider: south });
      new Thing("b", { value: a.region }, { provider });
      const group = new Group("group", {}, { providers: { toy: provider } });
      new Thing("child", {}, { parent: group });
      new Thing("stranger", {}, { parent: group, provider: south });
      group.finish({});
    },
  }),
  bare("provider-delete-first", [
    { name: "created", program: over("mine", { account: "1" }, {}) },
    {
      name: "replaced",
      program: over("mine", { account: "2" }, { deleteBeforeReplace: true } as pulumi.ResourceOptions),
    },
  ]),
  bare("default-provider", [
    { name: "created", program: byDefault, config: { "toy:region": "west" } },
    { name: "updated", program: byDefault, config: { "toy:region": "east" } },
    { name: "replaced", program: byDefault, config: { "toy:region": "east", "toy:account": "1" } },
    { name: "explicit", program: over("mine", { region: "east", account: "1" }) },
    { name: "default again", program: byDefault, config: { "toy:region": "east", "toy:account": "1" } },
  ]),
  bare("default-provider-disabled", [
    { name: "refused", program: byDefault, config: { "pulumi:disable-default-providers": '["*"]' } },
    { name: "refused by name", program: byDefault, config: { "pulumi:disable-default-providers": '["toy"]' } },
    { name: "others refused", program: byDefault, config: { "pulumi:disable-default-providers": '["aws"]' } },
  ]),
  bare("default-provider-versions", [
    {
      name: "created",
      program: () => {
        new Thing("a", {}, { version: "1.2.3" });
        new Thing("b", {}, { version: "2.0.0-rc.1" });
        new Thing("c", {});
      },
    },
  ]),
  life("invoke", {
    created: async (provider) => {
      const answer = await pulumi.runtime.invoke("toy:index:tell", { value: "ping" }, { provider });
      const a = new Thing("a", { value: "1" }, { provider });
      const told = pulumi.runtime.invokeOutput<{ echo: string }>("toy:index:tell", { value: a.computed }, { provider });
      new Thing("b", { value: told.echo }, { provider });
      return { answer, told };
    },
    changed: async (provider) => {
      const a = new Thing("a", { value: "2" }, { provider });
      const told = pulumi.runtime.invokeOutput<{ echo: string }>(
        "toy:index:tell",
        { value: pulumi.secret(a.value) },
        { provider, dependsOn: [a] },
      );
      new Thing("b", { value: told.echo }, { provider });
      return { told };
    },
    "caught failure": async (provider) => {
      const caught = await pulumi.runtime.invoke("toy:index:fail", {}, { provider }).catch(() => "caught");
      return { caught };
    },
  }),
  life("invoke-fails", {
    failed: async (provider) => {
      new Thing("a", { value: await pulumi.runtime.invoke("toy:index:fail", {}, { provider }) }, { provider });
    },
    refused: async (provider) => {
      new Thing(
        "a",
        { value: await pulumi.runtime.invoke("toy:index:refuse", { value: "x" }, { provider }) },
        { provider },
      );
    },
  }),
];
