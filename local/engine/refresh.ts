import { equals } from "../protocol/property";
import type { PropertyDiffKind } from "../protocol/provider";
import { isProviderType } from "../protocol/urn";
import type { RunContext } from "./context";
import { differenceOf, diffRequest } from "./diff";
import type { Difference } from "./diff";
import { messageOf, RunStopped } from "./errors";
import { makeStep, withSecretOutputs } from "./executor";
import { repairReferences } from "../state/live-state";
import type { ResourceState, Step } from "./types";

/**
 * Looks at everything that the stack has, and takes over what has become of it: what changed is changed in the state, what
 * is gone is removed from it (step.go: RefreshStep). What cannot be read stays as it is, and fails the run at its end.
 */
export async function refreshState(context: RunContext): Promise<void> {
  // Behind what waits for its replacement there is nothing to look at.
  const entries = context.state.all().filter((entry) => entry.pendingReplacement !== true);
  await Promise.allSettled(entries.map((entry) => context.limited(() => refreshEntry(context, entry))));
  for (const resource of repairReferences(context.state.all())) context.state.put(resource);
}

async function refreshEntry(context: RunContext, entry: ResourceState): Promise<void> {
  const { reporter, state } = context;
  const planned = makeStep("refresh", entry, entry);
  reporter.stepStarted(planned);
  try {
    const done = await look(context, entry);
    if (done.new === undefined) state.remove(entry);
    else if (done.new !== entry) state.put(done.new);
    reporter.stepDone(done);
    reporter.stepFinished(done);
  } catch (error) {
    if (error instanceof RunStopped) throw error;
    reporter.stepFailed(planned, messageOf(error));
    context.flawed = true;
  }
}

/** The step that a look at the thing leads to. */
async function look(context: RunContext, entry: ResourceState): Promise<Step> {
  const same = makeStep("same", entry, entry);
  if (!entry.custom || isProviderType(entry.type)) return same;
  const { urn, id = "", inputs, outputs: properties, ignoreChanges = [] } = entry;
  const provider = await context.providerOf(entry);
  const found = await provider.read({ urn, id, properties, inputs });
  if (found === null) return makeStep("delete", entry, undefined);
  const next = withSecretOutputs(context, {
    ...entry,
    id: found.id,
    inputs: found.inputs,
    outputs: found.properties,
    initErrors: undefined,
  });
  // What is not the stack's own is compared by its outputs, for want of a program that says what it should be.
  if (entry.external === true)
    return equals(next.outputs, properties) ? { ...same, new: next } : makeStep("update", entry, next);
  // Asked the other way round: what would the program of before change in what there is now?
  const request = diffRequest(next, inputs, ignoreChanges);
  const difference = inverted(differenceOf(await provider.diff(request), request));
  return makeStep(difference.changed ? "update" : "same", entry, next, difference);
}

const INVERSE: Readonly<Partial<Record<PropertyDiffKind, PropertyDiffKind>>> = {
  add: "delete",
  "add-replace": "delete-replace",
  delete: "add",
  "delete-replace": "add-replace",
};

/** The difference that leads back. It replaces nothing: what it describes has happened already. */
function inverted(difference: Difference): Difference {
  const details = Object.entries(difference.detailedDiff).map(([path, { kind, inputDiff }]) => {
    return [path, { kind: INVERSE[kind] ?? kind, inputDiff }] as const;
  });
  return { ...difference, replaces: false, replaceKeys: [], detailedDiff: Object.fromEntries(details) };
}
