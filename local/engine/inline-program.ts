import type * as grpc from "@grpc/grpc-js";
import * as log from "@pulumi/pulumi/log";
import * as config from "@pulumi/pulumi/runtime/config";
import * as settings from "@pulumi/pulumi/runtime/settings";
import * as stack from "@pulumi/pulumi/runtime/stack";

import type { RunContext } from "./context";
import { directClient, type Client } from "./direct-client";

/** The internals of the SDK that the Automation API uses too (automation/server.js), and that have no public types. */
interface RuntimeState {
  withLocalStorage<T>(callback: () => Promise<T>): Promise<T>;
  getStore(): {
    callbacks?: { shutdown(): void; readonly _target: Promise<string> };
    settings: {
      options: { rootDirectory?: string };
      monitor?: Client;
      engine?: Client;
    };
  };
}

/** A client whose calls are never answered. */
const MUTE: Client = new Proxy({ close: () => {} }, { get: () => () => {} });

/** A client whose calls all succeed. */
const DEAF: Client = new Proxy({ close: () => {} }, { get: () => answer });

function answer(...args: readonly unknown[]): void {
  const callback = args.at(-1);
  if (typeof callback === "function") callback(null, undefined);
}

/**
 * Runs a program in this process, with a store of its own and without a connection to the services that it calls. Resolves
 * to the errors that it ended with: none when it ended well.
 */
export async function runInline(
  context: RunContext,
  program: () => Promise<Record<string, unknown> | void>,
  methods: Readonly<Record<"monitor" | "engine", grpc.UntypedServiceImplementation>>,
): Promise<unknown[]> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be typed as empty
  const state = require("@pulumi/pulumi/runtime/state") as RuntimeState;
  const { project, stack: stackName, parallel = 16, config: values = {}, secretConfigKeys = [] } = context.options;
  const errors = new Set<unknown>();
  // Every output of a failed resource rejects; without these handlers Node would end the process.
  const collect = (error: unknown): void => void errors.add(error);
  process.on("unhandledRejection", collect);
  process.on("uncaughtException", collect);
  try {
    await state.withLocalStorage(async () => {
      const store = state.getStore();
      const { settings: local } = store;
      settings.resetOptions(project, stackName, parallel, "", "", context.preview, "organization");
      // An error makes the SDK stop its server of callbacks, which calls itself when it starts and must have been answered.
      local.monitor = directClient(methods.monitor, async () => store.callbacks?._target);
      local.engine = directClient(methods.engine);
      local.options.rootDirectory = process.cwd();
      config.setAllConfig({ ...values }, [...secretConfigKeys]);
      const run = async (): Promise<void> => {
        try {
          await stack.runInPulumiStack(async () => {
            try {
              return (await program()) ?? {};
            } catch (error) {
              // Kept from the SDK, which would let it reject in several places at once.
              errors.add(error);
              context.fail();
              return {};
            }
          });
          await settings.disconnect(errors.size === 0);
        } catch (error) {
          errors.add(error);
          await settings.disconnect(false);
        }
      };
      // A program whose registration has failed waits for ever; it is left behind when the run has ended.
      await Promise.race([run(), context.ended()]);
      // What a program that was left behind still asks for would be refused when nobody expects an error any more.
      local.monitor = MUTE;
      local.engine = DEAF;
      // The SDK sends one log message after the other: when this one is through, so are those before it.
      await log.debug("the run has ended");
      await context.drained();
      if (context.stopped || errors.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      store.callbacks?.shutdown();
    });
    // Rejections are reported after the promises have settled.
    await new Promise((resolve) => setTimeout(resolve, 0));
  } finally {
    process.off("unhandledRejection", collect);
    process.off("uncaughtException", collect);
  }
  return [...errors];
}
