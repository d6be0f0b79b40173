import type { PropertyMap, PropertyValue } from "../protocol/property";
import type { Ledger, LedgerEntry } from "./ledger";
import type { Properties } from "./schema";

/** The type of a reference that may name a thing of any type. */
export const ANY_TYPE = "*";

/** A service's refusal, in its own words. */
export interface Refusal {
  /** The service's error code, e.g. `ResourceInUseException`. */
  readonly code: string;
  readonly message: string;
  /**
   * Seconds after which the refusal passes by itself, where the real provider asks again for at least that long (the AWS
   * provider does while IAM propagates): the operation then succeeds, so much later on the virtual clock. Default: the
   * refusal reaches the user.
   */
  readonly passesAfter?: number;
}

/** What identifies a thing without its outputs: also that of one about to be created. */
export type Identified = Pick<LedgerEntry, "type" | "id" | "scope" | "inputs">;

/** What a model's functions may look at besides the inputs. `S` is the settings of its cloud. */
export interface Context<S> {
  readonly ledger: Ledger;
  /** What the provider was configured with. */
  readonly settings: S;
  /** Where the id is unique; see `LedgerEntry.scope`. */
  readonly scope: string;
  /** The id; empty while it is being made. */
  readonly id: string;
  /** The thing before an update. Absent in a create. */
  readonly old?: LedgerEntry;
  /**
   * Eventual consistency: whether a thing was created in the run that is going on, so that other services may not see it
   * yet. A rule that asks this answers with the service's refusal; `Refusal.passesAfter` says whether the provider waits.
   * It stops being new when the last provider instance of the run closes.
   */
  isNew(entry: LedgerEntry): boolean;
  /**
   * Lower-case hex digits that depend on nothing but what the thing is: its identity, its immutable inputs and the purpose.
   * The same thing made again has the same digits; one made with other immutable inputs has others.
   */
  digest(purpose: string, length: number): string;
}

/** A property that names another thing, which must exist. */
export interface Reference {
  /** Path of the property, e.g. `vpcConfig.subnetIds[*]`. */
  readonly path: string;
  /** Type of the thing meant, or `ANY_TYPE`. */
  readonly type: string;
  /** Whether an entry is the one meant. Default: same id, same scope. */
  readonly matches?: (entry: LedgerEntry, value: string, from: Identified) => boolean;
  /** Values that this reference is about, where one property may name several kinds. Default: all. */
  readonly applies?: (value: string) => boolean;
  /** What the service says when it does not exist. */
  readonly missing: (value: string, inputs: PropertyMap) => Refusal;
  /**
   * What deleting the thing meant does: is refused (`block`), deletes this one too (`cascade`), or leaves this one with a
   * name that leads nowhere (`ignore`). Default: block.
   */
  readonly onDelete?: "block" | "cascade" | "ignore";
}

/** References of one resource type, for the walk over what would be left dangling. */
export interface Referrer {
  readonly type: string;
  readonly references?: readonly Reference[];
}

/** A rule that a service holds at create and update; inputs are known and without secrets. */
export type Rule<S> = (inputs: PropertyMap, context: Context<S>) => Refusal | undefined;

/** A thing that a service makes by itself beside the one that was asked for. */
export type Companion = Omit<LedgerEntry, "madeBy">;

/**
 * One resource type of a simulated cloud, as a table: Check reads `properties`, Diff their `immutable`, Create and Update
 * the references, rules and outputs, Delete the references of the others.
 */
