import {
  containsUnknown,
  isPropertyMap,
  Secret,
  Unknown,
  unwrapSecrets,
  type PropertyMap,
  type PropertyValue,
} from "../protocol/property";
import type { Context, ResourceModel } from "./model";
import { valueAt, withValueAt } from "./paths";

/** What a create or an update answers: the inputs with their secrets, and what the cloud computed. */
export function realOutputs<S>(model: ResourceModel<S>, inputs: PropertyMap, context: Context<S>): PropertyMap {
  const plain = unwrapSecrets(inputs) as PropertyMap;
  const secrets = secretTexts(inputs);
  let outputs = inputs;
  for (const [path, compute] of Object.entries(model.outputs)) {
    const value = compute(plain, context);
    if (value === undefined) continue;
    // What the inputs hold already keeps its wrappers.
    if (sameAsInput(inputs, path, value)) continue;
    const secret = model.secretOutputs?.includes(path) === true || tells(value, secrets);
    outputs = withValueAt(outputs, path, secret ? new Secret(value) : value);
  }
  return outputs;
}

/** What a preview answers: known inputs, and unknown for what only the cloud can tell. An update keeps what it computed. */
export function previewOutputs<S>(
  model: ResourceModel<S>,
  inputs: PropertyMap,
  old?: { readonly olds: PropertyMap },
): PropertyMap {
  let outputs = inputs;
  for (const path of Object.keys(model.outputs)) {
    if (valueAt(inputs, path) !== undefined) continue;
    const [top = path] = path.split(".");
    // Nothing can be put inside of a value that is itself not known.
    if (inputs[top] instanceof Unknown) continue;
    const kept = old !== undefined && model.recomputed?.includes(path) !== true;
    const before = kept ? rawValueAt(old.olds, path) : undefined;
    if (before === undefined && kept) continue;
    const unknown = model.secretOutputs?.includes(path) === true ? new Secret(Unknown.value) : Unknown.value;
    outputs = withValueAt(outputs, path, before ?? unknown);
  }
  return outputs;
}

/** A message with every secret of the inputs taken out. */
export function redact(message: string, inputs: PropertyMap): string {
  return secretTexts(inputs).reduce((text, secret) => text.replaceAll(secret, "[secret]"), message);
}

function rawValueAt(outputs: PropertyMap, path: string): PropertyValue | undefined {
  const steps = path.split(".");
  return steps.reduce<PropertyValue | undefined>(
    (value, step) => (isPropertyMap(value) ? value[step] : undefined),
    outputs,
  );
}

function sameAsInput(inputs: PropertyMap, path: string, value: PropertyValue): boolean {
  const input = valueAt(inputs, path);
  return input !== undefined && !containsUnknown(input) && typeof value !== "object" && unwrapSecrets(input) === value;
}

/** Texts inside of secrets that are long enough to be recognised elsewhere. */
function secretTexts(value: PropertyValue, inside = false): string[] {
  if (value instanceof Secret) return secretTexts(value.value, true);
  if (typeof value === "string") return inside && value.length >= 4 ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((item: PropertyValue) => secretTexts(item, inside));
  return isPropertyMap(value) ? Object.values(value).flatMap((item) => secretTexts(item, inside)) : [];
}

function tells(value: PropertyValue, secrets: readonly string[]): boolean {
  if (secrets.length === 0 || value instanceof Secret) return false;
  if (typeof value === "string") return secrets.some((secret) => value.includes(secret));
  if (Array.isArray(value)) return value.some((item: PropertyValue) => tells(item, secrets));
  return isPropertyMap(value) && Object.values(value).some((item) => tells(item, secrets));
}
