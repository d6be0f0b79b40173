import * as fc from "fast-check";

import { catches, type Facts, type WorkloadFacts, workloadsCaughtBy } from "../../smi/facts";
import { sorted } from "../../smi/order";
import { literalOf } from "../../smi/regex/literal";
import { parseRegex } from "../../smi/regex/parse";
import { bit, isPlain } from "../../smi/regex/syntax";

/** Ways that are quicker than the general one, and must give the same. */
test("a short list is ordered as a long one is, and equal items stay in their order", () => {
  const item = fc.record({ key: fc.nat(4), at: fc.nat() });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), (items) => {
      const order = (left: { key: number }, right: { key: number }): number => left.key - right.key;
      expect(sorted(items, order)).toEqual([...items].sort(order));
    }),
    { numRuns: 300, seed: 3 },
  );
});

test("an expression that needs no parser is the text that the parser finds in it", () => {
  const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
  const plain = ascii.filter(isPlain);

  expect(plain.length).toBeGreaterThan(70);
  for (const char of plain) {
    expect(parseRegex(char)).toEqual({ type: "set", set: bit(char.charCodeAt(0)) });
    // Beside others too: no two of them are a construct together.
    for (const other of plain) expect(parseRegex(char + other)).toMatchObject({ type: "concat", items: [{}, {}] });
  }
  expect(literalOf(plain.join(""))).toBe(plain.join(""));
  expect(isPlain("")).toBe(false);
});

test("the workloads that a selector catches are found by a label as by looking at each", () => {
  const labels = fc.dictionary(fc.constantFrom("app", "tier", "toString"), fc.constantFrom("a", "b"), { maxKeys: 3 });
  const workload = fc.record({ labels, podLabels: fc.option(labels, { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(workload, { minLength: 30, maxLength: 40 }), labels, (list, selector) => {
      const workloads = list.map((own, at): WorkloadFacts => ({
        namespace: at % 9 === 0 ? "other" : "shop",
        serviceAccount: "web",
        ports: [],
        probes: [],
        ...own,
      }));
      const facts: Facts = { workloads, services: [] };
      expect(workloadsCaughtBy(facts, "shop", selector)).toEqual(
        workloads.filter((each) => each.namespace === "shop" && catches(selector, each)),
      );
    }),
    { numRuns: 100, seed: 5 },
  );
});
