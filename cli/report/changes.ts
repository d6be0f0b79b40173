import { parseUrn, type PreviewDocument, type PreviewStep } from "./document";
import { RISKS, riskOf, type Action, type Risk } from "./risk";
import { describe } from "./secrets";

/** What happens to one resource, whatever number of steps it takes. */
export interface Change {
  readonly action: Action;
  readonly risk: Risk;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** URN of the component it belongs to; absent at the top of a stack. */
  readonly parent?: string;
  /** Properties behind it, sorted; for a replacement those that force it. */
  readonly properties: readonly PropertyChange[];
  readonly protect: boolean;
  /** For a replacement: the old one is gone before the new one stands. */
  readonly deletedFirst: boolean;
  readonly providerReplaced: boolean;
}

export interface PropertyChange {
  readonly path: string;
  readonly old: string;
  readonly new: string;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  "import-replacement": "replace",
  import: "import",
};

/**
 * The changes of a preview, riskiest first, then by URN. Steps that change nothing (`same`, `read`) are left out, and so
 * are components and the stack, which exist only in the program: what they hold is listed itself.
 */
export function changesOf(document: PreviewDocument): Change[] {
  const byUrn = new Map<string, PreviewStep[]>();
  for (const step of document.steps ?? []) {
    if (ACTIONS[step.op] === undefined || (step.newState ?? step.oldState)?.custom === false) continue;
    byUrn.set(step.urn, [...(byUrn.get(step.urn) ?? []), step]);
  }
  const changes = [...byUrn].map(([urn, steps]) => toChange(urn, steps));
  return changes.sort((a, b) => RISKS.indexOf(a.risk) - RISKS.indexOf(b.risk) || compare(a.urn, b.urn));
}

function toChange(urn: string, steps: readonly PreviewStep[]): Change {
  const { type, name } = parseUrn(urn);
  const action = actionOf(steps);
  // Of a replacement's three steps only this one has both states and the reasons.
  const step = steps.find(({ op }) => op === "replace") ?? steps.find(({ op }) => op !== "delete-replaced") ?? steps[0];
  const oldState = step?.oldState ?? steps.find((one) => one.oldState !== undefined)?.oldState;
  const newState = step?.newState ?? steps.find((one) => one.newState !== undefined)?.newState;
  const whole: PreviewStep = { ...step, op: action, urn, oldState, newState };
  const parent = (newState ?? oldState)?.parent;
  const ops = steps.map(({ op }) => op);
  return {
    action,
    risk: riskOf(action, type),
    urn,
    type,
    name,
    ...(parent === undefined || parseUrn(parent).type === "pulumi:pulumi:Stack" ? {} : { parent }),
    properties: action === "create" || action === "delete" ? [] : propertiesOf(whole, type, action),
    protect: oldState?.protect ?? false,
    deletedFirst:
      ops.indexOf("delete-replaced") !== -1 && ops.indexOf("delete-replaced") < ops.indexOf("create-replacement"),
    providerReplaced:
      oldState?.provider !== undefined && newState?.provider !== undefined && oldState.provider !== newState.provider,
  };
}

/** A lone `delete-replaced` is the rest of a replacement that was interrupted: something is deleted. */
function actionOf(steps: readonly PreviewStep[]): Action {
  if (steps.every(({ op }) => op === "delete-replaced")) return "delete";
  const actions = new Set(steps.map(({ op }) => ACTIONS[op]));
  return (["replace", "delete", "create", "update"] as const).find((action) => actions.has(action)) ?? "import";
}

function propertiesOf(step: PreviewStep, type: string, action: Action): PropertyChange[] {
  const detailed = Object.entries(step.detailedDiff ?? {});
  const forcing = detailed.filter(([, { kind }]) => kind.endsWith("-replace"));
  const reasons = action === "replace" ? (step.replaceReasons ?? []) : [];
  const paths =
    action === "replace" && forcing.length > 0
      ? forcing.map(([path]) => path)
      : reasons.length > 0
        ? reasons
        : detailed.length > 0
          ? detailed.map(([path]) => path)
          : (step.diffReasons ?? []);
  return [...new Set(paths)].sort(compare).map((path) => ({ path, ...describe(step, type, path) }));
}

/** By code unit, so that the order does not depend on the machine's language. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
