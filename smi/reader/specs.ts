import type { HeaderMatch, HTTPRouteGroup, HttpMatch, TCPRoute, UDPRoute } from "../model";
import { compare } from "../order";
import { re2Problem } from "../regex/matcher";
import type { Cursor } from "./cursor";
import { kept, type ObjectHead } from "./metadata";
import type { Version } from "./versions";

/** Reads an HTTPRouteGroup. `matches` is at the top until v1alpha2; headers came with v1alpha2. */
export function readHttpRouteGroup(root: Cursor, head: ObjectHead, version: Version): HTTPRouteGroup | undefined {
  const flat = version === "v1alpha1" || version === "v1alpha2";
  const spec = flat ? root : root.get("spec");
  if (!flat) spec.fields(["matches"]);
  const list = spec.get("matches");
  if (!list.exists || (Array.isArray(list.value) && list.value.length === 0)) {
    list.fail("SMI-FIELD", "is empty; write at least one match with a name and a pathRegex, methods or headers");
  }
  const names = new Set<string>();
  const headers = version === "v1alpha1" ? kept(root).get("headers").items() : [];
  const matches = list.items().map((match) => readMatch(match, version, names, headers));
  return matches.includes(undefined)
    ? undefined
    : { kind: "HTTPRouteGroup", ...head, matches: matches.filter((match) => match !== undefined) };
}

function readMatch(
  match: Cursor,
  version: Version,
  names: Set<string>,
  kept: readonly Cursor[],
): HttpMatch | undefined {
  const hasHeaders = version !== "v1alpha1";
  match.fields(["name", "pathRegex", "methods", ...(hasHeaders ? ["headers"] : [])], {
    headers: "headers are known since specs.smi-spec.io/v1alpha2.",
    path: 'Write "pathRegex".',
    pathPrefix: 'Write "pathRegex"; it is anchored at the start only, so it already is a prefix.',
    method: 'Write "methods", a list.',
    header: 'Write "headers".',
  });
  const name = match.get("name").value;
  if (typeof name !== "string" || name === "") {
    match.fail("SMI-MATCH-NAME", "has no name; write one, since a TrafficTarget picks matches by their names");
    return undefined;
  }
  if (names.has(name)) {
    match
      .get("name")
      .fail("SMI-MATCH-NAME", `found "${name}" a second time; give each match of the group its own name`);
    return undefined;
  }
  names.add(name);
  const pathRegex = readExpression(match.get("pathRegex"), "an expression for the path, such as /cart");
  const methods = readMethods(match.get("methods"));
  const own = hasHeaders ? match : kept.find((entry) => entry.get("name").value === name);
  const headers = own ? readHeaders(own.get("headers")) : [];
  if (pathRegex === undefined && methods === undefined && headers.length === 0) {
    match.fail(
      "SMI-MATCH-ALL",
      'has no path, method or header, so it matches every request. If you mean that, write pathRegex: ".*".',
    );
  }
  return {
    name,
    ...(pathRegex === undefined ? {} : { pathRegex }),
    ...(methods === undefined ? {} : { methods }),
    headers,
    position: match.position,
  };
}

/** An expression; `""` means any path, as smi-adapter-istio read it. */
function readExpression(field: Cursor, what: string): string | undefined {
  if (!field.exists || field.value === "") return undefined;
  const text = field.string(what);
  const problem = text === undefined ? undefined : re2Problem(text);
  if (problem !== undefined) {
    field.fail(
      "SMI-RE2",
      `found "${text}" with ${problem}; allowed: RE2 syntax (https://github.com/google/re2/wiki/Syntax)`,
    );
  }
  return text;
}

function readMethods(field: Cursor): readonly string[] | undefined {
  const methods = field.items().map((item) => {
    const method = item.string("an HTTP method");
    const upper = method?.toUpperCase();
    if (method !== upper) item.fail("SMI-METHOD-CASE", `found "${method}", "${upper}" is used; methods are upper case`);
    return upper;
  });
  const known = methods.filter((method) => method !== undefined);
  return known.length === 0 || known.includes("*") ? undefined : [...new Set(known)].sort();
}

/** Of HTTP (RFC 9110), or of a part of the request that HTTP/2 writes as a header, such as `:authority`. */
const HEADER_NAME = /^:?[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** Headers as a map (the specification's text) or as a list of maps (the CRDs of smi-sdk-go and OSM). */
function readHeaders(field: Cursor): HeaderMatch[] {
  if (!field.exists) return [];
  const entries = Array.isArray(field.value)
    ? field.items().flatMap((item) => headerEntries(item))
    : headerEntries(field);
  return entries
    .flatMap(([name, value]) => {
      if (!HEADER_NAME.test(name)) {
        value.fail("SMI-FIELD", `found "${name}", allowed: the name of a header`);
        return [];
      }
      const regex = value.value === "" ? "" : readExpression(value, "an expression for the header's value");
      return regex === undefined ? [] : [{ name: name.toLowerCase(), regex }];
    })
    .sort((left, right) => compare(left.name, right.name) || compare(left.regex, right.regex));
}

function headerEntries(field: Cursor): [string, Cursor][] {
  const entries = field.entries();
  if (entries.length === 0) {
    field.fail(
      "SMI-FIELD",
      "is empty; write a header's name and the expression for its value, such as user-agent: .*Firefox.*",
    );
  }
  return entries;
}

/** Reads a TCPRoute or UDPRoute. Ports are known since v1alpha4; before, a route means any port, unless a conversion kept them. */
export function readPortRoute<K extends "TCPRoute" | "UDPRoute">(
  kind: K,
  root: Cursor,
  head: ObjectHead,
  version: Version,
): (K extends "TCPRoute" ? TCPRoute : UDPRoute) | undefined;
export function readPortRoute(
  kind: "TCPRoute" | "UDPRoute",
  root: Cursor,
  head: ObjectHead,
  version: Version,
): TCPRoute | UDPRoute | undefined {
  const spec = root.get("spec");
  const withPorts = version === "v1alpha4";
  if (spec.exists) {
    spec.fields(withPorts ? ["matches"] : [], {
      matches: "Ports of a TCPRoute are known since specs.smi-spec.io/v1alpha4.",
    });
  }
  const matches = (withPorts ? spec : kept(root).get("spec")).get("matches");
  if (matches.exists) matches.fields(["name", "ports"]);
  const ports = matches
    .get("ports")
    .items()
    .map((port) => port.port());
  if (ports.includes(undefined)) return undefined;
  const sorted = [...new Set(ports.filter((port) => port !== undefined))].sort((left, right) => left - right);
  return { kind, ...head, ports: sorted };
}
