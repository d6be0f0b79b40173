import { GUARDED_TYPES, UNGUARDED_ENVIRONMENTS, WAIVER_TAG } from "../guard";
import { Property } from "../property";
import type { Report, ResourceFacts, Rule } from "../rule";
import type { PolicyMap } from "../value";

/**
 * An engine refuses to delete or replace what has the option `protect`. So no change of a property that replaces a cluster,
 * a bucket or a key gets past a preview, unless a waiver unguards that one thing until a day.
 */
export const clustersAndDataGuarded: Rule = {
  kind: "cloud",
  name: "clusters-and-data-guarded",
  title: "Clusters and data are guarded against replacement and deletion",
  description:
    "Outside of local and dev, what holds workloads or data is protected; a waiver lifts that for one thing, until a day.",
  level: "mandatory",
  references: [],
  checks: Object.keys(GUARDED_TYPES).map((type) => ({ type, run: check })),
};

function check(properties: PolicyMap, report: Report, { stack, protect, today }: ResourceFacts): void {
  if (protect || UNGUARDED_ENVIRONMENTS.has(stack)) return;
  const waiver = new Property<{ tags?: Record<string, string> }>(properties).at("tags").at(WAIVER_TAG);
  const until = waiver.text();
  if (until !== undefined && until >= today) return;
  report({
    path: until === undefined ? "options.protect" : waiver.path,
    found: until === undefined ? "false" : "a day that is past",
    allowed: "true, or a waiver that has not expired",
    next: "Guard it, or add a waiver to the environment's spec",
  });
}
