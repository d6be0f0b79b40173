import type * as pulumi from "@pulumi/pulumi";

import { destroyed, Group, life, Thing, withToys } from "../lifecycle";
import type { Lifecycle, Toys } from "../lifecycle";

type Body = (provider: Toys) => void;

const siblings: Body = (provider) => {
  new Thing("ok", { value: "1" }, { provider });
  const bad = new Thing("bad", { value: "1" }, { provider });
  new Thing("after", { value: bad.computed }, { provider });
};

const one =
  (args: pulumi.Inputs, options: pulumi.CustomResourceOptions = {}): Body =>
  (provider) => {
    const a = new Thing("a", args, { provider, ...options });
    new Thing("b", { value: a.computed }, { provider });
  };

/** What goes wrong, and the run after it. */
export const failures: readonly Lifecycle[] = [
  life(
    "create-failure",
    { former: (provider) => void new Thing("former", {}, { provider }), failed: siblings, healed: siblings },
    { faults: { failed: { "create:bad": { message: "quota exceeded", after: ["ok-1"] } } } },
  ),
  life(
    "update-failure",
    { created: one({ value: "1" }), failed: one({ value: "2" }), healed: one({ value: "2" }) },
    { faults: { failed: { "update:a": { message: "conflict" } } } },
  ),
  life(
    "delete-failure",
    {
      created: (provider) => {
        const base = new Thing("base", {}, { provider });
        new Thing("a", { value: base.computed }, { provider });
      },
      failed: () => {},
      healed: () => {},
    },
    { faults: { failed: { "delete:a": { message: "in use" } } } },
  ),
  life(
    "delete-failure-beside-others",
    {
      created: (provider) => {
        const base = new Thing("base", {}, { provider });
        const a = new Thing("a", { value: base.computed }, { provider });
        new Thing("top", { value: a.computed }, { provider });
        new Thing("alone", {}, { provider });
        new Thing("protected", {}, { provider, protect: true });
        const under = new Thing("under", {}, { provider });
        new Thing("kept", { value: under.computed }, { provider, protect: true });
      },
      "refused and failed": () => {},
      refused: () => {},
    },
    { faults: { "refused and failed": { "delete:a": { message: "in use" } } } },
  ),
  {
    ...life("destroy-failure", {}),
    generations: [
      {
        name: "created",
        program: withToys((provider) => {
          const base = new Thing("base", {}, { provider });
          new Thing("a", { value: base.computed }, { provider });
        }),
      },
      { ...destroyed, name: "failed", faults: { "delete:a": { message: "in use" } } },
      destroyed,
    ],
  },
  life(
    "half-made-on-create",
    { failed: one({ value: "1" }), healed: one({ value: "1" }), unchanged: one({ value: "1" }) },
    { faults: { failed: { "create:a": { message: "not ready", partial: true } } } },
  ),
  life(
    "half-made-again-and-again",
    { failed: one({ value: "1" }), "failed again": one({ value: "1" }), healed: one({ value: "2" }) },
    {
      faults: {
        failed: { "create:a": { message: "not ready", partial: true } },
        "failed again": { "update:a": { message: "still not ready", partial: true } },
      },
    },
  ),
  life(
    "half-made-on-update",
    { created: one({ value: "1" }), failed: one({ value: "2" }), healed: one({ value: "2" }) },
    { faults: { failed: { "update:a": { message: "not ready", partial: true } } } },
  ),
  life(
    "half-made-replacement",
    { created: one({ force: "1" }), failed: one({ force: "2" }), healed: one({ force: "2" }) },
    { faults: { failed: { "create:a": { message: "not ready", partial: true } } } },
  ),
  life(
    "half-made-is-replaced",
    {
      failed: one({ value: "1" }, { replaceOnChanges: ["#initerror"] }),
      healed: one({ value: "1" }, { replaceOnChanges: ["#initerror"] }),
    },
    { faults: { failed: { "create:a": { message: "not ready", partial: true } } } },
  ),
  life(
    "half-made-is-removed",
    { failed: one({ value: "1" }), removed: () => {} },
    { faults: { failed: { "create:a": { message: "not ready", partial: true } } } },
  ),
  life("check-failure", {
    created: one({ value: "1" }),
    failed: one({ value: "1", invalid: "x" }),
    healed: one({ value: "1" }),
  }),
  life(
    "read-failure",
    { failed: (provider) => void new Thing("seen", {}, { provider, id: "found" }) },
    { found: { found: "theirs" }, faults: { failed: { "read:seen": { message: "access denied" } } } },
  ),
  life("duplicate-urn", {
    failed: (provider) => {
      const a = new Thing("a", {}, { provider });
      new Thing("a", {}, { provider, dependsOn: a });
    },
  }),
  life("program-throws", {
    created: (provider) => {
      new Thing("a", {}, { provider });
      new Thing("b", {}, { provider });
    },
    failed: async (provider) => {
      const a = new Thing("a", { value: "2" }, { provider });
      await new Promise((resolve) => a.computed.apply(resolve));
      throw new Error("the region is missing");
    },
    healed: (provider) => void new Thing("a", { value: "2" }, { provider }),
  }),
  life(
    "outputs-of-a-failed-run",
    {
      created: (provider) => {
        const a = new Thing("a", { value: "1" }, { provider });
        return { a: a.computed, stays: "1", goes: "1" };
      },
      failed: (provider) => {
        const a = new Thing("a", { value: "2" }, { provider });
        return { a: a.value, stays: "2", comes: "2" };
      },
      healed: (provider) => {
        const a = new Thing("a", { value: "2" }, { provider });
        return { a: a.value, stays: "2", comes: "2" };
      },
    },
    { faults: { failed: { "update:a": { message: "conflict" } } } },
  ),
  life("component-removed-with-children", {
    created: (provider) => {
      const group = new Group("group");
      const a = new Thing("a", {}, { provider, parent: group });
      const inner = new Group("inner", {}, { parent: group });
      new Thing("b", { value: a.computed }, { provider, parent: inner });
      inner.finish({});
      group.finish({});
      new Thing("outside", { value: a.computed }, { provider });
    },
    "inner one removed": (provider) => {
      const group = new Group("group");
      const a = new Thing("a", {}, { provider, parent: group });
      group.finish({});
      new Thing("outside", { value: a.computed }, { provider });
    },
    removed: (provider) => void new Thing("outside", { value: "alone" }, { provider }),
  }),
  life(
    "error-in-apply",
    {
      failed: (provider) => {
        const a = new Thing("a", { value: "2" }, { provider });
        const broken = a.computed.apply((): string => {
          throw new Error("cannot make a name of it");
        });
        new Thing("b", { value: broken }, { provider });
      },
    },
    { child: true },
  ),
  life(
    "unhandled-rejection",
    {
      failed: async (provider) => {
        const a = new Thing("a", { value: "2" }, { provider });
        await new Promise((resolve) => a.value.apply(resolve));
        void Promise.reject(new Error("nobody waits for this"));
      },
    },
    { child: true },
  ),
];
