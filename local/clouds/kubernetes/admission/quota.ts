import type { PropertyMap, PropertyValue } from "../../../protocol/property";
import { textAt, valueAt } from "../../paths";
import type { ApiServer } from "../api-server";
import { kindOfToken, resourceName } from "../kinds";
import { listAt, mapAt } from "../values";
import { podsOf, type Pods } from "./pods";
import { formatQuantity, parseQuantity } from "./quantity";
import { plain, type AdmissionRequest } from "./request";

/** Amounts by the names that a quota's `hard` has. */
type Usage = ReadonlyMap<string, number>;

const COMPUTE = ["requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
/** Short names of what a quota limits, and the long ones. */
const ALIASES: Readonly<Record<string, string>> = { cpu: "requests.cpu", memory: "requests.memory" };

/** Why a ResourceQuota of the namespace refuses one more object, in the API server's words; undefined when none does. */
export function quotaProblem(server: ApiServer, request: AdmissionRequest): string | undefined {
  const { kind, name, object, operation } = request;
  if (operation !== "CREATE" || name.namespace === undefined || object === undefined) return undefined;
  const asked = new Map(objectUsage(request, object));
  const pods = kind.group === "" && kind.kind === "Pod" ? podsOf(kind, object) : undefined;
  return firstProblem(server, name.namespace, asked, pods);
}

/** Why a quota refuses the pods that a controller makes for a workload. */
export function podQuotaProblem(server: ApiServer, namespace: string, pods: Pods): string | undefined {
  return firstProblem(server, namespace, new Map(), pods);
}

function firstProblem(
  server: ApiServer,
  namespace: string,
  objects: Usage,
  pods: Pods | undefined,
): string | undefined {
  for (const quota of server.all({ group: "", version: "v1", kind: "ResourceQuota" }, namespace)) {
    const hard = Object.entries(mapAt(quota, "spec.hard")).flatMap(([key, value]) => {
      const limit = parseQuantity(value);
      return limit === undefined ? [] : [{ key, meant: ALIASES[key] ?? key, limit }];
    });
    const name = textAt(quota, "metadata.name") ?? "";
    if (pods !== undefined) {
      const unspecified = missingResources(server, namespace, pods, hard);
      if (unspecified !== undefined) return `failed quota: ${name}: must specify ${unspecified}`;
    }
    const asked = new Map([...objects, ...(pods === undefined ? [] : podUsage(server, namespace, pods))]);
    const used = usedIn(server, namespace);
    const exceeded = hard.filter(
      ({ meant, limit }) => (asked.get(meant) ?? 0) > 0 && (used.get(meant) ?? 0) + (asked.get(meant) ?? 0) > limit,
    );
    if (exceeded.length === 0) continue;
    const list = (amount: (entry: (typeof exceeded)[number]) => number): string =>
      exceeded.map((entry) => `${entry.key}=${formatQuantity(amount(entry))}`).join(",");
    return (
      `exceeded quota: ${name}, requested: ${list(({ meant }) => asked.get(meant) ?? 0)}, ` +
      `used: ${list(({ meant }) => used.get(meant) ?? 0)}, limited: ${list(({ limit }) => limit)}`
    );
  }
  return undefined;
}

/** What containers must say because a quota counts it: `requests.cpu for: main,side; ...`. */
function missingResources(
  server: ApiServer,
  namespace: string,
  { pod }: Pods,
  hard: readonly { readonly key: string; readonly meant: string }[],
): string | undefined {
  const containers = listAt(pod, "spec.containers");
  const missing = hard
    .filter(({ meant }) => COMPUTE.includes(meant))
    .flatMap(({ key, meant }) => {
      const silent = containers
        .filter((container) => resourceOf(server, namespace, container, meant) === undefined)
        .map((container) => textAt(container, "name") ?? "");
      return silent.length === 0 ? [] : [`${key} for: ${silent.sort().join(",")}`];
    });
  return missing.length === 0 ? undefined : missing.sort().join("; ");
}

/** Everything that is in a namespace, as quotas count it. A workload counts with its pods. */
function usedIn(server: ApiServer, namespace: string): Usage {
  const total = new Map<string, number>();
  const add = (usage: Iterable<readonly [string, number]>): void => {
    for (const [key, amount] of usage) total.set(key, (total.get(key) ?? 0) + amount);
  };
  for (const entry of server.entries()) {
    const kind = server.served(kindOfToken(entry.type));
    if (kind === undefined || textAt(entry.outputs, "metadata.namespace") !== namespace) continue;
    const object = plain(entry.outputs);
    const name = { namespace, name: textAt(object, "metadata.name") ?? "" };
    add(objectUsage({ operation: "CREATE", kind, name, object }, object));
    const pods = podsOf(kind, object);
    if (pods !== undefined) add(podUsage(server, namespace, pods));
  }
  return total;
}

function* objectUsage({ kind }: AdmissionRequest, object: PropertyMap): Generator<[string, number]> {
  yield [`count/${resourceName(kind)}`, 1];
  if (kind.group !== "") return;
  if (kind.kind !== "Pod") yield [kind.plural, 1];
  if (kind.kind === "Service" && textAt(object, "spec.type") === "LoadBalancer") yield ["services.loadbalancers", 1];
  if (kind.kind === "Service" && textAt(object, "spec.type") === "NodePort") yield ["services.nodeports", 1];
  const storage = parseQuantity(valueAt(object, "spec.resources.requests.storage"));
  if (kind.kind === "PersistentVolumeClaim" && storage !== undefined) yield ["requests.storage", storage];
}

function* podUsage(server: ApiServer, namespace: string, { pod, count }: Pods): Generator<[string, number]> {
  yield ["pods", count];
  yield ["count/pods", count];
  for (const name of COMPUTE) {
    const each = listAt(pod, "spec.containers").map((container) => resourceOf(server, namespace, container, name) ?? 0);
    yield [name, count * each.reduce((sum, amount) => sum + amount, 0)];
  }
}

/** What a container asks for: by itself, by its limit, or by a LimitRange of its namespace. */
function resourceOf(server: ApiServer, namespace: string, container: PropertyValue, name: string): number | undefined {
  const [side = "", resource = ""] = name.split(".");
  const own = (of: string): number | undefined => parseQuantity(valueAt(container, `resources.${of}.${resource}`));
  const said = own(side) ?? (side === "requests" ? own("limits") : undefined);
  if (said !== undefined) return said;
  for (const range of server.all({ group: "", version: "v1", kind: "LimitRange" }, namespace)) {
    for (const limit of listAt(range, "spec.limits")) {
      if (textAt(limit, "type") !== "Container") continue;
      const fallback = (of: string): number | undefined => parseQuantity(valueAt(limit, `${of}.${resource}`));
      const found = side === "limits" ? fallback("default") : (fallback("defaultRequest") ?? fallback("default"));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
