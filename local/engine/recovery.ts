import { LOOKUP } from "../protocol/provider";
import type { RunContext } from "./context";
import { messageOf, RunStopped } from "./errors";
import type { PendingOperation, RecoveredOperation, ResourceState } from "./types";

/** What a look at the cloud says of an operation. */
type Finding = Pick<RecoveredOperation, "outcome" | "message">;

/**
 * Settles what earlier runs were cut off in. A resource that was being created may exist without being in the state: its
 * provider is asked, and what it finds is adopted instead of being created twice. What cannot be found out stays pending.
 *
 * @param forget URNs whose creation is given up without asking, because the user knows that nothing came of it
 */
export async function recoverState(
  context: RunContext,
  forget: readonly string[] = [],
): Promise<readonly RecoveredOperation[]> {
  const recovered: RecoveredOperation[] = [];
  for (const { type, resource } of context.state.pendingOperations()) {
    const { urn } = resource;
    const { outcome, message } = forget.includes(urn)
      ? { outcome: "forgotten" as const, message: "It is forgotten, as was asked for." }
      : await settle(context, { type, resource });
    if (outcome !== "unknown") context.state.apply({ op: "end", urn });
    const cutOff = `The previous run was cut off while ${type} ${urn}.`;
    recovered.push({ urn, type, outcome, message: `${cutOff} ${message}` });
  }
  return recovered;
}

async function settle(context: RunContext, { type, resource }: PendingOperation): Promise<Finding> {
  const repeated: Finding = { outcome: "repeated", message: "The operation is repeated if it is still needed." };
  try {
    if (type === "creating") return await adopt(context, resource);
    return (type === "deleting" && (await forgetDeleted(context, resource))) || repeated;
  } catch (error) {
    if (error instanceof RunStopped) throw error;
    if (type !== "creating") return repeated;
    const message = `Whether it exists could not be found out (${messageOf(error)}).`;
    return { outcome: "unknown", message };
  }
}

async function adopt(context: RunContext, resource: ResourceState): Promise<Finding> {
  const { urn, type, inputs } = resource;
  const provider = await context.providerOf(resource);
  const { properties } = await provider.invoke({ token: LOOKUP, args: { type, urn, inputs } });
  const { id } = properties;
  const { state } = context;
  const present = state.get(urn);
  const asked = typeof id === "string" && id !== "" && id !== present?.id;
  const found = asked ? await provider.read({ urn, id, properties: {}, inputs }) : null;
  if (found === null) return { outcome: "forgotten", message: "It does not exist, so nothing is lost." };
  if (present !== undefined && present.pendingReplacement !== true) state.put({ ...present, delete: true });
  state.put({ ...resource, id: found.id, outputs: found.properties });
  const message = `It exists as "${found.id}" and is now part of the state, so it is not created twice.`;
  return { outcome: "adopted", message };
}

/** A delete may have been done without the engine hearing of it; a second one would then be refused by some providers. */
async function forgetDeleted(context: RunContext, resource: ResourceState): Promise<Finding | undefined> {
  const { urn, id = "", outputs: properties, inputs } = resource;
  const provider = await context.providerOf(resource);
  if ((await provider.read({ urn, id, properties, inputs })) !== null) return undefined;
  context.state.remove(resource);
  return { outcome: "forgotten", message: "It is gone, and is no longer part of the state." };
}
