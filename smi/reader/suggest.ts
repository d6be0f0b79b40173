import { distance } from "fastest-levenshtein";

import { compare } from "../order";

/** The candidate that a typing mistake most likely meant, or undefined if none is close. */
export function closest(found: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(found.length / 3));
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(found.toLowerCase(), candidate.toLowerCase()) }))
    .filter((entry) => entry.distance <= limit)
    .sort((left, right) => left.distance - right.distance || compare(left.candidate, right.candidate));
  return ranked[0]?.candidate;
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
