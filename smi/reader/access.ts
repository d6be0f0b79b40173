import type { AccessRule, LocatedSubject, TrafficTarget } from "../model";
import type { Cursor } from "./cursor";
import type { ObjectHead } from "./metadata";
import { didYouMean } from "./suggest";
import type { Version } from "./versions";

const RULE_KINDS = ["HTTPRouteGroup", "TCPRoute", "UDPRoute"] as const;

/** Reads a TrafficTarget. v1alpha1 has no `spec` and says `specs`; v1alpha1 and v1alpha2 have `destination.port`. */
export function readTrafficTarget(root: Cursor, head: ObjectHead, version: Version): TrafficTarget | undefined {
  const flat = version === "v1alpha1";
  const spec = flat ? root : root.get("spec");
  const rulesField = flat ? "specs" : "rules";
  if (!flat) {
    spec.fields(["destination", "rules", "sources"], { specs: `${version} calls this "rules".` });
    if (!spec.exists) return undefined;
  }
  const destination = readSubject(spec.get("destination"), head, version);
  const port = spec.get("destination").get("port");
  const portNumber = version !== "v1alpha3" && port.exists ? port.port() : undefined;
  const sources = spec
    .get("sources")
    .items()
    .map((source) => readSubject(source, head, "v1alpha3"));
  const rules = spec
    .get(rulesField)
    .items()
    .map((rule) => readRule(rule, version));
  for (const field of ["sources", rulesField]) {
    const list = spec.get(field);
    if (!list.exists || (Array.isArray(list.value) && list.value.length === 0)) {
      list.fail("SMI-EMPTY", `is empty, so nothing is allowed; write at least one entry, or delete the TrafficTarget`);
    }
  }
  if (!destination || sources.includes(undefined) || rules.includes(undefined)) return undefined;
  if (destination.namespace !== head.namespace) {
    spec
      .get("destination")
      .get("namespace")
      .fail(
        "SMI-NAMESPACE",
        `found "${destination.namespace}", allowed: the TrafficTarget's own namespace "${head.namespace}". Move the TrafficTarget and its routes to "${destination.namespace}".`,
      );
    return undefined;
  }
  return {
    kind: "TrafficTarget",
    ...head,
    destination: { ...destination, ...(portNumber === undefined ? {} : { port: portNumber }) },
    sources: sources.filter((source) => source !== undefined),
    rules: rules.filter((rule) => rule !== undefined),
  };
}

function readSubject(subject: Cursor, head: ObjectHead, version: Version): LocatedSubject | undefined {
  if (!subject.exists) {
    subject.fail("SMI-FIELD", "is missing; write {kind: ServiceAccount, name: ..., namespace: ...}");
    return undefined;
  }
  const withPort = version !== "v1alpha3";
  subject.fields(["kind", "name", "namespace", ...(withPort ? ["port"] : [])], {
    port: "v1alpha3 takes ports from a TCPRoute among the rules.",
  });
  const kind = subject.get("kind");
  if (kind.string("ServiceAccount") !== undefined && kind.value !== "ServiceAccount") {
    kind.fail("SMI-FIELD", `found "${String(kind.value)}", allowed: ServiceAccount`);
    return undefined;
  }
  const serviceAccount = subject.get("name").string("the ServiceAccount's name");
  const namespace = subject.get("namespace").optionalString("the ServiceAccount's namespace");
  if (serviceAccount !== undefined && namespace === undefined) {
    subject.fail(
      "SMI-NAMESPACE-DEFAULT",
      `has no namespace; "${head.namespace}", the TrafficTarget's, is used. Write it out.`,
    );
  }
  return serviceAccount === undefined
    ? undefined
    : { namespace: namespace ?? head.namespace, serviceAccount, position: subject.position };
}

function readRule(rule: Cursor, version: Version): AccessRule | undefined {
  rule.fields(["kind", "name", "matches"]);
  const name = rule.get("name").string("the route's name");
  const kindText = rule.get("kind").string("HTTPRouteGroup, TCPRoute or UDPRoute");
  const kind = RULE_KINDS.find((known) => known === kindText);
  if (kindText !== undefined && kind === undefined) {
    const hint = didYouMean(kindText, RULE_KINDS);
    rule.get("kind").fail("SMI-FIELD", `found "${kindText}", allowed: ${RULE_KINDS.join(", ")}.${hint}`);
  }
  if (kind === "UDPRoute" && version !== "v1alpha3") {
    rule.get("kind").fail("SMI-FIELD", "found UDPRoute, which TrafficTarget knows since v1alpha3");
  }
  if (name === undefined || kind === undefined) return undefined;
  const position = rule.position;
  const matches = rule.get("matches");
  if (!matches.exists) return { kind, name, position };
  if (kind !== "HTTPRouteGroup") {
    matches.fail("SMI-FIELD", `found on a ${kind}, allowed on an HTTPRouteGroup only; remove it`);
    return undefined;
  }
  const names = matches.items().map((match) => ({ name: match.string("a match's name"), position: match.position }));
  // Some writers give an empty list where they mean all matches; the specification only knows absence.
  if (Array.isArray(matches.value) && names.length === 0) return { kind, name, position };
  return {
    kind,
    name,
    position,
    matches: names.flatMap((match) => (match.name ? [{ ...match, name: match.name }] : [])),
  };
}
