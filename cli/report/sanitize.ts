import {
  parseUrn,
  type Json,
  type JsonMap,
  type PreviewDocument,
  type PreviewState,
  type PreviewStep,
} from "./document";
import { isJsonMap, type PropertyPath } from "./paths";
import { isSecretPath, MASK, PEM, Scrubber } from "./secrets";

/**
 * A document with what a report needs and nothing that it would not show, to be stored where others can read it: a
 * preview's own document holds the old plain value of each property that becomes secret.
 */
export function sanitize(document: PreviewDocument): PreviewDocument {
  const scrubber = new Scrubber([document]);
  const { environment, failed, notes, changeSummary, diagnostics, policyViolations } = document;
  const steps = document.steps?.map((step) => sanitizeStep(step, scrubber));
  return {
    ...(environment === undefined ? {} : { environment }),
    ...(failed === undefined ? {} : { failed }),
    ...(changeSummary === undefined ? {} : { changeSummary }),
    ...(notes === undefined ? {} : { notes: notes.map((note) => scrubber.scrub(note)) }),
    ...(steps === undefined ? {} : { steps }),
    ...(diagnostics === undefined ? {} : { diagnostics: diagnostics.map((one) => scrubMessage(one, scrubber)) }),
    ...(policyViolations === undefined
      ? {}
      : { policyViolations: policyViolations.map((one) => ({ ...one, message: scrubber.scrub(one.message) })) }),
  };
}

function scrubMessage<T extends { readonly message?: string }>(one: T, scrubber: Scrubber): T {
  return one.message === undefined ? one : { ...one, message: scrubber.scrub(one.message) };
}

function sanitizeStep(step: PreviewStep, scrubber: Scrubber): PreviewStep {
  const { op, urn, provider, diffReasons, replaceReasons, detailedDiff, oldState, newState } = step;
  const { type } = parseUrn(urn);
  const state = (from: PreviewState): PreviewState => {
    const { custom, parent, protect, provider: owner, additionalSecretOutputs } = from;
    const inputs = from.inputs === undefined ? undefined : sanitizeMap(from.inputs, [], step, type, scrubber);
    const outputs = from.outputs === undefined ? undefined : sanitizeMap(from.outputs, [], step, type, scrubber);
    return { custom, parent, protect, provider: owner, additionalSecretOutputs, inputs, outputs };
  };
  return {
    op,
    urn,
    provider,
    diffReasons,
    replaceReasons,
    detailedDiff,
    ...(oldState === undefined ? {} : { oldState: state(oldState) }),
    ...(newState === undefined ? {} : { newState: state(newState) }),
  };
}

function sanitizeMap(map: JsonMap, path: PropertyPath, step: PreviewStep, type: string, scrubber: Scrubber): JsonMap {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [key, sanitizeValue(value, [...path, key], step, type, scrubber)]),
  );
}

function sanitizeValue(value: Json, path: PropertyPath, step: PreviewStep, type: string, scrubber: Scrubber): Json {
  if (isSecretPath(step, type, path)) return MASK;
  if (typeof value === "string") return value.includes(PEM) ? PEM : scrubber.scrub(value);
  if (Array.isArray(value)) {
    return value.map((item: Json, index) => sanitizeValue(item, [...path, index], step, type, scrubber));
  }
  return isJsonMap(value) ? sanitizeMap(value, path, step, type, scrubber) : value;
}
