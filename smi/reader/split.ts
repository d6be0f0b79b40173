import type { Backend, SplitMatch, TrafficSplit } from "../model";
import { type Cursor, isRecord, shown } from "./cursor";
import { isLabel, LABEL_FORM } from "../names";
import { thousandths, toIntegers } from "../quantity";
import { kept, type ObjectHead } from "./metadata";
import type { Version } from "./versions";

/** Reads a TrafficSplit. Weights are Kubernetes quantities in v1alpha1 and integers later; matches came with v1alpha3. */
export function readTrafficSplit(root: Cursor, head: ObjectHead, version: Version): TrafficSplit | undefined {
  const spec = root.get("spec");
  const withMatches = version === "v1alpha3" || version === "v1alpha4";
  spec.fields(["service", "backends", ...(withMatches ? ["matches"] : [])], {
    matches: "matches are known since split.smi-spec.io/v1alpha3.",
  });
  if (!spec.exists) return undefined;
  const service = readService(spec.get("service"), head, "the root Service's name");
  const backends = spec
    .get("backends")
    .items()
    .map((backend) => readBackend(backend, head, version));
  const list = spec.get("backends");
  if (!list.exists || (Array.isArray(list.value) && list.value.length === 0)) {
    list.fail("SMI-EMPTY", "is empty; write at least one backend with a service and a weight");
  }
  const matches = (withMatches ? spec : kept(root)).get("matches").items().map(readSplitMatch);
  if (service === undefined || backends.includes(undefined) || matches.includes(undefined)) return undefined;
  const known = backends.filter((backend) => backend !== undefined);
  return {
    kind: "TrafficSplit",
    ...head,
    service,
    backends: version === "v1alpha1" ? inIntegers(known) : known,
    ...(matches.length === 0 ? {} : { matches: matches.filter((match) => match !== undefined) }),
    position: spec.get("service").position,
  };
}

function readBackend(backend: Cursor, head: ObjectHead, version: Version): Backend | undefined {
  backend.fields(["service", "weight"], { name: 'Write "service".' });
  const service = readService(backend.get("service"), head, "the backend Service's name");
  const weight = version === "v1alpha1" ? readQuantity(backend.get("weight")) : readInteger(backend.get("weight"));
  return service === undefined || weight === undefined ? undefined : { service, weight, position: backend.position };
}

function readInteger(field: Cursor): number | undefined {
  const { value } = field;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  const hint =
    typeof value === "string" && /^\d+m$/.test(value)
      ? ` Quantities such as ${value} belong to v1alpha1; write ${Number(value.slice(0, -1))} and scale the others alike.`
      : "";
  field.fail("SMI-WEIGHT", `found ${shown(value)}, allowed: an integer from 0; weights are relative.${hint}`);
  return undefined;
}

/** A quantity in thousandths. */
function readQuantity(field: Cursor): number | undefined {
  const found = thousandths(field.value);
  if (found !== undefined) return found;
  field.fail(
    "SMI-WEIGHT",
    `found ${shown(field.value)}, allowed: a quantity from 0 such as 1, 0.5 or 500m; weights are relative`,
  );
  return undefined;
}

function inIntegers(backends: readonly Backend[]): readonly Backend[] {
  const weights = toIntegers(backends.map(({ weight }) => weight));
  return backends.map((backend, at) => ({ ...backend, weight: weights[at]! }));
}

/** A Service by its name, or by any longer form that stays in the split's namespace. */
function readService(field: Cursor, head: ObjectHead, what: string): string | undefined {
  if (isRecord(field.value)) {
    field.fail("SMI-FIELD", `found a mapping, allowed: ${what} as text. Write service: ${shown(field.value["name"])}.`);
    return undefined;
  }
  const text = field.string(what);
  if (text === undefined) return undefined;
  const [name, namespace, ...rest] = text.split(text.includes("/") ? "/" : ".");
  const known = rest.length === 0 || (rest[0] === "svc" && !text.includes("/"));
  if (known && (namespace === undefined || namespace === head.namespace)) {
    if (name !== undefined && isLabel(name)) return name;
    field.fail("SMI-NAME", `found "${text}", allowed: ${what}, which has ${LABEL_FORM}`);
    return undefined;
  }
  field.fail(
    "SMI-CROSS-NAMESPACE",
    `found "${text}", allowed: a Service of the split's namespace "${head.namespace}", such as "${name}"`,
  );
  return undefined;
}

function readSplitMatch(match: Cursor): SplitMatch | undefined {
  match.fields(["kind", "name", "apiGroup"]);
  const kind = match.get("kind").string("HTTPRouteGroup");
  const name = match.get("name").string("the HTTPRouteGroup's name");
  if (kind !== undefined && kind !== "HTTPRouteGroup") {
    match.get("kind").fail("SMI-SPLIT-MATCH", `found "${kind}", allowed: HTTPRouteGroup`);
    return undefined;
  }
  return kind === undefined || name === undefined ? undefined : { kind, name, position: match.position };
}
