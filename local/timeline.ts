import type { RunResult, Step } from "./engine/types";

/** A step with the time that it would take on the real cloud. */
export interface TimedStep {
  readonly step: Step;
  /** Seconds after the start of the run. */
  readonly start: number;
  readonly end: number;
}

export interface Timeline {
  /** Seconds that the run would take on the real clouds, with every independent step at once. */
  readonly seconds: number;
  /** The steps that decide it, in order, without those that take no time. */
  readonly criticalPath: readonly TimedStep[];
}

/**
 * The run on a virtual clock: each step starts when what it waits for has ended, and takes its type's latency. A step that
 * failed takes what was spent on it.
 *
 * @param latency seconds of an operation on a type, from the clouds' table
 * @param spent seconds that an operation on a resource took beyond that: retries, and waiting in vain
 */
export function timeline(
  run: Pick<RunResult, "steps" | "failed">,
  latency: (type: string, operation: CloudOperation) => number,
  spent: (urn: string, operation: CloudOperation) => number = () => 0,
): Timeline {
  const failed = new Set(run.failed);
  const steps = [...run.steps, ...run.failed];
  const timed = new Map<Step, TimedStep & { readonly cause?: Step }>();
  const makers = steps.filter((step) => cloudOperation(step) === "create" || cloudOperation(step) === "update");
  const deleters = steps.filter((step) => cloudOperation(step) === "delete");
  const place = (step: Step, kind: CloudOperation, causes: readonly Step[], notBefore?: Step): void => {
    const cause = latest([...causes, ...(notBefore === undefined ? [] : [notBefore])], timed);
    const start = cause === undefined ? 0 : timed.get(cause)!.end;
    const seconds = (failed.has(step) ? 0 : latency(step.type, kind)) + spent(step.urn, kind);
    timed.set(step, { step, start, end: start + seconds, ...(cause !== undefined && { cause }) });
  };

  const makerOf = new Map(makers.map((step) => [step.urn, step]));
  inOrder(
    makers,
    (step) => prerequisites(step.new).flatMap((urn) => makerOf.get(urn) ?? []),
    (step, causes) => place(step, cloudOperation(step) as CloudOperation, causes),
  );
  // An engine deletes when everything else is done, dependents first.
  const lastMade = latest(makers, timed);
  const dependents = new Map<string, Step[]>();
  for (const step of deleters) {
    for (const urn of prerequisites(step.old)) dependents.set(urn, [...(dependents.get(urn) ?? []), step]);
  }
  inOrder(
    deleters,
    (step) => dependents.get(step.urn) ?? [],
    (step, causes) => place(step, "delete", causes, lastMade),
  );

  const last = latest([...timed.keys()], timed);
  return { seconds: last === undefined ? 0 : timed.get(last)!.end, criticalPath: pathTo(last, timed) };
}

export type CloudOperation = "create" | "update" | "delete";

/** What a step makes a cloud do; undefined for bookkeeping, which takes no time. */
export function cloudOperation({ operation }: Step): CloudOperation | undefined {
  switch (operation) {
    case "create":
    case "create-replacement":
      return "create";
    case "update":
      return "update";
    case "delete":
    case "delete-replaced":
      return "delete";
    default:
      return undefined;
  }
}

/** URNs that a resource waits for: what it depends on, its parent and its provider. */
function prerequisites(state: Step["new"]): string[] {
  if (state === undefined) return [];
  const provider = state.provider === undefined ? undefined : state.provider.slice(0, state.provider.lastIndexOf("::"));
  return [...state.dependencies, state.parent, provider].filter(
    (urn): urn is string => urn !== undefined && urn !== "",
  );
}

/** Visits each step after its causes. */
function inOrder(
  steps: readonly Step[],
  causesOf: (step: Step) => readonly Step[],
  visit: (step: Step, causes: readonly Step[]) => void,
): void {
  const done = new Set<Step>();
  const go = (step: Step): void => {
    if (done.has(step)) return;
    done.add(step);
    const causes = causesOf(step);
    for (const cause of causes) go(cause);
    visit(step, causes);
  };
  for (const step of steps) go(step);
}

function latest(steps: readonly Step[], timed: ReadonlyMap<Step, TimedStep>): Step | undefined {
  let last: Step | undefined;
  for (const step of steps) {
    if (!timed.has(step)) continue;
    if (last === undefined || timed.get(step)!.end > timed.get(last)!.end) last = step;
  }
  return last;
}

function pathTo(last: Step | undefined, timed: ReadonlyMap<Step, TimedStep & { readonly cause?: Step }>): TimedStep[] {
  const path: TimedStep[] = [];
  for (let step = last; step !== undefined; step = timed.get(step)!.cause) {
    const { start, end } = timed.get(step)!;
    if (end > start) path.unshift({ step, start, end });
  }
  return path;
}
