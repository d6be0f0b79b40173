import { cannotStrike, type Fault, type FaultKind, type Operation } from "../../local/clouds/faults";
import type { RunResult } from "../../local/engine";
import { Life, errorsOf, succeeded, type Moment } from "../kit/life";
import { divergence } from "../kit/ledger";
import { canonical } from "./world";

/** How often a run is simply repeated after a fault. */
const RERUNS = 2;

/** A row of the matrix: a kind of fault, and with what strength. */
export type Row = FaultKind | "throttle beyond the limit";

export const ROWS: readonly Row[] = [
  "error",
  "partial-create",
  "timeout",
  "hang",
  "throttle",
  "throttle beyond the limit",
  "crash",
  "stale-read",
  "lost-response",
];

/** Kinds that a provider survives by itself: their run succeeds. A `read` apart, which no run of the matrix does. */
const SURVIVED_INSIDE: readonly Row[] = ["throttle", "stale-read"];

/** A run that is to survive a fault at each of its operations. */
export interface Scenario {
  readonly name: string;
  readonly begin: Moment;
  readonly run: (life: Life) => Promise<RunResult>;
  /** Where it ends when nothing goes wrong. */
  readonly end: string;
  /** What it does when nothing goes wrong, each operation on a resource once. */
  readonly operations: readonly Operation[];
  /** How a world that the scenario has failed in goes on, by the world's text: proved once, whatever led there. */
  readonly proved: Map<string, string | undefined>;
}

/** Runs a scenario without faults, to know its operations and its end. Its end must satisfy ledger = state. */
export async function scenario(
  name: string,
  begin: Moment,
  run: (life: Life) => Promise<RunResult>,
): Promise<{ readonly scenario: Scenario; readonly end: Moment }> {
  const life = lifeAt(begin);
  const operations = new Map<string, Operation>();
  life.onOperation = (operation) => {
    const key = `${operation.operation} ${operation.type} ${operation.name}`;
    if (!operations.has(key)) operations.set(key, operation);
  };
  succeeded(await run(life));
  const end = await life.moment();
  const problems = divergence(end.state, end.ledger);
  if (problems.length > 0) throw new Error(`${name}, without any fault: ${problems.join("; ")}`);
  const known = { name, begin, run, end: canonical(end), operations: [...operations.values()], proved: new Map() };
  return { scenario: known, end };
}

/** What came of a row of the matrix in a scenario. */
export interface Outcome {
  readonly faults: number;
  /** What was not survived: the fault, and what is wrong. */
  readonly lost: readonly string[];
}

/** Strikes every operation of a scenario that a kind of fault can strike, each in a run of its own. */
export async function strikeAll(
  scenario: Scenario,
  row: Row,
  /** Only every so-manieth of its operations: for a sample. */
  every = 1,
): Promise<Outcome> {
  const possible = scenario.operations.flatMap((operation) => faultOf(row, operation) ?? []);
  const faults = possible.filter((_, index) => index % every === every - 1);
  if (SURVIVED_INSIDE.includes(row)) return strikeTogether(scenario, faults);
  const lost: string[] = [];
  for (const fault of faults) {
    const problem = await strike(scenario, fault);
    if (problem !== undefined) lost.push(`${fault.operation} ${fault.type} ${fault.name}: ${problem}`);
  }
  return { faults: faults.length, lost };
}

function faultOf(row: Row, operation: Operation): Fault | undefined {
  const place = { operation: operation.operation, type: operation.type, name: operation.name };
  const kind = row === "throttle beyond the limit" ? "throttle" : row;
  if (cannotStrike(kind, operation) !== undefined) return undefined;
  if (kind !== "throttle") return { ...place, kind };
  return { ...place, kind, times: row === "throttle" ? 2 : 1000 };
}

/**
 * Faults that providers survive by themselves, all in one run: that is harder than one at a time, and each is seen to
 * strike. The world at the end must be the one without faults.
 */
async function strikeTogether(scenario: Scenario, faults: readonly Fault[]): Promise<Outcome> {
  const life = lifeAt(scenario.begin).inject(...faults);
  const result = await scenario.run(life);
  const unmet = life.unmet().map(({ operation, type, name }) => `${operation} ${type} ${name}: it did not strike`);
  if (!result.succeeded) return { faults: faults.length, lost: errorsOf(result) };
  const end = canonical(await life.moment());
  return { faults: faults.length, lost: end === scenario.end ? unmet : ["the end is not the one without faults"] };
}

/** Lets one operation go wrong, then runs again. What was not survived, or nothing. */
async function strike(scenario: Scenario, fault: Fault): Promise<string | undefined> {
  const life = lifeAt(scenario.begin).inject(fault);
  const result = await scenario.run(life);
  if (life.struck.length !== 1) return "it did not strike";
  if (result.succeeded) return "the run did not notice";
  const left = await life.moment();
  const text = canonical(left);
  if (!scenario.proved.has(text)) scenario.proved.set(text, await recovers(scenario, left));
  return scenario.proved.get(text);
}

/** Runs again from where a fault has left the world. */
async function recovers(scenario: Scenario, left: Moment): Promise<string | undefined> {
  const life = lifeAt(left);
  let result: RunResult | undefined;
  for (let rerun = 0; rerun < RERUNS && result?.succeeded !== true; rerun++) result = await scenario.run(life);
  if (result?.succeeded !== true)
    return `not after ${RERUNS} runs: ${result === undefined ? "" : errorsOf(result).join("; ")}`;
  const end = await life.moment();
  const problems = divergence(end.state, end.ledger);
  if (problems.length > 0) return problems.join("; ");
  // From the world that the clean run ends in, a destroy is the computation that is proved for the clean run already.
  if (canonical(end) === scenario.end) return undefined;
  const destroyed = await life.destroy();
  if (!destroyed.succeeded) return `the destroy afterwards failed: ${errorsOf(destroyed).join("; ")}`;
  const remains = life.ledger();
  return remains.length === 0
    ? undefined
    : `a destroy leaves ${remains.map(({ type, id }) => `${type} ${id}`).join(", ")}`;
}

/** One operation at a time, so that what has been done before another is certain. */
function lifeAt(moment: Moment): Life {
  return new Life({ moment, parallel: 1 });
}
