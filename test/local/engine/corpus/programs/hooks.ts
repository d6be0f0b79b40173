import { AsyncLocalStorage } from "node:async_hooks";

import * as pulumi from "@pulumi/pulumi";

import { destroyed, Group, life, Thing } from "../lifecycle";
import type { Lifecycle, Toys } from "../lifecycle";
import { HOOK } from "../observation";

type Body = (provider: Toys) => void;

/** Writes when a hook was called, and with what. */
function tell(when: string, { name, id, ...args }: pulumi.ResourceHookArgs | pulumi.ErrorHookArgs): Promise<void> {
  const { newInputs, oldInputs, oldOutputs } = args;
  const newOutputs = "newOutputs" in args ? args.newOutputs : undefined;
  const seen = { newInputs, oldInputs, newOutputs, oldOutputs };
  const texts = Object.entries(seen)
    .filter(([, map]) => map !== undefined)
    .map(
      ([key, map]) =>
        `${key} ${Object.keys(map ?? {})
          .sort()
          .join(" ")}`,
    );
  return pulumi.log.info(`${HOOK}${when} ${name}; id: ${id}; ${texts.join("; ")}`);
}

/** In this process the SDK calls hooks outside of the run that they belong to: see `state.withLocalStorage`. */
const inRun = <Args, Result>(callback: (args: Args) => Result): ((args: Args) => Result) =>
  AsyncLocalStorage.bind(callback);

const telling = (when: string, options?: pulumi.ResourceHookOptions): pulumi.ResourceHook =>
  new pulumi.ResourceHook(
    when,
    inRun((args) => tell(when, args)),
    options,
  );

const throwing = (when: string, options?: pulumi.ResourceHookOptions): pulumi.ResourceHook =>
  new pulumi.ResourceHook(
    when,
    inRun(async (args) => {
      await tell(when, args);
      throw new Error("not today");
    }),
    options,
  );

function all(): pulumi.ResourceHookBinding {
  return {
    beforeCreate: [telling("before create", { onDryRun: true })],
    afterCreate: [telling("after create")],
    beforeUpdate: [telling("before update", { onDryRun: true })],
    afterUpdate: [telling("after update")],
    beforeDelete: [telling("before delete", { onDryRun: true })],
    afterDelete: [telling("after delete")],
  };
}

/** A thing with every hook, and a component with them. */
const hooked =
  (args: pulumi.Inputs): Body =>
  (provider) => {
    const hooks = all();
    new Thing("a", args, { provider, hooks });
    new Group("group", { ...args }, { hooks }).finish({ done: true });
  };

const withError = (
  args: pulumi.Inputs,
  retry: (count: number) => boolean,
  options: pulumi.CustomResourceOptions = {},
): Body => {
  return (provider) => {
    let count = 0;
    const decide = async (hookArgs: pulumi.ErrorHookArgs): Promise<boolean> => {
      const { failedOperation, errors } = hookArgs;
      await tell(`on error of ${failedOperation}: ${errors.join(", ")};`, hookArgs);
      return retry(++count);
    };
    const hook = new pulumi.ErrorHook("on error", inRun(decide));
    new Thing("a", args, { provider, hooks: { onError: [hook] }, ...options });
  };
};

/** Functions of the program that are called around operations. */
export const hooks: readonly Lifecycle[] = [
  life("hooks", {
    created: hooked({ value: "1" }),
    unchanged: hooked({ value: "1" }),
    updated: hooked({ value: "2" }),
    replaced: hooked({ value: "2", force: "1" }),
    // The names of the hooks are in the state; the program must still have them.
    removed: () => void all(),
  }),
  life("hooks-that-throw-before", {
    "not created": (provider) => {
      new Thing("a", {}, { provider, hooks: { beforeCreate: [throwing("before create")] } });
    },
    created: (provider) => void new Thing("a", { value: "1" }, { provider }),
    "not updated": (provider) => {
      const hooks = { beforeUpdate: [throwing("before update")], beforeDelete: [throwing("guard")] };
      new Thing("a", { value: "2" }, { provider, hooks });
    },
    guarded: (provider) => {
      const guard = throwing("guard");
      new Thing("a", { value: "1" }, { provider, hooks: { beforeDelete: [guard] } });
    },
    "not deleted": () => void throwing("guard"),
    deleted: () => void telling("guard"),
  }),
  life("hooks-that-throw-after", {
    created: (provider) => {
      const a = new Thing("a", {}, { provider, hooks: { afterCreate: [throwing("after create")] } });
      new Thing("b", { value: a.computed }, { provider });
    },
    ignored: (provider) => {
      const hooks = { afterUpdate: [throwing("after update", { ignoreErrors: true })] };
      const a = new Thing("a", { value: "2" }, { provider, hooks });
      new Thing("b", { value: a.computed }, { provider });
    },
    "of a component": () => {
      new Group("group", {}, { hooks: { afterCreate: [throwing("after create")] } }).finish({});
    },
  }),
  life(
    "hooks-on-error",
    {
      "given up": withError({ value: "1" }, (count) => count < 3),
      created: withError({ value: "1" }, () => false),
      "update given up": withError({ value: "2" }, (count) => count < 2),
      "not deleted": (provider) => {
        withError({ value: "1", force: "1" }, () => false)(provider);
      },
    },
    {
      faults: {
        "given up": { "create:a": { message: "busy" } },
        "update given up": { "update:a": { message: "busy" } },
        "not deleted": { "delete:a": { message: "in use" } },
      },
    },
  ),
  {
    ...life("hooks-that-a-destroy-lacks", {}),
    generations: [
      ...life("", {
        created: (provider) => {
          new Thing("a", {}, { provider, hooks: { beforeDelete: [telling("before delete")] } });
        },
      }).generations,
      ...life("", { "without them": (provider) => void new Thing("a", {}, { provider }) }).generations.map(
        (generation) => (generation === destroyed ? { ...destroyed, name: "destroyed without them" } : generation),
      ),
    ],
  },
  life("hooks-not-registered", {
    created: (provider) => {
      new Thing("a", {}, { provider, hooks: { beforeDelete: [telling("guard")] } });
    },
    "not deleted": () => {},
  }),
];
