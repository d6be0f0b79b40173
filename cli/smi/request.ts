import type { Request } from "../../smi";
import type { AllowingRule } from "../../smi/explain";
import { keyOf, subjectKey } from "../../smi/model";
import { describeSource, type Located, type Position, type Source } from "../../smi/problem";

/** `GET /cart from shop/web to shop/checkout, port 8080, with x-beta: "1"`; or `a datagram from ...`. */
export function describeRequest({ protocol = "http", ...request }: Request): string {
  const { source, destination, port, method, path, headers } = request;
  const values = Object.entries(headers).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const ending = values.length === 0 ? "" : `, with ${values.join(", ")}`;
  const what = { http: `${method} ${path}`, tcp: "a TCP connection without a request", udp: "a UDP datagram" }[
    protocol
  ];
  return `${what} from ${subjectKey(source)} to ${subjectKey(destination)}, port ${port}${ending}`;
}

/** `TrafficTarget shop/cart (access.yaml#2, line 24), match get of HTTPRouteGroup checkout (routes.yaml#2, line 9)`. */
export function describeRule({ target, route, group, match }: AllowingRule): string {
  return [
    describeTarget(target),
    ...(route ? [`${route.kind} ${route.name} (${placeOf(route.source)})`] : []),
    ...(group && match
      ? [`match ${match.name} of HTTPRouteGroup ${group.name} (${placeOf(group.source, match.position)})`]
      : []),
  ].join(", ");
}

export function describeTarget(target: Located): string {
  return `TrafficTarget ${keyOf(target)} (${placeOf(target.source)})`;
}

/** `access.yaml#2, line 24`, or for a typed rule its place in the spec. */
function placeOf(source: Source, position?: Position): string {
  const line = position?.line ?? source.line;
  return line === undefined ? describeSource(source) : `${describeSource(source)}, line ${line}`;
}

/** A request in JSON: of a connection or a datagram only what it has. */
export function requestJson({ protocol = "http", ...request }: Request): Record<string, unknown> {
  const { source, destination, port } = request;
  return protocol === "http" ? request : { protocol, source, destination, port };
}

/** A rule in JSON: names and places. */
export function ruleJson({ target, route, group, match }: AllowingRule): Record<string, unknown> {
  const placed = (document: Located, position?: Position) => ({
    kind: document.kind,
    namespace: document.namespace,
    name: document.name,
    ...document.source,
    ...(position?.line !== undefined && { line: position.line }),
  });
  return {
    target: placed(target),
    ...(route && { route: placed(route) }),
    ...(group && match && { group: placed(group, match.position), match: match.name }),
  };
}
