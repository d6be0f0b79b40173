import type { Unwrap } from "@pulumi/pulumi";
import { z } from "zod";

/** Some of the arguments of a resource, at any depth, as plain data. */
export type Overlay<Args> = Deep<Unwrap<Args>>;

type Deep<T> = T extends readonly unknown[] ? T : T extends object ? { readonly [K in keyof T]?: Deep<T[K]> } : T;

/**
 * Arguments by the SDK's own names, laid over those that the platform gives to every resource of a type: the way to what
 * the spec has no word for. Objects are merged, anything else is replaced.
 */
export function overlayOf<Args>() {
  return z
    .custom<Overlay<Args>>(
      (value) => typeof value === "object" && value !== null && !Array.isArray(value),
      "an object of the resource's arguments, as the SDK names them",
    )
    .optional();
}
