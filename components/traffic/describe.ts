import type { SmiDocument, TrafficTarget } from "../../smi/model";

/** Who may call whom, one line a rule, sorted: `shop/web -> shop/checkout: GET,POST /cart`. */
export function describeAccess(documents: readonly SmiDocument[]): string[] {
  const lines = documents.flatMap((document) =>
    document.kind === "TrafficTarget" ? describeTarget(document, documents) : [],
  );
  return [...new Set(lines)].sort();
}

/** How each split Service shares its traffic, sorted: `shop/catalog: catalog-v1 90, catalog-v2 10`. */
export function describeSplits(documents: readonly SmiDocument[]): string[] {
  return documents
    .flatMap((document) =>
      document.kind === "TrafficSplit"
        ? [
            `${document.namespace}/${document.service}: ${document.backends.map((b) => `${b.service} ${b.weight}`).join(", ")}`,
          ]
        : [],
    )
    .sort();
}

function describeTarget(target: TrafficTarget, documents: readonly SmiDocument[]): string[] {
  const { destination } = target;
  const requests = target.rules.flatMap((rule) => describeRequests(target, rule, documents)).sort();
  const ports = [...(destination.port === undefined ? [] : [destination.port]), ...portsOf(target, documents)];
  // Ports and requests of one target are a conjunction.
  const what = requests.length === 0 ? "any traffic" : requests.join(" or ");
  const where = ports.length === 0 ? "" : ` on port ${[...new Set(ports)].join(", ")}`;
  return target.sources.map(
    (source) =>
      `${source.namespace}/${source.serviceAccount} -> ${destination.namespace}/${destination.serviceAccount}: ${what}${where}`,
  );
}

type Rule = TrafficTarget["rules"][number];

function routeOf(
  target: TrafficTarget,
  { kind, name }: Rule,
  documents: readonly SmiDocument[],
): SmiDocument | undefined {
  return documents.find(
    (document) => document.kind === kind && document.namespace === target.namespace && document.name === name,
  );
}

function portsOf(target: TrafficTarget, documents: readonly SmiDocument[]): number[] {
  return target.rules.flatMap((rule) => {
    const route = routeOf(target, rule, documents);
    return route?.kind === "TCPRoute" ? route.ports : [];
  });
}

function describeRequests(target: TrafficTarget, rule: Rule, documents: readonly SmiDocument[]): string[] {
  const route = routeOf(target, rule, documents);
  if (route?.kind !== "HTTPRouteGroup") return [];
  const wanted = rule.matches?.map(({ name }) => name);
  return route.matches
    .filter((match) => wanted === undefined || wanted.includes(match.name))
    .map(({ methods, pathRegex }) => `${methods?.join(",") ?? "any method"} ${pathRegex ?? "any path"}`);
}
