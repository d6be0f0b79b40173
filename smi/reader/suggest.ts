import { distance } from "fastest-levenshtein";

import { compare } from "../order";

/** The candidate that a typing mistake most likely meant, or undefined if none is close. */
export function closest(found: string, candidates: readonly string[]): string | undefined {
  const wanted = found.toLowerCase();
  let limit = Math.max(1, Math.floor(found.length / 3));
  let best: string | undefined;
  for (const candidate of candidates) {
    // As many letters as the lengths differ by are missing in any case.
    if (Math.abs(candidate.length - found.length) > limit) continue;
    const far = distance(wanted, candidate.toLowerCase());
    if (far > limit || (best !== undefined && far === limit && compare(best, candidate) <= 0)) continue;
    [limit, best] = [far, candidate];
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(found: string, candidates: readonly string[]): string {
  const candidate = closest(found, candidates);
  return candidate === undefined ? "" : ` Did you mean "${candidate}"?`;
}

/** Names as a person lists them: `a, b, c`, cut after ten. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return "(none)";
  return names.length <= 10 ? names.join(", ") : `${names.slice(0, 10).join(", ")}, ... (${names.length})`;
}
