import type { RunResult, Step } from "../../local/engine";
import { urnName } from "../../local/protocol/urn";
import { divergence } from "./ledger";
import type { Life } from "./life";

/** A resource by its name in the program, or by `<type> <name>` where several types share the name. */
export type ResourceName = string;

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the one way to extend the types of jest
  namespace jest {
    interface Matchers<R> {
      /** A run, planned or done, in which nothing is created, updated, replaced or deleted. */
      toChangeNothing(): R;
      /** A run, planned or done, that replaces no resource. */
      toReplaceNothing(): R;
      /** A run that has deleted both, and the first before the second. */
      toDeleteBefore(first: ResourceName, second: ResourceName): R;
      /**
       * A life whose clouds have exactly what its state says: see `divergence`.
       *
       * @param retained ids of what the program left behind on purpose
       */
      toHaveLedgerEqualToState(retained?: readonly string[]): Promise<R>;
    }
  }
}

const QUIET: readonly Step["operation"][] = ["same", "read", "refresh"];
const REPLACING: readonly Step["operation"][] = ["replace", "create-replacement", "delete-replaced"];

expect.extend({
  toChangeNothing(run: RunResult) {
    return none(
      "to change nothing",
      run.steps.filter(({ operation }) => !QUIET.includes(operation)),
    );
  },
  toReplaceNothing(run: RunResult) {
    return none(
      "to replace nothing",
      run.steps.filter(({ operation }) => REPLACING.includes(operation)),
    );
  },
  toDeleteBefore(run: RunResult, first: ResourceName, second: ResourceName) {
    const positions = [deletedAt(run, first), deletedAt(run, second)] as const;
    const missing = [first, second].filter((_, index) => positions[index] === undefined);
    if (missing.length > 0) return verdict(false, `the run deleted no ${missing.join(" and no ")}`);
    const [a = 0, b = 0] = positions;
    return verdict(a < b, `${first} was deleted as number ${a + 1} and ${second} as number ${b + 1}`);
  },
  async toHaveLedgerEqualToState(life: Life, retained: readonly string[] = []) {
    const problems = divergence(await life.store.load(), life.ledger(), retained);
    return verdict(
      problems.length === 0,
      problems.length === 0 ? "ledger and state agree" : `ledger and state differ:\n${problems.join("\n")}`,
    );
  },
});

function none(expectation: string, steps: readonly Step[]) {
  const lines = steps.map(({ operation, type, urn }) => `${operation} ${type} ${urnName(urn)}`);
  return verdict(
    steps.length === 0,
    `expected the run ${expectation}; ${steps.length === 0 ? "it does not" : `it has\n${lines.join("\n")}`}`,
  );
}

function verdict(pass: boolean, text: string) {
  return { pass, message: () => text };
}

/** Position among the run's deletes. Throws when the name alone does not say which resource is meant. */
function deletedAt(run: RunResult, resource: ResourceName): number | undefined {
  const deletes = run.steps.filter(({ operation }) => operation === "delete" || operation === "delete-replaced");
  const meant = deletes.filter(({ type, urn }) => [urnName(urn), `${type} ${urnName(urn)}`].includes(resource));
  const types = new Set(meant.map(({ type }) => type));
  if (types.size > 1)
    throw new Error(`${resource} is ${[...types].sort().join(" and ")}: say which, as "<type> <name>"`);
  return meant[0] === undefined ? undefined : deletes.indexOf(meant[0]);
}
