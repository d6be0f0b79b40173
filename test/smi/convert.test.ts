/** Conversion between versions: the way back leads to the same object, and the meaning is the same on every way. */
import * as fc from "fast-check";

import { convert, KEPT_ANNOTATION, readSmi, type SmiDocument } from "../../smi";

type Plain = Readonly<Record<string, unknown>>;
const VERSIONS = ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] as const;
type Version = (typeof VERSIONS)[number];

const name = fc.constantFrom("a", "b", "c");
const subject = (port: boolean): fc.Arbitrary<Plain> =>
  fc.record(
    {
      kind: fc.constant("ServiceAccount"),
      name,
      namespace: fc.constant("shop"),
      ...(port ? { port: fc.constantFrom(8080, "9090") } : {}),
    },
    { requiredKeys: ["kind", "name", "namespace"] },
  );
const rule = fc.record({ kind: fc.constantFrom("HTTPRouteGroup", "TCPRoute"), name });
const headers = fc.oneof(
  fc.constant({ "x-beta": "1" }),
  fc.constant([{ "x-beta": "1" }, { "user-agent": ".*Firefox.*" }]),
);
const match = (at: number, withHeaders: boolean): fc.Arbitrary<Plain> =>
  fc.record(
    {
      name: fc.constant(`m${at}`),
      pathRegex: fc.constantFrom("/cart", "/.*"),
      methods: fc.constant(["GET"]),
      ...(withHeaders ? { headers } : {}),
    },
    { requiredKeys: ["name", "pathRegex"] },
  );
const matches = (withHeaders: boolean): fc.Arbitrary<Plain[]> =>
  fc.oneof(fc.tuple(match(0, withHeaders)), fc.tuple(match(0, withHeaders), match(1, withHeaders)));
const weight = (version: Version): fc.Arbitrary<unknown> =>
  version === "v1alpha1" ? fc.constantFrom(0, 1, "1", "500m", "1500m", "0.25", 90) : fc.nat(1000);

