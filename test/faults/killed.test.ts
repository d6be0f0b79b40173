/** Runs that end in the middle, as a user meets them. */
import { Checkout, typesIn } from "../kit/checkout";

jest.setTimeout(120_000);

const checkout = new Checkout();

afterAll(() => checkout.remove());

test("an up that is killed at any moment loses nothing: the next one continues and finishes", async () => {
  for (const lines of [10, 60]) await checkout.killAfter(lines, "up");
  // Whatever was going on, it is found out, once and for all.
  const recovered = checkout.isthmus("recover", "--json");
  expect(recovered).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(recovered.stdout)).toMatchObject({ notes: [expect.stringContaining("stale"), expect.any(String)] });
  expect(checkout.isthmus("recover").stdout).toBe("nothing was in flight\n");

  const last = checkout.isthmus("up");

  expect(last.stdout).toMatch(/^up: \d+ created, \d+ unchanged, in /m);
  expect(typesIn(checkout.isthmus("export").stdout)).toEqual(checkout.ledgerTypes());
});
