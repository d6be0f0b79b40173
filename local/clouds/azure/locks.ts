import type { LedgerEntry } from "../ledger";
import type { Identified, Refusal } from "../model";
import { list, object, string } from "../schema";
import { armName, armOutputs, existing, sameId, type AzureModel } from "./common";

const LOCK = "azure-native:authorization:ManagementLockByScope";

/** A lock holds for what it is on and for everything below that, later things too ("Lock inheritance" of the documentation). */
function isUnder(id: string, scope: string): boolean {
  return sameId(id, scope) || id.toLowerCase().startsWith(`${scope.toLowerCase()}/`);
}

const lock: AzureModel = {
  type: LOCK,
  label: "Microsoft.Authorization/locks",
  properties: {
    lockName: string({ immutable: true, pattern: armName(90) }),
    scope: string({ required: true, immutable: true }),
    level: string({ required: true, oneOf: ["CanNotDelete", "ReadOnly"] }),
    notes: string(),
    owners: list(object({ applicationId: string() })),
  },
  autoName: { property: "lockName" },
  id: (inputs) => `${String(inputs.scope)}/providers/Microsoft.Authorization/locks/${String(inputs.lockName)}`,
  outputs: armOutputs("Microsoft.Authorization/locks", "2020-05-01"),
  references: [
    {
      path: "scope",
      type: "*",
      matches: (entry, scope) => entry.type !== LOCK && isUnder(entry.id, scope),
      missing: (value) => ({ code: "ResourceNotFound", message: `The Resource '${value}' was not found.` }),
      onDelete: "block",
    },
  ],
  taken: existing,
};

/** The same model, with ARM's answer to a delete while a lock holds: ARM asks the service only afterwards. */
export function lockable(model: AzureModel): AzureModel {
  const inUse = (entry: LedgerEntry, by: readonly Identified[]): Refusal => {
    const locks = by.filter(({ type }) => type === LOCK).map(({ inputs }) => `'${String(inputs.scope)}'`);
    if (locks.length > 0) {
      return {
        code: "ScopeLocked",
        message:
          `The scope '${entry.id}' cannot perform delete operation because following scope(s) are locked: ${locks.join(", ")}. ` +
          "Please remove the lock and try again.",
      };
    }
    const others = by as readonly LedgerEntry[];
    return (
      model.inUse?.(entry, others) ?? {
        code: "ResourceInUse",
        message: `${entry.id} is in use by ${others.map(({ id }) => id).join(", ")}`,
      }
    );
  };
  return { ...model, inUse };
}

export const LOCK_MODELS: readonly AzureModel[] = [lock];
