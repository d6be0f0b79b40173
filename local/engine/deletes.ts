import type { RunContext } from "./context";
import { Executor } from "./executor";
import { referencesOf, sortTopologically } from "../state/live-state";
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
    const deleted = round.filter((entry) => !refused.includes(entry));
    // What fails has been reported by the executor, and stops the run.
    await Promise.allSettled(deleted.map((entry) => executor.delete(entry, going)));
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

function isProtected(entry: ResourceState): boolean {
  return entry.protect === true && entry.delete !== true;
}

function protectedMessage(urn: string): string {
  return (
    `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, remove the \`protect\` flag ` +
    "from the resource in your Pulumi program and run `pulumi up`"
  );
}
