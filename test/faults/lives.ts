import * as fc from "fast-check";

import { cannotStrike, KINDS, type Fault, type FaultKind } from "../../local/clouds/faults";
import { errorsOf, Life } from "../kit/life";
import { divergence } from "../kit/ledger";
import { garden, GardenProvider, Grown, type Kind } from "./garden";

/** How often a generation is simply run again when its first run has failed. */
const RERUNS = 2;

/** What one resource is in one generation of a program; absent resources are not registered. */
interface Wanted {
  readonly kind: Kind;
  readonly size: number;
  /** Another one replaces it. */
  readonly variety: number;
  /** Position of the bed that it is on, among the resources before it. */
  readonly on: number;
  /** Positions of resources before it that it waits for. */
  readonly after: readonly number[];
  readonly protect: boolean;
  readonly retain: boolean;
  readonly deleteFirst: boolean;
  readonly replaceOnSize: boolean;
  /** It gets a new name, with an alias of its old one. */
  readonly renamed: boolean;
}

interface Generation {
  readonly resources: readonly (Wanted | undefined)[];
  readonly fault?: Fault;
  /** The run is stopped when so many operations have started. */
  readonly stopAfter?: number;
}

const SLOTS = 6;
const KINDS_OF_SLOTS: readonly Kind[] = ["Bed", "Bed", "Plant", "Label", "Plant", "Plant"];

const wanted = (slot: number): fc.Arbitrary<Wanted> =>
  fc.record({
    kind: fc.constant(KINDS_OF_SLOTS[slot] ?? "Plant"),
    size: fc.integer({ min: 1, max: 3 }),
    variety: fc.integer({ min: 1, max: 2 }),
    on: fc.integer({ min: 0, max: 2 }),
    after: fc.uniqueArray(fc.integer({ min: 0, max: Math.max(0, slot - 1) }), { maxLength: slot === 0 ? 0 : 2 }),
    protect: rarely,
    retain: rarely,
    deleteFirst: rarely,
    replaceOnSize: rarely,
    renamed: rarely,
  });

const rarely = fc.integer({ min: 0, max: 7 }).map((drawn) => drawn === 7);

const fault = (): fc.Arbitrary<Fault> =>
  fc
    .record({
      kind: fc.constantFrom(...(Object.keys(KINDS) as FaultKind[])),
      operation: fc.constantFrom("check", "diff", "create", "update", "delete"),
      slot: fc.integer({ min: 0, max: SLOTS - 1 }),
      times: fc.constantFrom(2, 1000),
    })
    .filter(({ kind, operation }) => cannotStrike(kind, { operation, type: "garden:index:Bed" }) === undefined)
    .map(({ kind, operation, slot, times }) => ({
      operation,
      name: `r${slot}*`,
      ...(kind === "throttle" ? { kind, times } : { kind }),
    }));

const generation: fc.Arbitrary<Generation> = fc.record({
  resources: fc.tuple(
    ...Array.from({ length: SLOTS }, (_, slot) => fc.option(wanted(slot), { nil: undefined, freq: 3 })),
  ),
  fault: fc.option(fault(), { nil: undefined, freq: 2 }),
  stopAfter: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined, freq: 1 }),
});

/** Programs as they change, with what goes wrong meanwhile. */
export const generations: fc.Arbitrary<readonly Generation[]> = fc.array(generation, { minLength: 2, maxLength: 4 });

/**
 * Lives through the generations. Throws where ledger and state differ when a generation has been reached, or cannot be
 * reached by running it again, or when the destroy at the end leaves anything but what the program retained.
 */
