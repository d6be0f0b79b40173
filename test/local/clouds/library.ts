import { Cloud } from "../../../local/clouds/cloud";
import { Ledger } from "../../../local/clouds/ledger";
import type { CloudDefinition, ResourceModel } from "../../../local/clouds/model";
import { boolean, list, map, number, object, string } from "../../../local/clouds/schema";
import { World } from "../../../local/clouds/world";
import { Tenant } from "./tenant";

/** Settings of a cloud that is invented to test the framework. */
export interface Settings {
  readonly town: string;
}

export const SHELF = "library:index:Shelf";
export const BOOK = "library:index:Book";

export const shelf: ResourceModel<Settings> = {
  type: SHELF,
  label: "shelf",
  properties: { name: string({ immutable: true }), size: number({ minimum: 1, maximum: 9 }) },
  autoName: { property: "name" },
  id: (inputs) => String(inputs.name),
  outputs: { place: (inputs, { settings }) => `${settings.town}/${String(inputs.name)}` },
  taken: (_, other) => ({ code: "Taken", message: `there is a shelf ${other.id}` }),
  inUse: (_, by) => ({ code: "NotEmpty", message: `${by.length} books` }),
  exclusive: (_, id) => ({ key: id, refusal: { code: "Busy", message: "one at a time" } }),
};

const book: ResourceModel<Settings> = {
  type: BOOK,
  label: "book",
  properties: {
    title: string({ required: true }),
    isbn: string({ immutable: true, pattern: { test: /^\d+$/, allowed: "digits" } }),
    shelf: string(),
    lent: boolean({ default: false }),
    tags: map(),
    authors: list(string(), { set: true }),
    cover: object({ colour: string({ oneOf: ["red", "blue"] }), maker: object({ city: string({ immutable: true }) }) }),
  },
  id: (_, { digest }) => `book-${digest("id", 8)}`,
  nameless: true,
  outputs: {
    signature: ({ title }, { digest }) => `${String(title)}-${digest("signature", 4)}`,
    "cover.pages": () => 300,
    key: () => "opens the book",
  },
  secretOutputs: ["key"],
  references: [{ path: "shelf", type: SHELF, missing: (value) => ({ code: "NoShelf", message: `no shelf ${value}` }) }],
  taken: (_, other) => ({ code: "Taken", message: other.id }),
};

/** A cloud with shelves, and books on them. */
export const LIBRARY: CloudDefinition<Settings> = {
  pkg: "library",
  version: "1.0.0",
  models: [shelf, book],
  functions: { "library:index:town": (_, { settings }) => ({ town: settings.town }) },
  config: { town: string({ required: true }), rules: object({ quiet: boolean() }) },
  replacingConfig: ["town"],
  settings: (config) => ({ town: String(config.town ?? "") }),
  deletesFirst: "when-name-stays",
  scope: (_, __, { town }) => town,
  describe: ({ code, message }, { label }, doing, id) => `${doing} ${label}${id && ` (${id})`}: ${code}: ${message}`,
  modelsAt: "local/clouds/library",
};

/** A provider of that cloud in a town. */
export function open(town = "Leiden", world = new World(new Ledger())): Promise<Tenant> {
  return Tenant.over(new Cloud(LIBRARY, world), world.ledger, { town });
}
