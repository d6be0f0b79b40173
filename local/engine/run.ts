import { promisify } from "node:util";

import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";

import { Secret } from "../protocol/property";
import type { PropertyMap } from "../protocol/property";
import { ROOT_STACK_TYPE } from "../protocol/urn";
import { runChild } from "./child-program";
import { RunContext } from "./context";
import { messageOf, RunStopped, withoutStack } from "./errors";
import { deleteUnregistered } from "./deletes";
import { engineMethods } from "./engine-service";
import { runInline } from "./inline-program";
import { runMessages } from "./message-program";
import { Monitor } from "./monitor";
import { recoverState } from "./recovery";
import { redactConfig } from "./redaction";
import { refreshState } from "./refresh";
import { LiveState } from "../state/live-state";
import type { RecoveredOperation, RunOptions, RunResult } from "./types";

/** The only stack that the embedded engine runs, unless it is told to run any. */
const LOCAL_STACK = "local";

/** Says what `up` would do. Nothing is changed, neither in the state nor in a cloud. */
export function preview(options: RunOptions): Promise<RunResult> {
  return plan(options, runProgram);
}

/** Brings the stack to what the program says. */
export function up(options: RunOptions): Promise<RunResult> {
  return change(options, runProgram);
}

/** Takes over into the state what has become of the stack's resources, without running the program. */
export function refresh(options: RunOptions): Promise<RunResult> {
  return change(options, refreshState);
}

/** Says what `refresh` would take over. */
export async function previewRefresh(options: RunOptions): Promise<RunResult> {
  return plan(options, refreshState);
}

/** Deletes everything that the stack has, without running the program. */
export function destroy(options: RunOptions): Promise<RunResult> {
  return change(options, async (context) => {
    refuseDeleteHooks(context);
    await deleteUnregistered(context);
  });
}

/** Hooks are functions of the program, which a destroy does not run (destroy.go: newDestroySource). */
function refuseDeleteHooks(context: RunContext): void {
  for (const { urn, resourceHooks = {} } of context.state.all()) {
    const names = [...(resourceHooks.BeforeDelete ?? []), ...(resourceHooks.AfterDelete ?? [])];
    if (names.length === 0) continue;
    const text = `Resource has delete hooks registered, but the program is not running. Hooks: ${names.join(", ")}`;
    context.error(urn, text);
  }
  if (!context.stopped) return;
  const advice = "take these resources, or their hooks, out of the program and run `isthmus up` before the destroy";
  context.reporter.diagnostic("info", "", advice);
}

/** What was found of earlier runs. */
export interface Recovery {
  /** How the store was found: a lock that was left behind, changes that were restored. */
  readonly notes: readonly string[];
  readonly operations: readonly RecoveredOperation[];
}

/** Settles what earlier runs were cut off in, and does nothing else. `forget`: see `recoverState`. */
export function recover(options: RunOptions, forget: readonly string[] = []): Promise<Recovery> {
  return inSession(options, async (context, notes) => {
    try {
      return { notes, operations: await recoverState(context, forget) };
    } finally {
      await context.providers.close();
    }
  });
}

type Work = (context: RunContext) => Promise<void>;

async function plan(options: RunOptions, work: Work): Promise<RunResult> {
  refuseOtherStacks(options);
  return conclude(new RunContext(options, true, new LiveState(await options.store.load())), [], work);
}

async function change(options: RunOptions, work: Work): Promise<RunResult> {
  refuseOtherStacks(options);
  return inSession(options, (context, notes) => conclude(context, notes, work));
}

/** Holds the store for as long as the work takes. */
async function inSession<T>(
  options: RunOptions,
  work: (context: RunContext, notes: readonly string[]) => Promise<T>,
): Promise<T> {
  const session = await options.store.open();
  const state = new LiveState(session.snapshot, (item) => session.record(item));
  try {
    return await work(new RunContext(options, false, state), session.notes);
  } finally {
    await session.close(state.snapshot());
  }
}

function refuseOtherStacks({ stack, allowAnyStack }: RunOptions): void {
  if (stack === LOCAL_STACK || allowAnyStack === true) return;
  throw new Error(
    `the embedded engine runs the stack "${LOCAL_STACK}" only, found "${stack}": real environments run on the real ` +
      `Pulumi CLI, \`npx pulumi up -s ${stack}\``,
  );
}

