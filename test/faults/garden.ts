import * as pulumi from "@pulumi/pulumi";

import { Cloud } from "../../local/clouds/cloud";
import type { Ledger } from "../../local/clouds/ledger";
import type { CloudDefinition, Refusal } from "../../local/clouds/model";
import { number, string } from "../../local/clouds/schema";
import { World } from "../../local/clouds/world";
import type { Clouds } from "../kit/life";

export type Kind = "Bed" | "Plant" | "Label";

const BED = "garden:index:Bed";
const gone = (bed: string): Refusal => ({ code: "NoBed", message: `there is no bed ${bed}` });

/** A cloud with one type of each temper: named and needed by others, nameless, and one that goes with what it is on. */
const GARDEN: CloudDefinition<object> = {
  pkg: "garden",
  version: "1.0.0",
  models: [
    {
      type: BED,
      label: "bed",
      properties: { name: string({ immutable: true }), soil: string({ immutable: true }), size: number() },
      autoName: { property: "name" },
      id: ({ name }) => String(name),
      outputs: { corner: ({ name }) => `corner of ${String(name)}` },
      taken: (_, { id }) => ({ code: "Taken", message: `there is a bed ${id}` }),
      inUse: (_, by) => ({ code: "Planted", message: `${by.length} plants grow on it` }),
    },
    {
      type: "garden:index:Plant",
      label: "plant",
      properties: { kind: string({ immutable: true }), size: number(), bed: string({ immutable: true }) },
      id: (_, { digest }) => `plant-${digest("id", 8)}`,
      nameless: true,
      outputs: { seed: (_, { digest }) => digest("seed", 6) },
      references: [{ path: "bed", type: BED, missing: gone }],
      taken: (_, { id }) => ({ code: "Taken", message: id }),
    },
    {
      type: "garden:index:Label",
      label: "label",
      properties: { bed: string({ required: true, immutable: true }), size: number() },
      id: (_, { digest }) => `label-${digest("id", 8)}`,
      nameless: true,
      outputs: {},
      references: [{ path: "bed", type: BED, missing: gone, onDelete: "cascade" }],
      taken: (_, { id }) => ({ code: "Taken", message: id }),
    },
  ],
  functions: {},
  config: {},
  replacingConfig: [],
  settings: () => ({}),
  deletesFirst: "when-name-stays",
  scope: () => "garden",
  describe: ({ code, message }, { label }, doing, id) => `${doing} ${label} ${id}: ${code}: ${message}`,
  modelsAt: "test/faults/garden.ts",
};

/** A garden for a life. */
export function garden(ledger: Ledger): Clouds {
  const world = new World(ledger);
  return { ledger, clock: world.clock, open: async () => new Cloud(GARDEN, world) };
}

export class GardenProvider extends pulumi.ProviderResource {
  constructor(name: string) {
    super("garden", name, {});
  }
}

/** A resource of the garden. */
export class Grown extends pulumi.CustomResource {
  constructor(kind: Kind, name: string, args: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
    super(`garden:index:${kind}`, name, { corner: undefined, seed: undefined, name: undefined, ...args }, options);
  }
}
