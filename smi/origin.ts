import type { KubernetesObject } from "./objects";
import type { TrafficSplit, TrafficTarget } from "./model";

/** What an object says something about. Beside the objects, so that it is never part of what is written of them. */
const origins = new WeakMap<KubernetesObject, readonly (TrafficTarget | TrafficSplit)[]>();

/** Notes the rules that an object was made from. */
export function madeFrom(
  object: KubernetesObject,
  documents: readonly (TrafficTarget | TrafficSplit)[],
): KubernetesObject {
  origins.set(object, documents);
  return object;
}

/** The rules that an object was made from: none if its translator did not say. */
export function originOf(object: KubernetesObject): readonly (TrafficTarget | TrafficSplit)[] {
  return origins.get(object) ?? [];
}
