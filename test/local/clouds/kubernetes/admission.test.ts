import { askSimulated } from "./ask";
import { CASES } from "./cases";
import { outcomeOf } from "./outcomes";

test.each(CASES.map((one) => [one.name, one] as const))("%s", async (_, one) => {
  const { refused, pods } = await askSimulated(one, "case");

  expect(refused === undefined ? "accepted" : outcomeOf(refused)).toBe(one.outcome);
  expect(pods === undefined ? undefined : outcomeOf(pods)).toBe(one.pods);
});
