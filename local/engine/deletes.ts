import type { Provider } from "../protocol/provider";
import { isProviderType, parseProviderReference, urnName } from "../protocol/urn";
import type { RunContext } from "./context";
import { Executor, operationOfDelete } from "./executor";
import type { Visibility } from "./executor";
import { referencesOf, sortTopologically } from "./state";
import type { ResourceState } from "./types";

/**
 * Deletes what the program no longer has, and the old copies of what was replaced, in rounds: what nothing refers to any
 * more goes first, and a round begins when the one before has ended (step_generator.go: ScheduleDeletes). Once a delete has
 * failed nothing more is started; a protected resource only keeps what it refers to.
 */
export async function deleteUnregistered(context: RunContext): Promise<void> {
  const condemned = context.state.all().filter((entry) => entry.delete === true || !context.registered.has(entry.urn));
  const executor = new Executor(context);
  const going = goingNow(condemned);
  const kept = new Set<string>();
  for (const round of roundsOf(condemned)) {
    if (context.stopped) return;
    const refused = round.filter((entry) => kept.has(entry.urn) || isProtected(entry));
    for (const entry of refused) {
      if (!kept.has(entry.urn)) executor.refuseDelete(entry, protectedMessage(entry.urn));
      for (const urn of referencesOf(entry)) kept.add(urn);
    }
    const deletes = round
      .filter((entry) => !refused.includes(entry))
      .map((entry) =>
        executor.delete(
          operationOfDelete(entry),
          entry,
          callsProvider(entry, going) ? () => providerForDelete(context, entry) : undefined,
          visibilityOf(entry),
        ),
      );
    // What fails has been reported by the executor, and stops the run.
    await Promise.allSettled(deletes);
  }
}

/**
 * URNs of what no protected resource keeps. What is `deletedWith` something that stays is deleted by its provider: the real
 * engine only drops it from its state, where nobody finds it any more.
 */
function goingNow(condemned: readonly ResourceState[]): ReadonlySet<string> {
  const kept = new Set<string>();
  // Referrers come last in topological order.
  for (const entry of sortTopologically(condemned).reverse()) {
    if (!isProtected(entry) && !kept.has(entry.urn)) continue;
    for (const urn of [entry.urn, ...referencesOf(entry)]) kept.add(urn);
  }
  return new Set(condemned.map(({ urn }) => urn).filter((urn) => !kept.has(urn)));
}

/** The entries by how many of the others they stand on, one above the other: the highest first. */
function roundsOf(condemned: readonly ResourceState[]): ResourceState[][] {
  const heights = new Map<string, number>();
  const rounds: ResourceState[][] = [];
  for (const entry of sortTopologically(condemned)) {
    const below = [...referencesOf(entry)].map((urn) => heights.get(urn) ?? -1);
    const height = Math.max(-1, ...below) + 1;
    heights.set(entry.urn, Math.max(height, heights.get(entry.urn) ?? 0));
    (rounds[height] ??= []).push(entry);
  }
  return rounds.reverse();
}

/** The provider that made a resource, configured as it was then if this run does not have it. */
export async function providerForDelete(context: RunContext, entry: ResourceState): Promise<Provider> {
  const reference = entry.provider ?? "";
  const configured = context.providers.get(reference);
  if (configured !== undefined) return configured;
  const { urn, id } = parseProviderReference(reference);
  const resource = context.state.all().find((item) => item.urn === urn && item.id === id);
  if (resource === undefined)
    throw new Error(`the state has no provider ${reference} to manage resource ${entry.urn} with`);
  return context.providers.ensure(resource);
}

function isProtected(entry: ResourceState): boolean {
  return entry.protect === true && entry.delete !== true;
}

/**
 * Whether there is a thing behind the entry that its provider must delete: not one that is only read, that is to be
 * retained, or that goes together with another one of `condemned`.
 */
export function callsProvider(entry: ResourceState, condemned: ReadonlySet<string>): boolean {
  if (!entry.custom || isProviderType(entry.type) || entry.pendingReplacement === true) return false;
  if (entry.external === true || entry.retainOnDelete === true) return false;
  return entry.deletedWith === undefined || !condemned.has(entry.deletedWith);
}

/** Default providers, and what has been deleted already, go without a word. */
export function visibilityOf(entry: ResourceState): Visibility {
  const isDefault = isProviderType(entry.type) && /^default(_|$)/.test(urnName(entry.urn));
  return isDefault || entry.pendingReplacement === true ? "hidden" : "shown";
}

function protectedMessage(urn: string): string {
  return (
    `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, remove the \`protect\` flag ` +
    "from the resource in your Pulumi program and run `pulumi up`"
  );
}
