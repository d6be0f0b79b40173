import { type Kept, KEPT_ANNOTATION } from "./kept";
import { thousandths, toIntegers } from "./quantity";
import { isRecord } from "./reader/cursor";
import { SERVED, type SmiKind, type Version } from "./reader/versions";

type Plain = Readonly<Record<string, unknown>>;

export type Conversion =
  | { readonly ok: true; readonly object: Plain }
  /** Why the version cannot say what the object says. */
  | { readonly ok: false; readonly message: string };

/** The body of an object in the form of the newest version, with the fields of all. */
type Body = Plain;

/** How one kind is written in each of its versions. */
interface Form {
  /** The body of an object of the version, with what was kept put back. */
  readonly lift: (object: Plain, version: Version, kept: Kept) => { readonly body: Body; readonly kept: Kept };
  /** The fields of the version, and what it cannot say. */
  readonly lower: (body: Body, version: Version, kept: Kept) => { readonly fields: Plain; readonly kept: Kept };
}

class Inconvertible extends Error {}

/**
 * An SMI object in another version of its kind, as a conversion webhook of Kubernetes does it: metadata is left alone but
 * for one annotation, in which stands what the version cannot say. Going back restores it, and `readSmi` heeds it, so that
 * the meaning is the same in every version. Only the form of the fields that differ is checked.
 *
 * @param apiVersion Group and version that are wanted, such as `split.smi-spec.io/v1alpha2`.
 */
export function convert(object: Plain, apiVersion: string): Conversion {
  const { apiVersion: from, kind } = object;
  if (from === apiVersion) return { ok: true, object };
  const source = versionOf(from, kind);
  const target = versionOf(apiVersion, kind);
  if (typeof kind !== "string" || !source || !target) {
    const served = Object.entries(SERVED).flatMap(([group, kinds]) =>
      (kinds[String(kind)] ?? []).map((version) => `${group}/${version}`),
    );
    const known = served.length === 0 ? "no kind of SMI" : `served as ${served.join(", ")}`;
    return {
      ok: false,
      message: `${String(kind)} of "${String(from)}" was asked for as "${apiVersion}"; it is ${known}`,
    };
  }
  try {
    const form = FORMS[kind as SmiKind];
    const lifted = form.lift(object, source, keptOf(object));
    const { fields, kept } = form.lower(lifted.body, target, lifted.kept);
    const rest = Object.fromEntries(Object.entries(object).filter(([name]) => !BODY_FIELDS.includes(name)));
    return { ok: true, object: { ...rest, apiVersion, metadata: withKept(object["metadata"], kept), ...fields } };
  } catch (problem) {
    if (problem instanceof Inconvertible) return { ok: false, message: problem.message };
    throw problem;
  }
}

/** Fields of the early versions that have no `spec`, and `spec`. */
const BODY_FIELDS = ["spec", "matches", "destination", "specs", "sources"];

function versionOf(apiVersion: unknown, kind: unknown): Version | undefined {
  const [group = "", version] = String(apiVersion).split("/", 2);
  return SERVED[group]?.[String(kind)]?.find((served) => served === version);
}

function keptOf({ metadata }: Plain): Kept {
  const annotations = isRecord(metadata) ? metadata["annotations"] : undefined;
  const text = isRecord(annotations) ? annotations[KEPT_ANNOTATION] : undefined;
  if (typeof text !== "string") return {};
  try {
    const kept: unknown = JSON.parse(text);
    if (isRecord(kept)) return kept as Kept;
  } catch {
    // Said below, as for any other text.
  }
  throw new Inconvertible(`the annotation ${KEPT_ANNOTATION} is no JSON object; remove it, or restore its value`);
}

function withKept(metadata: unknown, kept: Kept): unknown {
  const { annotations, ...rest } = isRecord(metadata) ? metadata : {};
  const others = Object.entries(isRecord(annotations) ? annotations : {}).filter(([name]) => name !== KEPT_ANNOTATION);
  const own = Object.keys(kept).length > 0 ? [[KEPT_ANNOTATION, JSON.stringify(kept)]] : [];
  // An empty mapping that was there stays, so that the way back leads to the same object.
  if (others.length + own.length === 0 && !(isRecord(annotations) && Object.keys(annotations).length === 0))
    return rest;
  return { ...rest, annotations: Object.fromEntries([...others, ...own]) };
}

function recordOf(value: unknown): Plain {
  return isRecord(value) ? value : {};
}

