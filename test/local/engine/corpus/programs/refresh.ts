import { Secret } from "../../../../../local/protocol/property";
import { destroyed, Group, life, Thing, withToys } from "../lifecycle";
import type { Generation, Lifecycle, Toys } from "../lifecycle";

type Body = (provider: Toys) => void;

const refreshed: Generation = { name: "refreshed", verb: "refresh" };

/** A program, what happens to its things before a refresh, and the program again. */
function drifting(name: string, body: Body, drift: Generation["drift"], more: Partial<Lifecycle> = {}): Lifecycle {
  const program = withToys(body);
  const generations = [{ name: "created", program }, { ...refreshed, drift }, { name: "healed", program }, destroyed];
  return { name, generations, ...more };
}

const chain = withToys((provider) => {
  const a = new Thing("a", { value: "1" }, { provider });
  new Thing("b", { value: a.computed }, { provider });
});

/** Things that change and go behind the engine's back, and things that the user wants replaced. */
export const refreshes: readonly Lifecycle[] = [
  drifting(
    "refresh-of-changes",
    (provider) => {
      const a = new Thing("a", { value: "1", gone: "x" }, { provider });
      new Thing("b", { value: a.computed, detailed: true, deep: { kept: "1", other: "1" } }, { provider });
      new Thing("opaque", { opaque: true, value: "1" }, { provider });
      new Thing("forced", { force: "1" }, { provider });
      new Thing("ignored", { value: "1" }, { provider, ignoreChanges: ["value"] });
      new Thing("same", { value: "1" }, { provider });
      new Group("group").finish({ value: a.value });
    },
    {
      "a-1": { value: "2", came: "x" },
      "b-1": { value: "computed of a-1", detailed: true, deep: { kept: "1", added: "1" } },
      "opaque-1": { opaque: true, value: "2" },
      "forced-1": { force: "2" },
      "ignored-1": { value: "2" },
    },
  ),
  {
    name: "refresh-of-what-is-computed",
    generations: [
      { name: "created", program: chain },
      { ...refreshed, computed: { "a-1": "another" } },
      { name: "followed", program: chain },
    ],
  },
  drifting(
    "refresh-of-what-is-gone",
    (provider) => {
      const parent = new Thing("parent", { value: "1" }, { provider });
      const child = new Thing("child", { value: parent.computed }, { provider, parent });
      new Thing("grandchild", { value: child.computed }, { provider, parent: child });
      new Thing("with", {}, { provider, deletedWith: parent });
      new Thing("after", {}, { provider, dependsOn: parent });
    },
    { "parent-1": null, "child-1": null },
  ),
  drifting(
    "refresh-of-secrets",
    (provider) => {
      const a = new Thing("a", { value: "1", issue: true }, { provider, additionalSecretOutputs: ["value"] });
      new Thing("b", { value: a.value }, { provider });
    },
    { "a-1": { value: "2", issue: true }, "b-1": { value: new Secret("3") } },
  ),
  {
    name: "refresh-failure",
    generations: [
      {
        name: "created",
        program: withToys((provider) => {
          const a = new Thing("a", { value: "1" }, { provider });
          new Thing("b", { value: a.computed }, { provider });
        }),
      },
      {
        ...refreshed,
        drift: { "b-1": { value: "other" } },
        faults: { "read:a": { message: "access denied" } },
      },
      destroyed,
    ],
  },
  drifting(
    "refresh-of-what-is-read",
    (provider) => {
      const seen = new Thing("seen", {}, { provider, id: "found" });
      new Thing("a", { value: seen.value }, { provider });
    },
    { found: { value: "changed" } },
    { found: { found: "theirs" } },
  ),
  {
    name: "refresh-of-the-half-made",
    generations: [
      {
        name: "failed",
        program: withToys((provider) => void new Thing("a", { value: "1" }, { provider })),
        faults: { "create:a": { message: "not ready", partial: true } },
      },
      refreshed,
      { name: "unchanged", program: withToys((provider) => void new Thing("a", { value: "1" }, { provider })) },
    ],
  },
  {
    name: "refresh-of-old-copies",
    generations: [
      { name: "created", program: withToys((provider) => void new Thing("a", { force: "1" }, { provider })) },
      {
        name: "failed",
        program: withToys((provider) => void new Thing("a", { force: "2" }, { provider })),
        faults: { "delete:a": { message: "in use" } },
      },
      { ...refreshed, drift: { "a-1": null } },
      { name: "unchanged", program: withToys((provider) => void new Thing("a", { force: "2" }, { provider })) },
    ],
  },
  {
    name: "refresh-with-a-default-provider",
    generations: [
      { name: "created", program: () => void new Thing("a", { value: "1" }), config: { "toy:region": "east" } },
      { ...refreshed, drift: { "a-1": { value: "2" } }, config: { "toy:region": "east" } },
    ],
  },
  {
    name: "replace-by-urn",
    generations: [
      {
        name: "created",
        program: withToys((provider) => {
          const a = new Thing("a", { value: "1", sized: true }, { provider });
          new Thing("b", { value: a.computed }, { provider });
          new Thing("c", { forceDep: a.computed }, { provider });
        }),
      },
      {
        name: "replaced",
        replace: ["a"],
        program: withToys((provider) => {
          const a = new Thing("a", { value: "2", sized: true }, { provider, ignoreChanges: ["value"] });
          new Thing("b", { value: a.computed }, { provider });
          new Thing("c", { forceDep: a.computed }, { provider });
        }),
      },
      {
        name: "replaced delete first",
        replace: ["a"],
        program: withToys((provider) => {
          const a = new Thing("a", { value: "2", sized: true }, { provider, deleteBeforeReplace: true });
          new Thing("b", { value: a.computed }, { provider });
          new Thing("c", { forceDep: a.computed }, { provider });
        }),
      },
      destroyed,
    ],
  },
  {
    ...life("replace-by-urn-protected", {}),
    generations: ["created", "refused"].map((name) => ({
      name,
      replace: name === "refused" ? ["a"] : [],
      program: withToys((provider) => void new Thing("a", { value: "1" }, { provider, protect: true })),
    })),
  },
];
