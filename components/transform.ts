import type * as pulumi from "@pulumi/pulumi";

/** Arguments to lay over those of resources, by Pulumi type token. */
export type Overlays = Readonly<Record<string, object>>;

/**
 * The overlays of a spec by the types that its words stand for.
 *
 * @param types type token of each word
 */
export function planOverlays(
  transform: Readonly<Record<string, object | undefined>> | undefined,
  types: Readonly<Record<string, string>>,
): Overlays {
  return Object.fromEntries(
    Object.entries(transform ?? {})
      .flatMap(([word, overlay]) => (overlay === undefined ? [] : [[types[word]!, overlay] as const]))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Options by which a component lays overlays over everything below it. */
export function overlaying(overlays: Overlays): Pick<pulumi.ComponentResourceOptions, "transformations"> {
  if (Object.keys(overlays).length === 0) return {};
  return {
    transformations: [
      ({ type, props, opts }) => {
        const overlay = overlays[type];
        return overlay === undefined ? undefined : { props: merge(props, overlay), opts };
      },
    ],
  };
}

/** Only plain objects are merged: an Output is a value. */
function merge(under: PlainObject, over: object): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const old = under[key];
    merged[key] = isPlain(old) && isPlain(value) ? merge(old, value) : value;
  }
  return merged;
}

type PlainObject = Readonly<Record<string, unknown>>;

function isPlain(value: unknown): value is PlainObject {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
