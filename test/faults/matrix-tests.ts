import { appendFileSync } from "node:fs";

import { ROWS, strikeAll, type Scenario } from "./matrix";

/** One test for each kind of fault: all of its cases in a scenario must be survived. */
export function testMatrix(title: string, arrange: () => Promise<Scenario>): void {
  describe(title, () => {
    let scenario: Scenario;
    beforeAll(async () => {
      scenario = await arrange();
    });

    test.each(ROWS)("survives %s at every step that it can strike", async (row) => {
      const { faults, lost } = await strikeAll(scenario, row);
      tell(`${title}\t${row}\t${faults}\t${faults - lost.length}`);
      expect(lost).toEqual([]);
    });
  });
}

/** For the table at the end: see summary.js. */
function tell(line: string): void {
  const file = process.env.ISTHMUS_FAULTS;
  if (file !== undefined) appendFileSync(file, `${line}\n`);
}
