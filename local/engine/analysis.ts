import type { RunContext } from "./context";
import { messageOf } from "./errors";
import type { ResourceState } from "./types";

/**
 * Asks every policy pack about a resource after Check and before Diff, as the engine does. Failures of mandatory policies
 * are errors of the run. Returns whether there was one.
 */
export async function analyze(context: RunContext, resource: ResourceState, name: string): Promise<boolean> {
  const { urn, type, inputs: properties, protect = false } = resource;
  let refused = false;
  for (const analyzer of context.options.analyzers ?? []) {
    try {
      for (const violation of await analyzer.analyze({ urn, type, name, properties, protect })) {
        context.reporter.policy(urn, analyzer.name, violation);
        refused ||= violation.level === "mandatory" && violation.outcome === "fail";
      }
    } catch (error) {
      throw new Error(`policy pack "${analyzer.name}" failed: ${messageOf(error)}`);
    }
  }
  return refused;
}
