/** What can go wrong with one operation of a provider; `KINDS` says what each does. */
export type FaultKind =
  "error" | "partial-create" | "timeout" | "hang" | "throttle" | "crash" | "stale-read" | "lost-response";

/** An operation of the provider protocol that can go wrong. */
export type FaultyOperation = "check" | "diff" | "create" | "read" | "update" | "delete" | "invoke";

/** Where a fault strikes: the first operation that all of these fit. Names and types may contain `*`, for any text. */
export interface FaultPlace {
  /** Default: any that the kind can strike. */
  readonly operation?: FaultyOperation;
  /** Pulumi type token, or for `invoke` the function's. Default: any. */
  readonly type?: string;
  /** Name of the resource in the program. Default: any. */
  readonly name?: string;
  /**
   * The so-manieth operation of the run that asks a cloud for something, from 1: every operation but `check` and `diff`,
   * which only compute. Operations that do not depend on each other may start in another order from run to run.
   */
  readonly step?: number;
}

/** A fault that is to happen once. */
export type Fault = FaultPlace &
  (
    | { readonly kind: Exclude<FaultKind, "throttle"> }
    /** `times`: how often the service refuses before it serves. */
    | { readonly kind: "throttle"; readonly times: number }
  );

/** An operation as faults see it. */
export interface Operation {
  readonly operation: FaultyOperation;
  readonly type: string;
  /** Empty for `invoke`. */
  readonly name: string;
  /** Position among the operations that ask a cloud; undefined for `check` and `diff`. */
  readonly step?: number;
}

const CHANGES = ["create", "update", "delete"] as const;
const CALLS = ["create", "read", "update", "delete", "invoke"] as const;
const ALL = ["check", "diff", ...CALLS] as const;

/** What each kind does, which operations it can strike, and why not the others. */
export const KINDS: Readonly<
  Record<
    FaultKind,
    {
      /** What happens, as `--help` and the documents say it. */
      readonly what: string;
      readonly strikes: readonly FaultyOperation[];
      /** Why it strikes no others; empty when it strikes all. */
      readonly because: string;
      /** It never leaves the provider's machine, so that a package without a service (`tls`) can meet it. */
      readonly local: boolean;
    }
  >
> = {
  error: {
    what: "the service answers with an error, and nothing was done",
    strikes: ALL,
    because: "",
    local: true,
  },
  "partial-create": {
    what: "the thing exists but does not become ready; the engine is told its id",
    strikes: ["create"],
    because: "only a create makes something",
    local: false,
  },
  timeout: {
    what: "the operation is done, but the provider gave up waiting before that: its custom timeout, or the provider's own, has passed",
    strikes: CALLS,
    because: "a provider computes checks and diffs without waiting for a service",
    local: false,
  },
  hang: {
    what: "the operation is done, and the provider never answers; a custom timeout ends it as `timeout` does, else only giving up the run does",
    strikes: ALL,
    because: "",
    local: true,
  },
  throttle: {
    what: "the service refuses for too many requests, so many times; the provider tries again with growing pauses, up to its limit",
    strikes: CALLS,
    because: "a provider computes checks and diffs without asking a service",
    local: false,
  },
  crash: {
    what: "the provider's process ends before anything is done, and answers nothing more in this run",
    strikes: ALL,
    because: "",
    local: true,
  },
  "stale-read": {
    what: "a read is answered from before the last change; after its own change a provider reads again until it sees it, which takes time",
    strikes: ["create", "read", "update", "delete"],
    because: "checks and diffs read nothing, and no function of the simulated clouds reads what a program changes",
    local: false,
  },
  "lost-response": {
    what: "the operation is done, and its answer is lost on the way back",
    strikes: CHANGES,
    because: "to lose the answer to what changes nothing is the same as an error",
    local: true,
  },
};

/** Packages whose provider asks no service: it computes on its own machine. */
const LOCAL_PACKAGES: readonly string[] = ["tls"];

/** Why a kind of fault cannot strike an operation; undefined when it can. */
export function cannotStrike(kind: FaultKind, { operation, type }: Omit<Operation, "name">): string | undefined {
  const { strikes, because, local } = KINDS[kind];
  if (!strikes.includes(operation)) return because;
  const [pkg = ""] = type.split(":");
  if (!local && LOCAL_PACKAGES.includes(pkg)) return `the provider ${pkg} asks no service`;
  return undefined;
}

/** Whether a fault strikes an operation. */
export function strikes(fault: Fault, operation: Operation): boolean {
  return (
    (fault.operation === undefined || fault.operation === operation.operation) &&
    (fault.type === undefined || fits(fault.type, operation.type)) &&
    (fault.name === undefined || fits(fault.name, operation.name)) &&
    (fault.step === undefined || fault.step === operation.step) &&
    cannotStrike(fault.kind, operation) === undefined
  );
}

function fits(pattern: string, text: string): boolean {
  const expression = pattern.split("*").map((part) => part.replace(/[\\^$+?.()|[\]{}]/g, "\\$&"));
  return new RegExp(`^${expression.join(".*")}$`, "s").test(text);
}
