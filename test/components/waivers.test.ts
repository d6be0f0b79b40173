import { describe as line } from "../../components/problem";
import { guardOf, validateProtection } from "../../components/waivers";
import { SHOP, TODAY } from "../kit/environment";

const waiver = { resource: "clusters.north", until: "2026-12-31", reason: "Move to Cilium, PLAT-412" };
const problemsOf = (environment: string, change: object) =>
  validateProtection(environment, { ...SHOP, protect: true, ...change }, TODAY).map(line);

test("what holds data or workloads may be left unguarded in local and dev only", () => {
  expect(problemsOf("dev", { protect: false })).toEqual([]);
  expect(problemsOf("prod", { protect: false })).toEqual([
    'protect: found false, allowed: true: only local and dev may leave clusters and data unguarded. To replace or delete one of them, add a waiver: waivers: [{ resource: "clusters.<key>", until: "<day>", reason: "<why>" }].',
  ]);
});

test.each([TODAY, "2026-12-31", "2027-02-23"])("a waiver until %s holds, for its own resource alone", (until) => {
  const spec = { ...SHOP, protect: true, waivers: [{ ...waiver, until }] };
  expect(problemsOf("prod", spec)).toEqual([]);
  expect(guardOf(spec, "clusters.north")).toEqual({
    protect: false,
    waived: { tags: { "isthmus:unguarded-until": until } },
  });
  expect(guardOf(spec, "clusters.east")).toEqual({ protect: true, waived: {} });
  expect(guardOf(spec, "buckets.orders")).toEqual({ protect: true, waived: {} });
});

test.each([
  [
    "an expired one",
    { until: "2026-11-24" },
    'waivers[0].until: found "2026-11-24", allowed: 2026-11-25 to 2027-02-23. The waiver has expired: remove it, and clusters.north is guarded again.',
  ],
  [
    "one that would be forgotten",
    { until: "2027-02-24" },
    'waivers[0].until: found "2027-02-24", allowed: 2026-11-25 to 2027-02-23. A waiver holds for 90 days at most.',
  ],
  [
    "one for nothing",
    { resource: "clusters.nort" },
    'waivers[0].resource: found "clusters.nort", allowed: one of clusters.east, clusters.north, buckets.orders. Did you mean "clusters.north"?',
  ],
])("%s is refused", (_, change, problem) => {
  expect(problemsOf("prod", { waivers: [{ ...waiver, ...change }] })).toEqual([problem]);
});
