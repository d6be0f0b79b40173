import { editedBy } from "../../../../local/clouds/kubernetes/field-managers";
import type { PropertyMap } from "../../../../local/protocol/property";
import type { Case } from "./case-objects";
import { NAMESPACE, Session, twoClusters } from "./support";

/** What an API server said: nothing when it takes the object, or in its own words why not, and why not its pods. */
export interface Said {
  readonly refused?: string;
  readonly pods?: string;
}

/** Asks the simulated API server. */
export async function askSimulated(
  { given, labels = {}, edited, asked, operation }: Case,
  namespace: string,
): Promise<Said> {
  const session = await Session.open(twoClusters());
  await session.create(NAMESPACE, { metadata: { name: namespace, labels: { ...labels } } });
  let last: { readonly id: string; readonly inputs: PropertyMap } | undefined;
  for (const { type, object } of given?.(namespace) ?? []) last = await session.create(type, object);
  const { type, object } = asked(namespace);
  if (edited !== undefined) edit(session, type, last!.id, edited);
  try {
    if (operation === "create") await session.create(type, object);
    else await session.update(type, last!.id, last!.inputs, object);
    return {};
  } catch (error) {
    const { message } = error as Error;
    // A refused update reads as one that did not come up.
    if (operation === "update") return { refused: message };
    const pods = /failed to fully initialize or become live: (.*)/.exec(message)?.[1];
    return pods === undefined ? { refused: message } : { pods };
  }
}

/** Somebody else changes an object behind the engine's back. */
export function edit(session: Session, type: string, id: string, changes: PropertyMap): void {
  const entry = session.ledger.list(`kubernetes:${type}`).find((one) => one.id === id)!;
  session.ledger.put({ ...entry, outputs: editedBy("kubectl-edit", entry.outputs, changes) });
}
