import { covers, formatPath, parsePath, resetIgnored } from "../../../local/protocol/paths";
import { Secret } from "../../../local/protocol/property";

test.each([
  ["root", ["root"]],
  ["root.nested", ["root", "nested"]],
  ['root["a.b"].c', ["root", "a.b", "c"]],
  ["list[0].name", ["list", 0, "name"]],
  ["list[*]", ["list", "*"]],
  ["*", ["*"]],
])("the path %s is read and written", (text, path) => {
  expect(parsePath(text)).toEqual(path);
  if (!text.includes("*")) expect(formatPath(path)).toBe(text);
});

test("a broken path is no path", () => {
  expect(parsePath("a[")).toBeNull();
});

test("a pattern covers itself and what lies below it", () => {
  expect(covers(["a", "*"], ["a", 3, "b"])).toBe(true);
  expect(covers(["a", "b"], ["a"])).toBe(false);
});

test("ignored values go back to what they were, added ones go away, removed ones return", () => {
  const news = { a: "new", added: "x", map: { keep: 1 }, secret: new Secret({ part: "new", other: "new" }) };
  const olds = { a: "old", map: { keep: 0, gone: 2 }, secret: new Secret({ part: "old", other: "old" }) };
  expect(resetIgnored(news, olds, ["a", "added", "map.*", "secret.part"])).toEqual({
    inputs: { a: "old", map: { keep: 0, gone: 2 }, secret: new Secret({ part: "old", other: "new" }) },
    impossible: [],
  });
});

test("an element that was added or removed cannot be ignored, and is named", () => {
  expect(resetIgnored({ list: [1, 2] }, { list: [1] }, ["list[1]", "list[*]"])).toEqual({
    inputs: { list: [1, 2] },
    impossible: ["list[1]", "list[*]"],
  });
});
