/** Stands for a value that is not known yet, as in the preview of a resource that depends on one to be created. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** A value that must never be quoted. Rules read through it; messages show `[secret]`. */
export class SecretValue {
  constructor(readonly value: PolicyValue) {}
}

/** A resource's inputs as rules see them: plain values, with marks where a value is unknown or secret. */
export type PolicyValue =
  null | boolean | number | string | typeof UNKNOWN | SecretValue | readonly PolicyValue[] | PolicyMap;

export interface PolicyMap {
  readonly [key: string]: PolicyValue | undefined;
}

/** Where a value lies in a resource's inputs. */
export type Path = readonly (string | number)[];

/** A path as a person writes it: `vpcConfig.publicAccessCidrs[0]`. */
export function formatPath(path: Path): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");
}

/** True for a list. `Array.isArray` does not narrow readonly lists. */
export function isPolicyList(value: PolicyValue | undefined): value is readonly PolicyValue[] {
  return Array.isArray(value);
}

/** True for a map of properties, false for lists, marks and scalars. */
export function isPolicyMap(value: PolicyValue | undefined): value is PolicyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof SecretValue);
}
