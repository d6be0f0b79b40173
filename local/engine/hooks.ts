import * as grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import { CallbacksClient } from "@pulumi/pulumi/proto/callback_grpc_pb";
import * as callback_pb from "@pulumi/pulumi/proto/callback_pb";
import {
  ErrorHookRequest,
  ErrorHookResponse,
  ResourceHookRequest,
  ResourceHookResponse,
} from "@pulumi/pulumi/proto/resource_pb";

import { encode } from "../protocol/property";
import { urnName } from "../protocol/urn";
import { getOrMake } from "../objects";
import { unlessAbandoned } from "./abandon";
import type { RunContext } from "./context";
import { messageOf, RunStopped } from "./errors";
import type { Operation, Step } from "./types";

/** A function of the program that the engine calls around an operation. */
export interface Hook {
  readonly callback: callback_pb.Callback;
  /** Whether it is called in previews, too. */
  readonly onDryRun: boolean;
  /** What it throws is a warning. */
  readonly ignoreErrors: boolean;
}

/** How often a hook may have an operation done again (retries.go). */
const MOST_ATTEMPTS = 100;

/** What hooks call the operation of a step, where it can have any. */
export const HOOKED: Readonly<Partial<Record<Operation, "Create" | "Update" | "Delete">>> = {
  create: "Create",
  "create-replacement": "Create",
  update: "Update",
  delete: "Delete",
  "delete-replaced": "Delete",
  discard: "Delete",
  "discard-replaced": "Delete",
};

/** The hooks that the program has registered. They are called in its process, by its SDK's callback server. */
export class Hooks {
  private readonly hooks = new Map<string, Hook>();
  private readonly clients = new Map<string, CallbacksClient>();

  constructor(private readonly context: RunContext) {}

  /** Throws when the name is taken. */
  register(name: string, hook: Hook): void {
    if (this.hooks.has(name)) throw new Error(`resource hook already registered for name "${name}"`);
    this.hooks.set(name, hook);
  }

  /** Calls the hooks that come before the step. Throws when one of them does. */
  async before(step: Step): Promise<void> {
    await this.call("Before", step);
  }

  /** Calls the hooks that come after the step. What they throw fails the run, but the step is done. */
  async after(step: Step): Promise<void> {
    try {
      await this.call("After", step);
    } catch (error) {
      if (error instanceof RunStopped) throw error;
      this.context.error(step.urn, messageOf(error));
    }
  }

  /** Does a provider's operation, and does it again as long as a hook of the resource wants that. */
  async retried<T>(step: Step, operation: () => Promise<T>): Promise<T> {
    const failures: string[] = [];
    for (;;) {
      try {
        return await operation();
      } catch (error) {
        if (error instanceof RunStopped) throw error;
        failures.unshift(messageOf(error));
        if (!(await this.wantsRetry(step, failures))) throw error;
      }
    }
  }

  /** Ends the connections to the program. */
  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  private async wantsRetry(step: Step, failures: readonly string[]): Promise<boolean> {
    const names = (step.new ?? step.old)?.resourceHooks?.OnError ?? [];
    const operation = HOOKED[step.operation]?.toLowerCase();
    if (operation === undefined || names.length === 0) return false;
    const warn = (text: string): void => this.context.reporter.diagnostic("warning", step.urn, text);
    if (failures.length >= MOST_ATTEMPTS) {
      warn(`maximum number of error hook retries (${MOST_ATTEMPTS}) reached`);
      throw new Error("maximum number of error hook retries reached");
    }
    const request = fill(new ErrorHookRequest(), step)
      .setFailedOperation(operation)
      .setErrorsList([...failures]);
    let retry = false;
    for (const name of names) {
      const hook = this.hooks.get(name);
      if (hook === undefined) throw new Error(`error hooks execution failed: error hook "${name}" was not registered`);
      const response = ErrorHookResponse.deserializeBinary(await this.invoke(hook, request));
      if (response.getError() !== "")
        throw new Error(`error hooks execution failed: error hook "${name}" failed: ${response.getError()}`);
      retry ||= response.getRetry();
    }
    if (retry) warn(`retrying ${operation} due to on-error hook request (${failures.length}/${MOST_ATTEMPTS})`);
    return retry;
  }

  private async call(when: "Before" | "After", step: Step): Promise<void> {
    const type = `${when}${HOOKED[step.operation] ?? ""}`;
    for (const name of (step.new ?? step.old)?.resourceHooks?.[type] ?? []) {
      const hook = this.hooks.get(name);
      if (hook === undefined) throw new Error(`hook "${name}" was not registered`);
      if (this.context.preview && !hook.onDryRun) continue;
      const request = fill(new ResourceHookRequest(), step);
      if (when === "After" && step.new !== undefined) request.setNewOutputs(encode(step.new.outputs));
      const response = ResourceHookResponse.deserializeBinary(await this.invoke(hook, request));
      const error = response.getError();
      if (error === "") continue;
      if (!hook.ignoreErrors) throw new Error(`${when.toLowerCase()} hook "${name}" failed: ${error}`);
      this.context.reporter.diagnostic("warning", step.urn, `${type} hook "${name}" failed: ${error}`);
    }
  }

  private async invoke({ callback }: Hook, request: Message): Promise<Uint8Array> {
    const target = callback.getTarget();
    const connect = () => new CallbacksClient(target, grpc.credentials.createInsecure());
    const client = getOrMake(this.clients, target, connect);
    const message = new callback_pb.CallbackInvokeRequest()
      .setToken(callback.getToken())
      .setRequest(request.serializeBinary());
    const answer = (): Promise<Uint8Array> =>
      new Promise((resolve, reject) => {
        client.invoke(message, (error, response) => {
          if (error === null) resolve(response.getResponse_asU8());
          // A program that has ended because the run has failed took its hooks with it.
          else reject(this.context.stopped ? new RunStopped() : error);
        });
      });
    return unlessAbandoned(answer, this.context.options.abandon);
  }
}

function fill<Request extends ResourceHookRequest | ErrorHookRequest>(request: Request, step: Step): Request {
  const { urn, type, old, new: next } = step;
  request
    .setUrn(urn)
    .setId((next ?? old)?.id ?? "")
    .setName(urnName(urn))
    .setType(type);
  if (next !== undefined) request.setNewInputs(encode(next.inputs));
  // Whatever a new resource replaces is not its own past.
  if (old !== undefined && HOOKED[step.operation] !== "Create")
    request.setOldInputs(encode(old.inputs)).setOldOutputs(encode(old.outputs));
  return request;
}
