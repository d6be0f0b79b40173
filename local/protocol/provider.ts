import type { PropertyMap } from "./property";

/**
 * Pulumi's resource provider protocol as TypeScript: what the embedded engine calls and what a simulated cloud serves.
 *
 * One instance of `Provider` is one configured provider resource. Over gRPC that is one connection, because the requests
 * carry no instance id.
 */
export interface Provider {
  /** Validates and normalises the provider's own configuration. */
  checkConfig(request: CheckRequest): Promise<CheckResult>;
  /** Says whether a changed configuration needs an update or a replacement of the provider. */
  diffConfig(request: DiffRequest): Promise<DiffResult>;
  /** Gives the provider its configuration. Not called in a preview while any of it is unknown. */
  configure(args: PropertyMap): Promise<void>;
  /** Validates the inputs of a resource and fills in its defaults. */
  check(request: CheckRequest): Promise<CheckResult>;
  diff(request: DiffRequest): Promise<DiffResult>;
  create(request: CreateRequest): Promise<CreateResult>;
  /** Reads the live state. Null when the resource does not exist. */
  read(request: ReadRequest): Promise<ReadResult | null>;
  update(request: UpdateRequest): Promise<PropertyMap>;
  delete(request: DeleteRequest): Promise<void>;
  invoke(request: InvokeRequest): Promise<InvokeResult>;
  /** The run is over: release what the instance holds. */
  close(): Promise<void>;
}

export interface CheckRequest {
  readonly urn: string;
  /** Inputs of the last deployment; empty when the resource is new. */
  readonly olds: PropertyMap;
  readonly news: PropertyMap;
  /** 32 bytes from which generated names come, so that a preview and its update agree. */
  readonly randomSeed?: Uint8Array;
}

export interface CheckFailure {
  /** Path of the property, empty for the whole resource. */
  readonly property: string;
  readonly reason: string;
}

export interface CheckResult {
  readonly inputs: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

export interface DiffRequest {
  readonly urn: string;
  readonly id: string;
  /** Outputs of the last deployment. */
  readonly olds: PropertyMap;
  readonly oldInputs: PropertyMap;
  /** Checked inputs of this deployment. */
  readonly news: PropertyMap;
  readonly ignoreChanges: readonly string[];
}

export type PropertyDiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

export interface PropertyDiff {
  readonly kind: PropertyDiffKind;
  /** True when the comparison was between the old and the new inputs, false when between old state and new inputs. */
  readonly inputDiff: boolean;
}

export interface DiffResult {
  /** `unknown` lets the engine compare the inputs by itself. */
  readonly changes: "none" | "some" | "unknown";
  /** Top-level properties that changed. */
  readonly diffs: readonly string[];
  /** Properties whose change needs a replacement. */
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
  /** Property paths with the kind of their change. */
  readonly detailedDiff: Readonly<Record<string, PropertyDiff>>;
}

export interface CreateRequest {
  readonly urn: string;
  readonly properties: PropertyMap;
  readonly preview: boolean;
  /** Seconds; zero for the provider's default. */
  readonly timeout: number;
}

export interface CreateResult {
  /** Empty in a preview. */
  readonly id: string;
  readonly properties: PropertyMap;
}

export interface ReadRequest {
  readonly urn: string;
  readonly id: string;
  readonly properties: PropertyMap;
  readonly inputs: PropertyMap;
}

export interface ReadResult {
  readonly id: string;
  readonly properties: PropertyMap;
  readonly inputs: PropertyMap;
}

export interface UpdateRequest {
  readonly urn: string;
  readonly id: string;
  readonly olds: PropertyMap;
  readonly oldInputs: PropertyMap;
  readonly news: PropertyMap;
  readonly preview: boolean;
  readonly timeout: number;
  readonly ignoreChanges: readonly string[];
}

export interface DeleteRequest {
  readonly urn: string;
  readonly id: string;
  readonly properties: PropertyMap;
  readonly oldInputs: PropertyMap;
  readonly timeout: number;
}

export interface InvokeRequest {
  /** Function token, e.g. `aws:index/getCallerIdentity:getCallerIdentity`. */
  readonly token: string;
  readonly args: PropertyMap;
}

export interface InvokeResult {
  readonly properties: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

/** An operation that a provider refuses. The message is for the user: it names what, why and what to do. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
}

/**
 * The provider broke off: it ended, or its answer was lost on the way. Whether the operation was done is not known, so that
 * the engine keeps it as pending, and the next run looks for what it may have made.
 */
export class AnswerLost extends Error {
  override readonly name = "AnswerLost";
}

/**
 * A resource that exists but did not become ready, `ErrorResourceInitFailed` of the protocol: the engine records it with
 * its id and its reasons, fails the run, and updates it in the next one.
 */
export class InitializationFailed extends Error {
  override readonly name = "InitializationFailed";
  constructor(
    readonly id: string,
    readonly properties: PropertyMap,
    readonly inputs: PropertyMap,
    readonly reasons: readonly string[],
  ) {
    super(reasons.join("; "));
  }
}

/**
 * Function by which the simulated clouds say which resource a create that was cut off has made: `{type, urn, inputs}` to
 * `{id}`, or to `{}` for none.
 */
export const LOOKUP = "isthmus:local:lookup";

/** Makes provider instances: one for each provider resource of a run. */
export interface ProviderHost {
  /** Throws a `ProviderError` that names the package when there is no provider for it. */
  open(pkg: string): Promise<Provider>;
}
