import { equals, isPropertyMap, unwrapSecrets, type PropertyMap, type PropertyValue } from "../../protocol/property";
import { parsePath, textAt, valuesAt, withValueAt, type PathStep } from "../paths";
import { listAt, mapAt } from "./values";

/**
 * Who owns which fields of an object, where it is not the provider: `metadata.managedFields` as the API server writes it,
 * without an entry for the provider itself, which owns all else that it applied.
 */
interface Ownership {
  readonly manager: string;
  readonly apiVersion: string;
  /** Each a field, or the item of a list of named things. */
  readonly steps: readonly Step[];
}

/** `f:<field>` or `k:{"name":"<name>"}`, as `fieldsV1` has them. */
type Step = string;

const MANAGED_FIELDS = "metadata.managedFields";

/** A field that somebody else owns and to which another value is applied. */
export interface Conflict {
  readonly manager: string;
  readonly apiVersion: string;
  /** As the API server writes it, e.g. `.spec.replicas`. */
  readonly field: string;
}

/**
 * An object after somebody else than the provider has changed fields, with `kubectl edit` or as a controller does: the
 * values, and who owns them now. What is taken away is nobody's.
 *
 * @param changes Values by property path, e.g. `spec.replicas`; undefined takes a field away. Items of a list are named by
 * index and owned one by one when they have names, else with the whole list.
 */
export function editedBy(
  manager: string,
  object: PropertyMap,
  changes: Readonly<Record<string, PropertyValue | undefined>>,
): PropertyMap {
  const apiVersion = textAt(object, "apiVersion") ?? "v1";
  let edited = object;
  let owned = ownerships(object);
  for (const [text, value] of Object.entries(changes)) {
    const path = parsePath(text);
    const changed = withValueAt(edited, path, value);
    const steps = stepsOf(path, value === undefined ? edited : changed);
    edited = changed;
    owned = owned.filter((other) => !steps.every((step, index) => other.steps[index] === step));
    if (value === undefined) continue;
    const fields = fieldsOf(value, path).map((field) => stepsOf(field, edited));
    owned.push(...fields.map((field) => ({ manager, apiVersion, steps: field })));
  }
  const entries = managersOf(owned);
  return withValueAt(edited, MANAGED_FIELDS, entries.length === 0 ? undefined : entries);
}

/** The value's path, or those of all fields when it is a map of some. */
function fieldsOf(value: PropertyValue, path: readonly PathStep[]): (readonly PathStep[])[] {
  if (!isPropertyMap(value) || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, inner]) => fieldsOf(inner, [...path, key]));
}

/** What server-side apply of these inputs would be refused for. */
export function conflictsWith(inputs: PropertyMap, live: PropertyMap): Conflict[] {
  return ownerships(live)
    .filter(({ steps }) => {
      const applied = valueOf(inputs, steps);
      const found = valueOf(live, steps) ?? null;
      return applied !== undefined && !equals(unwrapSecrets(applied), unwrapSecrets(found));
    })
    .map(({ manager, apiVersion, steps }) => ({ manager, apiVersion, field: fieldText(steps) }));
}

/** The API server's words for conflicts. */
export function conflictText(conflicts: readonly Conflict[]): string {
  const owners = [...new Set(conflicts.map(({ manager, apiVersion }) => `"${manager}" using ${apiVersion}:`))];
  if (conflicts.length === 1) return `Apply failed with 1 conflict: conflict with ${owners[0]} ${conflicts[0]?.field}`;
  const blocks = owners.map((owner) => {
    const own = conflicts.filter(({ manager, apiVersion }) => owner === `"${manager}" using ${apiVersion}:`);
    return [`conflicts with ${owner}`, ...own.map(({ field }) => `- ${field}`)].join("\n");
  });
  return `Apply failed with ${conflicts.length} conflicts: ${blocks.join("\n")}`;
}

/**
 * What applying inputs leaves on the server: the inputs, and what others own beside them. What others own and the inputs
 * set too is the provider's from now on.
 */
