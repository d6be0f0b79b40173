import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";

import { appliesTo, evaluateRules, type Outcome } from "../evaluate";
import { rules, today } from "../index";
import type { Rule } from "../rule";
import type { Path } from "../value";
import { fromCrossGuard, type CrossGuardValue } from "./properties";

/** Each rule as a CrossGuard policy of the same name and level. */
export const policies: ResourceValidationPolicy[] = rules.map(toPolicy);

function toPolicy(rule: Rule): ResourceValidationPolicy {
  return {
    name: rule.name,
    displayName: rule.title,
    description: rule.description,
    enforcementLevel: rule.level,
    tags: [...rule.references],
    validateResource: (args, reportViolation) => {
      if (!appliesTo(rule, args.type)) args.notApplicable(`${rule.name} is not about ${args.type}`);
      const { type, name, urn, opts } = args;
      const facts = { stack: stackOf(urn), protect: opts.protect, today: today() };
      const outcomes = evaluateRules({ type, name, properties: fromCrossGuard(args.props), ...facts }, [rule]);
      for (const outcome of outcomes) {
        if (outcome.outcome === "fail") reportViolation(outcome.message);
      }
      const undetermined = outcomes.find((outcome) => outcome.outcome === "undetermined");
      if (undetermined !== undefined) reportUndetermined(args, undetermined);
    },
  };
}

/** `dev` of `urn:pulumi:dev::project::type::name`. */
function stackOf(urn: string): string {
  return urn.split("::")[0]!.split(":")[2]!;
}

/**
 * Touches the unknown value, so that CrossGuard throws its own error: that is the only way to have it report something
 * as advisory for a mandatory policy. It keeps violations reported before.
 */
function reportUndetermined(args: ResourceValidationArgs, outcome: Outcome): never {
  try {
    follow(args.props, outcome.path ?? []);
  } catch (error) {
    if (error instanceof Error) error.message = outcome.message;
    throw error;
  }
  throw new Error(`${outcome.policy}: a value was unknown and no longer is`);
}

function follow(properties: CrossGuardValue, path: Path): void {
  path.reduce((value: CrossGuardValue, key) => {
    return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  }, properties);
}
