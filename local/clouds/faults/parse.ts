import { nearest } from "../schema";
import { KINDS, type Fault, type FaultKind, type FaultPlace, type FaultyOperation } from "./fault";

const OPERATIONS: readonly FaultyOperation[] = ["check", "diff", "create", "read", "update", "delete", "invoke"];
const FORM =
  '"<operation> [<type> [<name>]]=<kind>" or "#<n>=<kind>", as in "create aws:eks/cluster:Cluster=lost-response", ' +
  '"delete * platform-east-*=error", "update=throttle:3" or "#12=crash"';

/** A text that names no fault. The message says what is wrong with it and what is allowed. */
export class BadFault extends Error {
  override readonly name = "BadFault";
}

/**
 * Reads a fault as the command line takes it: where, an equals sign, and what. Where is an operation (`*` for any), a type
 * token and a name, each of which may contain `*`, or `#` and the number of an operation of the run.
 *
 * Throws a `BadFault`.
 */
export function parseFault(text: string): Fault {
  const equals = text.lastIndexOf("=");
  if (equals < 0) throw bad(text, `has no "="; a fault is ${FORM}`);
  const place = parsePlace(text, text.slice(0, equals).trim());
  const fault = parseKind(text, text.slice(equals + 1).trim(), place);
  const { strikes, because } = KINDS[fault.kind];
  if (place.operation !== undefined && !strikes.includes(place.operation)) {
    throw bad(
      text,
      `asks for ${fault.kind} at ${place.operation}, but ${because}; it can strike ${strikes.join(", ")}`,
    );
  }
  return fault;
}

function parsePlace(text: string, where: string): FaultPlace {
  if (where.startsWith("#")) {
    const step = Number(where.slice(1));
    if (/^#\d+$/.test(where) && step > 0) return { step };
    throw bad(text, `counts operations by "${where}"; allowed is # and a whole number from 1, as in "#12=crash"`);
  }
  const [operation = "", type, name, ...rest] = where.split(/\s+/);
  if (operation === "" || rest.length > 0) throw bad(text, `says where by "${where}"; a fault is ${FORM}`);
  if (operation !== "*" && !isOperation(operation)) {
    throw bad(
      text,
      `has the operation "${operation}"; allowed: ${OPERATIONS.join(", ")}, * for any${hint(operation, OPERATIONS)}`,
    );
  }
  return {
    ...(isOperation(operation) ? { operation } : {}),
    ...(type === undefined ? {} : { type }),
    ...(name === undefined ? {} : { name }),
  };
}

function parseKind(text: string, what: string, place: FaultPlace): Fault {
  const [kind = "", times, ...rest] = what.split(":");
  if (!isKind(kind)) {
    const kinds = Object.keys(KINDS);
    throw bad(text, `has the kind "${kind}"; allowed: ${kinds.join(", ")}${hint(kind, kinds)}`);
  }
  if (kind !== "throttle") {
    if (times === undefined) return { ...place, kind };
    throw bad(text, `gives ${kind} a number; only throttle takes one, as in "update=throttle:3"`);
  }
  if (times === undefined) return { ...place, kind, times: 1 };
  if (/^\d+$/.test(times) && Number(times) > 0 && rest.length === 0) return { ...place, kind, times: Number(times) };
  throw bad(
    text,
    `throttles "${what.slice(kind.length + 1)}" times; allowed is a whole number from 1, as in "update=throttle:3"`,
  );
}

function isOperation(text: string): text is FaultyOperation {
  return (OPERATIONS as readonly string[]).includes(text);
}

function isKind(text: string): text is FaultKind {
  return Object.hasOwn(KINDS, text);
}

function hint(found: string, allowed: readonly string[]): string {
  const close = nearest(found, allowed);
  return close === undefined ? "" : `; did you mean ${close}?`;
}

function bad(text: string, problem: string): BadFault {
  return new BadFault(`the fault "${text}" ${problem}`);
}

/** A fault as `parseFault` reads it. */
export function faultText(fault: Fault): string {
  const kind = fault.kind === "throttle" ? `throttle:${fault.times}` : fault.kind;
  if (fault.step !== undefined) return `#${fault.step}=${kind}`;
  const { operation = "*", type = "*", name } = fault;
  const where = [
    operation,
    ...(type !== "*" || name !== undefined ? [type] : []),
    ...(name === undefined ? [] : [name]),
  ];
  return `${where.join(" ")}=${kind}`;
}
