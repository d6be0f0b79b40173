import type { Provider } from "../protocol/provider";
import { isProviderType, parseProviderReference, urnName } from "../protocol/urn";
import type { RunContext } from "./context";
import { Executor, operationOfDelete } from "./executor";
import type { Visibility } from "./executor";
import { entryKey, referencesOf } from "./state";
import type { ResourceState } from "./types";

/** Deletes what the program no longer has, and the old copies of what was replaced; dependents before dependencies. */
export async function deleteUnregistered(context: RunContext): Promise<void> {
  const condemned = context.state
    .all()
    .filter((entry) => entry.delete === true || !context.registered.has(entry.urn))
    .sort((a, b) => (entryKey(a) < entryKey(b) ? -1 : 1));
  await new Deletion(context, condemned).run();
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

class Deletion {
  private readonly executor: Executor;
  private readonly done = new Map<ResourceState, Promise<boolean>>();
  /** For each entry those that refer to it, and must be gone before. */
  private readonly dependents = new Map<ResourceState, ResourceState[]>();
  private readonly urns: ReadonlySet<string>;

  constructor(
    private readonly context: RunContext,
    private readonly condemned: readonly ResourceState[],
  ) {
    this.executor = new Executor(context);
    this.urns = new Set(condemned.map((entry) => entry.urn));
    const byUrn = new Map<string, ResourceState[]>();
    for (const entry of condemned) byUrn.set(entry.urn, [...(byUrn.get(entry.urn) ?? []), entry]);
    for (const entry of condemned) {
      for (const urn of referencesOf(entry)) {
        for (const target of byUrn.get(urn) ?? []) {
          this.dependents.set(target, [...(this.dependents.get(target) ?? []), entry]);
        }
      }
    }
  }

  async run(): Promise<void> {
    await Promise.allSettled(this.condemned.map((entry) => this.delete(entry, new Set())));
  }

  /** Resolves to whether the entry is gone. `path` guards against the cycles that old copies can form. */
  private delete(entry: ResourceState, path: ReadonlySet<ResourceState>): Promise<boolean> {
    const known = this.done.get(entry);
    if (known !== undefined) return known;
    const here = new Set([...path, entry]);
    const before = (this.dependents.get(entry) ?? []).filter((dependent) => !here.has(dependent));
    const result = Promise.all(before.map((dependent) => this.delete(dependent, here))).then(
      (gone) => gone.every(Boolean) && this.remove(entry),
    );
    this.done.set(entry, result);
    return result;
  }

  private async remove(entry: ResourceState): Promise<boolean> {
    if (entry.protect === true && entry.delete !== true) {
      this.executor.refuseDelete(entry, protectedMessage(entry.urn));
      return false;
    }
    try {
      await this.executor.delete(
        operationOfDelete(entry),
        entry,
        this.callsProvider(entry) ? () => providerForDelete(this.context, entry) : undefined,
        visibilityOf(entry),
      );
      return true;
    } catch {
      // Reported by the executor; what this entry depends on stays.
      return false;
    }
  }

  private callsProvider(entry: ResourceState): boolean {
    if (!entry.custom || isProviderType(entry.type) || entry.pendingReplacement === true) return false;
    if (entry.external === true || entry.retainOnDelete === true) return false;
    return entry.deletedWith === undefined || !this.urns.has(entry.deletedWith);
  }
}

/** Default providers, and what has been deleted already, go without a word. */
function visibilityOf(entry: ResourceState): Visibility {
  const isDefault = isProviderType(entry.type) && /^default(_|$)/.test(urnName(entry.urn));
  return isDefault || entry.pendingReplacement === true ? "hidden" : "shown";
}

function protectedMessage(urn: string): string {
  return (
    `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, remove the \`protect\` flag ` +
    "from the resource in your Pulumi program and run `pulumi up`"
  );
}
