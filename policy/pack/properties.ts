import { UnknownValueError } from "@pulumi/policy";

import { UNKNOWN, type PolicyMap, type PolicyValue } from "../value";

/** What CrossGuard hands to a policy: plain values behind a proxy that throws when an unknown one is touched. */
export type CrossGuardValue =
  | null
  | undefined
  | boolean
  | number
  | string
  | readonly CrossGuardValue[]
  | { readonly [key: string]: CrossGuardValue };

/** CrossGuard's properties as rules read them, with `UNKNOWN` where touching threw. Secrets come unmarked. */
export function fromCrossGuard(properties: { readonly [key: string]: CrossGuardValue }): PolicyMap {
  return Object.fromEntries(Object.keys(properties).map((key) => [key, convert(() => properties[key])]));
}

function convert(touch: () => CrossGuardValue): PolicyValue {
  let value: CrossGuardValue;
  try {
    value = touch();
  } catch (error) {
    if (error instanceof UnknownValueError) return UNKNOWN;
    throw error;
  }
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null) return value;
  const container = value;
  if (isList(container)) return Array.from({ length: container.length }, (_, index) => convert(() => container[index]));
  return fromCrossGuard(container);
}

function isList(value: object): value is readonly CrossGuardValue[] {
  return Array.isArray(value);
}
