import * as fc from "fast-check";

import { generations, liveThrough } from "./lives";

test("200 random lives never leave ledger and state apart", async () => {
  await fc.assert(fc.asyncProperty(generations, liveThrough), { seed: 20_251_125, numRuns: 200 });
});
