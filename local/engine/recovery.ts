import { ProviderRegistry, resolveReference } from "./providers";
import { messageOf } from "./errors";
import { Reporter } from "./reporter";
import type { LiveState } from "./state";
import type { PendingOperation, ResourceState, RunOptions } from "./types";

/** Function by which a provider says which resource a create that was cut off has made: `{id}`, or `{}` for none. */
export const LOOKUP_TOKEN = "isthmus:local:lookup";

/**
 * Settles what a killed run was doing. A resource that was being created may exist without being in the state: its provider
 * is asked, and what it finds is adopted instead of being created twice. Other operations are simply done again by the run
 * that follows. Returns what the user should know.
 */
export async function recover(state: LiveState, options: RunOptions): Promise<string[]> {
  const pending = state.pendingOperations();
  if (pending.length === 0) return [];
  const registry = new ProviderRegistry(options, false, new Reporter(false, () => {}));
  const notes: string[] = [];
  try {
    for (const operation of pending) {
      const note = await settle(state, registry, operation);
      state.apply({ op: "end", urn: operation.resource.urn });
      notes.push(note);
    }
  } finally {
    await registry.close();
  }
  return notes;
}

function settle(state: LiveState, registry: ProviderRegistry, operation: PendingOperation): Promise<string> {
  switch (operation.type) {
    case "creating":
      return adopt(state, registry, operation.resource);
    case "deleting":
      return forget(state, registry, operation);
    default:
      return Promise.resolve(repeatNote(operation));
  }
}

/** A delete may have been done without the engine hearing of it; a second one would then be refused by some providers. */
async function forget(state: LiveState, registry: ProviderRegistry, operation: PendingOperation): Promise<string> {
  const { urn, id = "", provider = "", outputs: properties, inputs } = operation.resource;
  const owner = resolveReference(provider, (name) => state.get(name));
  try {
    const found =
      owner === undefined ? undefined : await (await registry.ensure(owner)).read({ urn, id, properties, inputs });
    if (found !== null) return repeatNote(operation);
  } catch {
    return repeatNote(operation);
  }
  state.remove(operation.resource);
  return `The previous run was cut off while deleting ${urn}. It is gone, and is no longer part of the state.`;
}

function repeatNote({ type, resource }: PendingOperation): string {
  return `The previous run was cut off while ${type} ${resource.urn}. The operation is repeated if it is still needed.`;
}

async function adopt(state: LiveState, registry: ProviderRegistry, resource: ResourceState): Promise<string> {
  const cutOff = `The previous run was cut off while creating ${resource.urn}.`;
  const owner = resolveReference(resource.provider ?? "", (urn) => state.get(urn));
  if (owner === undefined) return `${cutOff} Its provider is not in the state, so it is created again.`;
  try {
    const provider = await registry.ensure(owner);
    const { properties } = await provider.invoke({
      token: LOOKUP_TOKEN,
      args: { type: resource.type, urn: resource.urn, inputs: resource.inputs },
    });
    const id = properties.id;
    const present = state.get(resource.urn);
    if (typeof id !== "string" || id === "" || id === present?.id)
      return `${cutOff} It does not exist, so nothing is lost.`;
    const found = await provider.read({ urn: resource.urn, id, properties: {}, inputs: resource.inputs });
    if (found === null) return `${cutOff} It does not exist, so nothing is lost.`;
    if (present !== undefined && present.pendingReplacement !== true) state.put({ ...present, delete: true });
    state.put({ ...resource, id: found.id, outputs: found.properties });
    return `${cutOff} It exists as "${found.id}" and is now part of the state, so it is not created twice.`;
  } catch (error) {
    return `${cutOff} Whether it exists could not be found out (${messageOf(error)}), so it is created again.`;
  }
}