export async function liveThrough(all: readonly Generation[]): Promise<void> {
  const life = new Life({ clouds: garden });
  const retained = new Set<string>();
  const names = new Names();
  for (const [number, { resources, fault: goesWrong, stopAfter }] of all.entries()) {
    names.next(resources);
    const program = programOf(resources, names);
    for (const { retainOnDelete, id } of await life.resources()) if (retainOnDelete === true) retained.add(id ?? "");
    life.inject(...(goesWrong === undefined ? [] : [goesWrong]));
    let started = 0;
    life.onOperation = () => void (++started === stopAfter && life.stop());
    let result = await life.up(program);
    life.onOperation = () => {};
    for (let rerun = 0; rerun < RERUNS && !result.succeeded; rerun++) {
      for (const { retainOnDelete, id } of await life.resources()) if (retainOnDelete === true) retained.add(id ?? "");
      result = await life.up(program);
    }
    const refusedToDelete = errorsOf(result).some((message) => message.includes("protect"));
    if (!result.succeeded && !refusedToDelete)
      throw new Error(`generation ${number} is not reached: ${errorsOf(result).join("; ")}`);
    await agree(life, retained, `after generation ${number}`);
  }
  await life.up(
    programOf(
      all.at(-1)!.resources.map((it) => it && { ...it, protect: false }),
      names,
    ),
  );
  const { resources } = await life.store.load();
  if (resources.some(({ protect }) => protect === true)) return;
  for (const { retainOnDelete, id } of resources) if (retainOnDelete === true) retained.add(id ?? "");
  const destroyed = await life.destroy();
  if (!destroyed.succeeded) throw new Error(`the destroy failed: ${errorsOf(destroyed).join("; ")}`);
  await agree(life, retained, "after the destroy");
}

async function agree(life: Life, retained: ReadonlySet<string>, when: string): Promise<void> {
  const state = await life.store.load();
  const kept = [...retained].filter((id) => !state.resources.some((resource) => resource.id === id));
  const problems = divergence(state, life.ledger(), kept);
  if (problems.length > 0) throw new Error(`${when}: ${problems.join("; ")}`);
}

/** What the resources are called, and were called before. */
class Names {
  private readonly serials = new Map<number, number>();
  private readonly before = new Map<number, string>();

  next(resources: Generation["resources"]): void {
    for (const [slot, it] of resources.entries()) {
      this.before.delete(slot);
      if (it?.renamed !== true) continue;
      this.before.set(slot, this.of(slot));
      this.serials.set(slot, (this.serials.get(slot) ?? 0) + 1);
    }
  }

  of(slot: number): string {
    return `r${slot}${"i".repeat(this.serials.get(slot) ?? 0)}`;
  }

  formerOf(slot: number): string | undefined {
    return this.before.get(slot);
  }
}

function programOf(resources: Generation["resources"], names: Names): () => void {
  return () => {
    const provider = new GardenProvider("garden");
    const made: (Grown | undefined)[] = [];
    for (const [slot, it] of resources.entries()) made.push(it && register(slot, it, made, names, provider));
  };
}

function register(
  slot: number,
  it: Wanted,
  made: readonly (Grown | undefined)[],
  names: Names,
  provider: GardenProvider,
): Grown | undefined {
  const bed = it.kind === "Bed" ? undefined : made[it.on % 2];
  if (it.kind === "Label" && bed === undefined) return undefined;
  // What is retained stays on its bed, which then can never be deleted; and a label goes with its bed.
  const retainOnDelete = it.retain && it.kind === "Plant" && bed === undefined;
  const former = names.formerOf(slot);
  const args = {
    size: it.size,
    ...(it.kind === "Bed" ? { soil: `soil ${it.variety}` } : {}),
    ...(it.kind === "Plant" ? { kind: `kind ${it.variety}` } : {}),
    ...(bed === undefined ? {} : { bed: bed.id }),
  };
  return new Grown(it.kind, names.of(slot), args, {
    provider,
    protect: it.protect,
    retainOnDelete,
    deleteBeforeReplace: it.deleteFirst,
    replaceOnChanges: it.replaceOnSize ? ["size"] : [],
    dependsOn: it.after.flatMap((index) => made[index] ?? []),
    ...(it.kind === "Label" && bed !== undefined ? { deletedWith: bed } : {}),
    ...(former === undefined ? {} : { aliases: [{ name: former }] }),
  });
}
