import { equals, isPropertyMap, unwrapSecrets } from "../protocol/property";
import type { PropertyMap, PropertyValue } from "../protocol/property";
import type { DiffRequest, DiffResult, PropertyDiff, PropertyDiffKind } from "../protocol/provider";
import { sortKeys } from "../objects";
import { covers, formatPath, parsePath, resetIgnored } from "../protocol/paths";
import type { PropertyPath } from "../protocol/paths";
import type { ResourceState, Step } from "./types";

/** How a resource differs from its last deployment. */
export interface Difference extends Pick<Step, "replaceKeys" | "diffs" | "detailedDiff"> {
  readonly changed: boolean;
  /** The resource cannot be updated in place. */
  readonly replaces: boolean;
  readonly deleteBeforeReplace: boolean;
}

export const UNCHANGED: Difference = {
  changed: false,
  replaces: false,
  replaceKeys: [],
  diffs: [],
  detailedDiff: {},
  deleteBeforeReplace: false,
};

/** A replacement that the engine decided on, for a reason that is not one of the resource's properties. */
export function forcedReplacement(keys: readonly string[]): Difference {
  return { ...UNCHANGED, changed: true, replaces: true, replaceKeys: keys };
}

/** Path of the pretended property that `replaceOnChanges` may name to replace what failed to initialise. */
const INIT_ERROR = "#initerror";

/** What the options of a resource add to a provider's answer. */
export interface DiffOptions {
  readonly replaceOnChanges?: readonly string[];
  readonly hasInitErrors?: boolean;
}

/** Asks how a resource as it was would come to new inputs. */
export function diffRequest(old: ResourceState, news: PropertyMap, ignoreChanges: readonly string[] = []): DiffRequest {
  const { urn, id = "", outputs: olds, inputs: oldInputs } = old;
  return { urn, id, olds, oldInputs, news, ignoreChanges };
}

/**
 * The difference that follows from a provider's answer: an answer of `unknown` is settled by comparing the inputs, and
 * `replaceOnChanges` turns changes into replacements (step_generator.go: diffResource, applyReplaceOnChanges).
 */
export function differenceOf(answer: DiffResult, request: DiffRequest, options: DiffOptions = {}): Difference {
  const settled = answer.changes === "unknown" ? { ...answer, ...compareInputs(request) } : answer;
  let changed = settled.changes === "some";
  const patterns = (options.replaceOnChanges ?? [])
    .map(parsePath)
    .filter((path): path is PropertyPath => path !== null);
  const replaces = (path: string): boolean => {
    const parsed = parsePath(path);
    return parsed !== null && patterns.some((pattern) => covers(pattern, parsed));
  };
  const replaceKeys = new Set(settled.replaces);
  let detailedDiff = settled.detailedDiff;
  if (changed) {
    for (const key of settled.diffs) if (replaces(key)) replaceKeys.add(key);
    detailedDiff = Object.fromEntries(
      Object.entries(detailedDiff).map(([path, diff]) => {
        if (!replaces(path)) return [path, diff];
        return [path, { ...diff, kind: toReplace(diff.kind) }];
      }),
    );
  }
  if (options.hasInitErrors === true && patterns.some((pattern) => covers(pattern, [INIT_ERROR]))) {
    replaceKeys.add(INIT_ERROR);
    changed = true;
  }
  if (!changed) return UNCHANGED;
  const diffs = [...new Set(settled.diffs)].sort();
  return {
    changed,
    replaces: replaceKeys.size > 0 || Object.values(detailedDiff).some((diff) => diff.kind.endsWith("-replace")),
    replaceKeys: [...replaceKeys].sort(),
    diffs,
    detailedDiff: sortKeys(detailedDiff),
    deleteBeforeReplace: answer.deleteBeforeReplace,
  };
}

/** Compares the inputs by value, whether secret or not. */
function compareInputs({
  oldInputs,
  news,
  ignoreChanges,
}: DiffRequest): Pick<DiffResult, "changes" | "diffs" | "detailedDiff"> {
  const before = unwrapSecrets(oldInputs) as PropertyMap;
  const after = unwrapSecrets(resetIgnored(news, oldInputs, ignoreChanges).inputs) as PropertyMap;
  const detailedDiff: Record<string, PropertyDiff> = {};
  walk([], before, after, detailedDiff);
  const diffs = Object.keys({ ...before, ...after }).filter((key) => !equals(before[key], after[key]));
  return { changes: diffs.length > 0 ? "some" : "none", diffs, detailedDiff };
}

/** The paths at which two inputs differ, each as deep as both sides go. */
function walk(
  path: PropertyPath,
  before: PropertyValue | undefined,
  after: PropertyValue | undefined,
  found: Record<string, PropertyDiff>,
): void {
  if (equals(before, after)) return;
  if (isPropertyMap(before) && isPropertyMap(after)) {
    for (const key of Object.keys({ ...before, ...after })) walk([...path, key], before[key], after[key], found);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    for (let index = 0; index < length; index++) walk([...path, index], before[index], after[index], found);
  } else {
    const kind = before === undefined ? "add" : after === undefined ? "delete" : "update";
    found[formatPath(path)] = { kind, inputDiff: true };
  }
}

function toReplace(kind: PropertyDiffKind): PropertyDiffKind {
  return kind === "add" || kind === "delete" || kind === "update" ? `${kind}-replace` : kind;
}
