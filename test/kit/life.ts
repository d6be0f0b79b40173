import { Platform } from "../../components/platform";
import { SimulatedClouds } from "../../local/clouds";
import type { LedgerEntry } from "../../local/clouds/ledger";
import {
  destroy,
  MemoryStore,
  preview,
  up,
  type Operation,
  type ResourceState,
  type RunOptions,
  type RunResult,
} from "../../local/engine";
import { planOf } from "./environment";

/** The life of one stack: what a test deploys, changes, previews and destroys, with clouds of its own. */
export class Life {
  readonly clouds = new SimulatedClouds();
  readonly store = new MemoryStore();

  /** @param analyzers policies to run; none by default */
  constructor(private readonly analyzers: RunOptions["analyzers"] = []) {}

  up(program: () => unknown): Promise<RunResult> {
    return up(this.options(program));
  }

  preview(program: () => unknown): Promise<RunResult> {
    return preview(this.options(program));
  }

  destroy(): Promise<RunResult> {
    return destroy(this.options(() => undefined));
  }

  async resources(): Promise<readonly ResourceState[]> {
    return (await this.store.load()).resources;
  }

  /** What exists in the clouds. */
  ledger(): LedgerEntry[] {
    return this.clouds.ledger.list();
  }

  private options(program: () => unknown): RunOptions {
    return {
      project: "isthmus",
      stack: "local",
      program: {
        kind: "inline",
        run: () => {
          program();
          return Promise.resolve();
        },
      },
      providers: this.clouds,
      store: this.store,
      analyzers: this.analyzers,
    };
  }
}

/** The program of a spec, as `index.ts` runs it. */
export function platform(spec: unknown): () => void {
  return () => void new Platform("platform", planOf(spec));
}

/** Fails with what went wrong when a run did not succeed. */
export function succeeded(result: RunResult): RunResult {
  if (result.succeeded) return result;
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  throw new Error(`the run failed:\n${errors.map(({ urn, message }) => `${nameOf(urn)}: ${message}`).join("\n")}`);
}

/** Steps that change something, as `op type name`, sorted. */
export function changes(result: RunResult): string[] {
  const silent: readonly Operation[] = ["same", "read"];
  return result.steps
    .filter(({ operation }) => !silent.includes(operation))
    .map(({ operation, type, urn }) => `${operation} ${type} ${nameOf(urn)}`)
    .sort();
}

/** Position of a delete in a run, to compare orders. */
export function deletedAt(result: RunResult, type: string, name: string): number {
  const position = result.steps.findIndex(
    (step) => step.operation === "delete" && step.type === type && nameOf(step.urn) === name,
  );
  if (position < 0) throw new Error(`no ${type} ${name} was deleted`);
  return position;
}

export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
