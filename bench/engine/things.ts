import { Thing, Toys } from "../../test/local/engine/toy";

/** As many resources as asked for, in chains of ten, each with a dependency and some text. */
export function makeThings(count: number): void {
  const provider = new Toys("toys", { region: "north" });
  let before: Thing | undefined;
  for (let index = 0; index < count; index++) {
    const value = index % 10 === 0 ? "first" : before?.computed;
    before = new Thing(`thing-${index}`, { value, tags: { team: "platform", index: String(index) } }, { provider });
  }
}
