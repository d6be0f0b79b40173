import { ApiError } from "../api";
import type { Attributes } from "./auth";
import { METRICS_GROUP, METRICS_VERSION, type MetricsRequest } from "./metrics-api";
import { KINDS, type KindName } from "./series";

/** A request's path, understood. */
export type Route =
  | { readonly is: "discovery"; readonly body: "groups" | "group" | "resources"; readonly attributes: Attributes }
  | { readonly is: "metrics"; readonly request: MetricsRequest; readonly attributes: Attributes };

const ROOT = `/apis/${METRICS_GROUP}/${METRICS_VERSION}`;
/** Seconds over which is measured, if the request does not say. */
const WINDOW = 60;

/** @throws ApiError 404 for a path that is not served, 400 for a query that is not understood */
export function routeOf(url: string): Route {
  const { pathname, searchParams } = new URL(url, "http://adapter");
  const path = pathname.replace(/\/+$/, "");
  const visit = { path: pathname, verb: "get" };
  if (path === "/apis") return { is: "discovery", body: "groups", attributes: visit };
  if (path === `/apis/${METRICS_GROUP}`) return { is: "discovery", body: "group", attributes: visit };
  if (path === ROOT) return { is: "discovery", body: "resources", attributes: visit };
  if (!path.startsWith(`${ROOT}/`)) throw notFound(pathname);
  const segments = path
    .slice(ROOT.length + 1)
    .split("/")
    .map(decodeURIComponent);
  const request = requestOf(segments, pathname);
  if (!segments.every((segment) => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(segment))) throw notFound(pathname);
  const labelSelector = searchParams.get("labelSelector") ?? undefined;
  const full = { ...request, window: windowOf(searchParams.get("window")), ...(labelSelector && { labelSelector }) };
  const { resource, namespace, name, edges } = full;
  const attributes = {
    group: METRICS_GROUP,
    version: METRICS_VERSION,
    resource,
    ...(edges && { subresource: "edges" }),
    // What is asked of a namespace is authorized in it, as for namespaces themselves.
    ...(resource === "namespaces" ? { namespace: name } : { namespace }),
    ...(name && { name }),
    verb: name === undefined ? "list" : "get",
  };
  return { is: "metrics", request: full, attributes };
}

function requestOf(segments: readonly string[], path: string): Omit<MetricsRequest, "window"> {
  const [first, namespace, kind, name, last, ...rest] = segments;
  if (first === "namespaces" && (kind === undefined || (kind === "edges" && name === undefined))) {
    return { resource: "namespaces", ...(namespace && { name: namespace }), edges: kind === "edges" };
  }
  if (first === "namespaces") {
    if (rest.length > 0 || (last !== undefined && last !== "edges")) throw notFound(path);
    return { resource: kindOf(kind, path), namespace: namespace!, ...(name && { name }), edges: last === "edges" };
  }
  if (segments.length > 1) throw notFound(path);
  return { resource: kindOf(first, path), edges: false };
}

function kindOf(text: string | undefined, path: string): KindName | "trafficsplits" {
  const kind = text === "trafficsplits" ? text : (Object.keys(KINDS) as KindName[]).find((known) => known === text);
  if (kind === undefined || kind === "namespaces") throw notFound(path);
  return kind;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

function windowOf(text: string | null): number {
  if (text === null) return WINDOW;
  const [, amount, unit] = /^(\d{1,5})([smh])$/.exec(text) ?? [];
  const seconds = Number(amount) * UNITS[unit ?? "s"]!;
  if (seconds >= 1 && seconds <= 86_400) return seconds;
  throw new ApiError(400, "BadRequest", `window: found "${text}", allowed: 1s to 24h, such as 30s or 5m`);
}

export function notFound(path: string): ApiError {
  return new ApiError(404, "NotFound", `${path} is not served; ${ROOT} lists what is`);
}
