import * as fc from "fast-check";
import { allowed, hasErrors, istioDefaultDeny, shares, type SmiDocument, translateIstio } from "../../smi";
import { istioAllows, istioShares } from "../../smi/istio";
import { documents, expression, FACTS, group, NAMESPACE, path, request, source, subject } from "./istio-rules";

const RUNS = Number(process.env["SMI_RUNS"] ?? 400);

/** What the objects answer, beside the mesh's default deny. */
const answers = (objects: ReturnType<typeof translateIstio>["objects"], ...rest: TailOfAllows): boolean =>
  istioAllows([...objects, ...istioDefaultDeny()], ...rest);
type TailOfAllows = Parameters<typeof istioAllows> extends [unknown, ...infer Rest] ? Rest : never;

test.each([false, true])(
  "no request is allowed or denied by Istio that SMI decides otherwise, unless a problem says so (widen: %s)",
  (widen) => {
    const counts = { translated: 0, exact: 0, permitted: 0, refused: 0 };
    fc.assert(
      fc.property(documents, fc.array(request, { minLength: 12, maxLength: 12 }), (rules, requests) => {
        const { objects, problems } = translateIstio(rules, FACTS, { widen });
        if (hasErrors(problems)) {
          counts.refused += 1;
          expect(objects).toEqual([]);
          return;
        }
        const has = (code: string): boolean => problems.some((problem) => problem.code === code);
        const [widened, narrowed] = [has("SMI-RE-PATH-WIDENED"), has("SMI-RE-PATH-NARROWED")];
        expect(widened && !widen).toBe(false);
        counts.translated += 1;
        if (!widened && !narrowed) counts.exact += 1;
        for (const destination of FACTS.workloads) {
          for (const { port } of destination.ports) {
            for (const each of requests) {
              const caller = subject(each.source);
              const expected = allowed(rules, { ...each, source: caller, destination, port }).allowed;
              const actual = answers(objects, destination, { ...each, source: caller, port });
              if (expected) counts.permitted += 1;
              // Templates know every character of a path but the star.
              const excused = expected ? narrowed && each.path.includes("*") : widened;
              if (actual !== expected && !excused) {
                throw new Error(
                  `port ${port} of ${destination.serviceAccount}: SMI says ${expected}, Istio ${actual}, for ${JSON.stringify(each)} by ${JSON.stringify(objects)}`,
                );
              }
            }
          }
        }
      }),
      { numRuns: RUNS, seed: 11 },
    );
    // Otherwise the test would prove little: most inputs must be expressible, and some requests must pass.
    expect(counts.exact).toBeGreaterThan(RUNS / 3);
    expect(counts.permitted).toBeGreaterThan(3 * RUNS);
  },
);

test("a connection that is no HTTP is allowed by rules for TCP alone", () => {
  let permitted = 0;
  fc.assert(
    fc.property(documents, fc.constantFrom("s1", "s2", "s3"), (rules, name) => {
      const { objects, problems } = translateIstio(rules, FACTS, { widen: true });
      if (hasErrors(problems)) return;
      const http = (document: SmiDocument): boolean =>
        document.kind === "TrafficTarget" && document.rules.some(({ kind }) => kind === "HTTPRouteGroup");
      const noRequest = { method: "", path: "/", headers: {} };
      for (const destination of FACTS.workloads) {
        for (const { port } of destination.ports) {
          const call = { ...noRequest, source: subject(name), port };
          const expected = allowed(
            rules.filter((document) => !http(document)),
            { ...call, destination },
          ).allowed;
          if (expected) permitted += 1;
          expect(answers(objects, destination, { ...call, protocol: "tcp" })).toBe(expected);
        }
      }
    }),
    { numRuns: RUNS, seed: 11 },
  );
  expect(permitted).toBeGreaterThan(RUNS / 8);
});

test("an expression is lowered to patterns that say the same, or refused", () => {
  const rule = (pathRegex: string, anchor: "start" | "full"): SmiDocument[] => [
    {
      kind: "HTTPRouteGroup",
      namespace: NAMESPACE,
      name: "g",
      source,
      matches: [{ name: "m", pathRegex, anchor, headers: [] }],
    },
    {
      kind: "TrafficTarget",
      namespace: NAMESPACE,
      name: "t",
      source,
      destination: subject("api"),
      sources: [subject("s1")],
      rules: [{ kind: "HTTPRouteGroup", name: "g" }],
    },
  ];
  let lowered = 0;
  const anchor = fc.constantFrom("start" as const, "full" as const);
  fc.assert(
    fc.property(expression, anchor, fc.array(path, { minLength: 20, maxLength: 20 }), (regex, anchored, paths) => {
      const rules = rule(regex, anchored);
      const { objects, problems } = translateIstio(rules, FACTS);
      if (hasErrors(problems)) return;
      lowered += 1;
      const narrowed = problems.some(({ code }) => code === "SMI-RE-PATH-NARROWED");
      for (const each of paths) {
        const call = { source: subject("s1"), port: 8080, method: "GET", path: each, headers: {} };
        const expected = allowed(rules, { ...call, destination: subject("api") }).allowed;
        const actual = answers(objects, FACTS.workloads[0]!, call);
        if (actual !== expected && !(expected && narrowed && each.includes("*"))) {
          throw new Error(`${regex} (${anchored}) on ${each}: SMI says ${expected}, Istio ${actual}`);
        }
      }
    }),
    { numRuns: 2 * RUNS, seed: 11 },
  );
  expect(lowered).toBeGreaterThan(RUNS / 2);
});

test("Istio's shares of a split are SMI's, on every port", () => {
  const split = fc.record({
    group: group("g1"),
    matched: fc.boolean(),
    weights: fc.tuple(
      fc.oneof(
        fc.nat(100),
        fc.nat(2 ** 40).filter((weight) => weight > 2 ** 33),
      ),
      fc.nat(100),
    ),
    single: fc.boolean(),
    call: request,
    port: fc.constantFrom(80, 81),
  });
  let compared = 0;
  fc.assert(
    fc.property(split, ({ group: routes, matched, weights, single, call, port }) => {
      const backends = (single ? ["api-v1"] : ["api-v1", "api-v2"]).map((service, i) => ({
        service,
        weight: weights[i]!,
      }));
      const rules: SmiDocument[] = [
        routes,
        {
          kind: "TrafficSplit",
          namespace: NAMESPACE,
          name: "canary",
          source,
          service: "api",
          backends,
          ...(matched ? { matches: [{ kind: "HTTPRouteGroup", name: "g1" }] } : {}),
        },
      ];
      const { objects, problems } = translateIstio(rules, FACTS);
      const total = backends.reduce((sum, { weight }) => sum + weight, 0);
      const repeated = routes.matches.some(
        ({ headers }) => new Set(headers.map(({ name }) => name)).size < headers.length,
      );
      if (hasErrors(problems)) return total === 0 || (matched && repeated);
      compared += 1;
      const expected = shares(rules, { ...call, namespace: NAMESPACE, service: "api" });
      const actual = istioShares(objects, { ...call, namespace: NAMESPACE, service: "api", port });
      const keys = Object.keys(expected).map((service) => `${service}.${NAMESPACE}.svc.cluster.local:${port}`);
      expect(Object.keys(actual).sort()).toEqual(keys.sort());
      for (const [service, share] of Object.entries(expected)) {
        expect(actual[`${service}.${NAMESPACE}.svc.cluster.local:${port}`]).toBeCloseTo(share, 6);
      }
      return true;
    }),
    { numRuns: RUNS, seed: 11 },
  );
  expect(compared).toBeGreaterThan(RUNS / 2);
});
