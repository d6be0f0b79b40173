import { mapValues } from "../protocol/property";
import { parseProviderReference } from "../protocol/urn";
import type { PendingOperation, ResourceState, Snapshot } from "./types";

/** One change of a stack's state. A journal is a list of these, and applying a change twice does no harm. */
export type StateChange<Resource = ResourceState> =
  | { readonly op: "put"; readonly resource: Resource }
  | { readonly op: "remove"; readonly key: string }
  /** A resource is known under another URN from now on. */
  | { readonly op: "rename"; readonly from: string; readonly to: string }
  /** A provider is about to be called. */
  | { readonly op: "begin"; readonly type: PendingOperation["type"]; readonly resource: Resource }
  | { readonly op: "end"; readonly urn: string };

/** Identifies an entry: a URN has one live entry, and any number of old copies that wait for their deletion. */
export function entryKey(resource: ResourceState): string {
  return resource.delete === true ? `${resource.urn}\n${resource.id ?? ""}` : resource.urn;
}

/** A stack's state as it changes. */
export class LiveState {
  private readonly entries = new Map<string, ResourceState>();
  private readonly pending = new Map<string, PendingOperation>();

  /** `record` sees every change before it is applied, and writes it through. */
  constructor(
    snapshot: Snapshot,
    private readonly record: (change: StateChange) => void = () => {},
  ) {
    for (const resource of snapshot.resources) this.entries.set(entryKey(resource), resource);
    for (const operation of snapshot.pending) this.pending.set(operation.resource.urn, operation);
  }

  /** The live entry of a URN. */
  get(urn: string): ResourceState | undefined {
    return this.entries.get(urn);
  }

  all(): ResourceState[] {
    return [...this.entries.values()];
  }

  pendingOperations(): PendingOperation[] {
    return [...this.pending.values()];
  }

  apply(change: StateChange): void {
    this.record(change);
    switch (change.op) {
      case "put":
        this.entries.set(entryKey(change.resource), change.resource);
        break;
      case "remove":
        this.entries.delete(change.key);
        break;
      case "rename":
        this.rename(change.from, change.to);
        break;
      case "begin":
        this.pending.set(change.resource.urn, { type: change.type, resource: change.resource });
        break;
      case "end":
        this.pending.delete(change.urn);
        break;
    }
  }

  put(resource: ResourceState): void {
    this.apply({ op: "put", resource });
  }

  remove(resource: ResourceState): void {
    this.apply({ op: "remove", key: entryKey(resource) });
  }

  /** The state in Pulumi's order: whatever a resource refers to comes before it; ties are broken by URN. */
  snapshot(): Snapshot {
    return { resources: sortTopologically(this.all()), pending: this.pendingOperations() };
  }

  private rename(from: string, to: string): void {
    const entry = this.entries.get(from);
    if (entry === undefined) return;
    this.entries.delete(from);
    this.entries.set(to, { ...entry, urn: to });
    for (const [key, resource] of this.entries) {
      const renamed = mapReferences(resource, (urn) => (urn === from ? to : urn));
      this.entries.set(key, renamed);
    }
  }
}

/** The resource with every URN that it refers to changed, or left out where that is possible. */
function mapReferences(resource: ResourceState, change: (urn: string) => string | undefined): ResourceState {
  const { parent, deletedWith, dependencies, propertyDependencies } = resource;
  const each = (urns: readonly string[]): string[] => urns.flatMap((urn) => change(urn) ?? []);
  const provider = resource.provider === undefined ? undefined : parseProviderReference(resource.provider);
  return {
    ...resource,
    parent: parent === undefined ? undefined : change(parent),
    deletedWith: deletedWith === undefined ? undefined : change(deletedWith),
    provider: provider === undefined ? undefined : `${change(provider.urn) ?? provider.urn}::${provider.id}`,
    dependencies: each(dependencies),
    propertyDependencies: mapValues(propertyDependencies, each),
  };
}

/** URNs that a resource refers to: these must exist before it, and must outlive it. */
export function referencesOf(resource: ResourceState): Set<string> {
  const urns = new Set(resource.dependencies);
  for (const list of Object.values(resource.propertyDependencies)) for (const urn of list) urns.add(urn);
  if (resource.parent !== undefined) urns.add(resource.parent);
  if (resource.deletedWith !== undefined) urns.add(resource.deletedWith);
  if (resource.provider !== undefined) urns.add(parseProviderReference(resource.provider).urn);
  urns.delete(resource.urn);
  return urns;
}

/**
 * Live entries first, then old copies; within each, references before referrers, ties by key. An old copy refers to what was
 * there in its time: to other old copies, if there are any.
 */
export function sortTopologically(resources: readonly ResourceState[]): ResourceState[] {
  const rank = (resource: ResourceState): string => (resource.delete === true ? "1" : "0") + entryKey(resource);
  const ordered = [...resources].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  const byUrn = new Map<string, ResourceState[]>();
  for (const resource of ordered) byUrn.set(resource.urn, [...(byUrn.get(resource.urn) ?? []), resource]);
  const sorted = new Set<ResourceState>();
  const visiting = new Set<ResourceState>();
  const visit = (resource: ResourceState): void => {
    if (visiting.has(resource)) return;
    visiting.add(resource);
    for (const urn of [...referencesOf(resource)].sort()) {
      const targets = byUrn.get(urn) ?? [];
      const all = resource.delete === true || targets[0]?.delete === true;
      for (const target of all ? targets : targets.slice(0, 1)) visit(target);
    }
    sorted.add(resource);
  };
  for (const resource of ordered) visit(resource);
  return [...sorted];
}

/**
 * The resources that refer to what is not there any more, without that; a child moves to its parent's parent
 * (deployment_executor.go: rebuildBaseState).
 */
export function repairReferences(resources: readonly ResourceState[]): ResourceState[] {
  const present = new Set(resources.map(({ urn }) => urn));
  const parents = new Map(resources.map(({ urn, parent }) => [urn, parent]));
  return resources
    .filter((resource) => [...referencesOf(resource)].some((urn) => !present.has(urn)))
    .map((resource) => {
      const repaired = mapReferences(resource, (urn) => (present.has(urn) ? urn : undefined));
      const lists = Object.entries(repaired.propertyDependencies).filter(([, urns]) => urns.length > 0);
      const parent = repaired.parent ?? parents.get(resource.parent ?? "");
      return { ...repaired, parent, propertyDependencies: Object.fromEntries(lists) };
    });
}

/** Every entry that refers to one of `urns`, directly or through others, referenced ones first. */
export function transitiveDependents(resources: readonly ResourceState[], root: string): ResourceState[] {
  const reached = new Set([root]);
  return sortTopologically(resources).filter((resource) => {
    if (resource.urn === root) return false;
    const depends = [...referencesOf(resource)].some((urn) => reached.has(urn));
    if (depends) reached.add(resource.urn);
    return depends;
  });
}