/** Does the work of a run, and draws its result up whatever happens. */
async function conclude(context: RunContext, notes: readonly string[], work: Work): Promise<RunResult> {
  const { reporter, options } = context;
  reporter.prelude(redactConfig(options));
  for (const key of options.secretConfigKeys ?? []) reporter.secrets.learn(new Secret(options.config?.[key] ?? ""));
  for (const { inputs, outputs } of context.state.all())
    for (const map of [inputs, outputs]) reporter.secrets.learn(map);
  for (const note of notes) reporter.diagnostic("info", "", note);
  try {
    await settleEarlier(context);
    checkReplaced(context);
    if (!context.stopped) await work(context);
  } catch (error) {
    if (!(error instanceof RunStopped)) context.error("", messageOf(error));
  } finally {
    await context.drained();
    await context.providers.close();
    context.hooks.close();
  }
  if (options.abandon?.aborted === true) context.error("", abandonedMessage(context.state));
  else if (options.signal?.aborted === true)
    context.error("", "the run was stopped before its end: what had been done is saved");
  const stack = context.state.all().find((resource) => resource.type === ROOT_STACK_TYPE && resource.delete !== true);
  return reporter.result(!context.stopped && !context.flawed && !reporter.hasErrors(), stack?.outputs ?? {});
}

/** Nothing is done while it is not known whether an earlier run has made something: it might be made twice. */
async function settleEarlier(context: RunContext): Promise<void> {
  for (const { urn, outcome, message } of await recoverState(context)) {
    if (outcome !== "unknown") context.reporter.diagnostic("info", "", message);
    else if (context.preview) context.reporter.diagnostic("warning", "", message);
    else
      context.error(
        "",
        `${message} Nothing is done before that is known. Try again when the cloud can be asked; if you know that it ` +
          `does not exist: isthmus recover --forget '${urn}'`,
      );
  }
}

function checkReplaced({ options, old }: RunContext): void {
  const unknown = (options.replace ?? []).filter((urn) => !old.has(urn));
  if (unknown.length > 0)
    throw new Error(
      `to be replaced but not in the stack: ${unknown.join(", ")}; the state's URNs are in \`isthmus export\``,
    );
}

function abandonedMessage(state: LiveState): string {
  const pending = state.pendingOperations().map(({ type, resource }) => `${type} ${resource.urn}`);
  const rest = pending.length === 0 ? "" : `, and whether these are is not known: ${pending.sort().join(", ")}`;
  return `the run was stopped at once: what had been done is saved${rest}`;
}

async function runProgram(context: RunContext): Promise<void> {
  let finished: Promise<void> | undefined;
  const finish = (): Promise<void> => (finished ??= finishRun(context, monitor));
  const monitor = new Monitor(context, finish);
  const errors = await errorsOfProgram(context, monitor);
  for (const error of errors) reportProgramError(context, "", messageOf(error));
  if (errors.length > 0) context.fail();
  // Not every program says when it has registered everything; its end says it.
  await finish();
}

/** Runs the program to its end. Resolves to the errors that it ended with: none when it ended well. */
async function errorsOfProgram(context: RunContext, monitor: Monitor): Promise<unknown[]> {
  const { program } = context.options;
  if (program.kind === "messages") return runMessages(context, program.run, monitor);
  const methods = {
    monitor: monitor.methods(),
    engine: engineMethods(context, (urn, text) => reportProgramError(context, urn, text)),
  };
  if (program.kind === "inline") return runInline(context, program.run, methods);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": 400 * 1024 * 1024,
    // A busy program can leave requests waiting for longer than the 30 seconds after which grpc would cancel them.
    "grpc.server_max_unrequested_time_in_server": 30 * 60,
  });
  server.addService(ResourceMonitorService, methods.monitor);
  server.addService(EngineService, methods.engine);
  const port = await promisify(server.bindAsync.bind(server))("127.0.0.1:0", grpc.ServerCredentials.createInsecure());
  try {
    return await runChild(context, program, `127.0.0.1:${port}`);
  } finally {
    server.forceShutdown();
  }
}

/** The program has registered everything, or has failed: deletes what it no longer has, if it is known that it is all. */
async function finishRun(context: RunContext, monitor: Monitor): Promise<void> {
  await context.drained();
  if (!context.stopped) await deleteUnregistered(context);
  const stack = context.state.get(monitor.stackUrn);
  if (stack === undefined || monitor.stackOutputs === undefined) return;
  // After a failure the program's outputs may lack what it could not compute, so those of before are kept beside them.
  const kept: PropertyMap = context.stopped ? stack.outputs : {};
  const next = { ...stack, outputs: { ...kept, ...monitor.stackOutputs } };
  context.state.put(next);
  context.reporter.componentFinished(monitor.stackUrn, next);
}

/** Failures that only echo one of the run's own are left out. */
const ECHO =
  /failed to (register new resource|read resource|register)|Resource monitor is terminating|the run has been stopped/;

/** Reports what a program ended with: its message without stack traces, unless the run has reported the cause already. */
function reportProgramError(context: RunContext, urn: string, text: string): void {
  const message = withoutStack(text);
  const echo = context.reporter.hasErrors() && ECHO.test(message);
  if (echo || context.reporter.reported(message)) return context.fail();
  context.error(urn, message);
}