function listOf(value: unknown): readonly Plain[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function without(object: Plain, ...names: readonly string[]): Plain {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

const trafficTarget: Form = {
  lift(object, version, { port, ...kept }) {
    const spec = recordOf(object["spec"]);
    const body =
      version === "v1alpha1"
        ? { destination: object["destination"], rules: object["specs"], sources: object["sources"] }
        : spec;
    return {
      body: port === undefined ? body : { ...body, destination: { ...recordOf(body["destination"]), port } },
      kept,
    };
  },
  lower(body, version, kept) {
    const destination = recordOf(body["destination"]);
    const subjects = [destination, ...listOf(body["sources"])];
    if (version !== "v1alpha4" && subjects.some(({ kind }) => kind === "IdentityBinding")) {
      throw new Inconvertible(`an IdentityBinding is named, which ${version} does not know; name its ServiceAccount`);
    }
    if (version === "v1alpha1") {
      const { rules, ...rest } = body;
      return { fields: { destination: rest["destination"], specs: rules, sources: rest["sources"] }, kept };
    }
    const { port } = destination;
    if (version === "v1alpha2" || port === undefined) return { fields: { spec: body }, kept };
    return { fields: { spec: { ...body, destination: without(destination, "port") } }, kept: { ...kept, port } };
  },
};

const httpRouteGroup: Form = {
  lift(object, version, { headers = [], ...kept }) {
    const flat = version === "v1alpha1" || version === "v1alpha2";
    const spec = flat ? { matches: object["matches"] } : recordOf(object["spec"]);
    if (headers.length === 0) return { body: spec, kept };
    const left = [...headers];
    const matches = listOf(spec["matches"]).map((match) => {
      const at = left.findIndex(({ name }) => name === match["name"]);
      return at < 0 ? match : { ...match, headers: left.splice(at, 1)[0]!.headers };
    });
    return { body: { ...spec, matches }, kept };
  },
  lower(body, version, kept) {
    if (version === "v1alpha3" || version === "v1alpha4") return { fields: { spec: body }, kept };
    if (version === "v1alpha2") return { fields: { matches: body["matches"] }, kept };
    const all = listOf(body["matches"]);
    const headers = all.flatMap((match) =>
      match["headers"] === undefined ? [] : [{ name: match["name"], headers: match["headers"] }],
    );
    if (headers.length === 0) return { fields: { matches: body["matches"] }, kept };
    return { fields: { matches: all.map((match) => without(match, "headers")) }, kept: { ...kept, headers } };
  },
};

/** Before v1alpha4, a TCPRoute says nothing, which is any port. */
const ANY_PORT = { matches: { ports: [] } };

const tcpRoute: Form = {
  lift(object, version, { spec, ...kept }) {
    const own = version === "v1alpha4" ? recordOf(object["spec"]) : recordOf(spec ?? ANY_PORT);
    return { body: own, kept };
  },
  lower(body, version, kept) {
    if (version === "v1alpha4") return { fields: { spec: body }, kept };
    const says = JSON.stringify(body) !== JSON.stringify(ANY_PORT);
    return { fields: { spec: {} }, kept: says ? { ...kept, spec: body } : kept };
  },
};

const trafficSplit: Form = {
  lift(object, version, { matches, ...kept }) {
    const spec = recordOf(object["spec"]);
    const body = matches === undefined ? spec : { ...spec, matches };
    if (version !== "v1alpha1") return { body, kept };
    const backends = listOf(spec["backends"]);
    const quantities = backends.map(({ weight }) => weight);
    const parsed = quantities.map(thousandths);
    const wrong = parsed.indexOf(undefined);
    if (wrong >= 0) {
      throw new Inconvertible(
        `the weight ${JSON.stringify(quantities[wrong])} is no quantity from 0, such as 1 or 500m`,
      );
    }
    const integers = toIntegers(parsed.map((each) => each!));
    const changed = integers.some((weight, at) => weight !== quantities[at]);
    const weights = integers.map((as, at) => ({ service: backends[at]!["service"], weight: quantities[at], as }));
    return {
      body: { ...body, backends: backends.map((backend, at) => ({ ...backend, weight: integers[at] })) },
      kept: changed ? { ...kept, weights } : kept,
    };
  },
  lower(body, version, { weights, ...kept }) {
    const { matches, ...rest } = body;
    const early = version === "v1alpha1" || version === "v1alpha2";
    const left: Kept = { ...kept, ...(early && matches !== undefined ? { matches } : {}) };
    const spec = early ? rest : body;
    if (version !== "v1alpha1" || !weights) return { fields: { spec }, kept: weights ? { ...left, weights } : left };
    // Whoever changed a weight since wants the new one.
    const backends = listOf(spec["backends"]);
    const same =
      backends.length === weights.length &&
      backends.every(({ service, weight }, at) => service === weights[at]!.service && weight === weights[at]!.as);
    const restored = backends.map((backend, at) => ({ ...backend, weight: weights[at]!.weight }));
    return { fields: { spec: same ? { ...spec, backends: restored } : spec }, kept: left };
  },
};

/** A kind with one version has nothing to convert to. */
const single: Form = {
  lift: (object, _version, kept) => ({ body: recordOf(object["spec"]), kept }),
  lower: (body, _version, kept) => ({ fields: { spec: body }, kept }),
};

const FORMS: Readonly<Record<SmiKind, Form>> = {
  TrafficTarget: trafficTarget,
  HTTPRouteGroup: httpRouteGroup,
  TCPRoute: tcpRoute,
  UDPRoute: single,
  TrafficSplit: trafficSplit,
  IdentityBinding: single,
  TrafficMetrics: single,
};
