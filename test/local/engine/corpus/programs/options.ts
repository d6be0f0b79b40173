import type * as pulumi from "@pulumi/pulumi";

import { Group, life, Thing } from "../lifecycle";
import type { Lifecycle, Toys } from "../lifecycle";

type Body = (provider: Toys) => void;

const one =
  (args: pulumi.Inputs, options: pulumi.CustomResourceOptions = {}): Body =>
  (provider) => {
    new Thing("a", args, { provider, ...options });
  };

const housed =
  (force: string, options: (home: Thing) => pulumi.CustomResourceOptions = (home) => ({ deletedWith: home })): Body =>
  (provider) => {
    const home = new Thing("home", { force }, { provider });
    const inner = new Thing("inner", { value: "1" }, { provider, ...options(home) });
    new Thing("innermost", { value: inner.computed }, { provider, ...options(home) });
  };

const inherited =
  (protect: boolean): Body =>
  (provider) => {
    const home = new Thing("home", {}, { provider });
    const group = new Group("group", {}, { protect, retainOnDelete: true, deletedWith: home, providers: [provider] });
    new Thing("child", {}, { parent: group });
    new Thing("free", {}, { parent: group, protect: false, retainOnDelete: false });
    const inner = new Group("inner", {}, { parent: group });
    new Thing("grandchild", {}, { parent: inner });
    inner.finish({});
    group.finish({});
  };

const twins = (kept: object, changed: object): Record<string, unknown> => ({
  kept,
  list: [
    { x: "1", y: "1", ...changed },
    { x: "2", y: "2", ...changed },
  ],
  map: { "a.b": { ...changed }, other: { ...changed } },
});

/** Options of resources. */
export const options: readonly Lifecycle[] = [
  life("protect-refuses-delete", {
    created: (provider) => {
      const base = new Thing("base", {}, { provider });
      new Thing("a", { value: base.computed }, { provider, protect: true });
      new Thing("other", {}, { provider });
    },
    refused: (provider) => void new Thing("base", {}, { provider }),
    unprotected: (provider) => {
      const base = new Thing("base", {}, { provider });
      new Thing("a", { value: base.computed }, { provider });
    },
    deleted: (provider) => void new Thing("base", {}, { provider }),
  }),
  life("protect-refuses-replace", {
    created: one({ force: "1" }, { protect: true }),
    refused: one({ force: "2" }, { protect: true }),
    "update is allowed": one({ force: "1", value: "2" }, { protect: true }),
    "unprotected and replaced": one({ force: "2" }, { protect: false }),
    "protected and replaced": one({ force: "3" }, { protect: true }),
    unprotected: one({ force: "3" }),
  }),
  life("protect-refuses-destroy", {
    created: (provider) => {
      const base = new Thing("base", {}, { provider });
      new Thing("a", { value: base.computed }, { provider, protect: true });
      new Thing("other", {}, { provider });
    },
  }),
  life("retain-on-delete", {
    created: one({ force: "1" }, { retainOnDelete: true }),
    replaced: one({ force: "2" }, { retainOnDelete: true }),
    "replaced by deleting first": one({ force: "3" }, { retainOnDelete: true, deleteBeforeReplace: true }),
    removed: () => {},
  }),
  life("deleted-with-replaced", { created: housed("1"), replaced: housed("2"), removed: () => {} }),
  life("deleted-with-option-changed", {
    created: housed("1"),
    dropped: housed("1", () => ({})),
    replaced: housed("2", () => ({})),
    "taken up": housed("2"),
  }),
  life("deleted-with-delete-first", {
    created: (provider) => {
      const home = new Thing("home", { force: "1", deleteFirst: true }, { provider });
      new Thing("inner", {}, { provider, deletedWith: home });
    },
    replaced: (provider) => {
      const home = new Thing("home", { force: "2", deleteFirst: true }, { provider });
      new Thing("inner", {}, { provider, deletedWith: home });
    },
  }),
  life("ignore-changes", {
    created: one(twins({ is: "old" }, { z: "old" })),
    "by path": one(
      { ...twins({ is: "new" }, { z: "new" }), added: "a" },
      { ignoreChanges: ["kept", "list[0].z", "added"] },
    ),
    "by glob": one(twins({ is: "newer" }, { z: "newer" }), { ignoreChanges: ["kept.is", "list[*].z", 'map["a.b"].z'] }),
    everything: one({ none: "of it" }, { ignoreChanges: ["*"] }),
    "no longer": one(twins({ is: "newest" }, { z: "newest" })),
  }),
  life("ignore-changes-of-replacing-property", {
    created: one({ force: "1", value: "1" }),
    ignored: one({ force: "2", value: "2" }, { ignoreChanges: ["force"] }),
    "another one replaces": one({ force: "3", forceOther: "1", value: "2" }, { ignoreChanges: ["force"] }),
  }),
  life("ignore-changes-of-removed-elements", {
    created: one({ list: ["1", "2"], map: { a: "1" } }),
    "shorter list": one({ list: ["1"], map: {} }, { ignoreChanges: ["list[1]", "map.a"] }),
    "no list": one({ value: "1" }, { ignoreChanges: ["list[0]", "map.a.b"] }),
  }),
  life("replace-on-changes", {
    created: one({ value: "1", spec: { size: "1", list: ["a"] }, detailed: true }),
    "no change": one({ value: "1", spec: { size: "1", list: ["a"] }, detailed: true }, { replaceOnChanges: ["*"] }),
    "another property": one(
      { value: "2", spec: { size: "1", list: ["a"] }, detailed: true },
      { replaceOnChanges: ["spec.size"] },
    ),
    "nested property": one(
      { value: "2", spec: { size: "2", list: ["a"] }, detailed: true },
      { replaceOnChanges: ["spec.size"] },
    ),
    "any property": one({ value: "3", spec: { size: "2", list: ["a"] }, detailed: true }, { replaceOnChanges: ["*"] }),
    "without details": one({ value: "4", spec: { size: "2", list: ["a"] } }, { replaceOnChanges: ["value"] }),
  }),
  life("replace-on-changes-without-diff", {
    created: one({ opaque: true, value: "1", spec: { size: "1" } }),
    replaced: one({ opaque: true, value: "1", spec: { size: "2" } }, { replaceOnChanges: ["spec"] }),
    updated: one({ opaque: true, value: "2", spec: { size: "2" } }, { replaceOnChanges: ["spec"] }),
  }),
  life("custom-timeouts", {
    created: one({ value: "1" }, { customTimeouts: { create: "1h30m", delete: "45s" } }),
    changed: one({ value: "1" }, { customTimeouts: { update: "10m" } }),
    dropped: one({ value: "1" }),
  }),
  life("options-inherited", { created: inherited(true), unprotected: inherited(false) }),
  life("options-change-alone", {
    created: one({ value: "1" }),
    protected: one({ value: "1" }, { protect: true, ignoreChanges: ["value"], replaceOnChanges: ["value"] }),
    plain: one({ value: "1" }, { retainOnDelete: true }),
  }),
];
