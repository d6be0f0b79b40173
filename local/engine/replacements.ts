import { Unknown } from "../protocol/property";
import { isProviderType, parseProviderReference } from "../protocol/urn";
import type { RunContext } from "./context";
import { differenceOf, diffRequest } from "./diff";
import type { Executor } from "./executor";
import { transitiveDependents } from "../state/live-state";
import type { ResourceState } from "./types";

interface Dependent {
  readonly resource: ResourceState;
  readonly keys: readonly string[];
}

/** Replacements that delete first: what depends on the old resource in a way that a new one would break goes before it. */
export class Replacements {
  /** Dependents that were deleted ahead, with the properties that made it necessary. */
  private readonly deleted = new Map<string, readonly string[]>();
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: RunContext,
    private readonly executor: Executor,
  ) {}

  /** Keys of the replacement when the resource was deleted for the sake of another one, undefined when it was not. */
  deletedKeys(urn: string): readonly string[] | undefined {
    return this.deleted.get(urn) ?? this.deleted.get(this.context.aliases.former(urn) ?? "");
  }

  /** Deletes the old resource, and before it every dependent that its deletion forces to be replaced. One at a time. */
  async deleteFirst(old: ResourceState): Promise<void> {
    const turn = this.queue.then(() => this.cascade(old));
    this.queue = turn.catch(() => {});
    await turn;
  }

  private async cascade(old: ResourceState): Promise<void> {
    const dependents = await this.dependents(old);
    for (const { resource } of dependents) {
      if (resource.protect !== true) continue;
      throw this.context.error(
        old.urn,
        `unable to replace resource "${resource.urn}" as part of replacing "${old.urn}" as it is currently marked for ` +
          "protection. To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program and " +
          "run `pulumi up`",
      );
    }
    const condemned = new Set([old.urn, ...dependents.map(({ resource }) => resource.urn)]);
    for (const { resource, keys } of dependents.reverse()) {
      this.deleted.set(resource.urn, keys);
      await this.executor.delete(resource, condemned, true);
    }
    // One that waits for its replacement since an earlier run has been deleted already.
    if (old.pendingReplacement !== true)
      await this.executor.delete(this.context.state.get(old.urn) ?? old, condemned, true);
  }

  /** Dependents to delete, in the order of their dependencies (step_generator.go: calculateDependentReplacements). */
  private async dependents(root: ResourceState): Promise<Dependent[]> {
    const { registered, aliases, state } = this.context;
    const goes = new Set([root.urn]);
    const found: Dependent[] = [];
    const live = state.all().filter((item) => item.delete !== true);
    for (const resource of transitiveDependents(live, root.urn)) {
      // What the program has registered already cannot depend on what it is registering now.
      const settled =
        registered.has(resource.urn) || aliases.renamedTo(resource.urn) !== undefined || this.deleted.has(resource.urn);
      if (settled || !resource.custom || resource.external === true) continue;
      const keys = await this.replacementKeys(resource, goes);
      if (keys === undefined) continue;
      goes.add(resource.urn);
      found.push({ resource, keys });
    }
    return found;
  }

  /** Why the resource must go when those in `goes` do, or undefined when it can stay. */
  private async replacementKeys(
    resource: ResourceState,
    goes: ReadonlySet<string>,
  ): Promise<readonly string[] | undefined> {
    if (resource.provider !== undefined && goes.has(parseProviderReference(resource.provider).urn)) return [];
    if (resource.deletedWith !== undefined && goes.has(resource.deletedWith)) return [];
    const { inputs, propertyDependencies } = resource;
    const keys = Object.keys(inputs).filter((key) => propertyDependencies[key]?.some((urn) => goes.has(urn)));
    if (keys.length === 0) return undefined;
    const news = { ...inputs, ...Object.fromEntries(keys.map((key) => [key, Unknown.value])) };
    const request = diffRequest(resource, news, resource.ignoreChanges);
    const { providers } = this.context;
    const answer = await this.context.limited(async () => {
      const provider = isProviderType(resource.type) ? providers : await this.context.providerOf(resource);
      return provider.diff(request);
    });
    const difference = differenceOf(answer, request, { replaceOnChanges: resource.replaceOnChanges });
    return difference.replaces ? difference.replaceKeys : undefined;
  }
}
