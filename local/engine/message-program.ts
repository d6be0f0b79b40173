import type * as grpc from "@grpc/grpc-js";

import type { RunContext } from "./context";
import { callDirectly } from "./direct-client";
import type { Monitor } from "./monitor";
import type { SendMessage } from "./types";

/**
 * Runs a program that speaks the monitor's protocol itself, in this process, without a connection and without an SDK.
 * Resolves to the errors that it ended with.
 */
export async function runMessages(
  context: RunContext,
  program: (send: SendMessage) => Promise<void>,
  monitor: Monitor,
): Promise<unknown[]> {
  const methods: grpc.UntypedServiceImplementation = monitor.methods();
  const send: SendMessage = (method, request) =>
    new Promise((resolve, reject) => {
      const answered = (error: Partial<grpc.StatusObject> | null): void =>
        error === null ? resolve() : reject(new Error(error.details));
      callDirectly(methods, method, request, answered);
    });
  try {
    await Promise.race([program(send), context.ended()]);
    return [];
  } catch (error) {
    return [error];
  }
}
