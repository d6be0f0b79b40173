/** A small part of `npm run test:oracle`, which asks a million requests: SMI's meaning against a model of each mesh. */
import * as fc from "fast-check";

import { type Mesh, MESHES } from "../../smi";
import { emptyTally, judge } from "./oracle/judge";
import { worlds } from "./oracle/worlds";

const WORLDS = 20;

test.each(Object.values(MESHES).map((mesh): [string, Mesh] => [mesh.name, mesh]))(
  "%s decides as SMI does, or an error or warning has said so",
  (_, mesh) => {
    const tally = emptyTally();
    for (const world of fc.sample(worlds(12), { numRuns: WORLDS, seed: 5 })) judge(mesh, world, tally);

    expect(tally.mismatches).toEqual([]);
    // Otherwise the test would prove little: most worlds must be expressible, and requests must pass and be denied.
    expect(tally.refused).toBeLessThan(WORLDS / 2);
    expect(tally.allowed).toBeGreaterThan(100);
    if (mesh.allows) expect(tally.denied).toBeGreaterThan(1000);
  },
);
