import type { AccessRule, IdentityBinding, LocatedSubject, TrafficTarget } from "../model";
import { IDENTITY_FORM, isIdentity } from "../names";
import type { Cursor } from "./cursor";
import { kept, nameIn, type ObjectHead, optionalNamespaceIn } from "./metadata";
import { didYouMean } from "./suggest";
import type { Version } from "./versions";

const RULE_KINDS = ["HTTPRouteGroup", "TCPRoute", "UDPRoute"] as const;

/**
 * Reads a TrafficTarget. v1alpha1 has no `spec` and says `specs`; v1alpha1 and v1alpha2 have `destination.port`, which a
 * conversion keeps in an annotation; v1alpha4 may name IdentityBindings.
 */
export function readTrafficTarget(root: Cursor, head: ObjectHead, version: Version): TrafficTarget | undefined {
  const flat = version === "v1alpha1";
  const spec = flat ? root : root.get("spec");
  const rulesField = flat ? "specs" : "rules";
  if (!flat) {
    spec.fields(["destination", "rules", "sources"], { specs: `${version} calls this "rules".` });
    if (!spec.exists) return undefined;
  }
  const destination = readSubject(spec.get("destination"), head, version, "destination");
  const port = hasPort(version) ? spec.get("destination").get("port") : kept(root).get("port");
  const portNumber = port.exists ? port.port() : undefined;
  const sources = spec
    .get("sources")
    .items()
    .map((source) => readSubject(source, head, version, "source"));
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

/** Since v1alpha3, ports are a TCPRoute's. */
function hasPort(version: Version): boolean {
  return version === "v1alpha1" || version === "v1alpha2";
}

function readSubject(
  subject: Cursor,
  head: ObjectHead,
  version: Version,
  role: "source" | "destination",
): LocatedSubject | undefined {
  if (!subject.exists) {
    subject.fail("SMI-FIELD", "is missing; write {kind: ServiceAccount, name: ..., namespace: ...}");
    return undefined;
  }
  const draft = version === "v1alpha4";
  const withPort = role === "destination" && hasPort(version);
  subject.fields(["kind", "name", "namespace", ...(withPort ? ["port"] : []), ...(draft ? ["group"] : [])], {
    port: "Since v1alpha3, ports are those of a TCPRoute among the rules.",
  });
  const kind = subject.get("kind");
  const kinds = draft ? ["ServiceAccount", "IdentityBinding"] : ["ServiceAccount"];
  if (kind.string(kinds.join(" or ")) !== undefined && !kinds.includes(String(kind.value))) {
    const hint =
      kind.value === "IdentityBinding" ? ". IdentityBindings are known since access.smi-spec.io/v1alpha4" : "";
    kind.fail("SMI-FIELD", `found "${String(kind.value)}", allowed: ${kinds.join(", ")}${hint}`);
    return undefined;
  }
  const serviceAccount = nameIn(subject.get("name"), "its name");
  const namespace = optionalNamespaceIn(subject.get("namespace"), "its namespace");
  if (serviceAccount === undefined || namespace === undefined) return undefined;
  if (namespace.written === undefined) {
    subject.fail(
      "SMI-NAMESPACE-DEFAULT",
      `has no namespace; "${head.namespace}", the TrafficTarget's, is used. Write it out.`,
    );
  }
  return {
    namespace: namespace.written ?? head.namespace,
    serviceAccount,
    ...(kind.value === "IdentityBinding" ? { binding: true as const } : {}),
    position: subject.position,
  };
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
  if (kind === "UDPRoute" && hasPort(version)) {
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

/** Reads an IdentityBinding of the v1alpha4 draft: pods by labels or by ServiceAccount, and SPIFFE identities. */
export function readIdentityBinding(root: Cursor, head: ObjectHead): IdentityBinding | undefined {
  const spec = root.get("spec");
  spec.fields(["schemes"]);
  if (!spec.exists) return undefined;
  const schemes = spec.get("schemes");
  schemes.fields(["podLabelSelectors", "serviceAccount", "spiffeIdentities"], {
    podLabelSelector: 'Write "podLabelSelectors", a list.',
    spiffeIdentity: 'Write "spiffeIdentities", a list.',
  });
  if (!schemes.exists) return undefined;
  const account = schemes.get("serviceAccount");
  const serviceAccount = account.exists ? nameIn(account, "a ServiceAccount's name") : undefined;
  if (account.exists && serviceAccount === undefined) return undefined;
  const selectors = schemes.get("podLabelSelectors").items().map(readLabels);
  const identities = schemes.get("spiffeIdentities").items().map(readSpiffe);
  if (serviceAccount !== undefined && selectors.length > 0) {
    schemes.fail("SMI-FIELD", "has both serviceAccount and podLabelSelectors, which exclude each other; remove one");
    return undefined;
  }
  if (serviceAccount === undefined && selectors.length + identities.length === 0) {
    schemes.fail("SMI-FIELD", "names nobody; write serviceAccount, or spiffeIdentities");
    return undefined;
  }
  if (selectors.includes(undefined) || identities.includes(undefined)) return undefined;
  return {
    kind: "IdentityBinding",
    ...head,
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    podLabelSelectors: selectors.filter((labels) => labels !== undefined),
    spiffeIdentities: identities.filter((id) => id !== undefined),
    position: schemes.position,
  };
}

function readLabels(selector: Cursor): Readonly<Record<string, string>> | undefined {
  selector.fields(["name", "matchLabels"]);
  const entries = selector.get("matchLabels").entries();
  if (entries.length === 0) {
    selector.fail("SMI-FIELD", "has no matchLabels; write at least one label");
    return undefined;
  }
  const labels = entries.map(([name, value]) => [name, value.string("the label's value")] as const);
  return Object.fromEntries(labels.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** With or without its scheme. */
function readSpiffe(field: Cursor): string | undefined {
  const text = field.string("a SPIFFE identity such as cluster.local/ns/shop/sa/web");
  const id = text?.replace(/^spiffe:\/\//, "");
  if (id === undefined || isIdentity(id)) return id;
  field.fail("SMI-FIELD", `found "${text}", allowed: ${IDENTITY_FORM}`);
  return undefined;
}
