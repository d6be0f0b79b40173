import type { Resource } from "./api";
import { SMI_RESOURCES } from "./resources";

/** A JSON schema as CustomResourceDefinitions have it (https://kubernetes.io/docs/reference/kubernetes-api/). */
interface Schema {
  readonly [field: string]: unknown;
}

/** Where the API server reaches the conversion webhook. */
export interface ConversionWebhook<Authority> {
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  /** Certificates that the webhook's is signed by, in PEM and then base64; or a promise of them, which is passed on. */
  readonly caBundle: Authority;
}

export interface CustomResourceDefinition<Authority> {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { plural: string; singular: string; kind: string; listKind: string; shortNames: string[] };
    readonly scope: "Namespaced";
    readonly conversion?: Conversion<Authority>;
    readonly versions: DefinedVersion[];
  };
}

interface Conversion<Authority> {
  readonly strategy: "Webhook";
  readonly webhook: {
    readonly clientConfig: {
      readonly service: { namespace: string; name: string; port: number; path: string };
      readonly caBundle: Authority;
    };
    readonly conversionReviewVersions: string[];
  };
}

interface DefinedVersion {
  readonly name: string;
  readonly served: true;
  readonly storage: boolean;
  readonly schema: { readonly openAPIV3Schema: Schema };
  readonly subresources: { readonly status: object };
  readonly additionalPrinterColumns: Column[];
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
}

/** Path of the conversion webhook. */
export const CONVERSION_PATH = "/convert";

const TEXT: Schema = { type: "string" };
const NAME: Schema = { type: "string", minLength: 1 };
const PORT: Schema = { "x-kubernetes-int-or-string": true };

function object(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
}

function list(items: Schema, limits: Schema = {}): Schema {
  return { type: "array", items, ...limits };
}

function subject(withPort: boolean): Schema {
  return object({ kind: NAME, name: NAME, namespace: TEXT, ...(withPort ? { port: PORT } : {}) }, ["kind", "name"]);
}

const RULE = object({ kind: NAME, name: NAME, matches: list(TEXT) }, ["kind", "name"]);

/** Until v1alpha3 a destination has a port of its own; v1alpha1 has no spec and says "specs". */
function trafficTarget(version: string): Schema {
  const sources = list(subject(version !== "v1alpha3"));
  const destination = subject(version !== "v1alpha3");
  if (version === "v1alpha1") return { destination, specs: list(RULE), sources };
  return { spec: object({ destination, rules: list(RULE), sources }, ["destination"]) };
}

/** A map in the specification's text, a list of maps in the definitions that most meshes shipped: the reader takes both. */
const HEADERS: Schema = { "x-kubernetes-preserve-unknown-fields": true };

/** Headers came with v1alpha2, the spec with v1alpha3. */
function httpRouteGroup(version: string): Schema {
  const headers: Record<string, Schema> = version === "v1alpha1" ? {} : { headers: HEADERS };
  const matches = list(object({ name: NAME, pathRegex: TEXT, methods: list(TEXT), ...headers }, ["name"]));
  return version === "v1alpha1" || version === "v1alpha2" ? { matches } : { spec: object({ matches }, ["matches"]) };
}

/** Ports came with v1alpha4. */
function portRoute(version: string): Schema {
  const ports = list({ type: "integer", minimum: 1, maximum: 65_535 });
  return { spec: object(version === "v1alpha4" ? { matches: object({ name: TEXT, ports }) } : {}) };
}

/** Weights are quantities in v1alpha1 and integers since; matches came with v1alpha3. */
function trafficSplit(version: string): Schema {
  const weight =
    version === "v1alpha1" ? { "x-kubernetes-int-or-string": true } : { type: "integer", format: "int64", minimum: 0 };
  const match = object({ apiGroup: TEXT, kind: NAME, name: NAME }, ["kind", "name"]);
  const withMatches = version === "v1alpha3" || version === "v1alpha4";
  return {
    spec: object(
      {
        service: NAME,
        backends: list(object({ service: NAME, weight }, ["service", "weight"])),
        ...(withMatches ? { matches: list(match) } : {}),
      },
      ["service", "backends"],
    ),
  };
}

