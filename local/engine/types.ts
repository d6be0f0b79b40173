import type { PropertyDiff, ProviderHost } from "../protocol/provider";
import type { PropertyMap } from "../protocol/property";
import type { StateStore } from "../state/store";
import type { PendingOperation, ResourceState } from "../state/types";

export type { PendingOperation, ResourceState, Snapshot } from "../state/types";

/** What a step does, in the words of Pulumi's engine events. */
export type Operation =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "read"
  | "read-replacement"
  | "discard"
  | "discard-replaced"
  | "remove-pending-replace"
  | "refresh";

/** How the program is run: by Pulumi's own Node runtime, which calls the same services over gRPC or, in this process, directly. */
export type Program =
  /** A child process: `node <nodeArgs> .../cmd/run/index.js ... <main>`, as Pulumi's language host starts it. */
  | { readonly kind: "child"; readonly main: string; readonly directory: string; readonly nodeArgs: readonly string[] }
  /** A function in this process, for tests. Its returned object becomes the stack's outputs. */
  | { readonly kind: "inline"; readonly run: () => Promise<Record<string, unknown> | void> }
  /** A function that sends the messages of a program, the stack's own among them: for programs that were recorded. */
  | { readonly kind: "messages"; readonly run: (send: SendMessage) => Promise<void> };

/** What a program asks of the engine, by its name in `pulumirpc.ResourceMonitor`. */
export type MonitorMethod = "registerResource" | "registerResourceOutputs" | "invoke";

/** Sends a message of that protocol. Resolves when it is answered; rejects when the answer is an error. */
export type SendMessage = (method: MonitorMethod, request: object) => Promise<void>;

export interface RunOptions {
  readonly project: string;
  readonly stack: string;
  readonly program: Program;
  /** Configuration as Pulumi passes it: `namespace:key` to a string, or to the JSON text of a structured value. */
  readonly config?: Readonly<Record<string, string>>;
  /** Keys of `config` whose values are secret. */
  readonly secretConfigKeys?: readonly string[];
  readonly providers: ProviderHost;
  readonly store: StateStore;
  readonly analyzers?: readonly Analyzer[];
  /** URNs of resources to replace, whatever their inputs say. */
  readonly replace?: readonly string[];
  /** Concurrent resource operations. Default: 16. */
  readonly parallel?: number;
  readonly onEvent?: (event: EngineEvent) => void;
  /** Aborting it lets running operations finish, starts no new ones and ends the run as failed. */
  readonly signal?: AbortSignal;
  /**
   * Aborting it ends the run as failed at once. Operations under way are given up and stay pending in the state, from which
   * the next run settles them; their providers are told to cancel.
   */
  readonly abandon?: AbortSignal;
  /** Lets a stack have another name than `local`: for tests and for rendering without an account. Default: false. */
  readonly allowAnyStack?: boolean;
}

/** A policy pack, as the engine asks it after Check and before Diff. */
export interface Analyzer {
  readonly name: string;
  analyze(resource: AnalyzedResource): Promise<readonly PolicyViolation[]>;
}

export interface AnalyzedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Checked inputs; unknown in a preview where they depend on resources that do not exist yet. */
  readonly properties: PropertyMap;
  /** Whether the resource, or what it inherits from, is protected against deletion and replacement. */
  readonly protect: boolean;
}

export interface PolicyViolation {
  readonly policy: string;
  readonly level: "advisory" | "mandatory";
  /** `undetermined`: the rule touched a value that is not known yet. */
  readonly outcome: "fail" | "undetermined";
  readonly message: string;
}

/** One step of a run, planned (in a preview) or done. */
export interface Step {
  readonly operation: Operation;
  readonly urn: string;
  readonly type: string;
  /** Properties that make a replacement necessary. */
  readonly replaceKeys: readonly string[];
  /** Top-level properties that changed, sorted. Empty unless the step is an update or a replacement. */
  readonly diffs: readonly string[];
  /** Changed properties by path. Empty unless the step is an update or a replacement. */
  readonly detailedDiff: Readonly<Record<string, PropertyDiff>>;
  /** State before the step, absent for a create. Never decrypted for display: see `Secret`. */
  readonly old?: ResourceState;
  /** State after the step, absent for a delete. */
  readonly new?: ResourceState;
}

export interface RunResult {
  readonly succeeded: boolean;
  /** In the order in which they were done. */
  readonly steps: readonly Step[];
  /** Those that a provider did not do, or not wholly. */
  readonly failed: readonly Step[];
  /** Number of resources by operation; a replacement counts once, as `replace`, as in Pulumi's summary. */
  readonly changes: Readonly<Partial<Record<Operation, number>>>;
  readonly outputs: PropertyMap;
  readonly diagnostics: readonly Diagnostic[];
  readonly policyViolations: readonly (PolicyViolation & { readonly urn: string; readonly pack: string })[];
}

export interface Diagnostic {
  readonly severity: "info" | "warning" | "error";
  /** Resource it is about, empty for the run. */
  readonly urn: string;
  readonly message: string;
}

/** What happens while a run goes on; `events.ts` writes these as Pulumi's engine events. */
export type EngineEvent =
  | { readonly kind: "prelude"; readonly config: Readonly<Record<string, string>> }
  | { readonly kind: "step-started"; readonly step: Step; readonly planning: boolean }
  | { readonly kind: "step-finished"; readonly step: Step; readonly planning: boolean }
  | { readonly kind: "step-failed"; readonly step: Step; readonly message: string }
  | { readonly kind: "diagnostic"; readonly diagnostic: Diagnostic }
  | { readonly kind: "policy"; readonly urn: string; readonly pack: string; readonly violation: PolicyViolation }
  | {
      readonly kind: "summary";
      readonly changes: RunResult["changes"];
      readonly succeeded: boolean;
      readonly planning: boolean;
    };

/** What became of an operation that an earlier run was cut off in. */
export interface RecoveredOperation {
  readonly urn: string;
  readonly type: PendingOperation["type"];
  /**
   * `adopted`: what it had made is now part of the state. `forgotten`: nothing came of it, or nothing is left of it.
   * `repeated`: the next run does it again if it is still needed. `unknown`: it could not be found out, and stays pending.
   */
  readonly outcome: "adopted" | "forgotten" | "repeated" | "unknown";
  readonly message: string;
}
