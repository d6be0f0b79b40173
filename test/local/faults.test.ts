/** A sample of `npm run test:faults`: of the fault matrix, and of random lives. */
import * as fc from "fast-check";

import { linkerd } from "../../components/spec";
import { ROWS, strikeAll, type Scenario } from "../faults/matrix";
import { generations, liveThrough } from "../faults/lives";
import { upScenario } from "../faults/scenarios";
import { NORTH } from "../kit/environment";

describe("an up of one AKS cluster", () => {
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = await upScenario({ clusters: { north: NORTH }, mesh: linkerd(), protect: false });
  });

  test.each(ROWS)("survives %s at some of its steps", async (row) => {
    const { faults, lost } = await strikeAll(scenario, row, 9);

    expect(lost).toEqual([]);
    expect(faults).toBeGreaterThan(0);
  });
});

test("random lives do not leave ledger and state apart", async () => {
  await fc.assert(fc.asyncProperty(generations, liveThrough), { seed: 7, numRuns: 4 });
});
