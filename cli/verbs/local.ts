import pc from "picocolors";

import { BadEdit, costOf, PRICE_LIST, type Cost } from "../../local/clouds";
import type { Snapshot } from "../../local/engine";
import type { PropertyValue } from "../../local/protocol/property";
import { urnName } from "../../local/protocol/urn";
import { LocalEnvironment } from "../local-environment";
import { openProject } from "../project";
import { withStore } from "../run";
import { UserError } from "../user-error";
import { shortType } from "../view/format";

/** `isthmus local cost`: what exists in the simulated clouds, and what it would cost on the real ones. */
export async function costVerb({ json = false }: { json?: boolean }): Promise<number> {
  const environment = new LocalEnvironment(openProject());
  const cost = await withStore(() => environment.withClouds(({ ledger }) => costOf(ledger.list())));
  process.stdout.write(json ? `${JSON.stringify({ ...cost, prices: PRICE_LIST }, null, 2)}\n` : describeCost(cost));
  return 0;
}

function describeCost({ monthly, items, byUse, unknown }: Cost): string {
  const lines = items.map(({ type, id, monthly: dollars, because }) => {
    const name = id.slice(id.lastIndexOf("/") + 1);
    return `  ${dollars.toFixed(2).padStart(9)}  ${shortType(type)} ${name} ${pc.dim(`(${because})`)}\n`;
  });
  const remarks = [
    ["paid by use, not counted", byUse],
    ["no price known, not counted", unknown],
  ] as const;
  const uncounted = remarks
    .filter(([, types]) => Object.keys(types).length > 0)
    .map(([title, types]) => {
      const counts = Object.entries(types).map(([type, count]) => `${count} ${shortType(type)}`);
      return `${title}: ${counts.sort().join(", ")}\n`;
    });
  return `${pc.bold(`About ${monthly.toFixed(2)} dollars a month by being there`)} (${PRICE_LIST}):\n${lines.join("")}${uncounted.join("")}`;
}

export interface EditOptions {
  readonly delete?: boolean;
  readonly scope?: string;
  readonly json?: boolean;
}

/** `isthmus local edit`: changes or deletes a thing behind the engine's back. */
export async function editVerb(
  type: string,
  name: string,
  changes: readonly string[],
  { delete: deletes = false, scope, json = false }: EditOptions,
): Promise<number> {
  const properties = changes.map(parseChange);
  if (deletes === properties.length > 0)
    throw new UserError("say either which properties change, as <path>=<JSON value>, or --delete");
  const environment = new LocalEnvironment(openProject());
  const edited = await withStore(() =>
    environment.withClouds((clouds, state) => {
      const id = idInState(state, type, name) ?? name;
      if (deletes) return clouds.lose(type, id, scope);
      return properties.map(({ path, value }) => clouds.edit(type, id, path, value, scope)).slice(-1);
    }),
  ).catch((error: unknown) => {
    throw error instanceof BadEdit ? new UserError(error.message) : error;
  });
  const things = edited.map(({ type: kind, id }) => ({ type: kind, id }));
  if (json) process.stdout.write(`${JSON.stringify({ [deletes ? "deleted" : "changed"]: things }, null, 2)}\n`);
  else
    for (const { type: kind, id } of things) process.stdout.write(`${deletes ? "deleted" : "changed"} ${kind} ${id}\n`);
  return 0;
}

/** The id of the resource that the program calls so. */
function idInState({ resources }: Snapshot, type: string, name: string): string | undefined {
  const found = resources.filter((resource) => resource.type === type && urnName(resource.urn) === name);
  return found.length === 1 ? found[0]?.id : undefined;
}

/** `<path>=<JSON value>`; nothing after the sign takes the property away. */
function parseChange(text: string): { readonly path: string; readonly value: PropertyValue | undefined } {
  const sign = text.indexOf("=");
  if (sign < 1) throw new UserError(`"${text}" is no change; a change is <path>=<JSON value>, as in tags.team='"web"'`);
  const [path, value] = [text.slice(0, sign), text.slice(sign + 1)];
  if (value === "") return { path, value: undefined };
  try {
    return { path, value: JSON.parse(value) as PropertyValue };
  } catch {
    throw new UserError(
      `the value of ${path} is ${value}, which is not JSON; a text is written in quotes: ${path}='"${value}"'`,
    );
  }
}
