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
  return target.sources.map((source) => {
    const requests = target.rules.flatMap((rule) => describeRule(target, rule, documents)).sort();
    const call = `${source.namespace}/${source.serviceAccount} -> ${destination.namespace}/${destination.serviceAccount}`;
    return `${call}: ${requests.length === 0 ? "nothing" : requests.join(" or ")}`;
  });
}

function describeRule(
  target: TrafficTarget,
  rule: TrafficTarget["rules"][number],
  documents: readonly SmiDocument[],
): string[] {
  const route = documents.find(
    (document) => document.kind === rule.kind && document.namespace === target.namespace && document.name === rule.name,
  );
  if (route?.kind === "TCPRoute") return [route.ports.length === 0 ? "any port" : `port ${route.ports.join(", ")}`];
  if (route?.kind !== "HTTPRouteGroup") return [];
  const wanted = rule.matches?.map(({ name }) => name);
  return route.matches
    .filter((match) => wanted === undefined || wanted.includes(match.name))
    .map(({ methods, pathRegex }) => `${methods?.join(",") ?? "any method"} ${pathRegex ?? "any path"}`);
}