export interface ResourceModel<S> {
  /** Pulumi type token. */
  readonly type: string;
  /** The service's name for it, for errors, e.g. `EKS Cluster`. */
  readonly label: string;
  readonly properties: Properties;
  /** The property that gets a generated name when it is absent: `<logical name><separator><7 hex digits>`. */
  readonly autoName?: { readonly property: string; readonly transform?: (name: string, suffix: string) => string };
  /** The id: unique within the scope. */
  readonly id: (inputs: PropertyMap, context: Context<S>) => string;
  /** The id comes from `digest` and not from a name, so that two equal things may exist side by side. */
  readonly nameless?: boolean;
  /** What the cloud computes, by property path. A function that gives undefined leaves the input. */
  readonly outputs: Readonly<Record<string, (inputs: PropertyMap, context: Context<S>) => PropertyValue | undefined>>;
  /** Outputs that every update changes: the preview of one does not know them, whatever they were. */
  readonly recomputed?: readonly string[];
  /** Outputs that are secret whatever the inputs are. */
  readonly secretOutputs?: readonly string[];
  readonly references?: readonly Reference[];
  /** Beyond the id: a key that no two of them share; undefined when there is none. */
  readonly uniqueKey?: (thing: Identified) => string | undefined;
  /** What the service says to a second one with the same id or unique key. */
  readonly taken: (inputs: PropertyMap, other: LedgerEntry) => Refusal;
  /** What the service holds besides references and names; `rules.ts` has makers of quotas and ratchets. */
  readonly rules?: readonly Rule<S>[];
  /**
   * What the service makes along with the thing, e.g. the network interfaces of a cluster: kept up to date by every create
   * and update, and taken away with it. Their types and references are in `CloudDefinition.made`. What a controller makes
   * later is put into the ledger by the controller, with `LedgerEntry.madeBy`.
   */
  readonly companions?: (inputs: PropertyMap, outputs: PropertyMap, context: Context<S>) => readonly Companion[];
  /** What the service says to a delete while others need it. */
  readonly inUse?: (entry: LedgerEntry, dependents: readonly LedgerEntry[]) => Refusal;
  /** A reason of its own to refuse a delete. */
  readonly refuseDelete?: (entry: LedgerEntry, context: Context<S>) => Refusal | undefined;
  /** Paths whose change replaces, where that depends on the values. */
  readonly replaceWhen?: (olds: PropertyMap, news: PropertyMap) => readonly string[];
  /** Delete before create even if the name is generated: two could not exist side by side. */
  readonly deleteBeforeReplace?: boolean;
  /** Operations that share a key and overlap in time: all but the first are refused. */
  readonly exclusive?: (
    inputs: PropertyMap,
    id: string,
  ) => { readonly key: string; readonly refusal: Refusal } | undefined;
}

/** What a function of a cloud may look at. */
export interface FunctionContext<S> {
  readonly ledger: Ledger;
  readonly settings: S;
}

/** A whole simulated cloud: its models, functions and configuration. */
export interface CloudDefinition<S> {
  /** Package name, e.g. `azure-native`. */
  readonly pkg: string;
  readonly version: string;
  readonly models: readonly ResourceModel<S>[];
  /** Types that no program asks for: what services and controllers make. Their references block deletes like any other. */
  readonly made?: readonly Referrer[];
  /** Functions by token. They throw a `ProviderError` to refuse. */
  readonly functions: Readonly<Record<string, (args: PropertyMap, context: FunctionContext<S>) => PropertyMap>>;
  /** Configuration of the provider. JSON text is accepted where a property is not a text, as SDKs send it. */
  readonly config: Properties;
  /** Keys of the configuration whose change replaces the provider and all that is in it. */
  readonly replacingConfig: readonly string[];
  readonly settings: (config: PropertyMap) => S;
  /**
   * When a replacement deletes the old thing before it creates the new one: `when-name-stays` as the bridged Terraform
   * providers do for things that can have generated names, or `unless-name-generated` as azure-native does.
   */
  readonly deletesFirst: "when-name-stays" | "unless-name-generated";
  /** Where the id of a thing is unique. */
  readonly scope: (model: ResourceModel<S>, inputs: PropertyMap, settings: S) => string;
  /** A refusal in this cloud's form of an error. */
  readonly describe: (
    refusal: Refusal,
    model: ResourceModel<S>,
    doing: "creating" | "updating" | "deleting",
    id: string,
  ) => string;
  /** Where a contributor finds the models, for the error about a type without one. */
  readonly modelsAt: string;
}
