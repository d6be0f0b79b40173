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

const path = (
  steps: readonly Step[],
  { failed = [], spent }: { failed?: readonly Step[]; spent?: Parameters<typeof timeline>[2] } = {},
) => {
  const { seconds, criticalPath } = timeline({ steps, failed }, latency, spent);
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

test("what providers lose by trying again comes on top, and a step that failed takes what was spent on it", () => {
  const steps = [step("create", state("a", "t:m:Quick", []))];
  const failed = [
    step("create", state("slow", "t:m:Slow", ["a"])),
    step("update", state("refused at once", "t:m:Slow", ["a"])),
  ];
  const lost = new Map([
    ["create a", 7],
    ["create slow", 60],
  ]);
  const spent = (urn: string, operation: string) => lost.get(`${operation} ${urn}`) ?? 0;

  expect(path(steps, { failed, spent })).toEqual({ seconds: 77, path: ["a 0-17", "slow 17-77"] });
});

test("steps that change nothing take no time", () => {
  expect(path([step("same", state("a", "t:m:Slow", [])), step("read", state("b", "t:m:Slow", []))])).toEqual({
    seconds: 0,
    path: [],
  });
});