const BODIES: Readonly<Record<string, (version: string) => Schema>> = {
  HTTPRouteGroup: httpRouteGroup,
  TCPRoute: portRoute,
  UDPRoute: portRoute,
  TrafficTarget: trafficTarget,
  TrafficSplit: trafficSplit,
};

const SHORT_NAMES: Readonly<Record<string, string>> = {
  HTTPRouteGroup: "htr",
  TCPRoute: "tr",
  UDPRoute: "ur",
  TrafficTarget: "tt",
  TrafficSplit: "ts",
};

const STATUS = object({
  conditions: list(
    object(
      {
        type: NAME,
        status: { type: "string", enum: ["True", "False", "Unknown"] },
        reason: TEXT,
        message: TEXT,
        observedGeneration: { type: "integer", format: "int64" },
        lastTransitionTime: { type: "string", format: "date-time" },
      },
      ["type", "status"],
    ),
    { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] },
  ),
});

const CONDITIONS = ["Accepted", "Programmed"];

function columns(kind: string): Column[] {
  const condition = (name: string, field: string, title = name): Column => ({
    name: title,
    type: "string",
    jsonPath: `.status.conditions[?(@.type=="${name}")].${field}`,
  });
  const rules = kind === "TrafficTarget" || kind === "TrafficSplit" ? CONDITIONS : ["Accepted"];
  return [
    ...(kind === "TrafficSplit" ? [{ name: "Service", type: "string", jsonPath: ".spec.service" }] : []),
    ...rules.map((name) => condition(name, "status")),
    condition("Accepted", "reason", "Reason"),
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ];
}

/** Versions in which a kind is served, the newest last; it is stored as {@link SMI_RESOURCES} says. */
export function versionsOf({ group, kind }: Resource): readonly string[] {
  if (kind === "UDPRoute") return ["v1alpha4"];
  // The draft of access/v1alpha4 is not served: an IdentityBinding cannot be given to a client of an earlier version, and
  // the API server fails a whole list for one object that cannot be converted.
  const last = group === "access.smi-spec.io" ? 3 : 4;
  return Array.from({ length: last }, (_, index) => `v1alpha${index + 1}`);
}

/**
 * The definitions of SMI's kinds with every version that was ever served, so that Flagger (split v1alpha1 to v1alpha3), Argo
 * Rollouts (v1alpha1) and those who write the newest version work side by side. Written from the specification
 * (https://github.com/servicemeshinterface/smi-spec).
 */
export function smiDefinitions<Authority>(
  webhook: ConversionWebhook<Authority>,
): readonly CustomResourceDefinition<Authority>[] {
  return SMI_RESOURCES.map((resource) => {
    const { group, kind, plural, version: stored } = resource;
    const versions = versionsOf(resource);
    const names = {
      plural,
      singular: kind.toLowerCase(),
      kind,
      listKind: `${kind}List`,
      shortNames: [SHORT_NAMES[kind]!],
    };
    return {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        names,
        scope: "Namespaced",
        ...(versions.length > 1 ? { conversion: conversion(webhook) } : {}),
        versions: versions.map((name) => ({
          name,
          served: true,
          storage: name === stored,
          schema: {
            openAPIV3Schema: object({
              apiVersion: TEXT,
              kind: TEXT,
              metadata: { type: "object" },
              ...BODIES[kind]!(name),
              status: STATUS,
            }),
          },
          subresources: { status: {} },
          additionalPrinterColumns: columns(kind),
        })),
      },
    };
  });
}

function conversion<Authority>({ service, caBundle }: ConversionWebhook<Authority>): Conversion<Authority> {
  const clientConfig = { service: { ...service, path: CONVERSION_PATH }, caBundle };
  return { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } };
}
