import local from "../../stacks/local";
import { Life, succeeded, type Moment } from "../kit/life";
import { platform } from "../kit/platform";
import { Recording } from "../kit/recording";
import { scenario, type Scenario } from "./matrix";

const NOTHING: Moment = { state: { resources: [], pending: [] }, ledger: [] };

/** The local environment with other machines for its nodes: pools are replaced, on both clouds. */
const OTHER_MACHINES = {
  ...local,
  clusters: {
    east: { ...local.clusters.east, nodes: { general: { instanceTypes: ["m7i.xlarge"], min: 2, max: 6 } } },
    north: { ...local.clusters.north, nodes: { general: { vmSize: "Standard_D8ds_v5", min: 2, max: 6 } } },
  },
};

/** An `up` of an environment from nothing. Default: of the local one. */
export async function upScenario(spec: unknown = local): Promise<Scenario> {
  const { program } = await record(spec);
  const { scenario: up, end } = await scenario("up", NOTHING, (life) => life.up(program));
  await emptied(end);
  return up;
}

/** An `up` that replaces the pools of nodes. */
export async function updateScenario(): Promise<Scenario> {
  const before = await record(local);
  const after = await record(OTHER_MACHINES, before.end);
  const { scenario: update, end } = await scenario("update that replaces node pools", before.end, (life) =>
    life.up(after.program),
  );
  await emptied(end);
  return update;
}

/** A `destroy` of the local environment. */
export async function destroyScenario(): Promise<Scenario> {
  const { end: begin } = await record(local);
  const { scenario: destroy, end } = await scenario("destroy", begin, (life) => life.destroy());
  if (end.ledger.length > 0) throw new Error("a destroy without faults leaves something behind");
  return destroy;
}

/** Runs the real program once, and gives it back as what it registers, with where it ends. */
async function record(spec: unknown, moment: Moment = NOTHING) {
  const recording = new Recording();
  const life = new Life({ moment });
  succeeded(await life.up(recording.recorded(platform(spec))));
  return { program: recording, end: await life.moment() };
}

async function emptied(moment: Moment): Promise<void> {
  const life = new Life({ moment, parallel: 1 });
  succeeded(await life.destroy());
  if (life.ledger().length > 0) throw new Error("a destroy of what no fault has struck leaves something behind");
}
