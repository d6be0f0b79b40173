import type { ResourceMonitorClient } from "@pulumi/pulumi/proto/resource_grpc_pb";
import { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import * as settings from "@pulumi/pulumi/runtime/settings";

import type { MonitorMethod, SendMessage } from "../../local/engine";
import { ROOT_STACK_TYPE } from "../../local/protocol/urn";

const METHODS: readonly MonitorMethod[] = ["registerResource", "registerResourceOutputs", "invoke"];

/**
 * A program as what it has sent to the engine, in the order in which it sent it. Played again, it sends the same, one message
 * after the other, without components, outputs and promises, which take nine tenths of the time of a run: for tests that run
 * one program a thousand times. It sends nothing more once an answer is an error, as the SDK does for what depends on it.
 *
 * It is the same program as long as its resources answer what they answered when it was recorded. They do in the simulated
 * clouds, where ids are derived and never drawn; keys of `tls` stay those that were recorded where they are passed on. Hooks are
 * functions, which no message carries: it plays without them.
 */
export class Recording {
  private readonly sent: { readonly method: MonitorMethod; readonly request: object }[] = [];

  /** The program itself, which records while it runs. It may not read resources (`.get`). */
  recorded(program: () => unknown): () => unknown {
    return () => {
      const monitor = settings.getMonitor() as ResourceMonitorClient | undefined;
      if (monitor === undefined) throw new Error("a program is recorded while it runs");
      const stack = `${settings.getProject()}-${settings.getStack()}`;
      this.sent.splice(0, this.sent.length, {
        method: "registerResource",
        request: new RegisterResourceRequest().setType(ROOT_STACK_TYPE).setName(stack).setCustom(false),
      });
      for (const method of METHODS) this.tap(monitor, method);
      const refuse = (): never => {
        throw new Error("a recorded program may not read resources or call methods");
      };
      Object.assign(monitor, { readResource: refuse, call: refuse });
      return program();
    };
  }

  /** Sends what was recorded. */
  async play(send: SendMessage): Promise<void> {
    for (const { method, request } of this.sent) await send(method, request);
  }

  private tap(monitor: ResourceMonitorClient, method: MonitorMethod): void {
    const original: (...args: never[]) => unknown = monitor[method];
    const recording = (...args: [object, ...unknown[]]): unknown => {
      this.sent.push({ method, request: withoutHooks(args[0]) });
      return Reflect.apply(original, monitor, args);
    };
    Object.assign(monitor, { [method]: recording });
  }
}

function withoutHooks(request: object): object {
  if (!(request instanceof RegisterResourceRequest)) return request;
  const copy = request.cloneMessage();
  copy.clearHooks();
  return copy;
}
