import type * as pulumi from "@pulumi/pulumi";

import { life, Thing } from "../lifecycle";
import type { Lifecycle, Toys } from "../lifecycle";

type Body = (provider: Toys) => void;

const pair =
  (force: string): Body =>
  (provider) => {
    const a = new Thing("a", { force }, { provider });
    new Thing("b", { value: a.computed }, { provider });
    new Thing("c", { forceDep: a.computed }, { provider });
  };

const threeForced =
  (force: string): Body =>
  (provider) => {
    const a = new Thing("a", { force }, { provider });
    const b = new Thing("b", { forceDep: a.computed }, { provider });
    new Thing("c", { forceDep: b.computed }, { provider });
  };

const cascade =
  (force: string, options: pulumi.CustomResourceOptions, args: object = {}): Body =>
  (provider) => {
    const a = new Thing("a", { ...args, force }, { provider, ...options });
    const b = new Thing("b", { forceDep: a.computed }, { provider });
    new Thing("c", { value: a.computed }, { provider });
    new Thing("d", {}, { provider, dependsOn: a });
    new Thing("e", { forceDep: b.computed }, { provider });
    new Thing("f", { value: b.computed }, { provider, dependsOn: a });
  };

const diamond =
  (force: string): Body =>
  (provider) => {
    const top = new Thing("top", { force, deleteFirst: true }, { provider });
    const left = new Thing("left", { forceDep: top.computed }, { provider });
    const right = new Thing("right", { forceDep: top.computed }, { provider });
    new Thing("bottom", { forceLeft: left.computed, forceRight: right.computed }, { provider });
  };

const two =
  (first: string, second: string): Body =>
  (provider) => {
    const a = new Thing("a", { force: first }, { provider, deleteBeforeReplace: true });
    new Thing("b", { force: second, value: a.computed }, { provider, deleteBeforeReplace: true });
  };

const protectedDependent =
  (force: string, protect: boolean): Body =>
  (provider) => {
    const a = new Thing("a", { force }, { provider, deleteBeforeReplace: true });
    new Thing("b", { forceDep: a.computed }, { provider, protect });
  };

const replaceFailure =
  (force: string, options: pulumi.CustomResourceOptions = {}): Body =>
  (provider) => {
    const a = new Thing("a", { force }, { provider, ...options });
    new Thing("b", { forceDep: a.computed }, { provider });
  };

/** Replacements, create-first and delete-first, and what they take along. */
export const replacements: readonly Lifecycle[] = [
  life("replace-create-first", { created: pair("1"), replaced: pair("2"), "replaced again": pair("3") }),
  life("replace-chain", { created: threeForced("1"), replaced: threeForced("2") }),
  life("delete-first-by-option", {
    created: cascade("1", { deleteBeforeReplace: true }),
    replaced: cascade("2", { deleteBeforeReplace: true }),
    unchanged: cascade("2", { deleteBeforeReplace: true }),
  }),
  life("delete-first-by-provider", {
    created: cascade("1", {}, { deleteFirst: true }),
    replaced: cascade("2", {}, { deleteFirst: true }),
    "overruled by the program": cascade("3", { deleteBeforeReplace: false }, { deleteFirst: true }),
  }),
  life("delete-first-diamond", { created: diamond("1"), replaced: diamond("2") }),
  life("delete-first-two-in-a-row", {
    created: two("1", "1"),
    "both replaced": two("2", "2"),
    "only second": two("2", "3"),
  }),
  life("delete-first-protected-dependent", {
    created: protectedDependent("1", true),
    refused: protectedDependent("2", true),
    "allowed in the state first": protectedDependent("1", false),
    replaced: protectedDependent("2", false),
  }),
  life("delete-first-dependent-dropped", {
    created: cascade("1", { deleteBeforeReplace: true }),
    "replaced without dependents": (provider) => {
      new Thing("a", { force: "2" }, { provider, deleteBeforeReplace: true });
    },
  }),
  life(
    "replacement-fails-create-first",
    { created: replaceFailure("1"), failed: replaceFailure("2"), healed: replaceFailure("2") },
    { faults: { failed: { "create:a": { message: "no room for another one" } } } },
  ),
  life(
    "replacement-fails-delete-first",
    {
      created: replaceFailure("1", { deleteBeforeReplace: true }),
      failed: replaceFailure("2", { deleteBeforeReplace: true }),
      healed: replaceFailure("2", { deleteBeforeReplace: true }),
    },
    { faults: { failed: { "create:a": { message: "no room for another one" } } } },
  ),
  life(
    "replacement-fails-delete-first-then-given-up",
    {
      created: replaceFailure("1", { deleteBeforeReplace: true }),
      failed: replaceFailure("2", { deleteBeforeReplace: true }),
      "given up": () => {},
    },
    { faults: { failed: { "create:a": { message: "no room for another one" } } } },
  ),
  life(
    "old-copy-cannot-be-deleted",
    { created: pair("1"), stuck: pair("2"), freed: pair("2") },
    { faults: { stuck: { "delete:a": { message: "still in use" } } } },
  ),
  life(
    "delete-first-cannot-delete",
    { created: two("1", "1"), stuck: two("2", "1"), freed: two("2", "1") },
    { faults: { stuck: { "delete:a": { message: "still in use" } } } },
  ),
];
