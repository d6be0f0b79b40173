import type { PropertyMap } from "../../../../local/protocol/property";
import { Group, Thing, Toys } from "../toy";

export { Group, Thing, Toys };

/** A program of the Pulumi SDK; what it returns are the stack's outputs. */
export type Program = () => Record<string, unknown> | void | Promise<Record<string, unknown> | void>;

/** What the cloud does wrong about one resource, by `operation:name`. */
export interface Fault {
  readonly message: string;
  /** Things that must exist before it happens, so that what else was under way is the same in every run. */
  readonly after?: readonly string[];
  /** The thing exists all the same, half-made. */
  readonly partial?: boolean;
}

/** One state of a program's life: what it says, and what the cloud does to it. */
export interface Generation {
  readonly name: string;
  readonly program?: Program;
  /** Default: `up`, or `destroy` where there is no program. */
  readonly verb?: "up" | "destroy" | "refresh";
  /** Things to replace whatever their inputs say, by name. */
  readonly replace?: readonly string[];
  /** What has become of things behind the engine's back, by id: other properties, or null for those that are gone. */
  readonly drift?: Readonly<Record<string, PropertyMap | null>>;
  /** What the cloud computes of things from now on, by id, without a change of what they were made with. */
  readonly computed?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, string>>;
  readonly faults?: Readonly<Record<string, Fault>>;
}

/** A small program from its first version to its end. */
export interface Lifecycle {
  readonly name: string;
  readonly generations: readonly Generation[];
  /** Things that exist before, and are not the stack's: their values by id. */
  readonly found?: Readonly<Record<string, string>>;
  /** The program must be a process of its own, because it ends in a way that would end this one. */
  readonly child?: boolean;
}

/** The same program with the provider that most of them use. */
export const withToys =
  (body: (provider: Toys) => ReturnType<Program>): Program =>
  () =>
    body(new Toys("toys", { region: "north" }));

export const destroyed: Generation = { name: "destroyed" };

/** A life of programs over one provider, destroyed at its end. */
export function life(
  name: string,
  bodies: Readonly<Record<string, (provider: Toys) => ReturnType<Program>>>,
  more: { readonly faults?: Readonly<Record<string, Generation["faults"]>> } & Partial<Lifecycle> = {},
): Lifecycle {
  const { faults = {}, ...rest } = more;
  const generations = Object.entries(bodies).map(([generation, body]): Generation => {
    const found = faults[generation];
    return { name: generation, program: withToys(body), ...(found === undefined ? {} : { faults: found }) };
  });
  return { name, generations: [...generations, destroyed], ...rest };
}
