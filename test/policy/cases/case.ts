import type { Outcome, PolicyMap, PolicyResource } from "../../../policy";

/** One resource and what the rule under test must say of it: outcomes in order, messages of all but passes. */
export interface Case {
  readonly title: string;
  readonly type: string;
  readonly properties: PolicyMap;
  readonly expected: readonly (readonly [Outcome["outcome"], string])[];
}

/** A guarded resource of an environment, with what a case says of it. */
export function resourceOf(own: { type: string; properties: PolicyMap } & Partial<PolicyResource>): PolicyResource {
  return { name: "it", stack: "prod", protect: true, today: "2026-11-25", ...own };
}

export const PASS = [["pass", ""]] as const;
export const fail = (message: string) => ["fail", message] as const;
export const undetermined = (rule: string, path: string) =>
  [
    "undetermined",
    `${path} is not known yet, so ${rule} is undetermined. It is decided when the value is known.`,
  ] as const;
