import type { PropertyMap } from "../protocol/property";
import type { CheckRequest } from "../protocol/provider";
import { urnName } from "../protocol/urn";
import { digest } from "./identity";
import type { Ledger } from "./ledger";
import type { ResourceModel } from "./model";
import { textAt } from "./paths";

/** How many names are tried before a collision is the user's to solve. */
const ATTEMPTS = 8;

/**
 * Fills in a generated name where the model has one and the inputs do not: the old one when there is an old resource, else
 * the first of a fixed sequence that nothing in the ledger has. So a preview, its update, and a later rebuild all agree,
 * and a replacement gets another name than what it replaces. The engine's random seed is not used: it differs from run to
 * run, and what is built again is to be called the same.
 */
export function checkAutoName<S>(
  model: ResourceModel<S>,
  request: CheckRequest,
  ledger: Ledger,
  scopeOf: (inputs: PropertyMap) => string,
): PropertyMap {
  const property = model.autoName?.property;
  if (property === undefined || (request.news[property] ?? null) !== null) return request.news;
  if (hasNamePrefix(request.news)) return request.news;
  const candidates = autoNames(model, request.urn);
  const old = textAt(request.olds, property);
  if (old !== undefined && isGenerated(old, candidates)) return { ...request.news, [property]: old };
  const scope = scopeOf(request.news);
  const used = new Set(
    ledger
      .list(model.type)
      .filter((entry) => (entry.scope ?? "") === scope)
      .map((entry) => textAt(entry.inputs, property)),
  );
  const name = candidates.find((candidate) => !used.has(candidate)) ?? candidates[0] ?? "";
  return { ...request.news, [property]: name };
}

/** Whether the inputs' name is a generated one. */
export function isAutoName<S>(model: ResourceModel<S>, urn: string, inputs: PropertyMap): boolean {
  const property = model.autoName?.property;
  if (property === undefined) return false;
  const name = textAt(inputs, property);
  return name === undefined || isGenerated(name, autoNames(model, urn));
}

/** A resource that was renamed in the program keeps its name, which was generated from what it was called then. */
function isGenerated(name: string, candidates: readonly string[]): boolean {
  return candidates.includes(name) || /[0-9a-f]{7}$/.test(name);
}

function autoNames<S>(model: ResourceModel<S>, urn: string): string[] {
  const name = urnName(urn);
  const transform = model.autoName?.transform ?? ((logical: string, suffix: string) => `${logical}-${suffix}`);
  return Array.from({ length: ATTEMPTS }, (_, attempt) => transform(name, digest([urn, String(attempt)], 7)));
}

function hasNamePrefix(inputs: PropertyMap): boolean {
  return ["namePrefix", "bucketPrefix", "nodeGroupNamePrefix"].some((name) => (inputs[name] ?? null) !== null);
}
