import {
  controlPlaneProblem,
  planUpgrade,
  skewProblem,
  type UpgradableCluster,
} from "../../../components/cluster/upgrade";

const PATH = "clusters.east.kubernetesVersion";

test.each([
  ["1.34", "1.34"],
  ["1.34.2", "1.34"],
  ["1.34", "1.35"],
  ["1.9", "1.10"],
])("a control plane may go from %s to %s", (from, to) => {
  expect(controlPlaneProblem(PATH, from, to)).toBeUndefined();
});

test("a skipped minor version is refused with the path to take", () => {
  expect(controlPlaneProblem(PATH, "1.32.5", "1.35")).toEqual({
    path: PATH,
    found: "1.35",
    allowed: '"1.32", which the cluster has, or "1.33"',
    next: "A control plane is upgraded one minor version at a time: 1.32 -> 1.33 -> 1.34 -> 1.35, with an up for each.",
  });
});

test("a downgrade is refused", () => {
  expect(controlPlaneProblem(PATH, "1.34", "1.33")).toEqual({
    path: PATH,
    found: "1.33",
    allowed: '"1.34", which the cluster has, or "1.35"',
    next: "A control plane is never downgraded: make a new cluster beside it.",
  });
});

test.each<[string, string, string | undefined]>([
  ["1.34", "1.34", undefined],
  ["1.31", "1.34", undefined],
  ["1.30", "1.34", "Upgrade the nodes before the control plane goes further."],
  ["1.35", "1.34", "Nodes are never newer than their control plane: upgrade that first."],
])("nodes of %s under a control plane of %s", (nodes, controlPlane, next) => {
  const path = "clusters.east.nodes.general.kubernetesVersion";
  expect(skewProblem(path, nodes, controlPlane)).toEqual(
    next === undefined ? undefined : { path, found: nodes, allowed: '"1.31" to "1.34", the control plane\'s', next },
  );
});

describe("the steps of an upgrade", () => {
  const stepsOf = (clusters: readonly UpgradableCluster[], target: string) =>
    planUpgrade(clusters, target).map(({ change, upgrades }) => [
      `${change.path}: ${change.version}`,
      ...upgrades.map(
        ({ part, from, to }) => `${part.kind === "nodes" ? part.pool : "control plane"} ${from} -> ${to}`,
      ),
    ]);

  test("go through every minor version, the control plane before its nodes, cluster by cluster", () => {
    const clusters = [
      { key: "east", version: "1.33", pools: { spot: undefined, general: undefined } },
      { key: "north", version: "1.34", pools: { general: undefined } },
      { key: "west", version: "1.35", pools: { general: undefined } },
    ];
    expect(stepsOf(clusters, "1.35")).toEqual([
      [
        "clusters.east.kubernetesVersion: 1.34",
        "control plane 1.33 -> 1.34",
        "general 1.33 -> 1.34",
        "spot 1.33 -> 1.34",
      ],
      [
        "clusters.east.kubernetesVersion: 1.35",
        "control plane 1.34 -> 1.35",
        "general 1.34 -> 1.35",
        "spot 1.34 -> 1.35",
      ],
      ["clusters.north.kubernetesVersion: 1.35", "control plane 1.34 -> 1.35", "general 1.34 -> 1.35"],
    ]);
  });

  test("let nodes that were held back catch up before their control plane goes on, and bring them along", () => {
    const clusters = [{ key: "east", version: "1.34", pools: { general: "1.32", spot: undefined } }];
    expect(stepsOf(clusters, "1.35")).toEqual([
      ["clusters.east.nodes.general.kubernetesVersion: 1.34", "general 1.32 -> 1.34"],
      ["clusters.east.kubernetesVersion: 1.35", "control plane 1.34 -> 1.35", "spot 1.34 -> 1.35"],
      ["clusters.east.nodes.general.kubernetesVersion: 1.35", "general 1.34 -> 1.35"],
    ]);
    expect(stepsOf(clusters, "1.34")).toEqual([
      ["clusters.east.nodes.general.kubernetesVersion: 1.34", "general 1.32 -> 1.34"],
    ]);
  });
});
