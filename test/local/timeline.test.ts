import type { Operation, ResourceState, Step } from "../../local/engine";
import { timeline } from "../../local/timeline";

const SECONDS: Readonly<Record<string, number>> = { "t:m:Slow": 100, "t:m:Quick": 10, "t:m:Free": 0 };
const latency = (type: string) => SECONDS[type] ?? 0;

function state(
  name: string,
  type: string,
  dependencies: readonly string[],
  extra: Partial<ResourceState> = {},
): ResourceState {
  return { urn: name, type, custom: true, inputs: {}, outputs: {}, dependencies, propertyDependencies: {}, ...extra };
}

function step(operation: Operation, resource: ResourceState): Step {
  const side = operation.startsWith("delete") ? { old: resource } : { new: resource };
  return { operation, urn: resource.urn, type: resource.type, replaceKeys: [], diffs: [], detailedDiff: {}, ...side };
}

const path = (steps: readonly Step[]) => {
  const { seconds, criticalPath } = timeline(steps, latency);
  return { seconds, path: criticalPath.map(({ step: { urn }, start, end }) => `${urn} ${start}-${end}`) };
};

test("independent steps take the time of the slowest", () => {
  const steps = [step("create", state("a", "t:m:Slow", [])), step("create", state("b", "t:m:Quick", []))];

  expect(path(steps)).toEqual({ seconds: 100, path: ["a 0-100"] });
});

test("a step waits for its dependencies, its parent and its provider", () => {
  const steps = [
    step("create", state("dependent", "t:m:Quick", ["slow"])),
    step("create", state("slow", "t:m:Slow", [])),
    step("create", state("child", "t:m:Quick", [], { parent: "dependent" })),
    step("create", state("provided", "t:m:Quick", [], { provider: "child::id" })),
  ];

  expect(path(steps)).toEqual({
    seconds: 130,
    path: ["slow 0-100", "dependent 100-110", "child 110-120", "provided 120-130"],
  });
});

test("what takes no time is on no critical path", () => {
  const steps = [step("create", state("free", "t:m:Free", [])), step("create", state("a", "t:m:Quick", ["free"]))];

  expect(path(steps)).toEqual({ seconds: 10, path: ["a 0-10"] });
});

test("deletes begin when everything else is done, and go against the dependencies", () => {
  const steps = [
    step("create", state("new", "t:m:Quick", [])),
    step("delete", state("network", "t:m:Quick", [])),
    step("delete", state("cluster", "t:m:Slow", ["network"])),
  ];

  expect(path(steps)).toEqual({ seconds: 120, path: ["new 0-10", "cluster 10-110", "network 110-120"] });
});

test("steps that change nothing take no time", () => {
  expect(path([step("same", state("a", "t:m:Slow", [])), step("read", state("b", "t:m:Slow", []))])).toEqual({
    seconds: 0,
    path: [],
  });
});