/** The body of an object of each kind, as its version writes it. */
const BODIES: Readonly<Record<string, (version: Version) => fc.Arbitrary<Plain>>> = {
  "access.smi-spec.io TrafficTarget": (version) => {
    const early = version === "v1alpha1" || version === "v1alpha2";
    return fc
      .tuple(subject(early), fc.array(subject(false), { minLength: 1 }), fc.array(rule, { minLength: 1 }))
      .map(([destination, sources, rules]) =>
        version === "v1alpha1" ? { destination, sources, specs: rules } : { spec: { destination, sources, rules } },
      );
  },
  "specs.smi-spec.io HTTPRouteGroup": (version) =>
    matches(version !== "v1alpha1").map((all) =>
      version === "v1alpha1" || version === "v1alpha2" ? { matches: all } : { spec: { matches: all } },
    ),
  "specs.smi-spec.io TCPRoute": (version) =>
    version === "v1alpha4"
      ? fc.constantFrom<Plain>(
          { spec: { matches: { ports: [] } } },
          { spec: { matches: { ports: [8080, 9090] } } },
          { spec: { matches: { name: "db", ports: [5432] } } },
        )
      : fc.constant({ spec: {} }),
  "split.smi-spec.io TrafficSplit": (version) =>
    fc
      .tuple(
        fc.array(fc.record({ service: name, weight: weight(version) }), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
      )
      .map(([backends, matched]) => ({
        spec: {
          service: "web",
          backends,
          ...(matched && (version === "v1alpha3" || version === "v1alpha4")
            ? { matches: [{ kind: "HTTPRouteGroup", name: "m" }] }
            : {}),
        },
      })),
};

const metadata = fc.constantFrom<Plain>(
  { name: "x", namespace: "shop", uid: "1" },
  { name: "x", namespace: "shop", annotations: { note: "mine" }, labels: { app: "x" } },
);

const object = fc.constantFrom(...Object.keys(BODIES)).chain((groupKind) =>
  fc.constantFrom(...VERSIONS).chain((version) => {
    const [group, kind] = groupKind.split(" ") as [string, string];
    return fc.record({ metadata, body: BODIES[groupKind]!(version) }).map(({ metadata: head, body }): Plain => {
      return { apiVersion: `${group}/${version}`, kind, metadata: head, ...body };
    });
  }),
);

function converted(from: Plain, apiVersion: string): Plain {
  const result = convert(from, apiVersion);
  if (!result.ok) throw new Error(result.message);
  return result.object;
}

/** The normal form, without the places that messages need. */
function meaning(text: Plain): SmiDocument {
  const { documents, problems } = readSmi([{ path: "x", text: JSON.stringify(text) }]);
  if (documents.length !== 1) throw new Error(JSON.stringify(problems));
  const bare: unknown = JSON.parse(
    JSON.stringify(documents[0], (key, value: unknown) => (key === "position" || key === "source" ? undefined : value)),
  );
  return bare as SmiDocument;
}

test("whatever the way between versions, the meaning is the same and the way back leads to the same object", () => {
  let kept = 0;
  fc.assert(
    fc.property(object, fc.array(fc.constantFrom(...VERSIONS), { minLength: 1, maxLength: 3 }), (start, way) => {
      const [group, own] = String(start["apiVersion"]).split("/");
      let at = start;
      for (const version of way) {
        at = converted(at, `${group}/${version}`);
        expect(meaning(at)).toEqual(meaning(start));
        if (JSON.stringify(at).includes(KEPT_ANNOTATION)) kept += 1;
      }
      expect(converted(at, `${group}/${own}`)).toEqual(start);
    }),
    { numRuns: 600, seed: 3 },
  );
  expect(kept).toBeGreaterThan(100);
});

const split = (version: string, backends: Plain[], annotations?: Plain): Plain => ({
  apiVersion: `split.smi-spec.io/${version}`,
  kind: "TrafficSplit",
  metadata: { name: "x", namespace: "shop", ...(annotations ? { annotations } : {}) },
  spec: { service: "web", backends },
});

test("a weight that was changed in a later version is not undone by the way back", () => {
  const later = converted(
    split("v1alpha1", [
      { service: "a", weight: "500m" },
      { service: "b", weight: 1 },
    ]),
    "split.smi-spec.io/v1alpha2",
  );
  const { backends } = later["spec"] as { backends: Plain[] };
  expect(backends).toEqual([
    { service: "a", weight: 500 },
    { service: "b", weight: 1000 },
  ]);
  const changed = { ...later, spec: { service: "web", backends: [{ service: "a", weight: 0 }, backends[1]!] } };
  expect(converted(changed, "split.smi-spec.io/v1alpha1")).toEqual(
    split("v1alpha1", [
      { service: "a", weight: 0 },
      { service: "b", weight: 1000 },
    ]),
  );
});

test.each<[string, Plain, string, string]>([
  [
    "a version that was never served",
    split("v1alpha2", []),
    "split.smi-spec.io/v1beta1",
    "it is served as split.smi-spec.io/v1alpha1",
  ],
  ["a kind that is not SMI's", { apiVersion: "v1", kind: "Pod" }, "v2", "it is no kind of SMI"],
  [
    "a weight that is none",
    split("v1alpha1", [{ service: "a", weight: -1 }]),
    "split.smi-spec.io/v1alpha2",
    "the weight -1 is no quantity",
  ],
  [
    "an annotation that somebody wrote",
    split("v1alpha1", [], { [KEPT_ANNOTATION]: "?" }),
    "split.smi-spec.io/v1alpha2",
    `the annotation ${KEPT_ANNOTATION} is no JSON object`,
  ],
  [
    "an IdentityBinding before v1alpha4",
    {
      apiVersion: "access.smi-spec.io/v1alpha4",
      kind: "TrafficTarget",
      metadata: {},
      spec: { destination: { kind: "IdentityBinding", name: "a" }, sources: [], rules: [] },
    },
    "access.smi-spec.io/v1alpha3",
    "an IdentityBinding is named, which v1alpha3 does not know",
  ],
])("%s is refused", (_, from, apiVersion, message) => {
  const result = convert(from, apiVersion);
  expect(result).toMatchObject({ ok: false });
  expect(result.ok ? "" : result.message).toContain(message);
});
