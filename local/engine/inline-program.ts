import * as config from "@pulumi/pulumi/runtime/config";
import * as settings from "@pulumi/pulumi/runtime/settings";
import * as stack from "@pulumi/pulumi/runtime/stack";

import type { RunContext } from "./context";

/** The internals of the SDK that the Automation API uses too (automation/server.js), and that have no public types. */
interface RuntimeState {
  withLocalStorage<T>(callback: () => Promise<T>): Promise<T>;
  getStore(): {
    settings: {
      options: { rootDirectory?: string };
      monitor?: { close(): void };
      engine?: { close(): void };
    };
  };
}

/**
 * Runs a program in this process, with a store of its own. Resolves to the errors that it ended with: none when it ended
 * well. The clients that it opened are closed, which the SDK does not do for stores like this one.
 */
export async function runInline(
  context: RunContext,
  program: () => Promise<Record<string, unknown> | void>,
  address: string,
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
      const { settings: local } = state.getStore();
      settings.resetOptions(project, stackName, parallel, address, address, context.preview, "organization");
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
      try {
        // A program whose registration has failed waits for ever; it is left behind when the run has ended.
        await Promise.race([run(), context.ended()]);
      } finally {
        const close = (): void => {
          local.monitor?.close();
          local.engine?.close();
        };
        // What a failed program still does would throw on a closed client.
        if (context.stopped || errors.size > 0) setTimeout(close, 1000).unref();
        else close();
      }
    });
    // Rejections are reported after the promises have settled.
    await new Promise((resolve) => setTimeout(resolve, errors.size > 0 || context.stopped ? 20 : 0));
  } finally {
    process.off("unhandledRejection", collect);
    process.off("uncaughtException", collect);
  }
  return [...errors];
}