export function appliedOver(inputs: PropertyMap, live: PropertyMap | undefined): PropertyMap {
  if (live === undefined) return inputs;
  const kept = ownerships(live).filter(({ steps }) => valueOf(inputs, steps) === undefined);
  let merged = inputs;
  for (const { steps } of kept) merged = withValueOf(merged, steps, valueOf(live, steps));
  const entries = managersOf(kept);
  return entries.length === 0 ? merged : withValueAt(merged, MANAGED_FIELDS, entries);
}

/** Inputs as a refresh finds them: what was applied, with the values that are there now. */
export function activeInputs(inputs: PropertyMap, live: PropertyMap): PropertyMap {
  let active = inputs;
  for (const { steps } of ownerships(live)) {
    if (valueOf(inputs, steps) !== undefined) active = withValueOf(active, steps, valueOf(live, steps));
  }
  return active;
}

function ownerships(live: PropertyMap): Ownership[] {
  return listAt(live, MANAGED_FIELDS).flatMap((entry) => {
    const [manager, apiVersion] = [textAt(entry, "manager") ?? "", textAt(entry, "apiVersion") ?? ""];
    return leavesOf(mapAt(entry, "fieldsV1")).map((steps) => ({ manager, apiVersion, steps }));
  });
}

function managersOf(owned: readonly Ownership[]): PropertyMap[] {
  const managers = [...new Set(owned.map(({ manager }) => manager))];
  return managers.map((manager) => {
    const own = owned.filter((one) => one.manager === manager);
    let fieldsV1: PropertyMap = {};
    for (const { steps } of own) fieldsV1 = withValueAt(fieldsV1, [...steps], {});
    const apiVersion = own[0]?.apiVersion ?? "v1";
    return { manager, operation: "Update", apiVersion, fieldsType: "FieldsV1", fieldsV1 };
  });
}

function leavesOf(fields: PropertyMap): Step[][] {
  return Object.entries(fields).flatMap(([step, inner]) => {
    const below = isPropertyMap(inner) ? leavesOf(inner) : [];
    return below.length === 0 ? [[step]] : below.map((steps) => [step, ...steps]);
  });
}

/** A property path as steps of `fieldsV1`; it ends at a list whose items have no names. */
function stepsOf(path: readonly PathStep[], object: PropertyMap): Step[] {
  const steps: Step[] = [];
  for (const [index, step] of path.entries()) {
    if (typeof step === "string") {
      steps.push(`f:${step}`);
      continue;
    }
    const [name] = valuesAt(object, [...path.slice(0, index + 1), "name"]);
    if (typeof name !== "string") break;
    steps.push(`k:${JSON.stringify({ name })}`);
  }
  return steps;
}

/** The property path that steps mean in an object; undefined when a named item is not there. */
function pathOf(object: PropertyMap, steps: readonly Step[]): PathStep[] | undefined {
  const path: PathStep[] = [];
  for (const step of steps) {
    if (step.startsWith("f:")) {
      path.push(step.slice(2));
      continue;
    }
    const { name } = JSON.parse(step.slice(2)) as { readonly name: string };
    const index = valuesAt(object, [...path, "*"]).findIndex((item) => textAt(item, "name") === name);
    if (index < 0) return undefined;
    path.push(index);
  }
  return path;
}

function valueOf(object: PropertyMap, steps: readonly Step[]): PropertyValue | undefined {
  const path = pathOf(object, steps);
  return path === undefined ? undefined : valuesAt(object, path)[0];
}

/** A copy with another value at the steps; unchanged where a named item is not there. */
function withValueOf(object: PropertyMap, steps: readonly Step[], value: PropertyValue | undefined): PropertyMap {
  const path = pathOf(object, steps);
  return path === undefined ? object : withValueAt(object, path, value);
}

function fieldText(steps: readonly Step[]): string {
  return steps
    .map((step) =>
      step.startsWith("f:") ? `.${step.slice(2)}` : step.slice(2).replace(/^{"name":(.*)}$/, "[name=$1]"),
    )
    .join("");
}
