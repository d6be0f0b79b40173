import type { ProblemCode } from "../problem";
import type { Cursor } from "./cursor";
import { closest, listed } from "./suggest";

const VERSIONS = ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] as const;
export type Version = (typeof VERSIONS)[number];

/** Versions per group and kind. v1alpha4 of access is a draft that no mesh ever served; it alone has IdentityBindings. */
export const SERVED: Readonly<Record<string, Readonly<Record<string, readonly Version[]>>>> = {
  "access.smi-spec.io": { TrafficTarget: VERSIONS, IdentityBinding: ["v1alpha4"] },
  "specs.smi-spec.io": { HTTPRouteGroup: VERSIONS, TCPRoute: VERSIONS, UDPRoute: ["v1alpha4"] },
  "split.smi-spec.io": { TrafficSplit: VERSIONS },
  "metrics.smi-spec.io": { TrafficMetrics: ["v1alpha1"] },
};

const KINDS = Object.values(SERVED).flatMap((kinds) => Object.keys(kinds));

export type SmiKind =
  "TrafficTarget" | "IdentityBinding" | "HTTPRouteGroup" | "TCPRoute" | "UDPRoute" | "TrafficSplit" | "TrafficMetrics";

export type Identified =
  | { readonly is: "smi"; readonly kind: SmiKind; readonly version: Version }
  /** Not meant to be SMI. */
  | { readonly is: "other" }
  /** Meant to be SMI, but wrong; the complaint has been made. */
  | { readonly is: "refused" };

/** Tells which SMI kind and version a document is, or complains with the way out. */
export function identify(root: Cursor): Identified {
  const { value: apiVersion } = root.get("apiVersion");
  const { value: kind } = root.get("kind");
  if (typeof apiVersion !== "string" || typeof kind !== "string") return { is: "other" };
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/", 2) : ["", apiVersion];
  if (!group!.endsWith("smi-spec.io") && !isMisspelt(group!, kind)) return { is: "other" };
  const refuse = (field: string, code: ProblemCode, message: string): Identified => {
    root.get(field).fail(code, message);
    return { is: "refused" };
  };
  const home = Object.keys(SERVED).find((name) => SERVED[name]![kind]);
  if (!home) {
    const hint = closest(kind, KINDS);
    return refuse(
      "kind",
      "SMI-KIND",
      `found ${kind}, allowed: ${listed(KINDS)}.${hint ? ` Did you mean ${hint}?` : ""}`,
    );
  }
  const served = SERVED[home]![kind]!;
  if (home !== group) {
    const fit = served.find((name) => name === version) ?? served.at(-1)!;
    return refuse(
      "apiVersion",
      "SMI-KIND",
      `found ${kind} in "${apiVersion}"; its group is ${home}. Write "${home}/${fit}".`,
    );
  }
  const found = served.find((name) => name === version);
  if (found) return { is: "smi", kind: kind as SmiKind, version: found };
  return refuse(
    "apiVersion",
    "SMI-VERSION",
    `found "${apiVersion}", served for ${kind}: ${served.join(", ")}. Write "${home}/${served.at(-1)}" in its form.`,
  );
}

/** A group such as `split.smi-sepc.io` of a kind that only SMI has. */
function isMisspelt(group: string, kind: string): boolean {
  return (
    KINDS.includes(kind) &&
    kind !== "TCPRoute" &&
    kind !== "UDPRoute" &&
    closest(group, Object.keys(SERVED)) !== undefined
  );
}
