import { PROBLEM_CODES, type ProblemCode } from "../problem";
import type { Cursor } from "./cursor";
import { closest, listed } from "./suggest";

const VERSIONS = ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] as const;
export type Version = (typeof VERSIONS)[number];

/** Served versions per group and kind. UDPRoute came with v1alpha4 of the specs. */
const SERVED: Readonly<Record<string, Readonly<Record<string, readonly Version[]>>>> = {
  "access.smi-spec.io": { TrafficTarget: ["v1alpha1", "v1alpha2", "v1alpha3"] },
  "specs.smi-spec.io": { HTTPRouteGroup: VERSIONS, TCPRoute: VERSIONS, UDPRoute: ["v1alpha4"] },
  "split.smi-spec.io": { TrafficSplit: VERSIONS },
};

const KINDS = Object.values(SERVED).flatMap((kinds) => Object.keys(kinds));

export type SmiKind = "TrafficTarget" | "HTTPRouteGroup" | "TCPRoute" | "UDPRoute" | "TrafficSplit";

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
  if (group === "metrics.smi-spec.io") {
    return refuse(
      "kind",
      "SMI-METRICS",
      `found ${kind}, ${PROBLEM_CODES["SMI-METRICS"].summary}. Remove the document.`,
    );
  }
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
  const draft =
    kind === "TrafficTarget" && version === "v1alpha4" ? " v1alpha4 is a draft that no mesh ever served." : "";
  return refuse(
    "apiVersion",
    "SMI-VERSION",
    `found "${apiVersion}", served for ${kind}: ${served.join(", ")}.${draft} Write "${home}/${served.at(-1)}" in its form.`,
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
