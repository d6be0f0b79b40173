import type { Analyzer, PolicyViolation } from "../local/engine";
import {
  isPropertyMap,
  ResourceReference,
  Secret,
  Unknown,
  type PropertyMap,
  type PropertyValue,
} from "../local/protocol/property";
import { urnStack } from "../local/protocol/urn";
import { evaluate, SecretValue, today, UNKNOWN, type PolicyMap, type PolicyValue } from "../policy";

/** The policy pack as the embedded engine asks it; the real CLI runs the same rules from `policy/pack`. */
export const policyAnalyzer: Analyzer = {
  name: "isthmus",
  analyze: ({ urn, type, name, properties, protect }) =>
    Promise.resolve(
      evaluate({
        type,
        name,
        properties: policyMap(properties),
        stack: urnStack(urn),
        protect,
        today: today(),
      }).flatMap(({ policy, level, outcome, message }): PolicyViolation[] =>
        outcome === "pass" ? [] : [{ policy, level, outcome, message }],
      ),
    ),
};

function policyMap(map: PropertyMap): PolicyMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, policyValue(value)]));
}

function policyValue(value: PropertyValue): PolicyValue {
  if (value instanceof Unknown) return UNKNOWN;
  if (value instanceof Secret) return new SecretValue(policyValue(value.value));
  if (value instanceof ResourceReference) return value.id === undefined ? value.urn : policyValue(value.id);
  if (Array.isArray(value)) return value.map((item: PropertyValue) => policyValue(item));
  if (isPropertyMap(value)) return policyMap(value);
  // Assets are opaque: a rule that wants one finds nothing.
  return typeof value === "object" ? null : value;
}
