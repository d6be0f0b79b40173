import { createHash } from "node:crypto";
import type { Problem } from "../problem";
import { type ApiClient, ApiError, apiVersionOf, pathOf, type Resource } from "./api";
import type { Condition, SmiObject } from "./keep";
import { EVENT } from "./resources";

/** What became of an SMI object. */
export interface Outcome {
  /** What the translator says of it. */
  readonly problems: readonly Problem[];
  /** What the API server says of the mesh objects that were made from it, and that are not as they should be. */
  readonly failures: readonly Problem[];
}

/** Longest message of a condition or an event (an Event's `message` holds 1,024 characters). */
const LONGEST = 1024;

/**
 * The conditions of an SMI object, as those of the Gateway API: `Accepted` tells whether it can be translated, `Programmed`
 * whether the mesh's objects are as it says. The reason is the code of the first problem.
 */
export function conditionsOf(
  { problems, failures }: Outcome,
  generation: number,
  before: readonly Condition[],
  now: string,
): readonly Condition[] {
  const errors = problems.filter(({ severity }) => severity === "error");
  const refused = errors.length > 0;
  const condition = (
    type: string,
    isTrue: boolean,
    said: readonly Problem[],
    reason: string,
    message: string,
  ): Condition => {
    const status = isTrue ? "True" : "False";
    const old = before.find((each) => each.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
    const text = said.length > 0 ? messageOf(said) : message;
    return {
      type,
      status,
      reason: said[0]?.code ?? reason,
      message: text,
      observedGeneration: generation,
      lastTransitionTime,
    };
  };
  return [
    condition("Accepted", !refused, refused ? errors : problems, "Accepted", "the mesh can express it"),
    condition(
      "Programmed",
      !refused && failures.length === 0,
      failures,
      refused ? "Refused" : "Programmed",
      refused ? "it is refused, see Accepted" : "the mesh's objects are as it says",
    ),
  ];
}

function messageOf(problems: readonly Problem[]): string {
  return shorten(
    problems.map(({ code, where, message }) => `${code} ${where ? `${where}: ` : ""}${message}`).join("\n"),
  );
}

function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 3)}...`;
}

/** Whether two statuses say the same. */
export function sameConditions(left: readonly Condition[], right: readonly Condition[]): boolean {
  const text = (conditions: readonly Condition[]): string =>
    JSON.stringify(
      conditions.map(({ type, status, reason, message, observedGeneration }) => [
        type,
        status,
        reason,
        message,
        observedGeneration,
      ]),
    );
  return text(left) === text(right);
}

/** Writes the conditions into the object's status. The object may be gone. */
export async function writeStatus(
  client: ApiClient,
  resource: Resource,
  namespace: string,
  name: string,
  conditions: readonly Condition[],
): Promise<void> {
  const path = pathOf(resource, namespace, name, "status");
  try {
    const contentType = "application/merge-patch+json";
    await client.request("PATCH", path, { body: { status: { conditions } }, contentType });
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 404)) throw error;
  }
}

/** What is said once of an object as it is: the message may go on changing with what else is in the cluster. */
export function eventKey({ generation }: SmiObject, { code, where }: Problem): string {
  return `${generation} ${code} ${where}`;
}

/**
 * Says a problem as an Event of the object, once: its name comes from what it says, so that a second adapter, or this one after a
 * restart, does not say it again.
 */
export async function writeEvent(
  client: ApiClient,
  resource: Resource,
  object: SmiObject,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  problem: Problem,
  now: string,
): Promise<void> {
  const text = shorten(problem.where === "" ? problem.message : `${problem.where}: ${problem.message}`);
  const id = createHash("sha256")
    .update(`${object.uid}\0${eventKey(object, problem)}`)
    .digest("hex")
    .slice(0, 16);
  const body = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name.slice(0, 230)}.${id}`, namespace },
    involvedObject: { apiVersion: apiVersionOf(resource), kind: resource.kind, namespace, name, uid: object.uid },
    type: "Warning",
    reason: problem.code,
    message: text,
    source: { component: "isthmus-smi-adapter" },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
  try {
    await client.request("POST", pathOf(EVENT, namespace), { body });
  } catch (error) {
    // It was said, or the namespace is on its way out.
    if (!(error instanceof ApiError && [403, 404, 409].includes(error.code))) throw error;
  }
}
