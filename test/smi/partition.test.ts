import * as fc from "fast-check";

import { partition, partitionByAutomaton } from "../../smi/regex/partition";
import { partitionLiterals } from "../../smi/regex/partition-literals";

test("the simple partition of texts and prefixes is that of the automaton", () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 3 }).map((rest) => `/${rest}`),
    fc.constantFrom("", "/", ".*", "a"),
  );
  const language = fc.record({ pattern: text, anchor: fc.constantFrom("start" as const, "full" as const) });
  const languages = fc.uniqueArray(language, {
    minLength: 1,
    maxLength: 5,
    selector: ({ pattern, anchor }) => `${anchor} ${pattern}`,
  });
  let simple = 0;
  fc.assert(
    fc.property(languages, fc.constantFrom("path" as const, "value" as const), fc.boolean(), (all, domain, alike) => {
      const options = { domain, maxLength: 1000, alike: () => alike };
      const found = partitionLiterals(all, options);
      if (!found) return;
      simple += 1;
      expect(found).toEqual(partitionByAutomaton(all, options));
      expect(partition(all, options)).toEqual(found);
    }),
    { numRuns: 400, seed: 17 },
  );
  expect(simple).toBeGreaterThan(100);
});
